"""GitHub workflows and composite actions: ``run:`` scripts, and the steps that use docker/build-push-action."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from ruamel.yaml.nodes import MappingNode, Node

from migrate.callsites import embeddedshell, shell, yamltext
from migrate.callsites.buildcall import BuildCall, Option
from migrate.callsites.data import Data
from migrate.callsites.edits import Edit
from migrate.callsites.model import Outcome, Site, Translator, Tree, placed
from migrate.callsites.translate import EarthCall, Left, Note
from migrate.callsites.values import Piece, Value, literal_piece

_EXPRESSION = re.compile(r"\$\{\{.*?\}\}", re.DOTALL)
_BUILD_ACTION = "docker/build-push-action@"
_OTHERS = re.compile(
    r"(?:docker/bake-action|depot/build-push-action|depot/bake-action|redhat-actions/buildah-build"
    r"|mr-smithers-excellent/docker-build-push|home-assistant/builder|aevea/action-kaniko|int128/kaniko-action)@"
)
#: Environment names that a step must not set by accident.
_TAKEN_NAMES = frozenset(
    ("PATH", "HOME", "SHELL", "USER", "PWD", "IFS", "CI", "LD_PRELOAD", "BASH_ENV", "GITHUB_TOKEN")
)
_BUILDX = re.compile(r"docker/bake-action@|buildx (?:bake|imagetools|create|du)|compose[^\n]*build|steps\.buildx")
_WIDEST = 110


class Job(NamedTuple):
    """A job, or the ``runs`` of a composite action: its node and its steps."""

    node: Node
    steps: list[Node]
    composite: bool


class _Step(NamedTuple):
    job: Job
    step: Node
    root: Node
    environment: dict[str, str]
    """Variables for what only the run knows: name -> expression."""
    default_context: bool


def sites(text: str, path: str, tree: Tree, data: Data) -> list[Site]:
    """The build calls in a workflow or an action. Raises YamlError."""
    found: list[Site] = []
    for root in yamltext.documents(text):
        for job in _jobs(root):
            for step in job.steps:
                found += _step_sites(job, step, root, text, path, tree, data)
    return found


def _jobs(root: Node) -> Iterator[Job]:
    for _, _, job in yamltext.entries(yamltext.get(root, "jobs")):
        yield Job(job, yamltext.items(yamltext.get(job, "steps")), False)
    if yamltext.scalar(yamltext.get(root, "runs", "using")) == "composite":
        runs = yamltext.get(root, "runs")
        assert runs is not None
        yield Job(runs, yamltext.items(yamltext.get(runs, "steps")), True)


def _step_sites(job: Job, step: Node, root: Node, text: str, path: str, tree: Tree, data: Data) -> Iterator[Site]:
    uses = yamltext.scalar(yamltext.get(step, "uses")) or ""
    if uses.startswith(_BUILD_ACTION):
        yield _action_site(job, step, root, text, path, tree, data)
    elif _OTHERS.match(uses):
        at = yamltext.get(step, "uses")
        assert at is not None
        yield Site(path, "workflows", yamltext.start(at), yamltext.end(at), why=f"{uses} is not rewritten")
    own = "" if uses else _shell(job, step, root)
    if own not in _OTHER_LANGUAGES:
        folder = _working_directory(job, step, root)
        run = yamltext.get(step, "run")
        why = _no_place(job, path) or ("" if own in ("", "bash", "sh") else f"its shell is {own}")
        for site in embeddedshell.scalar_sites(run, text, path, tree, data.docker_flags, folder, "workflows"):
            yield replace(site, why=site.why or why)


_OTHER_LANGUAGES = frozenset(("python", "node", "perl", "ruby"))


def _shell(job: Job, step: Node, root: Node) -> str:
    """The program that runs the script of a step, "" for the runner's own shell."""
    nodes = (
        yamltext.get(step, "shell"),
        yamltext.get(job.node, "defaults", "run", "shell"),
        yamltext.get(root, "defaults", "run", "shell"),
    )
    written = next((yamltext.scalar(node) for node in nodes if node is not None), "") or ""
    return written.split(" ")[0]


def _no_place(job: Job, path: str) -> str:
    """Why no command of earth can run in a job, "" when one can."""
    runner = yamltext.scalar(yamltext.get(job.node, "runs-on")) or ""
    if runner.startswith(("windows", "macos")):
        return f"{runner} has no engine for Linux containers"
    if yamltext.get(job.node, "container") is not None:
        return "the job runs in a container, and earth needs the runner's engine"
    checkouts = [step for step in job.steps if (_uses_of(step)).startswith("actions/checkout@")]
    if checkouts and all(_elsewhere(step) for step in checkouts):
        return "the repository is checked out into another folder, or is another one"
    if job.composite and "/" not in path:
        return "an action at the root runs in the repository of its caller, where no Earthfile is"
    return ""


def _uses_of(step: Node) -> str:
    return yamltext.scalar(yamltext.get(step, "uses")) or ""


def _elsewhere(checkout: Node) -> bool:
    """Whether a checkout does not put this repository into the folder where steps run."""
    path = yamltext.scalar(yamltext.get(checkout, "with", "path")) or "."
    repository = yamltext.scalar(yamltext.get(checkout, "with", "repository")) or ""
    return path not in (".", "./") or (bool(repository) and "github.repository" not in repository)


def _working_directory(job: Job, step: Node, root: Node) -> str:
    nodes = (
        yamltext.get(step, "working-directory"),
        yamltext.get(job.node, "defaults", "run", "working-directory"),
        yamltext.get(root, "defaults", "run", "working-directory"),
    )
    written = next((yamltext.scalar(node) for node in nodes if node is not None), "") or ""
    if "${{" in written:
        return shell.UNKNOWN
    return written.removeprefix("./").rstrip("/") if written not in (".", "./") else ""


def _action_site(job: Job, step: Node, root: Node, text: str, path: str, tree: Tree, data: Data) -> Site:
    uses = yamltext.get(step, "uses")
    assert uses is not None
    first, last = yamltext.start(uses), yamltext.end(uses)
    environment: dict[str, str] = {}
    site = Site(path, "workflows", first, last)
    try:
        site = placed(_read(site, job, step, root, data, environment), ("",), tree)
    except Left as left:
        site = replace(site, why=str(left))
    why = site.why
    for name, expression in environment.items():
        why = re.sub(rf"\${name}\b", expression.replace("\\", r"\\"), why)
    return replace(site, why=_no_step(job, step, text, path) or why)


def _no_step(job: Job, step: Node, text: str, path: str) -> str:
    """Why a step has no place for a command, "" when it has: also where its outputs are used."""
    if not isinstance(step, MappingNode) or step.flow_style:
        return "it is written on one line"
    if why := _no_place(job, path):
        return why
    name = yamltext.scalar(yamltext.get(step, "id"))
    if name and re.search(rf"steps\.{re.escape(name)}\.outputs\b", text):
        return f"the outputs of step {name} are used, and earth gives none"
    return ""


def _read(site: Site, job: Job, step: Node, root: Node, data: Data, environment: dict[str, str]) -> Site:
    """``site`` with the call that the inputs of its step ask for. Raises Left."""
    taken = {name for name, _, _ in yamltext.entries(yamltext.get(step, "env"))}
    options: list[Option] = []
    context: Value | None = None
    open_tags: Value | None = None
    for name, _, node in yamltext.entries(yamltext.get(step, "with")):
        text, entry = yamltext.scalar(node), data.build_push_action.get(name)
        if entry is None or text is None:
            raise Left(f"its input {name} is not known")
        if entry["option"] == "nothing" or not text.strip():
            continue
        for index, item in enumerate(_items(text, entry.get("list"))):
            value = _value(item, name if index == 0 else f"{name}_{index + 1}", environment, taken)
            if name == "context":
                context = value
            elif name == "tags" and _EXPRESSION.fullmatch(item):
                open_tags = value
            else:
                options.append(_option(entry["option"], name, value, data))
    default = context is None or (context.text or "").startswith("{{defaultContext}}")
    if context is not None and default:
        context = Value((literal_piece((context.text or "").partition(":")[2] or "."),))
    call = BuildCall("docker", True, tuple(options), context or Value((literal_piece("."),)))
    detail = _Step(job, step, root, environment, default)
    return replace(site, call=call, open_tags=open_tags, dynamic=True, detail=detail)


def _option(option: str, name: str, value: Value, data: Data) -> Option:
    if name == "secrets":
        value = value.before("id=") if "=" not in value.head else _secret(value)
    elif name == "secret-files":
        key = value.head.partition("=")[0]
        value = value.after(len(key) + 1).before(f"id={key},src=")
    elif name == "secret-envs":
        key = value.head.partition("=")[0]
        value = value.after(len(key) + 1).before(f"id={key},env=")
    return Option(option, data.docker_flags[option], value)


def _secret(value: Value) -> Value:
    """``K=V``: the value becomes a variable of the step, and the secret is read from it."""
    key = value.head.partition("=")[0]
    rest = value.after(len(key) + 1)
    name = "".join(piece.raw for piece in rest.pieces).removeprefix("$")
    if len(rest.pieces) != 1 or rest.text is not None or not re.fullmatch(r"[A-Za-z_]\w*", key):
        raise Left(f"the secret {key} is written into the workflow in parts")
    return Value((literal_piece(f"id={key},env={name}"),))


def _items(text: str, how: str | None) -> list[str]:
    if how is None:
        return [text.strip()]
    found = []
    for line in text.split("\n"):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        parts = [line] if how == "lines" or "${{" in line else line.split(",")
        found += [_unquoted(part.strip()) for part in parts if part.strip()]
    return found


def _unquoted(field: str) -> str:
    """A field of CSV, which is how the action reads its lists: only quotes around the whole field are its own."""
    if len(field) > 1 and field[0] == field[-1] == '"':
        return field[1:-1].replace('""', '"')
    return field


def _value(item: str, name: str, environment: dict[str, str], taken: set[str]) -> Value:
    """``item`` as a shell word: what stands in ``${{ }}`` becomes a variable of the step, never text of the script."""
    matches = list(_EXPRESSION.finditer(item))
    if not matches:
        return Value((literal_piece(item),) if item else ())
    key = re.match(r"([A-Za-z_][A-Za-z0-9_]*)=", item)
    base = (key.group(1) if key else name).upper().replace("-", "_")
    pieces: list[Piece] = []
    position = key.end() if key else 0
    if key:
        pieces.append(Piece(key.group(), key.group()))
    rest = item[position:]
    if rest:
        variable = _variable(base, rest, environment, taken)
        pieces.append(Piece(f"${variable}", None, '"'))
    return Value(tuple(pieces))


def _variable(base: str, expression: str, environment: dict[str, str], taken: set[str]) -> str:
    for name, known in environment.items():
        if known == expression:
            return name
    name, number = base, 2
    while name in taken or name in environment or name in _TAKEN_NAMES:
        name, number = f"{base}_{number}", number + 1
    environment[name] = expression
    return name


def rewritten(site: Site, text: str, translate: Translator, tool: str) -> Outcome:
    """The edits for one of ``sites``."""
    if site.why:
        return Outcome(site, why=site.why)
    if not isinstance(site.detail, _Step):
        return embeddedshell.rewritten(site, translate, tool)
    try:
        made = translate(site)
    except Left as left:
        return Outcome(site, why=str(left))
    detail: _Step = site.detail
    notes = list(made.notes)
    if detail.default_context and any(yamltext.get(step, "run") is not None for step in _before(detail)):
        notes.append(Note("EM804", {}))
    return Outcome(site, tuple(_step_edits(detail, made, text, tool)), tuple(notes))


def _before(detail: _Step) -> list[Node]:
    return detail.job.steps[: detail.job.steps.index(detail.step)]


def _step_edits(detail: _Step, made: EarthCall, text: str, tool: str) -> Iterator[Edit]:
    """``uses:`` becomes ``env:`` and ``run:``, ``with:`` goes."""
    found = {name: (key, value) for name, key, value in yamltext.entries(detail.step)}
    key, value = found["uses"]
    indent = " " * key.start_mark.column
    newline = "\r\n" if "\r\n" in text else "\n"
    command = _command(made, tool, indent)
    variables = [
        f"{name}: {_plain(expression)}"
        for name, expression in detail.environment.items()
        if re.search(rf"(?:\$\{{?|--secret ){name}\b", "\n".join(command))
    ]
    lines: list[str] = []
    if variables and "env" not in found:
        lines += ["env:", *(f"  {line}" for line in variables)]
    elif variables:
        own = found["env"][1]
        deeper = " " * own.start_mark.column
        place = yamltext.end(own)
        yield Edit(place, place, "".join(f"{newline}{deeper}{line}" for line in variables))
    if "with" in found:
        start, end = _lines(found["with"], text)
        lines += re.findall(r"^[ \t]*(#[^\r\n]*)", text[start:end], re.MULTILINE)
        yield Edit(start, end, "")
    if "shell" not in found and (detail.job.composite or _shell(detail.job, detail.step, detail.root)):
        lines.append("shell: bash")
    if _working_directory(detail.job, detail.step, detail.root):
        lines.append("working-directory: .")
    end = yamltext.end(value)
    pin = re.compile(r"[ \t]*#[^\r\n]*").match(text, end)
    yield Edit(yamltext.start(key), pin.end() if pin else end, f"{newline}{indent}".join([*lines, *command]))


def _lines(entry: tuple[Node, Node], text: str) -> tuple[int, int]:
    """The whole lines of an entry, without the blank lines behind it."""
    start = text.rfind("\n", 0, yamltext.start(entry[0])) + 1
    last = start + len(text[start : yamltext.end(entry[1])].rstrip())
    end = text.find("\n", last)
    return start, len(text) if end < 0 else end + 1


def _command(made: EarthCall, tool: str, indent: str) -> list[str]:
    prefix = "".join(f"{name}={shell.spelled(value)} " for name, value in made.environment)
    first = prefix + " ".join([tool, *map(shell.spelled, made.flags), shell.quoted(made.reference)])
    arguments = [shell.spelled(argument) for argument in made.arguments]
    line = shell.on_one_line(made, tool)
    if len(indent) + len(line) <= _WIDEST and not re.search(r": |:$| #|^[-?:,\[\]{}#&*!|>'\"%@`]", line):
        return [f"run: {line}"]
    parts = [first, *(f"  {argument}" for argument in arguments)]
    return ["run: |", *(f"  {part} \\" for part in parts[:-1]), f"  {parts[-1]}"]


def _plain(expression: str) -> str:
    """``expression`` as a YAML scalar."""
    if re.fullmatch(r"\$\{\{[^#\n]*?\}\}", expression) and ": " not in expression:
        return expression
    return "'" + expression.replace("'", "''") + "'"


def companions(text: str, outcomes: list[Outcome], data: Data, tool: str) -> tuple[list[Edit], list[tuple[int, Note]]]:
    """What the rewritten steps need: the tool, a checkout; setup-buildx goes when nothing uses it any more."""
    edits: list[Edit] = []
    notes: list[tuple[int, Note]] = []
    done = [outcome for outcome in outcomes if outcome.edits]
    for root in yamltext.documents(text):
        for job in _jobs(root):
            if job.steps:
                mine = [item for item in done if _holds(job.steps[0], job.steps[-1], item.site)]
                if mine:
                    edits += _job_edits(job, mine, outcomes, text, data, tool, notes)
    return edits, notes


def _holds(first: Node, last: Node, site: Site) -> bool:
    return yamltext.start(first) <= site.start <= yamltext.end(last)


def _job_edits(
    job: Job,
    mine: list[Outcome],
    outcomes: list[Outcome],
    text: str,
    data: Data,
    tool: str,
    notes: list[tuple[int, Note]],
) -> Iterator[Edit]:
    names = [yamltext.scalar(yamltext.get(step, "uses")) or "" for step in job.steps]
    known = data.earth_tools[tool]
    first = next(index for index, step in enumerate(job.steps) if _holds(step, step, mine[0].site))
    wanted: list[str] = []
    if not job.composite and not any(name.startswith("actions/checkout@") for name in names[:first]):
        wanted.append(_uses(data.earth_tools["checkout"]))
    setup = [name for name in names[:first] if name.startswith(known["action"].partition("@")[0] + "@")]
    buildx = [index for index, name in enumerate(names) if name.startswith("docker/setup-buildx-action@")]
    dead = buildx and not _uses_buildx(job, mine, outcomes, text)
    if not setup:
        wanted.append(_uses(known) + f"\n  with:\n    version: {known['version']}")
    for index in buildx if dead else ():
        step = job.steps[index]
        if yamltext.get(step, "with") is not None:
            notes.append((yamltext.start(step), Note("EM805", {})))
        elif wanted and index < first:
            yield _step_text(step, wanted, text)
            wanted = []
        else:
            start, end = _whole_step(step, text)
            yield Edit(start, end, "")
    if wanted:
        start = _whole_step(job.steps[first], text)[0]
        dash = " " * (job.steps[first].start_mark.column - 2)
        yield Edit(start, start, _steps(wanted, dash, text))


def _uses(known: Mapping[str, Any]) -> str:
    return f"- uses: {known['action']}" + (f" # {known['action-comment']}" if known["action-comment"] else "")


def _steps(wanted: list[str], dash: str, text: str) -> str:
    newline = "\r\n" if "\r\n" in text else "\n"
    return "".join(f"{dash}{line}{newline}" for step in wanted for line in step.split("\n"))


def _step_text(step: Node, wanted: list[str], text: str) -> Edit:
    start, end = _whole_step(step, text)
    return Edit(start, end, _steps(wanted, " " * (step.start_mark.column - 2), text))


def _whole_step(step: Node, text: str) -> tuple[int, int]:
    """A step's lines, from its dash on; comments directly above belong to it."""
    start = text.rfind("\n", 0, yamltext.start(step)) + 1
    while (above := text.rfind("\n", 0, max(start - 1, 0)) + 1) < start and text[above:start].lstrip().startswith("#"):
        start = above
    last = yamltext.end(step)
    end = last if text[last - 1 : last] == "\n" else text.find("\n", last) + 1 or len(text)
    return start, end


def _uses_buildx(job: Job, mine: list[Outcome], outcomes: list[Outcome], text: str) -> bool:
    """Whether something in the job still needs a builder of buildx."""
    for outcome in outcomes:
        if not outcome.edits and _holds(job.steps[0], job.steps[-1], outcome.site):
            return True
    rest = text[yamltext.start(job.steps[0]) : yamltext.end(job.steps[-1])]
    return bool(_BUILDX.search(rest))
