#!/usr/bin/env python3
"""Everything a developer does, one command each; CONTRIBUTING.md lists them. Needs Python 3.10+ and nothing else.

The first run makes .venv in this folder and installs the project into it; a change of pyproject.toml does so again.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "earthmigrate-dev.txt"
EXAMPLE = ROOT / "examples" / "web" / "Dockerfile"

NO_VENV = """\
This Python cannot make a virtual environment: the standard module {missing} is not installed.
On Debian and Ubuntu it is a package of its own:
    sudo apt-get install python3-venv
Elsewhere, or without the right to install packages: activate any virtual environment, and run this again."""


def main(arguments: list[str]) -> int:
    """Run the command that ``arguments`` name."""
    if sys.version_info < (3, 10):  # noqa: UP036 - this file meets whatever python3 is
        print("Python 3.10 or newer is needed; this is", sys.version.split()[0], file=sys.stderr)
        return 2
    name, rest = (arguments[0] if arguments else "help"), arguments[1:]
    commands = {function.__name__.removesuffix("_"): function for function in COMMANDS}
    if name not in commands:
        print(f"usage: {Path(sys.argv[0]).name} COMMAND [ARGUMENT...]\n", file=sys.stderr)
        for known, function in commands.items():
            print(f"  {known:9} {(function.__doc__ or '').splitlines()[0]}", file=sys.stderr)
        return 0 if name in ("help", "-h", "--help") else 2
    return commands[name](rest)


def run(arguments: list[str]) -> int:
    """Run earthmigrate itself: run convert examples/web"""
    return call([str(python()), "-m", "migrate.cli", *arguments], cwd=None)


def test(arguments: list[str]) -> int:
    """Run the tests; what follows goes to pytest."""
    return call([str(python()), "-m", "pytest", *arguments])


def lint(_: list[str]) -> int:
    """Check style and layout."""
    ruff = [str(python()), "-m", "ruff"]
    return call([*ruff, "check"]) or call([*ruff, "format", "--check"])


def format_(_: list[str]) -> int:
    """Repair what lint complains about, where a tool can."""
    ruff = [str(python()), "-m", "ruff"]
    return call([*ruff, "check", "--fix", "--quiet"]) or call([*ruff, "format"])


def types(_: list[str]) -> int:
    """Check types."""
    return call([str(python()), "-m", "mypy"])


def golden(arguments: list[str]) -> int:
    """Write the golden pairs anew, and what the judges say of them; then read the diff before committing it."""
    files = ["tests/test_golden.py", "tests/test_judges.py", "--deselect=tests/test_judges.py::test_generated"]
    return call([str(python()), "-m", "pytest", *files, "--update-golden", *arguments])


def judge(arguments: list[str]) -> int:
    """Compare our reading of the files in LISTFILE with BuildKit's and earth's, and convert them all."""
    return call([str(python()), str(ROOT / "tests" / "judge_corpus.py"), *arguments], cwd=None)


def fuzz(arguments: list[str]) -> int:
    """Convert damaged Dockerfiles for --seconds N."""
    return call([str(python()), str(ROOT / "tests" / "fuzz.py"), *arguments], cwd=None)


def images(arguments: list[str]) -> int:
    """Build the test base images and push them to --registry HOST:PORT."""
    return call([str(python()), str(ROOT / "tests" / "baseimages.py"), *arguments])


def daemons(_: list[str]) -> int:
    """Start a registry with the test base images and the builders on loopback, until Ctrl-C."""
    try:
        return call([str(python()), str(ROOT / "tests" / "daemons.py")])
    except KeyboardInterrupt:
        return 0


def verdicts(arguments: list[str]) -> int:
    """Build the golden pairs with the real builders and keep the verdicts: [-k CASE] [--stale] [--jobs 2]."""
    return call([str(python()), str(ROOT / "tests" / "verdicts.py"), *arguments])


def suites(arguments: list[str]) -> int:
    """Convert and build outside Dockerfiles: buildkit SOURCE, or repositories SOURCE..."""
    return call([str(python()), str(ROOT / "tests" / "suites.py"), *arguments], cwd=None)


def migrations(arguments: list[str]) -> int:
    """Migrate copies of the clones CLONE..., and write docs/real-repositories.md."""
    return call([str(python()), str(ROOT / "tests" / "realrepositories.py"), *arguments], cwd=None)


def mappings(_: list[str]) -> int:
    """Compile mappings/*.yaml to what a run loads."""
    return call([str(python()), "-m", "migrate.mappings_compile"])


def check(_: list[str]) -> int:
    """Do lint, types and test: what a change must pass."""
    return max([lint([]), types([]), test([])])


def build(_: list[str]) -> int:
    """Build the wheel and the sdist into dist/."""
    shutil.rmtree(ROOT / "dist", ignore_errors=True)
    return call([str(python()), "-m", "build", "--outdir", str(ROOT / "dist")])


def package(_: list[str]) -> int:
    """Build, then convert a file with the installed wheel, from the wheel as a zip, and with the installed sdist."""
    if code := build([]):
        return code
    (wheel,), (sdist,) = (ROOT / "dist").glob("*.whl"), (ROOT / "dist").glob("*.tar.gz")
    expected = converted([str(python()), "-m", "migrate.cli"], {})
    with tempfile.TemporaryDirectory() as folder:
        make_environment(Path(folder))
        inside = str(executable(Path(folder), "python"))
        pip = [inside, "-m", "pip", "--quiet", "--disable-pip-version-check"]
        installed, zipped = [str(executable(Path(folder), "earthmigrate"))], {"PYTHONPATH": str(wheel)}
        for what, source, command, environment in (
            ("wheel", wheel, installed, {}),
            ("zip", None, [inside, "-m", "migrate.cli"], zipped),
            ("sdist", sdist, installed, {}),
        ):
            subprocess.check_call(
                [*pip, "install", str(source)] if source else [*pip, "uninstall", "--yes", "earthmigrate"]
            )
            if converted(command, environment) != expected:
                print(f"{what}: the Earthfile is not the one that the checkout makes", file=sys.stderr)
                return 1
            print(f"{what}: converts {EXAMPLE.relative_to(ROOT).as_posix()} as the checkout does", flush=True)
    return 0


COMMANDS = (
    run,
    test,
    lint,
    format_,
    types,
    check,
    golden,
    judge,
    fuzz,
    images,
    daemons,
    verdicts,
    suites,
    migrations,
    mappings,
    build,
    package,
)


def converted(command: list[str], environment: dict[str, str]) -> bytes:
    """The Earthfile that ``command`` makes of the example, away from the checkout."""
    with tempfile.TemporaryDirectory() as folder:
        merged = {**os.environ, **environment}
        return subprocess.check_output([*command, "convert", "--quiet", str(EXAMPLE)], cwd=folder, env=merged)


def call(command: list[str], cwd: Path | None = ROOT) -> int:
    """Run ``command`` and return its exit code."""
    sys.stdout.flush()
    return subprocess.call(command, cwd=cwd)


def python() -> Path:
    """The environment's Python, after making or renewing the environment where that is due."""
    inside, wanted = executable(VENV, "python"), stamp()
    if inside.exists() and read(STAMP) == wanted:
        return inside
    if (why := missing_module()) and sys.prefix != sys.base_prefix:
        install(Path(sys.executable))
        return Path(sys.executable)
    if why:
        sys.exit(NO_VENV.format(missing=why))
    print(f"setting up {VENV.name} ...", file=sys.stderr, flush=True)
    if not inside.exists() or read(STAMP).splitlines()[:1] != wanted.splitlines()[:1]:
        make_environment(VENV)
    install(inside)
    STAMP.write_text(wanted, encoding="utf-8")
    return inside


def install(inside: Path) -> None:
    """Install the project, editable, with what development needs."""
    pip = [str(inside), "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    subprocess.check_call([*pip, "--upgrade", "pip>=25.1"], cwd=ROOT)  # the first to know dependency groups
    subprocess.check_call([*pip, "--group", "dev", "--editable", "."], cwd=ROOT)


def make_environment(folder: Path) -> None:
    """An empty virtual environment; what stood there before is removed."""
    try:
        subprocess.check_call([sys.executable, "-m", "venv", "--clear", str(folder)])
    except subprocess.CalledProcessError:
        shutil.rmtree(folder, ignore_errors=True)
        sys.exit(NO_VENV.format(missing="venv"))


def missing_module() -> str:
    """The module without which no environment can be made, "" when all are there. Debian leaves them out."""
    for name in ("venv", "ensurepip"):
        try:
            __import__(name)
        except ImportError:
            return name
    return ""


def executable(environment: Path, name: str) -> Path:
    """A program of a virtual environment."""
    if os.name == "nt":
        return environment / "Scripts" / f"{name}.exe"
    return environment / "bin" / name


def stamp() -> str:
    """What the environment was made from: this Python, this pyproject.toml."""
    digest = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
    return f"{sys.version.splitlines()[0]} {sys.base_prefix}\n{digest}\n"


def read(path: Path) -> str:
    """The text of ``path``, "" when it does not exist."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
