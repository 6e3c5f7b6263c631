"""The promises that the layout makes: who imports whom, codes and texts in step, one place for each fact."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import dev
from migrate import __version__
from migrate.mappings import builtin

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted((ROOT / "migrate").rglob("*.py"))
INSTRUCTIONS = """
ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL MAINTAINER ONBUILD RUN SHELL STOPSIGNAL USER VOLUME
WORKDIR
"""

LAYERS = (
    "lateregex pathpatterns spans wildcards words",
    "settings context diagnostics gitignores ignorematch results",
    "visible",
    "mappings",
    "images dockerfile earthfile",
    "artifacts archives firing imagefacts outlinks layout scope stages standing",
    "standingmerge",
    # What rules are written with.
    "adding arguments asroot bindmounts bindplan bindtraces caches configured contextsize contextsources copying"
    " copymodes copyowners execform fallen folders globaldefaults header helperfiles heredocfiles keptdefaults"
    " linkedowners mixedsources mounts noticing ownership ownnames plan proxies recipe rootfiles rootpatterns"
    " runheredocs runprefix runtext scripts steps timestamps twicedeclared",
    "rules",
    "callsites gitpatch",
    "checked embedded fallback fromdockerfile headerlines ignorefile leftout namedcontexts passing suppression",
    "assemble delivery",
    "convert",
    "sharing",
    "combine disk locks",
    "changes choice composetargets configuration discovery neighbours records",
    "ignoremerge survey",
    "composestate",
    "composeplan",
    "earthcalls imagenames localimages neighbourfiles rewriting",
    "composing",
    "driver grouping imageknowledge inspecting removing report repository verify",
    "auditfiles reportfile repoverify",
    "repodriver",
    "batch",
    "commands",
    "cli",
)
"""From the bottom up: a module imports from its own line and the lines above it here, never from below."""

APART = {"dockerfile": "earthfile", "earthfile": "dockerfile"}
"""Reading and printing know nothing of each other."""

ON_DISK = {
    "configuration",
    *("auditfiles", "changes", "cli", "commands", "discovery", "disk", "driver", "imageknowledge", "inspecting"),
    *("locks", "mappings", "mappings_compile", "repodriver", "repoverify", "reportfile"),
    *("batch.branches", "batch.clones", "batch.cluster", "batch.gitcalls", "batch.inputs", "batch.ledger"),
    *("batch.imagecache", "batch.knowledge"),
    *("batch.pool", "batch.progress", "batch.run", "batch.urls", "batch.work", "batch.worker"),
    *("verify.sources", "verify.reading", "verify.zstd", "verify.registry", "verify.credentials"),
    *("verify.finding", "verify.migrated"),
    *("verify.builders", "verify.pairs", "verify.processes", "verify.progress", "verify.run", "verify.session"),
    *("verify.tools", "verify.workplace"),
}
"""Only these may touch files, the environment or other programs."""
WORLD = {"os", "pathlib", "shutil", "socket", "subprocess", "sys", "tempfile", "click", "urllib"}


def part(name: str) -> str:
    """The first name below migrate: ``rules`` for ``migrate.rules.copy``."""
    return [*name.split("."), ""][1]


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported(tree: ast.AST) -> Iterator[str]:
    """What a module imports when it runs: not what only a type checker sees."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (_target(node.module or "", alias.name) for alias in node.names)
        else:
            yield from imported(node)


def _target(module: str, name: str) -> str:
    below = ROOT.joinpath(*module.split("."), name)
    return f"{module}.{name}" if below.is_dir() or below.with_suffix(".py").exists() else module


def imports_of(path: Path) -> set[str]:
    return set(imported(ast.parse(path.read_text(encoding="utf-8"))))


LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names.split()}


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_nothing_imports_upward(path: Path) -> None:
    own = part(module_name(path))
    if own in ("", "mappings_compile"):
        return
    assert own in LEVEL, f"give {own} a place in LAYERS"
    for name in imports_of(path):
        other = part(name) if name.startswith("migrate.") else ""
        if other and other not in (own, "mappings_compile"):
            assert LEVEL[other] <= LEVEL[own], f"{own} imports {other}, which stands above it"
            assert APART.get(own) != other


def test_imports_have_no_circle() -> None:
    graph = {module_name(path): imports_of(path) for path in MODULES}
    graph["migrate.mappings"].discard("migrate.mappings_compile")  # only for --mappings, inside a function
    done: set[str] = set()
    while ready := [name for name in graph.keys() - done if graph[name] & graph.keys() <= done | {name, "migrate"}]:
        done.update(ready)
    assert sorted(graph.keys() - done) == []


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_the_core_is_pure(path: Path) -> None:
    own = part(module_name(path))
    names = {name.partition(".")[0] for name in imports_of(path)}
    if not {own, ".".join(module_name(path).split(".")[1:3])} & ON_DISK:
        assert not names & (WORLD - {"click"} if own == "report" else WORLD)


def used_codes() -> set[str]:
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in MODULES]
    texts = [node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    named = {text for text in texts if isinstance(text, str) and re.fullmatch(r"EM[0-9]{3}", text)}
    # Flags and mounts that an Earthfile lacks name their code in the mappings.
    flags = [entry["flags"].values() for entry in builtin().instructions.values() if entry["flags"] != "ignored"]
    entries = [*(flag for group in flags for flag in group), *builtin().mounts.values()]
    return named | {entry["diagnostic"] for entry in entries if "diagnostic" in entry}


def test_every_code_is_documented_and_used() -> None:
    known = set(builtin().diagnostics)
    assert sorted(used_codes() - known) == [], "these codes have no entry in mappings/diagnostics"
    assert sorted(known - used_codes()) == [], "no code reports these entries of mappings/diagnostics"


def test_codes_named_in_prose_exist() -> None:
    texts = [path.read_text(encoding="utf-8") for path in (*MODULES, ROOT / "README.md", ROOT / "CONTRIBUTING.md")]
    assert {code for text in texts for code in re.findall(r"\bEM[0-9]{3}\b", text)} <= set(builtin().diagnostics)


def test_every_instruction_has_one_rule_file() -> None:
    files = {path.stem.rstrip("_").upper() for path in (ROOT / "migrate" / "rules").glob("*.py")} - {"__INIT"}
    assert files == set(INSTRUCTIONS.split())


def test_the_version_stands_in_one_place() -> None:
    files = [*MODULES, *ROOT.glob("*.toml"), *ROOT.glob("*.py"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    holders = [path.name for path in files if f"{__version__}" in path.read_text(encoding="utf-8")]
    assert holders == ["__init__.py"]


def test_each_command_of_dev_is_written_down_once() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    for function in dev.COMMANDS:
        name = function.__name__.removesuffix("_")
        assert sum(f"`python3 dev.py {name}" in row for row in rows) == 1, name
    known = {function.__name__.removesuffix("_") for function in dev.COMMANDS}
    both = text + (ROOT / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"python3 dev\.py ([a-z]+)", both)) <= known


def modules_after(*arguments: str) -> set[str]:
    """The modules that a run of the command line has loaded."""
    script = (
        "import sys, json, contextlib, io\n"
        "from migrate.cli import main\n"
        "try:\n    main(sys.argv[1:], prog_name='earthmigrate')\n"
        "except SystemExit as stop:\n    assert not stop.code, stop.code\n"
        "print(json.dumps(sorted(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    return set(json.loads(done.stderr.splitlines()[-1]))


HEAVY = {"libcst", "ruamel", "ruamel.yaml", "yaml", "jsonschema", "importlib.metadata", "importlib.resources"}


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_help_loads_next_to_nothing(argument: str) -> None:
    loaded = modules_after(argument)
    assert not loaded & HEAVY
    ours = {name for name in loaded if name.startswith("migrate")}
    assert {name for name in ours if not name.startswith("migrate.commands")} <= {"migrate", "migrate.cli"}
    assert "dockerfile_parse" not in loaded


def test_convert_loads_no_yaml_and_no_python_rewriter() -> None:
    loaded = modules_after("convert", "--quiet", "examples/web")
    assert "migrate.convert" in loaded
    assert not loaded & (HEAVY - {"importlib.metadata", "importlib.resources"})
    assert "migrate.mappings_compile" not in loaded


README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def test_the_example_of_the_readme_is_true() -> None:
    from migrate.convert import convert
    from migrate.settings import Settings

    (before,), (after,) = blocks("dockerfile"), blocks("earthfile")
    assert convert(before, Settings(name="hello")).earthfile == after


def test_the_library_call_of_the_readme_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    (code,) = blocks("python")
    exec(compile(code, "README.md", "exec"), {})


def test_what_is_remembered_is_bounded() -> None:
    """A worker goes through thousands of repositories: only what has no or few arguments is remembered for good."""
    markup = "migrate.report.audit.markup"
    kept = {("migrate.rules", "rule"), (markup, "asset"), (markup, "_head")}
    unbounded = []
    for path in MODULES:
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        found = re.findall(r"@(?:cache|lru_cache(?:\(maxsize=None\)|\(\))?)\ndef (\w+\(\w*)", path.read_text("utf-8"))
        for text in found:
            function, _, argument = text.partition("(")
            if argument and (name, function) not in kept:
                unbounded.append(f"{name}.{function}")
    assert not unbounded
