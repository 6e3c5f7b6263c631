"""Call sites judged by running: golden repositories before and after, with recording stand-ins for docker and earth.

Scripts, recipes, package scripts and workflow steps run in both trees, with the same values for every variable. They
must build the same images: Dockerfile, context, stage, names, platforms, arguments, secrets, and what is pushed.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import callrecords
import pytest
from callrecords import Build, Call, plain, token
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from test_repository import FOLDERS, choice, planned

pytestmark = pytest.mark.skipif(os.name == "nt" or shutil.which("bash") is None, reason="bash is not on PATH")
_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*)")
_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}", re.DOTALL)
_SWITCHES = ("push", "load", "no-cache", "pull")
OPEN = "reg/open:1\nreg/open:2"
#: What a run cannot show, and why.
APART = {
    "repo-calls-of-earth": "its scripts call earth already",
    "repo-calls-of-earth-without-records": "its scripts call earth already",
    "repo-shell-anchors": "its folders come from git and readlink, which are stand-ins here",
    "repo-dockerfile-removed-later": "the Dockerfile of a target is gone",
    "repo-shell-crlf": "no shell runs a script with CRLF",
    "repo-hostile-files": "files that no shell can read",
    "repo-odd-names": "a folder whose name earth refuses",
}


def variables(text: str) -> dict[str, str]:
    """A value for each variable that ``text`` reads, the same in both trees."""
    own = set(re.findall(r"(?m)^(\w+)[ \t]*[?:]?=", text)) | set(re.findall(r"\$\{(\w+):-docker\}", text))
    names = (
        set(_VARIABLE.findall(text))
        - own
        - {"PATH", "PWD", "HOME", "IFS", "BASH_SOURCE", "RECORD", "BASH_ENV", "OLDPWD"}
    )
    return {name: token(name) for name in names if not name.startswith("BASH")}


class Runs:
    """Runs what one tree holds; each run is a name and the calls that it made."""

    def __init__(self, root: Path, other: Path, programs: Path, place: Path) -> None:
        self.root, self.programs, self.place = root, programs, place
        self.matrix: Mapping[str, Any] = {}
        self.environment: dict[str, str] = {}
        texts = [
            path.read_text(encoding="utf-8", errors="replace")
            for tree in (root, other)
            for path in tree.rglob("*")
            if path.is_file()
        ]
        self.variables = variables("\n".join(texts))
        self.switches = {
            match
            for text in texts
            for name in _SWITCHES
            for match in re.findall(rf"{name}: \$\{{\{{\s*(.*?)\s*\}}\}}", text)
        }

    def all(self) -> Iterator[tuple[str, list[Call]]]:
        """Every script, recipe, package script and workflow job."""
        for path in sorted(self.root.rglob("*")):
            name = path.relative_to(self.root).as_posix()
            if path.suffix in (".sh", ".bash") and path.is_file():
                yield name, self._run(["bash", name, "one", "two"], self.root)
            elif path.name in ("Makefile", "makefile", "GNUmakefile") and shutil.which("make"):
                for target in sorted(
                    set(
                        re.findall(
                            r"(?m)^([A-Za-z][\w-]*)\s*:(?!=)", path.read_text(encoding="utf-8", errors="replace")
                        )
                    )
                ):
                    yield f"{name} {target}", self._run(["make", "-k", "-B", "-o", "FORCE", target], path.parent)
            elif path.name == "package.json":
                yield from self._package(path, name)
            elif ".github/workflows/" in name or path.name in ("action.yml", "action.yaml"):
                yield from self._workflow(path, name)

    def _run(self, command: list[str], folder: Path, more: Mapping[str, str] | None = None) -> list[Call]:
        return callrecords.record(command, folder, self.programs, self.place, {**self.variables, **(more or {})})

    def _package(self, path: Path, name: str) -> Iterator[tuple[str, list[Call]]]:
        try:
            scripts = json.loads(path.read_text(encoding="utf-8")).get("scripts", {})
        except ValueError:
            return
        for key, text in sorted(scripts.items()):
            yield f"{name} {key}", self._run(["bash", "-c", text], path.parent)

    def _workflow(self, path: Path, name: str) -> Iterator[tuple[str, list[Call]]]:
        try:
            document: Any = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
        except (YAMLError, ValueError):
            return
        if not isinstance(document, dict):
            return
        jobs = {**document.get("jobs", {}), **({"runs": document["runs"]} if "runs" in document else {})}
        for key, job in jobs.items():
            for self.matrix, step in itertools.product(combinations(job or {}), (job or {}).get("steps") or ()):
                environment = self.environment = {}
                for holder in (document, job, step):
                    environment |= {k: self._filled(str(v)) for k, v in (holder.get("env") or {}).items()}
                default = job.get("defaults", document.get("defaults", {})).get("run", {}).get("working-directory", ".")
                folder = self.root / self._filled(step.get("working-directory", default))
                if "run" in step and step.get("shell", "bash") in ("bash", "sh") and folder.is_dir():
                    yield (
                        f"{name} {key}",
                        self._run(["bash", "-e", "-c", self._filled(step["run"])], folder, environment),
                    )
                elif str(step.get("uses", "")).startswith("docker/build-push-action@"):
                    yield f"{name} {key}", [self._action(step.get("with") or {})]

    def _filled(self, text: str) -> str:
        return _EXPRESSION.sub(lambda match: self._value(match.group(1)), text)

    def _value(self, expression: str) -> str:
        if re.fullmatch(r"matrix(?:\.[\w-]+)+", expression) and self.matrix:
            found: Any = self.matrix
            for part in expression.split(".")[1:]:
                found = found.get(part, "") if isinstance(found, dict) else ""
            return str(found).lower() if isinstance(found, bool) else str(found)
        if expression.removeprefix("env.") in self.environment and expression.startswith("env."):
            return self.environment[expression.removeprefix("env.")]
        if expression in self.switches:
            return "true"
        return OPEN if re.search(r"outputs\.tags$|env\.DOCKER_METADATA_OUTPUT_TAGS$", expression) else token(expression)

    def _action(self, inputs: Mapping[str, Any]) -> Call:
        """The call that docker/build-push-action makes (its own documentation of inputs)."""
        values = {
            key: self._filled(str(value).lower() if isinstance(value, bool) else str(value))
            for key, value in inputs.items()
        }
        words = ["build"]
        lists = {
            "tags": ("--tag", r"[\n,]"),
            "platforms": ("--platform", r"[\n,]"),
            "build-args": ("--build-arg", r"\n"),
        }
        for key, (flag, separator) in lists.items():
            parts = [part.strip() for part in re.split(separator, values.get(key, ""))]
            words += [f"{flag}={part}" for part in parts if part and not part.startswith("#")]
        for key in ("secrets", "secret-files", "secret-envs"):
            for line in filter(None, map(str.strip, values.get(key, "").split("\n"))):
                words.append("--secret=id=" + line.strip('"').partition("=")[0])
        words += [f"--{key}={values[key]}" for key in ("file", "target", "push") if values.get(key)]
        context = values.get("context", ".")
        context = context.removeprefix("{{defaultContext}}").removeprefix(":") or "."
        return Call("docker", str(self.root), (*words, context))


def combinations(job: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The jobs that a matrix makes (GitHub's documentation of jobs.<id>.strategy.matrix)."""
    matrix = job.get("strategy", {}).get("matrix", {})
    if not isinstance(matrix, dict):
        return [{}]
    lists = {
        key: value for key, value in matrix.items() if isinstance(value, list) and key not in ("include", "exclude")
    }
    made: list[dict[str, Any]] = []
    if lists:
        made = [dict(zip(lists, values, strict=True)) for values in itertools.product(*lists.values())]
    original = [dict(item) for item in made]
    for extra in matrix.get("include") or ():
        fits = [index for index, item in enumerate(original) if all(item.get(k, v) == v for k, v in extra.items())]
        for index in fits:
            made[index].update(extra)
        if not fits:
            made.append(dict(extra))
    return made or [{}]


def built(
    calls: list[Call], root: Path, migration: Any, known: Mapping[str, str]
) -> tuple[Counter[Build], Counter[Call]]:
    """The builds in ``calls``, and the other calls of docker."""
    builds: list[Build] = []
    others: list[Call] = []
    for call in calls:
        if call.tool in ("earth", "earthly"):
            builds += callrecords.earth_builds(call, root, migration)
        elif (build := callrecords.docker_build(call, root, known)) is not None:
            builds.append(build)
        elif call.tool == "docker":
            others.append(call._replace(folder=os.path.relpath(call.folder, root)))
    return Counter(plain(build, root) for build in builds), Counter(others)


def without(builds: Counter[Build], local: set[str]) -> Counter[Build]:
    """``builds`` without arguments that name an image of the same run: to earth that is a target."""
    found: Counter[Build] = Counter()
    for build, number in builds.items():
        kept = (text for text in build.arguments if callrecords.tagged(text.partition("=")[2]) not in local)
        found[build._replace(arguments=frozenset(kept))] += number
    return found


#: Where compose no longer builds, its own part of the old builds is nothing that a recorder of docker sees.
RUN = [path for path in FOLDERS if not choice(path).replaces_builds]


@pytest.mark.parametrize("folder", RUN, ids=[path.name for path in RUN])
def test_the_same_is_built(folder: Path, tmp_path: Path) -> None:
    if folder.name in APART:
        pytest.skip(APART[folder.name])
    before, after = tmp_path / "before" / "repository", tmp_path / "after" / "repository"
    shutil.copytree(folder / "repo" / "before", before)
    shutil.copytree(folder / "repo" / "after", after)
    for script in before.rglob("*.sh"):  # a path would pass by the stand-in
        script.write_bytes(script.read_bytes().replace(b"/usr/bin/docker", b"docker"))
    migration = planned(before, folder)
    programs = callrecords.tools(tmp_path / "bin")
    old = Runs(before, after, programs, tmp_path / "record")
    new = Runs(after, before, programs, tmp_path / "record")
    olds, news = joined(old.all()), joined(new.all())
    lost = {item.path for item in migration.diagnostics if item.code == "EM802"}
    for name in olds.keys() | news.keys():
        one = built(olds.get(name, []), before, migration, old.variables)
        two = built(news.get(name, []), after, migration, new.variables)
        local = {name for build in (*one[0], *two[0]) for name in build.names}
        if name.split(" ")[0] not in lost:
            assert (without(two[0], local), two[1]) == (without(one[0], local), one[1]), name


def joined(runs: Iterator[tuple[str, list[Call]]]) -> dict[str, list[Call]]:
    found: dict[str, list[Call]] = {}
    for name, calls in runs:
        found.setdefault(name, []).extend(calls)
    return found


def test_something_is_run(tmp_path: Path) -> None:
    programs = callrecords.tools(tmp_path / "bin")
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "x.sh").write_text(
        "cd ..; docker build -t $NAME -f a/b --push x; earth +x; nothing; docker push y\n"
    )
    runs = dict(Runs(tmp_path / "x", tmp_path / "x", programs, tmp_path / "record").all())
    assert [(call.tool, call.words) for call in runs["x.sh"]] == [
        ("docker", ("build", "-t", token("NAME"), "-f", "a/b", "--push", "x")),
        ("earth", ("+x",)),
        ("docker", ("push", "y")),
    ]
