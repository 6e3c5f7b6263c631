"""What must hold for every Dockerfile: nothing lost, no trap emitted, the same programs and the same config."""

from __future__ import annotations

import fnmatch
import posixpath
import re
import shlex
from collections.abc import Iterator, Mapping
from functools import lru_cache

import pytest
from hypothesis import HealthCheck, assume, example, given, note, settings
from hypothesis import strategies as st
from strategies import NAMES, arbitrary, dockerfiles, mutated
from support import Config, docker_configs, earth_configs, plan_of, without_prefix

from migrate.convert import Conversion, convert
from migrate.diagnostics import Grade, Severity
from migrate.dockerfile.jsonform import json_strings
from migrate.dockerfile.model import Instruction, PairsDetail
from migrate.dockerfile.reader import read as read_dockerfile
from migrate.dockerfile.words import WordError as DockerWordError
from migrate.earthfile.expansion import WordError, parse_word
from migrate.earthfile.flags import flags_and_args
from migrate.earthfile.reader import read, run_text
from migrate.earthfile.shelltext import same_shell_text
from migrate.earthfile.tree import EarthfileError, Recipe, Statement, Tree
from migrate.header import is_environment_name
from migrate.mappings import builtin
from migrate.plan import Plan
from migrate.rootfiles import is_shipped
from migrate.settings import Settings
from migrate.stages import Stage
from migrate.words import Literal, ShellOut, Variable, Word, literal_text

SETTINGS = Settings(name="app", fallback="comment")


def once(source: str | bytes) -> Conversion:
    """The conversion of ``source``; asking twice must give the same bytes."""
    first = convert(source, SETTINGS)
    assert convert(source, SETTINGS) == first
    return first


@lru_cache(maxsize=8)
def _converted(text: str) -> Conversion:
    return convert(text, SETTINGS)


@settings(max_examples=250)
@given(arbitrary() | mutated())
def test_no_input_makes_it_raise(source: str | bytes) -> None:
    conversion = once(source)
    if conversion.files:
        read(conversion.files[0].text)
        assert not [found for found in conversion.diagnostics if found.severity is Severity.ERROR]
    else:
        assert any(found.severity is Severity.ERROR for found in conversion.diagnostics)


@settings(max_examples=200, suppress_health_check=[HealthCheck.filter_too_much])  # much damage leaves no Dockerfile
@given(mutated())
def test_no_trap_in_what_broken_files_become(source: bytes) -> None:
    earthfile = convert(source, SETTINGS).earthfile
    assume(earthfile is not None)
    note(earthfile or "")
    assert list(_traps(read(earthfile or ""), _with_heredoc_text(source))) == []


@settings(max_examples=200)
@given(dockerfiles())
@example("FROM alpine:3.20\r\nRUN <<EOF\r\nEOF\r\n")
@example("FROM alpine:3.20\r\nRUN <<EOF sh\r\ntrue\r\nEOF\r\n")
@example("ARG A=x${B#x}\nARG B\nFROM alpine:3.20 AS build\nARG B=x\nFROM build\nARG A\n")
@example(
    "ARG A=x${APP_VERSION#x}\n\nARG APP_VERSION\nARG VERSION=x\nFROM alpine:3.20 AS build\n\nARG APP_VERSION=x\n"
    "FROM alpine:3.20\nENV APP_VERSION=x\nENV APP_VERSION=x\nENV APP_VERSION=x\nENV APP_VERSION=x\n"
    "FROM build AS build2\nENV APP_VERSION=x\nENV APP_VERSION=x \\\n    # note 5.\n    APP_VERSION=x\nARG A\n"
)
def test_everything_arrives(text: str) -> None:
    conversion = once(text)
    note(conversion.earthfile or str(conversion.diagnostics))
    assert conversion.earthfile is not None
    dockerfile = read_dockerfile(text)
    tree = read(conversion.earthfile)
    assert _lost(dockerfile.instructions, conversion) == []
    assert _lost_comments(dockerfile.instructions, text, conversion.earthfile) == []
    assert list(_traps(tree, False)) == []
    plan, _ = plan_of(text, name="app")
    planned = {*plan.targets, *(helper.target for helper in (*plan.image_helpers.values(), *plan.aliases.values()))}
    planned |= {plan.image_target} if plan.image_target else set()
    names = [target.name for target in tree.targets]
    assert planned <= set(names)
    assert sorted(names) == sorted({result.target for result in conversion.targets} | planned)
    newline = "\r\n" if "\r\n" in text else "\n"
    # Docker joins a heredoc to the command of its RUN by a plain line feed, whatever ends the lines of the file.
    joined = sum(len(item.heredocs) for item in dockerfile.instructions if item.keyword == "RUN")
    assert 0 <= conversion.earthfile.count("\n") - conversion.earthfile.count(newline) <= joined


@settings(max_examples=200)
@given(dockerfiles())
def test_every_run_is_the_same_program(text: str) -> None:
    conversion = _converted(text)
    note(conversion.earthfile or "")
    graph = plan_of(text)[0].graph
    shells = _shells(text)
    runs = _runs(conversion)
    for stage in graph.stages:
        for instruction in stage.instructions:
            number = instruction.span.start.line
            mine = [statement for statement in runs.get(number, ()) if not statement.exec_form]
            if instruction.keyword != "RUN" or not mine or instruction.heredocs or instruction.exec_form:
                continue
            assert any(_runs_the_same(instruction, statement, shells[number]) for statement in mine)


def _runs(conversion: Conversion) -> dict[int, list[Statement]]:
    """Line of the Dockerfile -> its RUNs in the Earthfile: a bind mount makes place for itself in RUNs of its own."""
    tree = read(conversion.earthfile or "")
    statements = {item.line: item for target in tree.targets for item in target.statements if item.name == "RUN"}
    found: dict[int, list[Statement]] = {}
    for line, span in conversion.source_map:
        if line in statements:
            found.setdefault(span.start.line, []).append(statements[line])
    return found


def _runs_the_same(instruction: Instruction, statement: Statement, shell: tuple[str, ...]) -> bool:
    if statement.exec_form:
        return False
    return _same_program(instruction.operand, without_prefix(run_text(statement)), shell)


def _same_program(docker: str, earth: str, shell: tuple[str, ...]) -> bool:
    if shell == ("/bin/sh", "-c"):
        if same_shell_text(docker, earth):
            return True
        return earth.startswith("/bin/sh -c '") and shlex.split(earth) == ["/bin/sh", "-c", docker]
    words = shlex.split(earth)
    return tuple(words[:-1]) == shell and same_shell_text(docker, words[-1])


def _shells(text: str) -> dict[int, tuple[str, ...]]:
    """The SHELL in force at the line of each instruction."""
    graph = plan_of(text)[0].graph
    at: dict[int, tuple[str, ...]] = {}
    last: list[tuple[str, ...]] = []
    for stage in graph.stages:
        shell = ("/bin/sh", "-c") if stage.base is None else last[stage.base]
        for instruction in stage.instructions:
            if instruction.keyword == "SHELL":
                shell = instruction.exec_form or shell
            at[instruction.span.start.line] = shell
        last.append(shell)
    return at


_EMPTY_IS_UNSET = ("EM227", "EM305", "EM332", "EM333", "EM336")
"""An argument that a caller passes empty counts as not passed, which these say: ${X-d} became ${X:-d}, for one."""


@pytest.mark.parametrize("settings_only", [True, False])
@settings(max_examples=250)
@given(data=st.data())
def test_config_and_environment_are_equal(data: st.DataObject, settings_only: bool) -> None:
    """A target graded exact or equal: both builders, simulated from the facts, set the same; with build arguments
    too."""
    text = data.draw(dockerfiles(settings_only=settings_only))
    passed = data.draw(st.dictionaries(st.sampled_from(NAMES), st.sampled_from(("", "v", "p q")), max_size=2))
    conversion = _converted(text)
    note(text)
    note(f"build arguments: {passed}")
    note(conversion.earthfile or "")
    note("\n".join(f"{found.code} {found.message}" for found in conversion.diagnostics))
    assume("" not in passed.values() or not any(found.code in _EMPTY_IS_UNSET for found in conversion.diagnostics))
    # The environment of an unknown image may be what a port comes from: EM618 says that earth fails without one.
    assume("example.com" not in text or not any(found.code == "EM618" for found in conversion.diagnostics))
    plan, _ = plan_of(text, name="app")
    # What a FROM selects by a build argument is another build altogether.
    assume(not any(variable.name in passed for stage in plan.graph.stages for variable in _names(stage.image)))
    try:
        docker = docker_configs(text, passed)
    except DockerWordError:
        assume(False)
    earth = earth_configs(conversion.earthfile or "", passed)
    everywhere = _global_names(conversion.earthfile or "")
    runs, shells = _runs(conversion), _shells(text)
    for stage, result, wanted in zip(plan.graph.stages, conversion.targets, docker, strict=False):
        if result.grade > Grade.EQUAL:
            continue
        found = earth[result.target]
        assert _facts(found, stage, plan) == _facts(wanted, stage, plan), result.target
        at = {item.span.start.line: item for item in stage.instructions}
        for number, environment in wanted.seen.items():
            mine = [item for item in runs.get(number, ()) if item.line in found.seen]
            if len(mine) > 1:
                mine = [item for item in mine if _runs_the_same(at[number], item, shells[number])]
            for item in mine:
                _compare(environment, found.seen[item.line], at[number], everywhere, plan.mentions[stage.index])


def _facts(config: Config, stage: Stage, plan: Plan) -> dict[str, object]:
    """What must be equal: a stop signal or health check matters in images only, and is set where the chain begins."""
    facts = config.facts()
    if not is_shipped(stage.index, plan):
        del facts["signal"], facts["healthcheck"]
    return facts


def _compare(
    docker: Mapping[str, str],
    earth: Mapping[str, str],
    run: Instruction,
    everywhere: set[str],
    mentions: frozenset[str],
) -> None:
    """What a RUN sees. Names that neither the text nor a well-known program reads may be missing or come from a
    global."""
    text = " ".join(line.text for line in run.lines)
    for name in docker.keys() | earth.keys():
        if docker.get(name, "") == earth.get(name, "") or name.startswith("NATIVE"):
            continue
        read_by_programs = is_environment_name(name, builtin()) or bool(re.search(rf"\b{name}\b", text))
        if name in earth and name not in docker:
            assert name in everywhere or name.startswith("TARGET"), (name, earth[name], text)  # EM313 moves it up
            assert not read_by_programs, (name, earth[name], text)
        else:  # an ARG of the parent stage that this stage does not mention: see test_arguments.py
            assert name not in mentions, (name, docker, earth, text)
            assert not read_by_programs, (name, docker, earth, text)


def _names(word: Word) -> list[Variable]:
    return [part for part in word if isinstance(part, Variable)]


def _global_names(earthfile: str) -> set[str]:
    return {item.args[1] for item in read(earthfile).base if item.name == "ARG" and item.args[0] == "--global"}


# --- nothing is lost --------------------------------------------------------------------------------------------------


def _lost(instructions: tuple[Instruction, ...], conversion: Conversion) -> list[str]:
    """Instructions without a line of the Earthfile, without a finding and without a reason to vanish.

    The reasons: a global ARG whose default stands where stages import it, and a SHELL that is the one earth has anyway.
    """
    covered = {span.start.line for _, span in conversion.source_map}
    covered |= {found.span.start.line for found in (*conversion.diagnostics, *conversion.hidden) if found.span}
    header = True
    lost = []
    for instruction in instructions:
        header = header and instruction.keyword == "ARG"
        own = range(instruction.span.start.line, instruction.span.end.line + 1)
        default_shell = instruction.keyword == "SHELL" and instruction.exec_form == ("/bin/sh", "-c")
        if not covered & set(own) and not default_shell and not (header and _imported(instruction, instructions)):
            lost.append(f"{own.start}: {instruction.keyword} {instruction.text}")
    return lost


def _imported(header: Instruction, instructions: tuple[Instruction, ...]) -> bool:
    """Whether a stage has a bare ARG for a name of this one."""
    assert isinstance(header.detail, PairsDetail)
    imports = {
        pair.key
        for item in instructions
        if item.keyword == "ARG" and item is not header and isinstance(item.detail, PairsDetail)
        for pair in item.detail.pairs
        if pair.value is None
    }
    return bool(imports & {pair.key for pair in header.detail.pairs})


def _lost_comments(instructions: tuple[Instruction, ...], text: str, earthfile: str) -> list[str]:
    """Comment lines (of generated files: each is unique) that are not in the output exactly once."""
    inside = {
        number for item in instructions for line in item.lines if line.kind == "heredoc" for number in [line.number]
    }
    written = [line.strip() for line in earthfile.splitlines()]
    lost = []
    for number, line in enumerate(text.splitlines(), 1):
        comment = line.strip()
        if re.match(r"# .* \d+\.", comment) and number not in inside:
            times = sum(found == comment or found.endswith(f"# {comment.removeprefix('# ')}") for found in written)
            if times != 1:
                lost.append(f"{times} times: {comment}")
    return lost


# --- traps ------------------------------------------------------------------------------------------------------------

_FORBIDDEN = frozenset(["ADD", "SHELL", "STOPSIGNAL", "ONBUILD", "MAINTAINER"])
_COPY_FLAGS = frozenset(["chown", "chmod", "keep-ts", "keep-own", "if-exists", "symlink-no-follow", "dir"])
_MOUNT_KEYS = frozenset(["type", "id", "target", "source", "ro", "readonly", "mode", "chmod", "sharing"])
_WORDS = frozenset(
    ["ENV", "ARG", "LET", "SET", "LABEL", "WORKDIR", "USER", "EXPOSE", "VOLUME", "COPY", "FROM", "HEALTHCHECK"]
) | {"SAVE ARTIFACT", "SAVE IMAGE"}


def _with_heredoc_text(source: bytes) -> bool:
    return b"<<" in source


def _traps(tree: Tree, may_mention_heredocs: bool) -> Iterator[str]:
    """Everything of facts/earthfile.md 0 and 11 that stands in an Earthfile."""
    names = [target.name for target in tree.targets]
    parents = {
        (literal_text(parse_word(args[0])) or "")[1:]
        for target in tree.targets
        for item in target.statements
        if item.name == "FROM" and (args := flags_and_args(item)[1])
    }
    builders = {item.args[1] for item in tree.base if item.name == "ARG" and len(item.args) > 1}
    saved = {target.name: _saved(target) for target in tree.targets}
    for item in tree.base:
        if item.name != "ARG":
            yield f"{item.name} in the base recipe"
        yield from _statement_traps(item, may_mention_heredocs)
    for target in tree.targets:
        if (
            not re.fullmatch(r"[a-z][a-zA-Z0-9.\-]*", target.name)
            or target.name == "base"
            or names.count(target.name) > 1
        ):
            yield f"the name {target.name}"
        yield from _order_traps(target, target.name in parents)
        for item in target.statements:
            for trap in _statement_traps(item, may_mention_heredocs):
                yield f"{target.name}: {trap}"
            yield from _reference_traps(item, saved)
            if (
                item.name == "FROM"
                and "BUILDPLATFORM" not in builders
                and re.search(r"\$\{?BUILDPLATFORM", " ".join(item.args))
            ):
                yield f"{target.name}: FROM {item.args}"


def _order_traps(target: Recipe, is_parent: bool) -> Iterator[str]:
    order = [item.name for item in target.statements]
    saves = [number for number, name in enumerate(order) if name.startswith("SAVE")]
    if saves and saves != list(range(saves[0], len(order))):
        yield f"{target.name}: something after SAVE"
    if "SAVE IMAGE" in order[:-1]:
        yield f"{target.name}: SAVE IMAGE is not last"
    if "SAVE IMAGE" in order and is_parent:
        yield f"{target.name}: SAVE IMAGE in a target that another is FROM"
    start = next((number for number, name in enumerate(order) if name in ("FROM", "FROM DOCKERFILE")), None)
    if start is None or any(name != "ARG" for name in order[:start]):
        yield f"{target.name}: a command before FROM"
    declared = [_declared(item) for item in target.statements if item.name == "ARG"]
    yield from (f"{target.name}: ARG {name} twice" for name in set(declared) if declared.count(name) > 1)
    variables = {name: keyword for keyword, name in _assigned(target)}
    yield from (f"{target.name}: SET {name} without LET" for name, keyword in variables.items() if keyword == "bad")


def _declared(item: Statement) -> str:
    return flags_and_args(item)[1][0]


def _assigned(target: Recipe) -> Iterator[tuple[str, str]]:
    """SET and LET in their order: LET once, SET only after it, no ARG after LET."""
    held: set[str] = set()
    for item in target.statements:
        if item.name in ("ARG", "LET"):
            yield ("bad" if item.args[0] in held else item.name), item.args[0]
            held |= {item.args[0]} if item.name == "LET" else set()
        elif item.name == "SET" and item.args[0] not in held:
            yield "bad", item.args[0]


def _statement_traps(item: Statement, may_mention_heredocs: bool) -> Iterator[str]:
    shown = f"{item.name} {' '.join(item.args)}"
    if item.name in _FORBIDDEN:
        yield shown
    try:
        flags, args = flags_and_args(item)
        words = [parse_word(arg) for arg in args] if item.name in _WORDS else []
        words += [parse_word(value) for _, value in flags if value]
    except (EarthfileError, WordError) as error:
        yield f"{shown}: {error}"
        return
    if any(isinstance(part, ShellOut) for word in words for part in _parts(word)):
        yield f"earth runs a command in: {shown}"
    if item.name in ("CMD", "ENTRYPOINT") and not item.exec_form and not _is_one_literal(args):
        yield f"expanded and unquoted: {shown}"
    if item.name in ("ENV", "ARG", "LET", "SET") and (
        len(args) not in (1, 3) or not re.fullmatch(r"[A-Za-z_]\w*", args[0], re.A)
    ):
        yield f"not one pair: {shown}"
    if item.name == "COPY":
        yield from (f"{trap}: {shown}" for trap in _copy_traps(flags, words))
    if item.name == "RUN":
        yield from (f"{trap}: {shown}" for trap in _run_traps(item, flags, may_mention_heredocs))
    if item.name == "HEALTHCHECK" and (
        item.exec_form or args[0] not in ("CMD", "NONE") or (args[1:2] and args[1].startswith('["'))
    ):
        yield shown
    if item.name in ("USER", "WORKDIR") and len(args) != 1:
        yield f"not one word: {shown}"
    if item.name in ("EXPOSE", "VOLUME", "FROM") and not all(words):
        yield f"an empty word: {shown}"


def _is_one_literal(args: tuple[str, ...]) -> bool:
    return len(args) == 1 and args[0].startswith("'") and literal_text(parse_word(args[0])) is not None


def _parts(word: Word) -> Iterator[object]:
    for part in word:
        yield part
        if isinstance(part, Variable):
            yield from _parts(part.operand)


def _copy_traps(flags: tuple[tuple[str, str | None], ...], words: list[Word]) -> Iterator[str]:
    sources = words[: -1 - sum(value is not None for _, value in flags)] if flags else words[:-1]
    texts = ["".join(part.text if isinstance(part, Literal) else "$" for part in word) for word in sources]
    names = {name for name, _ in flags}
    if not names <= _COPY_FLAGS:
        yield "unknown flag"
    if any(name == "chmod" and value and not re.fullmatch(r"0?[0-7]{1,3}|.*\$.*", value) for name, value in flags):
        yield "a mode that earth drops or refuses"
    last = "".join(part.text if isinstance(part, Literal) else "$" for part in words[len(sources)])
    is_array = bool(texts) and texts[0].startswith("[") and last.endswith("]")
    if not texts or any(text.startswith("/") or not text for text in texts) or is_array:
        yield "an absolute, empty or array source"
    own = [text for text in texts if not text.startswith("+")]
    if any((text.rstrip("/") == "." and text.endswith("/")) or "?" in text for text in own):
        yield "copies nothing, silently"
    if not words[len(sources)]:
        yield "an empty destination"
    if any(text.split("/")[0] == ".." for text in texts):
        yield "a source outside the context"
    if len({text.startswith("+") for text in texts}) > 1:
        yield "artifacts and context files"
    if "if-exists" in names and any(text.removeprefix("./")[:1] in ("*", "?", "[") for text in texts):
        yield "--if-exists never matches this"


def _run_traps(item: Statement, flags: tuple[tuple[str, str | None], ...], may_mention_heredocs: bool) -> Iterator[str]:
    if item.exec_form:
        return
    if flags and json_strings(" ".join(flags_and_args(item)[1])) is not None:
        yield "an array after a flag"
    for name, value in flags:
        if name == "network" and value != "none":
            yield "network mode"
        if name != "mount" or value is None:
            continue
        options = [tuple(option.partition("=")) for option in value.split(",")]
        keys = {key: text for key, _, text in options}
        if not set(keys) <= _MOUNT_KEYS or len(keys) != len(options):
            yield "mount option"
        if keys.get("type") not in ("cache", "tmpfs", "secret") or not keys.get("target"):
            yield "mount type or target"
        if any(key in keys and not keys[key].startswith(("0", "$")) for key in ("mode", "chmod")):
            yield "mount mode"
    if not may_mention_heredocs and "<<" in re.sub(r"'[^']*'|\"(?:\\.|[^\"])*\"", "", run_text(item)):
        yield "heredoc"


def _saved(target: Recipe) -> tuple[str, ...]:
    """The paths under which ``+target/...`` finds something, wildcards kept."""
    found = []
    for item in target.statements:
        if item.name == "SAVE ARTIFACT":
            flags, args = flags_and_args(item)
            source, place = (literal_text(parse_word(arg)) or "" for arg in (args[0], args[-1]))
            assert source.startswith("/"), "a source relative to WORKDIR"
            assert ("symlink-no-follow", None) in flags or source != "/*"
            found.append(posixpath.join(place, posixpath.basename(source)) if place.endswith("/") else place)
    return tuple(found)


def _reference_traps(item: Statement, saved: dict[str, tuple[str, ...]]) -> Iterator[str]:
    if item.name not in ("FROM", "COPY"):
        return
    _, args = flags_and_args(item)
    for arg in args[:1] if item.name == "FROM" else args[:-1]:
        word = parse_word(arg)
        first = word[0] if word else None
        if not isinstance(first, Literal) or not first.text.startswith("+"):
            continue
        target, slash, path = first.text[1:].partition("/")
        if len(word) == 1 or slash:
            if target not in saved:
                yield f"no target {target}"
            elif item.name == "COPY" and saved[target] and not _is_saved(slash + path, len(word) > 1, saved[target]):
                yield f"{arg} is not saved: {saved[target]}"


def _is_saved(path: str, has_variables: bool, saved: tuple[str, ...]) -> bool:
    wanted = (path.rpartition("/")[0] if has_variables else path).rstrip("/") or "/"
    return any(
        place == "/*" or place == wanted or wanted.startswith(place + "/") or fnmatch.fnmatchcase(wanted, place)
        for place in saved
    )
