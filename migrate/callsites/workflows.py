"""GitHub workflows and composite actions: ``run:`` scripts, and the steps that use docker/build-push-action."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from migrate.callsites import buildaction, embeddedshell, matrix, shellfolders, shellwriting, yamltext
from migrate.callsites.buildaction import Inputs
from migrate.callsites.data import Data
from migrate.callsites.edits import Edit
from migrate.callsites.model import Outcome, Site, Translator, Tree, placed
from migrate.callsites.translate import EarthCall, Left, Note
from migrate.callsites.workflowtools import Job, jobs
from migrate.callsites.workflowtools import companions as companions
from migrate.callsites.yamlnodes import is_mapping

if TYPE_CHECKING:
    from ruamel.yaml.nodes import Node

_BUILD_ACTION = "docker/build-push-action@"
_OTHERS = re.compile(
    r"(?:docker/bake-action|depot/build-push-action|depot/bake-action|redhat-actions/buildah-build"
    r"|mr-smithers-excellent/docker-build-push|home-assistant/builder|aevea/action-kaniko|int128/kaniko-action)@"
)
_WIDEST = 110


class _Step(NamedTuple):
    job: Job
    step: Node
    root: Node
    inputs: Inputs
    choice: str
    """The word of the shell that tells the variants of the site apart, "" without variants."""


def sites(text: str, path: str, tree: Tree, data: Data) -> list[Site]:
    """The build calls in a workflow or an action. Raises YamlError."""
    found: list[Site] = []
    for root in yamltext.documents(text):
        for job in jobs(root):
            values = _values(job, root, text)
            for step in job.steps:
                found += _step_sites(job, step, root, text, path, tree, data, values)
    if "/.github/workflows/" in path:
        # A repository inside this one, or a template of one.
        found = [replace(site, why=_NESTED, dockerfile=None, context=None, variants={}) for site in found]
    return found


_NESTED = "GitHub runs no workflows of an inner folder, and nobody knows where its files will be"


def _step_sites(
    job: Job, step: Node, root: Node, text: str, path: str, tree: Tree, data: Data, values: embeddedshell.Values
) -> Iterator[Site]:
    uses = yamltext.scalar(yamltext.get(step, "uses")) or ""
    if uses.startswith(_BUILD_ACTION):
        yield _action_site(job, step, root, text, path, tree, data)
    elif _OTHERS.match(uses):
        at = yamltext.get(step, "uses")
        assert at is not None
        yield Site(path, "workflows", yamltext.start(at), yamltext.end(at), why=f"{uses} is not rewritten")
    own = "" if uses else _shell(job, step, root) or _guessed(yamltext.scalar(yamltext.get(step, "run")) or "")
    if own not in _OTHER_LANGUAGES:
        folder = _working_directory(job, step, root)
        run = yamltext.get(step, "run")
        why = _no_place(job, path) or ("" if own in ("", "bash", "sh") else f"its shell is {own}")
        for site in embeddedshell.scalar_sites(run, text, path, tree, data.docker_flags, folder, "workflows", values):
            yield replace(site, why=why or site.why)


def _values(job: Job, root: Node, text: str) -> embeddedshell.Values:
    """The values that an expression takes in the runs of a job."""
    constants = matrix.variables((yamltext.get(root, "env"), yamltext.get(job.node, "env")), text)
    runs = matrix.combinations(job.node) or ()

    def known(expression: str) -> tuple[str, ...] | None:
        texts = [matrix.filled(expression, {**constants, **run}) for run in runs]
        written = tuple(dict.fromkeys(item for item in texts if item))
        return written if texts and all(texts) else None

    return known


_OTHER_LANGUAGES = frozenset(("python", "node", "perl", "ruby"))


def _setting(job: Job, step: Node, root: Node, name: str) -> str:
    """``name`` as a step, its job or the workflow sets it for a script, "" when none does."""
    defaults = ("defaults", "run", name)
    nodes = (yamltext.get(step, name), yamltext.get(job.node, *defaults), yamltext.get(root, *defaults))
    return next((yamltext.scalar(node) for node in nodes if node is not None), "") or ""


def _shell(job: Job, step: Node, root: Node) -> str:
    """The program that runs the script of a step, "" for the runner's own shell."""
    return _setting(job, step, root, "shell").split(" ")[0]


def _guessed(script: str) -> str:
    """The shell of a script for a runner of Windows that only the run knows, "" for the usual one."""
    return "PowerShell" if re.search(r"`\r?\n|\$env:", script) else ""


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
    written = _setting(job, step, root, "working-directory")
    if "${{" in written:
        return shellfolders.UNKNOWN
    return written.removeprefix("./").rstrip("/") if written not in (".", "./") else ""


def _action_site(job: Job, step: Node, root: Node, text: str, path: str, tree: Tree, data: Data) -> Site:
    uses = yamltext.get(step, "uses")
    assert uses is not None
    site = Site(path, "workflows", yamltext.start(uses), yamltext.end(uses), dynamic=True)
    given = {name: yamltext.scalar(node) for name, _, node in yamltext.entries(yamltext.get(step, "with"))}
    taken = {name for name, _, _ in yamltext.entries(yamltext.get(step, "env"))}
    environment: dict[str, str] = {}
    try:
        inputs = buildaction.read(given.items(), taken, data)
        environment = inputs.environment
        site = _with_inputs(site, inputs, tree)
        if site.why and (several := _variants(site, given, job, step, root, text, tree, data)) is not None:
            return replace(several, why=_no_step(job, step, text, path))
        site = replace(site, detail=_Step(job, step, root, inputs, ""))
    except Left as left:
        site = replace(site, why=str(left))
    why = site.why
    for name, expression in environment.items():
        why = re.sub(rf"\${name}\b", expression.replace("\\", r"\\"), why)
    return replace(site, why=_no_step(job, step, text, path) or why)


def _with_inputs(site: Site, inputs: Inputs, tree: Tree) -> Site:
    return placed(replace(site, call=inputs.call, open_tags=inputs.open_tags, why=""), ("",), tree)


_CHOOSING = ("context", "file", "target")
"""The inputs that decide which Dockerfile, context and stage a step builds."""


def _variants(
    site: Site,
    given: Mapping[str, str | None],
    job: Job,
    step: Node,
    root: Node,
    text: str,
    tree: Tree,
    data: Data,
) -> Site | None:
    """``site`` with one variant for each build that its job's matrix asks for; None where not all are written out."""
    open_inputs = [name for name in _CHOOSING if "${{" in (given.get(name) or "")]
    runs = matrix.combinations(job.node)
    if not open_inputs or not runs:
        return None
    constants = matrix.variables((yamltext.get(root, "env"), yamltext.get(job.node, "env")), text)
    taken = {name for name, _, _ in yamltext.entries(yamltext.get(step, "env"))}
    names: dict[tuple[str, ...], set[str | None]] = {}
    for run in runs:
        known = {**constants, **run}
        texts = [matrix.filled(given[name] or "", known) for name in open_inputs]
        key = tuple(written for written in texts if written is not None)
        if len(key) < len(texts) or "" in key:
            return None
        names.setdefault(key, set()).add(matrix.filled(given.get("tags") or "", known))
    # Runs that build the same with other names need these as an argument.
    fixed = all(len(tags) == 1 and None not in tags for tags in names.values())
    found: dict[tuple[str, ...], Site] = {}
    for key, tags in names.items():
        written = dict(zip(open_inputs, key, strict=True)) | ({"tags": next(iter(tags))} if fixed else {})
        inputs = buildaction.read({**given, **written}.items(), taken, data)
        found[key] = _with_inputs(site, inputs, tree)
        if found[key].why:
            return None
    if len(found) == 1:
        return replace(next(iter(found.values())), detail=_Step(job, step, root, inputs, ""))
    alone = [index for index in range(len(open_inputs)) if len({key[index] for key in found}) == len(found)]
    chosen = alone[0] if alone else None
    picked = [open_inputs[chosen]] if chosen is not None else open_inputs
    word = ":".join(
        "$" + buildaction.variable(name.upper(), given[name] or "", inputs.environment, taken) for name in picked
    )
    variants = {
        ":".join(key if chosen is None else (key[chosen],)): replace(one, detail=None) for key, one in found.items()
    }
    return replace(site, call=None, why="", variants=variants, detail=_Step(job, step, root, inputs, word))


def _no_step(job: Job, step: Node, text: str, path: str) -> str:
    """Why a step has no place for a command, "" when it has: also where its outputs are used."""
    if not is_mapping(step) or step.flow_style:
        return "it is written on one line"
    if why := _no_place(job, path):
        return why
    name = yamltext.scalar(yamltext.get(step, "id"))
    if name and re.search(rf"steps\.{re.escape(name)}\.outputs\b", text):
        return f"the outputs of step {name} are used, and earth gives none"
    return ""


def rewritten(site: Site, text: str, translate: Translator, tool: str) -> Outcome:
    """The edits for one of ``sites``."""
    if site.why:
        return Outcome(site, why=site.why)
    if not isinstance(site.detail, _Step):
        return embeddedshell.rewritten(site, translate, tool)
    detail: _Step = site.detail
    try:
        calls = {name: translate(one) for name, one in site.variants.items()} or {"": translate(site)}
    except Left as left:
        return Outcome(site, why=str(left))
    notes: list[Note] = []
    for made in calls.values():
        notes += [note for note in made.notes if note not in notes]
    if detail.inputs.default_context and any(yamltext.get(step, "run") is not None for step in _before(detail)):
        notes.append(Note("EM804", {}))
    return Outcome(site, tuple(_step_edits(detail, calls, text, tool)), tuple(notes))


def _before(detail: _Step) -> list[Node]:
    return detail.job.steps[: detail.job.steps.index(detail.step)]


def _step_edits(detail: _Step, calls: Mapping[str, EarthCall], text: str, tool: str) -> Iterator[Edit]:
    """``uses:`` becomes ``env:`` and ``run:``, ``with:`` goes."""
    found = {name: (key, value) for name, key, value in yamltext.entries(detail.step)}
    key, value = found["uses"]
    indent = " " * key.start_mark.column
    newline = "\r\n" if "\r\n" in text else "\n"
    command = _command(next(iter(calls.values())), tool, indent) if len(calls) == 1 else _chosen(detail, calls, tool)
    variables = [
        f"{name}: {_plain(expression)}"
        for name, expression in detail.inputs.environment.items()
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
    first, arguments = shellwriting.in_parts(made, tool)
    first = shellwriting.environment(made) + first
    line = " ".join([first, *arguments])
    if len(indent) + len(line) <= _WIDEST and not re.search(r": |:$| #|^[-?:,\[\]{}#&*!|>'\"%@`]", line):
        return [f"run: {line}"]
    parts = [first, *(f"  {argument}" for argument in arguments)]
    return ["run: |", *(f"  {part} \\" for part in parts[:-1]), f"  {parts[-1]}"]


def _chosen(detail: _Step, calls: Mapping[str, EarthCall], tool: str) -> list[str]:
    """A script that calls earth for the variant that runs; one that nobody wrote out fails."""
    lines = {name: shellwriting.on_one_line(made, tool) for name, made in calls.items()}
    if len(set(lines.values())) == 1:
        return ["run: |", f"  {next(iter(lines.values()))}"]
    same = {shellwriting.on_one_line(replace(made, reference="+target"), tool) for made in calls.values()}
    script = [f'case "{detail.choice}" in']
    for name, made in calls.items():
        step = f"target={shellwriting.quoted(made.reference)}" if len(same) == 1 else lines[name]
        script.append(f"  {shellwriting.quoted(name)}) {step} ;;")
    script.append(f'  *) echo "no target for {detail.choice}" >&2; exit 1 ;;')
    script.append("esac")
    if len(same) == 1:
        script.append(re.sub(r"(?<= )\+target\b", '"$target"', same.pop(), count=1))
    return ["run: |", *(f"  {line}" for line in script)]


def _plain(expression: str) -> str:
    """``expression`` as a YAML scalar."""
    if re.fullmatch(r"\$\{\{[^#\n]*?\}\}", expression) and ": " not in expression:
        return expression
    return "'" + expression.replace("'", "''") + "'"
