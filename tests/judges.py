"""The judges of our reading: BuildKit (through tests/oracle) for Dockerfiles, ``earth debug ast`` for Earthfiles.

An answer is plain JSON. What our readers find is turned into the same shape and compared; each difference is one line
of text. Answers of the golden cases are stored beside them, so that these comparisons need neither Go nor earth.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from migrate.dockerfile.errors import (
    BAD_ARGUMENTS,
    BAD_DIRECTIVE,
    BAD_FLAG_VALUE,
    BAD_MOUNT,
    BAD_SUBSTITUTION,
    DUPLICATE_DIRECTIVE,
    INVALID_PORT,
    INVALID_SIGNAL,
    NO_STAGE,
    BrokenTrigger,
    DockerfileError,
)
from migrate.dockerfile.flags import parse_duration
from migrate.dockerfile.gotext import SPACE, lower
from migrate.dockerfile.heredocs import chomped
from migrate.dockerfile.model import (
    CopyDetail,
    Dockerfile,
    FromDetail,
    HealthcheckDetail,
    Instruction,
    Mount,
    OnbuildDetail,
    PairsDetail,
    RunDetail,
    WordsDetail,
)
from migrate.dockerfile.reader import read
from migrate.dockerfile.words import WordError, expand, expand_words, parse_word
from migrate.earthfile.reader import read as read_earthfile
from migrate.earthfile.tree import Block, EarthfileError, Recipe, Statement, Tree

Json: TypeAlias = Any

SOURCE = Path(__file__).resolve().parent / "oracle"


# --- answers ----------------------------------------------------------------------------------------------------------


def pruned(value: Json, key: str = "") -> Json:
    """``value`` without its empty parts: a stored answer stays short. An empty ``value`` says more than none."""
    if isinstance(value, dict):
        items = ((name, pruned(item, name)) for name, item in value.items())
        return {name: item for name, item in items if item or (name == "value" and item is not None)}
    if isinstance(value, list):
        return [pruned(item) for item in value]
    return value


def stored_text(answer: Json) -> str:
    """An answer as a file: the same answer gives the same bytes."""
    return json.dumps(answer, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def digest(source: bytes) -> str:
    """What tells whether a stored answer is about this text."""
    return hashlib.sha256(source).hexdigest()


def differing(ours: Json, theirs: Json, path: str = "") -> Iterator[str]:
    """Where two answers differ, one line each."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted({*ours, *theirs}):
            yield from differing(ours.get(key), theirs.get(key), f"{path}.{key}")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for index, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from differing(mine, other, f"{path}[{index}]")
    elif ours != theirs:
        yield f"{path.removeprefix('.')}: ours {_short(ours)}, theirs {_short(theirs)}"


def _short(value: Json) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else text[:200] + "..."


# --- BuildKit: asking -------------------------------------------------------------------------------------------------


class OracleMissing(Exception):
    """The Go program cannot be built here."""


@cache
def oracle() -> Oracle:
    """The Go program, built once per process; raises OracleMissing without Go or its modules."""
    if not shutil.which("go"):
        raise OracleMissing("go is not on PATH")
    return Oracle()


class Oracle:
    """The built program; its folder goes when the process ends."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.binary = Path(self._folder.name, "oracle.exe" if os.name == "nt" else "oracle")
        self._go("build", "-buildvcs=false", "-o", str(self.binary), ".")

    def module(self) -> Path:
        """The folder of BuildKit's source."""
        return Path(self._go("list", "-m", "-f", "{{.Dir}}", "github.com/moby/buildkit").strip())

    @staticmethod
    def _go(*arguments: str) -> str:
        done = subprocess.run(
            ["go", *arguments], cwd=SOURCE, capture_output=True, encoding="utf-8", errors="replace", check=False
        )
        if done.returncode:
            raise OracleMissing(done.stderr[-500:])
        return done.stdout

    def reports(self, sources: Sequence[bytes]) -> list[Json]:
        """What BuildKit says about each file."""
        with tempfile.TemporaryDirectory() as folder:
            paths = [os.path.join(folder, str(index)) for index in range(len(sources))]
            for path, source in zip(paths, sources, strict=True):
                Path(path).write_bytes(source)
            return self._run(["-"], paths)

    def expansions(self, requests: Sequence[Json]) -> list[Json]:
        """What each word becomes."""
        return self._run(["-words"], [json.dumps(request) for request in requests])

    def answers(self, sources: Sequence[bytes]) -> list[Json]:
        """Whole answers: the report, the triggers of ONBUILD read as instructions, the words that BuildKit expands."""
        reports = self.reports(sources)
        found = [(index, node) for index, report in enumerate(reports) for node in _triggers(report)]
        below = self.reports([_as_file(node, _escape(reports[index])) for index, node in found])
        answers = [_answer(source, report) for source, report in zip(sources, reports, strict=True)]
        requests = [(index, request) for index, report in enumerate(reports) for request in _requests(report)]
        for (index, node), report in zip(found, below, strict=True):
            error = report["error"]["message"] if report["error"] else None
            if error is None and len(report["nodes"]) != 2:  # BuildKit wants one; the FROM of _as_file is the other
                error = "onbuild trigger should be a single expression"
            answers[index]["triggers"].append({"expression": node["instruction"]["expression"], "error": error})
            requests += [(index, request) for request in _requests(report)]
        replies = self.expansions([request for _, request in requests])
        for (index, request), reply in zip(requests, replies, strict=True):
            kept = {key: reply[key] for key in ("result", "words", "error")}
            answers[index]["words"].append({**request, **kept})
        return [pruned(answer) for answer in answers]

    def _run(self, arguments: list[str], lines: list[str]) -> list[Json]:
        if not lines:
            return []
        done = subprocess.run(
            [str(self.binary), *arguments], input="\n".join(lines).encode() + b"\n", capture_output=True, check=True
        )
        found = [json.loads(line) for line in done.stdout.split(b"\n") if line]
        assert len(found) == len(lines)
        return found


def _answer(source: bytes, report: Json) -> Json:
    told = {key: report[key] for key in ("directives", "nodes", "stages", "meta_args", "error")}
    return {
        "tool": f"github.com/moby/buildkit {report['version']}",
        "sha256": digest(source),
        **told,
        "triggers": [],
        "words": [],
    }


def _escape(report: Json) -> str:
    return report["directives"]["escape"] or "\\"


def _triggers(report: Json) -> list[Json]:
    return [node for node in report["nodes"] if "expression" in node["instruction"]]


def _as_file(node: Json, escape: str) -> bytes:
    return f"# escape={escape}\nFROM a\n{node['instruction']['expression']}\n".encode()


def _requests(report: Json) -> Iterator[Json]:
    """The words that BuildKit expands in a file, without any variable and with all of them set."""
    escape = _escape(report)
    for node in report["nodes"]:
        mounts = [flag for flag in node["flags"] if flag.startswith("--mount=")]
        values = [(option.partition("=")[2], False) for mount in mounts for option in mount[8:].split(",")]
        for word, is_body in (*values, *_expanded(node["instruction"])):
            mark = "\\" if is_body else escape
            if not any(char in word for char in "$'\"\\`\ufeff"):
                continue
            names = sorted(set(re.findall(r"[A-Za-z_][A-Za-z0-9_]*", word)))
            request = {"word": word, "escape": mark, "skip_quotes": is_body}
            yield {**request, "env": {}}
            if "$" in word and names:
                yield {**request, "env": {name: f"a-{name} b/1" for name in names}}


def _expanded(fields: Json) -> Iterator[tuple[str, bool]]:
    """The words of one instruction (see convert.go of dockerfile2llb), and whether each is a heredoc's body."""
    names = ("base_name", "platform", "chown", "chmod", "checksum", "from", "dest", "path", "user", "signal")
    yield from ((fields[name], False) for name in names if isinstance(fields.get(name), str))
    for name in ("sources", "ports", "volumes"):
        yield from ((word, False) for word in fields.get(name) or ())
    for pair in fields.get("pairs") or ():
        yield from ((word, False) for word in (pair["key"], pair["value"]) if word is not None)
    for content in fields.get("contents") or ():
        if content["expand"]:
            yield content["data"], True


# --- BuildKit: our side -----------------------------------------------------------------------------------------------


class Verdict(NamedTuple):
    """``kind`` is how the comparison went: ``read``, ``refused`` by both, or why only we refuse; see ``judge``."""

    kind: str
    differences: tuple[str, ...] = ()


NOT_FOR_US = {
    "EM101": "bytes that are not UTF-8, which BuildKit replaces",
    "EM102": "a NUL byte",
    "EM119": "a template",
    "EM120": "a foreign frontend",
    "EM121": "a Windows image",
    "EM122": "a Windows shell",
}
"""What we refuse although BuildKit may read it: the design says so."""

_MESSAGES = (
    ("invalid name for build stage", "EM123"),
    ("no instructions", "EM103 EM104"),  # a file of no bytes has a code of its own
    ("no build stage", "EM106"),
    ("unknown instruction", "EM107"),
    ("unknown flag", "EM108"),
    ("duplicate flag", "EM110"),
    ("missing a value on flag|expecting boolean|invalid (network|security)|is not valid$|Interval |time: ", "EM109"),
    ("--retries|ParseInt|csv devices|key=value pair|invalid value .* for required|duration", "EM109"),
    ("names can not be blank|must have two arguments|can't find =", "EM112"),
    ("comprised of strings", "EM113"),
    ("unterminated heredoc", "EM114"),
    ("as a destination|failed to process|unexpected end of statement", "EM115"),
    ("greater than|token too long", "EM116"),
    ("invalid escape token|invalid ESCAPE", "EM117"),
    ("only one .* parser directive", "EM118"),
    ("Chaining|as an ONBUILD trigger|is not allowed", "EM124"),
    ("csv mounts|support variable expansion", "EM126"),
    ("no stages", "EM105"),
    ("requires|Unknown type|Missing command|takes no arguments|can not be an empty|JSON form", "EM111"),
)
"""Words of BuildKit's messages -> our code. Our messages are our own; what is wrong must be the same."""

_SINCE_EXPANSION = {BAD_SUBSTITUTION, BAD_MOUNT, BAD_FLAG_VALUE, BAD_ARGUMENTS}


def judge(source: bytes, answer: Json) -> Verdict:
    """How our reading of a Dockerfile compares with the oracle's ``answer``.

    The oracle parses; BuildKit refuses some files only when it expands words (``expansion``), reads the trigger of an
    ONBUILD (``trigger``), the rules of ``# check=`` (``check``), or what EXPOSE and STOPSIGNAL name (``port or
    signal``). For the first two the answer holds what BuildKit says about these words and triggers, and it must
    refuse one; nothing judges the others here.
    """
    words = tuple(_word_differences(answer))
    try:
        dockerfile = read(source)
    except DockerfileError as error:
        kind, found = _refusal(error, answer)
        return Verdict(kind, (*found, *words))
    theirs = answer.get("error")
    if theirs:
        return Verdict("read", (f"we accept; BuildKit: {theirs['message']}", *words))
    ours = pruned(_report(dockerfile))
    expected = _comparable({key: answer.get(key) for key in ("directives", "nodes", "stages", "meta_args")})
    return Verdict("read", (*differing(ours, expected), *_texts(dockerfile, answer), *words))


def _refusal(error: DockerfileError, answer: Json) -> tuple[str, tuple[str, ...]]:
    if error.code in NOT_FOR_US:
        return NOT_FOR_US[error.code] + (" that BuildKit reads" if not answer.get("error") else ""), ()
    if error.code == BAD_DIRECTIVE and error.fields.get("directive") == "check":
        return "check", ()
    theirs = answer.get("error")
    told = f"we refuse with {error.code} {error.fields}"
    if theirs is None:
        if isinstance(error, BrokenTrigger):
            broken = any(trigger.get("error") for trigger in answer.get("triggers", ()))
            return "trigger", () if broken else (told,)
        if error.code in (INVALID_PORT, INVALID_SIGNAL):
            return "port or signal", ()
        if error.code == NO_STAGE:  # the oracle does not build, so it misses none
            return "refused", () if not answer.get("stages") else (told,)
        known = error.code in _SINCE_EXPANSION and _refused_later(error, answer)
        return "expansion", () if known else (told,)
    message = theirs["message"]
    wanted = next((codes for pattern, codes in _MESSAGES if re.search(pattern, message)), "no code")
    if error.code not in wanted:
        return "refused", (f"{told}; BuildKit ({wanted}): {message}",)
    line, end = theirs.get("line"), theirs.get("end_line")
    if line and error.code in (BAD_DIRECTIVE, DUPLICATE_DIRECTIVE):
        line, end = line + 1, end + 1  # BuildKit counts these lines from 0
    if line and error.span and not line <= error.span.start.line <= end:
        return "refused", (f"{told} on line {error.span.start.line}; BuildKit on {line} to {end}",)
    return "refused", ()


def _refused_later(error: DockerfileError, answer: Json) -> bool:
    """Whether BuildKit refuses what we refuse at the expansion of a word."""
    nodes, words = answer.get("nodes", ()), answer.get("words", ())
    if error.code == BAD_SUBSTITUTION:
        return any(word.get("error") for word in words)
    if error.code == BAD_MOUNT:
        return any(node.get("instruction", {}).get("mounts_error") for node in nodes)
    unset = {word["word"]: word.get("result", "") for word in words if not word.get("env")}
    if error.code == BAD_FLAG_VALUE:  # COPY --from takes only what expands to itself
        origins = [node["instruction"]["from"] for node in nodes if node.get("instruction", {}).get("from")]
        return any(unset.get(origin, origin) != origin for origin in origins)
    return any(unset.get(node.get("instruction", {}).get("base_name", ""), "x") == "" for node in nodes)


def _word_differences(answer: Json) -> Iterator[str]:
    """Every word that BuildKit expands, through our expander."""
    for asked in answer.get("words", ()):
        body = asked.get("skip_quotes", False)
        env: Mapping[str, str] = asked.get("env", {})
        result, words = expanded(asked["word"], env, asked["escape"], body=body)
        error = asked.get("error")
        same = result is None if error else result == asked.get("result", "")
        if not same or (words is not None and words != asked.get("words", [])):
            theirs = error or f"{asked.get('result', '')!r} {asked.get('words', [])}"
            yield f"word {asked['word'][:200]!r} with {len(env)} set: ours {result!r} {words}, BuildKit {theirs}"


def expanded(
    word: str, env: Mapping[str, str], escape: str = "\\", *, body: bool = False
) -> tuple[str | None, list[str] | None]:
    """What a word becomes, in one piece and split at spaces (a body is never split); None when it is refused."""
    try:
        result = expand(parse_word(word, escape, quotes=not body), env)
        return result, None if body else expand_words(word, env, escape)
    except WordError:
        return None, None


def _texts(dockerfile: Dockerfile, answer: Json) -> Iterator[str]:
    """What the flags hide: the instruction as BuildKit joins it ends with the text that we found."""
    for instruction, node in zip(dockerfile.instructions, answer.get("nodes", ()), strict=False):
        if not node["original"].strip(SPACE).endswith(instruction.text):
            yield f"line {node['start_line']}: text {instruction.text!r} is not the end of {node['original']!r}"


def _comparable(answer: Json) -> Json:
    """The oracle's answer without what our model does not hold."""
    nodes = [_comparable_node(node) for node in answer.get("nodes") or ()]
    # `syntax` and `check` are looked for by other rules than the parser's directives; see test_dockerfile_directives.
    return pruned({**answer, "nodes": nodes, "directives": {"escape": answer["directives"]["escape"]}})


def _comparable_node(node: Json) -> Json:
    # BuildKit's comments are those of the lines above without their layout: we keep the lines. `original`: see _texts.
    kept = {key: value for key, value in node.items() if key not in ("comments", "original")}
    fields = kept["instruction"] = dict(node.get("instruction", {}))
    if kept["keyword"] in ("arg", "stopsignal") or fields.get("test") == ["NONE"]:
        kept.pop("flags", None)  # BuildKit drops every flag of these, unknown ones too: so does our model
    if kept["keyword"] == "volume":
        kept["args"] = [word.strip(SPACE) for word in kept["args"]]  # BuildKit strips a step later, in `volumes`
    fields.pop("flags_used", None)  # the names of `flags`
    if "expression" in fields:  # the blanks at the end of its first line go when the trigger is read as an instruction
        first, newline, bodies = fields["expression"].partition("\n")
        fields["expression"] = first.rstrip(SPACE) + newline + bodies
    # The oracle reads mount options without expanding them, so a variable, quote or escape in one may be an error
    # there.
    mounts = [flag for flag in node.get("flags", ()) if flag.startswith("--mount=")]
    if any(char in mount for mount in mounts for char in "$'\"\\`"):
        fields.pop("mounts", None)
        fields.pop("mounts_error", None)
    if "mounts" in fields:
        fields["mounts"] = [_comparable_mount(mount) for mount in fields["mounts"]]
    return kept


def _has_special_mount(flags: Iterable[str]) -> bool:
    return any(char in flag for flag in flags if flag.startswith("--mount=") for char in "$'\"\\`")


def _comparable_mount(mount: Json) -> Json:
    """A size is a number there, the text as written here; both are checked when the file is read."""
    return {key: value for key, value in mount.items() if key != "size"}


def _report(dockerfile: Dockerfile) -> Json:
    """What we read, in the oracle's shape."""
    nodes = [_node(instruction) for instruction in dockerfile.instructions]
    stages: list[Json] = []
    meta: list[Json] = []
    for instruction, node in zip(dockerfile.instructions, nodes, strict=True):
        if isinstance(instruction.detail, FromDetail):
            stages.append({**node["instruction"], "start_line": node["start_line"], "commands": 0})
        elif stages:
            stages[-1]["commands"] += 1
        else:
            meta += node["instruction"]["pairs"]
    directives = {"escape": dockerfile.escape}
    return {"directives": directives, "nodes": nodes, "stages": stages, "meta_args": meta}


def _node(instruction: Instruction) -> Json:
    heredocs = [
        {"name": item.name, "content": item.body, "expand": item.expand, "chomp": item.chomp, "fd": item.fd}
        for item in instruction.heredocs
    ]
    fields = _fields(instruction)
    if _has_special_mount(_flags(instruction)):
        fields.pop("mounts", None)  # see _comparable_node
    return {
        "keyword": lower(instruction.written),
        "flags": _flags(instruction),
        "args": _arguments(instruction),
        "json": instruction.exec_form is not None,
        "start_line": instruction.lines[0].number,
        "end_line": instruction.lines[-1].number,
        "heredocs": heredocs,
        "instruction": fields,
    }


def _flags(instruction: Instruction) -> list[str]:
    return [f"--{flag.name}" + ("" if flag.value is None else f"={flag.value}") for flag in instruction.flags]


def _arguments(instruction: Instruction) -> list[str]:
    """The words as BuildKit's parser lists them."""
    detail = instruction.detail
    if isinstance(detail, PairsDetail):
        if instruction.keyword == "ARG":
            return [pair.key if pair.value is None else f"{pair.key}={pair.value}" for pair in detail.pairs]
        last = "" if detail.legacy else "="
        return [word for pair in detail.pairs for word in (pair.key, pair.value or "", last)]
    if isinstance(detail, CopyDetail):
        return [operand.text for operand in (*detail.sources, detail.destination)]
    if isinstance(detail, WordsDetail):
        return [operand.text for operand in detail.operands]
    if isinstance(detail, FromDetail):
        return re.split("[\t\v\f\r ]+", instruction.operand)
    if isinstance(detail, HealthcheckDetail):
        kind = re.split("[\t\n\v\f\r ]+", instruction.operand)[0]
        return [kind, *(() if detail.none else detail.exec_form or (detail.text,))]
    if isinstance(detail, OnbuildDetail):
        return [detail.trigger.written, *_arguments(detail.trigger)]
    if instruction.exec_form is not None:
        return list(instruction.exec_form)
    return [instruction.operand] if instruction.operand else []


def _value(instruction: Instruction, name: str) -> str:
    flag = instruction.flag(name)
    return (flag.value or "") if flag else ""


def _switch(instruction: Instruction, name: str) -> bool | None:
    flag = instruction.flag(name)
    return None if flag is None else flag.value is None or lower(flag.value) == "true"


def _fields(instruction: Instruction) -> dict[str, Json]:
    """What the instruction means, field by field."""
    detail, operand = instruction.detail, instruction.operand
    if isinstance(detail, FromDetail):
        platform = (detail.platform.value if detail.platform else None) or ""
        return {"name": detail.name or "", "base_name": detail.image.text, "platform": platform}
    if isinstance(detail, PairsDetail):
        more = {} if instruction.keyword == "ARG" else {"no_delim": detail.legacy}
        return {"pairs": [{"key": pair.key, "value": pair.value, **more} for pair in detail.pairs]}
    if isinstance(detail, CopyDetail):
        return _copy_fields(instruction, detail)
    if isinstance(detail, WordsDetail):
        words = [word.text for word in detail.operands]
        return {"ports": sorted(words)} if instruction.keyword == "EXPOSE" else {"volumes": words}
    if isinstance(detail, HealthcheckDetail):
        return _health_fields(instruction, detail)
    if isinstance(detail, OnbuildDetail):
        bodies = "".join(f"\n{item.body}{item.name}" for item in instruction.heredocs)
        return {"expression": instruction.text + bodies}
    if instruction.keyword == "SHELL":
        return {"shell": list(instruction.exec_form or ())}
    if instruction.keyword in ("RUN", "CMD", "ENTRYPOINT"):
        return _command_fields(instruction)
    names = {"WORKDIR": "path", "USER": "user", "STOPSIGNAL": "signal", "MAINTAINER": "maintainer"}
    return {names[instruction.keyword]: operand}


def _command_fields(instruction: Instruction) -> dict[str, Json]:
    found: dict[str, Json] = {"cmdline": _arguments(instruction), "prepend_shell": instruction.exec_form is None}
    if isinstance(instruction.detail, RunDetail):
        found["network"] = _value(instruction, "network") or "default"
        found["security"] = _value(instruction, "security") or "sandbox"
        found["mounts"] = [_mount(mount) for mount in instruction.detail.mounts]
    return found


def _mount(mount: Mount) -> dict[str, Json]:
    """One mount as BuildKit's ``parseMount`` fills its fields: the last option of a kind wins."""
    kind = lower(mount.get("type") or "bind")
    readonly = kind not in ("cache", "tmpfs")
    required = False
    for key, value in mount.options:
        said = value is None or value in ("1", "t", "T", "TRUE", "true", "True")
        if key in ("readonly", "ro"):
            readonly = said
        elif key in ("readwrite", "rw"):
            readonly = not said
        elif key == "required":
            required = said
    numbers = {name: mount.get(name) for name in ("mode", "uid", "gid")}
    return {
        "type": kind,
        "from": mount.get("from"),
        "source": mount.get("source", "src"),
        "target": mount.get("target", "dst", "destination"),
        "readonly": readonly,
        "id": mount.get("id"),
        "sharing": lower(mount.get("sharing") or ""),
        "required": required,
        "env": mount.get("env"),
        **{name: text and int(text, 8 if name == "mode" else 10) for name, text in numbers.items()},
    }


def _copy_fields(instruction: Instruction, detail: CopyDetail) -> dict[str, Json]:
    contents = []
    for operand in detail.sources:
        if operand.heredoc is not None:
            data = chomped(operand.heredoc.body) if operand.heredoc.chomp else operand.heredoc.body
            contents.append({"path": operand.heredoc.name, "data": data, "expand": operand.heredoc.expand})
    found: dict[str, Json] = {
        "sources": [operand.text for operand in detail.sources if operand.heredoc is None],
        "dest": detail.destination.text,
        "contents": contents,
        "chown": _value(instruction, "chown"),
        "chmod": _value(instruction, "chmod"),
        "link": _switch(instruction, "link"),
        "exclude": [flag.value for flag in instruction.flags if flag.name == "exclude"],
    }
    if instruction.keyword == "COPY":
        return {**found, "from": _value(instruction, "from"), "parents": _switch(instruction, "parents")}
    keep, unpack = _switch(instruction, "keep-git-dir"), _switch(instruction, "unpack")
    return {**found, "keep_git_dir": keep, "checksum": _value(instruction, "checksum"), "unpack": unpack}


def _health_fields(instruction: Instruction, detail: HealthcheckDetail) -> dict[str, Json]:
    times = {
        name.replace("-", "_"): parse_duration(_value(instruction, name) or "0")
        for name in ("interval", "timeout", "start-period", "start-interval")
    }
    retries = int(_value(instruction, "retries") or 0)
    if detail.none:
        test = ["NONE"]
    else:
        test = ["CMD", *detail.exec_form] if detail.exec_form is not None else ["CMD-SHELL", detail.text]
    return {"test": test, **times, "retries": retries}


# --- earth ------------------------------------------------------------------------------------------------------------


def earth_version() -> str:
    """The earth on PATH, as it names itself."""
    done = subprocess.run(["earth", "--version"], capture_output=True, encoding="utf-8", errors="replace", check=True)
    return " ".join(done.stdout.split()[:3]).removesuffix(";")


def earth_answers(sources: Sequence[bytes], version: str = "", workers: int = 2) -> list[Json]:
    """What ``earth debug ast`` says about each Earthfile; one process each, a few at a time."""
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(workers) as pool:
        tasks = [pool.submit(_ask_earth, source, os.path.join(folder, str(at))) for at, source in enumerate(sources)]
        return [
            {"tool": version, "sha256": digest(source), **task.result()}
            for source, task in zip(sources, tasks, strict=True)
        ]


def _ask_earth(source: bytes, folder: str) -> Json:
    os.mkdir(folder)
    Path(folder, "Earthfile").write_bytes(source)
    done = subprocess.run(
        ["earth", "debug", "ast", "--source-map", "Earthfile"], cwd=folder, capture_output=True, check=False
    )
    if done.returncode:
        lines = done.stderr.decode(errors="replace").splitlines()
        return {"error": next((line for line in lines if line.startswith("Error: ")), "refused")}
    return {"ast": pruned(placed(json.loads(done.stdout)))}


def placed(value: Json) -> Json:
    """An AST of earth with the start of each source location only: our tree knows no ends."""
    if isinstance(value, list):
        return [placed(item) for item in value]
    if not isinstance(value, dict):
        return value
    found = {key: placed(item) for key, item in value.items() if key != "sourceLocation"}
    if "with" in found:
        found["with"]["command"].pop("at", None)  # our tree has the place of the WITH alone
    location = value.get("sourceLocation")
    return {**found, "at": f"{location['startLine']}:{location['startColumn']}"} if location else found


def judge_earthfile(source: bytes, answer: Json) -> Verdict:
    """How our reading of an Earthfile compares with earth's ``answer``."""
    try:
        text = source.decode()
    except UnicodeDecodeError:
        return Verdict("not UTF-8")
    try:
        ours = pruned(tree_json(read_earthfile(text, strict=False)))
    except EarthfileError as error:
        return Verdict("refused", () if answer.get("error") else (f"we refuse: {error}",))
    if answer.get("error"):
        return Verdict("read", (f"we accept; earth: {answer['error']}",))
    return Verdict("read", tuple(differing(ours, _known(answer["ast"]))))


def _known(tree: Json) -> Json:
    """Our tree has no places for the file itself and for VERSION's column, and keeps no empty ELSE, CATCH or
    FINALLY."""
    found = {key: value for key, value in tree.items() if key != "at"}
    if "version" in found:
        found["version"] = {"args": found["version"]["args"]}
    return found


def tree_json(tree: Tree) -> Json:
    """Our tree of an Earthfile in the shape of ``earth debug ast``, places as ``line:column``."""
    return {
        "version": {"args": list(tree.version)} if tree.version is not None else None,
        "baseRecipe": _body(tree.base),
        "targets": [{**_recipe(item), "docs": item.docs} for item in tree.targets],
        "functions": [_recipe(item) for item in tree.functions],
    }


def _recipe(item: Recipe) -> Json:
    return {"name": item.name, "at": f"{item.line}:{item.column}", "recipe": _body(item.statements)}


def _body(statements: Iterable[Statement]) -> list[Json]:
    return [_statement(item) for item in statements]


def _statement(item: Statement) -> Json:
    at = f"{item.line}:{item.column}"
    command = {"name": item.name, "args": list(item.args), "execMode": item.exec_form, "docs": item.docs, "at": at}
    if not item.blocks:
        return {"command": command}
    first, bodies = item.blocks[0], {block.keyword: _body(block.statements) for block in item.blocks}
    if item.name == "IF":
        others = [_else_if(block) for block in item.blocks if block.keyword == "ELSE IF"]
        found = {"expression": list(item.args), "execMode": item.exec_form, "ifBody": _body(first.statements)}
        return {"if": {**found, "elseIf": others, "elseBody": bodies.get("ELSE"), "at": at}}
    if item.name == "TRY":
        more = {"catchBody": bodies.get("CATCH"), "finallyBody": bodies.get("FINALLY")}
        return {"try": {"tryBody": _body(first.statements), **more, "at": at}}
    if item.name in ("FOR", "WAIT"):
        return {item.name.lower(): {"args": list(item.args), "body": _body(first.statements), "at": at}}
    inner = {**command, "name": item.name.removeprefix("WITH "), "at": ""}
    return {"with": {"command": inner, "body": _body(first.statements), "at": at}}


def _else_if(block: Block) -> Json:
    found = {"expression": list(block.args), "execMode": block.exec_form, "body": _body(block.statements)}
    return {**found, "at": f"{block.line}:{block.column}"}


def needs_dockerfile(earthfile: str) -> str:
    """What an Earthfile leaves to a Dockerfile: ``nothing``, ``single lines`` (in a helper) or ``whole stages``."""
    lines = [line for line in earthfile.split("\n") if line.lstrip().startswith("FROM DOCKERFILE")]
    if not lines:
        return "nothing"
    return "single lines" if all(" -f +" in line for line in lines) else "whole stages"
