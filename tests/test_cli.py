"""The command line, run as a user runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from migrate import __version__
from migrate.cli import main
from migrate.convert import convert
from migrate.settings import Settings

TEXT = "FROM alpine:3.22\nRUN echo hello\n"
WARNS = "FROM scratch\nONBUILD RUN true\n"
REFUSED = "FROM alpine\nBOGUS x\n"
posix = pytest.mark.skipif(os.name == "nt", reason="needs links")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project called ``web`` with a Dockerfile; the current folder is the one above it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "Dockerfile").write_bytes(TEXT.encode())
    return tmp_path / "web"


def run(*arguments: str | Path, stdin: bytes = b"", env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(
        main, [str(argument) for argument in arguments], input=stdin, env=env, prog_name="earthmigrate"
    )


def expected(name: str | None = "web", text: str = TEXT) -> str:
    return convert(text, Settings(name=name)).earthfile or ""


def test_a_folder_a_file_and_the_current_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in ("web", "web/Dockerfile", folder):
        result = run("convert", path)
        assert (result.exit_code, result.stdout) == (0, expected())
        assert "1 file converted" in result.stderr
    monkeypatch.chdir(folder)
    assert run("convert").stdout == expected()


def test_standard_input_has_no_name(folder: Path) -> None:
    result = run("convert", "-", stdin=TEXT.encode())
    assert (result.exit_code, result.stdout) == (0, expected(None))
    assert "-:1:1: EM219[" in result.stderr
    assert run("convert", "-", "--context", "web", stdin=TEXT.encode()).stdout == expected()


def test_containerfile(folder: Path) -> None:
    (folder / "Dockerfile").rename(folder / "Containerfile")
    assert run("convert", "web").stdout == expected()


def test_newlines_and_bytes_stay(folder: Path) -> None:
    text = "FROM alpine:3.22\r\nRUN echo é日\r\n"
    (folder / "Dockerfile").write_bytes(text.encode())
    done = subprocess.run(
        [sys.executable, "-m", "migrate.cli", "convert", "web"],
        capture_output=True,
        check=True,
        env={**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONPATH": str(Path(__file__).parent.parent)},
    )
    assert done.stdout == expected(text=text).encode()
    assert b"\r\n" in done.stdout
    assert "é日".encode() in done.stdout


@pytest.mark.parametrize(
    ("path", "code"),
    [("missing", "EM190"), ("empty", "EM191"), ("missing/Dockerfile", "EM190"), ("web/Dockerfile/x", "EM190")],
)
def test_inputs_that_cannot_be_read(folder: Path, path: str, code: str) -> None:
    (folder.parent / "empty").mkdir()
    result = run("convert", path)
    assert (result.exit_code, result.stdout) == (3, "")
    assert f"{code}[" in result.stderr
    assert "Traceback" not in result.stderr


def test_input_that_is_refused(folder: Path) -> None:
    (folder / "Dockerfile").write_bytes(REFUSED.encode())
    result = run("convert", "web", "--write")
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr.startswith("web/Dockerfile:2:1: EM")
    assert "2 | BOGUS x\n  | ^^^^^" in result.stderr
    assert "0 files converted: 1 error" in result.stderr
    assert not (folder / "Earthfile").exists()
    assert run("convert", "web", "--check").exit_code == 3


@pytest.mark.parametrize("data", [b"", b"\x00", b"\xff\xfe", b"{{ .x }}", b"\x1b[31m"])
def test_odd_bytes_are_a_diagnostic(folder: Path, data: bytes) -> None:
    result = run("convert", "-", stdin=data)
    assert (result.exit_code, result.stdout) == (3, "")
    assert "EM1" in result.stderr
    assert "\x1b" not in result.stderr


@pytest.mark.parametrize(("limit", "code"), [("error", 0), ("warning", 1), ("info", 1), ("never", 0)])
def test_fail_on(folder: Path, limit: str, code: int) -> None:
    (folder / "Dockerfile").write_bytes(WARNS.encode())
    assert run("convert", "web", "--fail-on", limit).exit_code == code


def test_fail_on_does_not_hide_that_nothing_came_out(folder: Path) -> None:
    assert run("convert", "missing", "--fail-on", "never").exit_code == 3


def test_output_file(folder: Path) -> None:
    result = run("convert", "web", "-o", "out.earth")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "wrote out.earth\n" in result.stderr
    assert Path("out.earth").read_bytes() == expected().encode()
    assert run("convert", "web", "-o", "no/such/folder").exit_code == 3


def test_write_check_and_diff(folder: Path) -> None:
    assert run("convert", "web", "--check").exit_code == 1
    assert not (folder / "Earthfile").exists()
    result = run("convert", "web", "--diff")
    assert result.exit_code == 0
    assert result.stdout.startswith("--- a/web/Dockerfile\n+++ b/web/Earthfile\n@@")
    result = run("convert", "web", "--write")
    assert (result.exit_code, result.stdout) == (0, "")
    assert (folder / "Earthfile").read_bytes() == expected().encode()
    assert sorted(os.listdir(folder)) == ["Dockerfile", "Earthfile"]
    assert run("convert", "web", "--check").exit_code == 0
    assert run("convert", "web", "--diff").stdout == ""
    assert "web/Earthfile is up to date" in run("convert", "web", "--write").stderr


def test_write_never_overwrites_a_different_file(folder: Path) -> None:
    (folder / "Earthfile").write_bytes(b"VERSION 0.8\nmine:\n    FROM alpine\n")
    result = run("convert", "web", "--write")
    assert result.exit_code == 3
    assert "EM194[" in result.stderr
    assert b"mine" in (folder / "Earthfile").read_bytes()
    assert run("convert", "web", "--check").exit_code == 1
    assert "--- a/web/Earthfile\n+++ b/web/Earthfile\n" in run("convert", "web", "--diff").stdout
    assert run("convert", "web", "--write", "--force").exit_code == 0
    assert (folder / "Earthfile").read_bytes() == expected().encode()


@posix
def test_write_does_not_follow_a_link(folder: Path) -> None:
    (folder.parent / "precious").write_bytes(b"keep")
    (folder / "Earthfile").symlink_to("../precious")
    assert run("convert", "web", "--write").exit_code == 3
    assert run("convert", "web", "--write", "--force").exit_code == 0
    assert (folder.parent / "precious").read_bytes() == b"keep"
    assert (folder / "Earthfile").read_bytes() == expected().encode()


def test_the_ignore_file_is_written_too(folder: Path) -> None:
    (folder / "Dockerfile").write_bytes(b"FROM alpine:3.22\nCOPY . /src\n")
    (folder / ".dockerignore").write_bytes(b"*.md\n")
    printed = run("convert", "web")
    assert "EM701[" in printed.stderr
    assert "*.md" in printed.stderr
    written = run("convert", "web", "--write")
    assert written.exit_code == 0
    assert "EM701[" not in written.stderr
    assert (folder / ".earthlyignore").read_bytes().startswith(b"*.md\n")
    assert run("convert", "web", "--check").exit_code == 0
    assert "EM701[" not in run("convert", "web").stderr
    (folder / ".earthlyignore").unlink()
    assert "--- /dev/null\n+++ b/web/.earthlyignore\n" in run("convert", "web", "--diff").stdout


def test_another_context(folder: Path) -> None:
    (folder / "docker").mkdir()
    (folder / "docker" / "app.Dockerfile").write_bytes(b"FROM alpine:3.22\nCOPY Dockerfile /\n")
    result = run("convert", "web/docker/app.Dockerfile", "--context", "web", "--write")
    assert result.exit_code == 0, result.stderr
    assert (folder / "Earthfile").exists()
    assert not (folder / "docker" / "Earthfile").exists()


def test_image_names_and_target(folder: Path) -> None:
    result = run("convert", "web", "--image", "acme/web:1", "--image", "acme/web:latest")
    assert "acme/web:1" in result.stdout
    assert "acme/web:latest" in result.stdout
    (folder / "Dockerfile").write_bytes(b"FROM alpine AS one\nRUN a\nFROM alpine AS two\nRUN b\n")
    settings = Settings(name="web", target="one")
    text = (folder / "Dockerfile").read_bytes()
    assert run("convert", "web", "--target", "one").stdout == convert(text, settings).earthfile


def test_json(folder: Path) -> None:
    result = run("convert", "web", "--format", "json")
    data = json.loads(result.stdout)
    assert (result.exit_code, data["path"], data["earthfile"], data["changes"]) == (0, "web/Dockerfile", expected(), [])
    assert "EM" not in result.stderr
    data = json.loads(run("convert", "web", "--format", "json", "--diff").stdout)
    assert data["changes"] == [{"path": "web/Earthfile", "change": "create"}]
    assert data["diff"].startswith("--- a/web/Dockerfile\n")
    result = run("convert", "missing", "--format", "json")
    data = json.loads(result.stdout)
    assert (result.exit_code, data["earthfile"], data["diagnostics"][0]["code"]) == (3, None, "EM190")


def test_mappings_overlay(folder: Path) -> None:
    (folder / "Dockerfile").write_bytes(b"FROM example.com/base\nRUN x\nCOPY Dockerfile /\n")
    Path("my.yaml").write_text("base-images:\n  example.com/base: {user: root}\n", encoding="utf-8")
    assert "--chown" in run("convert", "web").stdout
    assert "--chown" not in run("convert", "web", "--mappings", "my.yaml").stdout


@pytest.mark.parametrize(
    ("text", "message"),
    [("base-images: [", "my.yaml:1:15: "), ("odd: {}", "my.yaml:1:1: odd is not known here"), ("\xff", "my.yaml")],
)
def test_a_wrong_overlay_is_wrong_usage(folder: Path, text: str, message: str) -> None:
    Path("my.yaml").write_bytes(text.encode("latin-1"))
    result = run("convert", "web", "--mappings", "my.yaml")
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("convert", "--bogus"),
        ("convert", "a", "b"),
        ("convert", "web", "--fail-on", "sometimes"),
        ("convert", "web", "--format", "xml"),
        ("convert", "web", "--context", "missing"),
        ("convert", "web", "--mappings", "missing"),
        ("convert", "web", "--write", "-o", "x"),
        ("convert", "web", "--write", "--diff"),
        ("convert", "web", "--check", "-o", "x"),
        ("convert", "web", "--force"),
        ("convert", "-", "--write"),
        ("convert", "-", "--check"),
        ("convert", "web/Dockerfile", "-o", "web/Dockerfile"),
        ("convert", "web", "-o", "web/Dockerfile"),
        ("explain",),
        ("explain", "EM190", "--all"),
        ("explain", "EM1"),
        ("unknown",),
        (),
    ],
)
def test_wrong_usage(folder: Path, arguments: tuple[str, ...]) -> None:
    result = run(*arguments, stdin=TEXT.encode())
    assert (result.exit_code, result.stdout) == (2, "")
    assert (folder / "Dockerfile").read_bytes() == TEXT.encode()


def test_check_and_diff_go_together(folder: Path) -> None:
    result = run("convert", "web", "--check", "--diff")
    assert result.exit_code == 1
    assert result.stdout.startswith("--- a/web/Dockerfile\n")
    assert "would create web/Earthfile" in result.stderr


def test_diff_of_standard_input(folder: Path) -> None:
    assert run("convert", "-", "--diff", stdin=TEXT.encode()).stdout.startswith("--- a/-\n+++ b/Earthfile\n")


@pytest.mark.parametrize(
    ("arguments", "env", "colored"),
    [
        (("--color", "always"), {}, True),
        (("--color", "always"), {"NO_COLOR": "1"}, True),
        (("--color", "never"), {}, False),
        ((), {}, False),
    ],
)
def test_color(folder: Path, arguments: tuple[str, ...], env: dict[str, str], colored: bool) -> None:
    (folder / "Dockerfile").write_bytes(WARNS.encode())
    result = run("convert", "web", "--diff", *arguments, env=env)
    assert ("\x1b[" in result.stderr) == colored
    assert ("\x1b[" in result.stdout) == colored
    assert click.unstyle(result.stdout) == run("convert", "web", "--diff", "--color", "never").stdout


@posix
@pytest.mark.parametrize(
    ("env", "colored"), [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)]
)
def test_color_on_a_terminal(folder: Path, env: dict[str, str], colored: bool) -> None:
    import pty

    (folder / "Dockerfile").write_bytes(WARNS.encode())
    ours, theirs = pty.openpty()
    clean = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    path = {"TERM": "xterm", "PYTHONPATH": str(Path(__file__).parent.parent)}
    command = [sys.executable, "-m", "migrate.cli", "convert", "web"]
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=theirs, env={**clean, **path, **env}, check=True)
    os.close(theirs)
    assert (b"\x1b[" in os.read(ours, 100_000)) == colored
    os.close(ours)


def test_quiet(folder: Path) -> None:
    (folder / "Dockerfile").write_bytes(WARNS.encode())
    result = run("convert", "web", "-q")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "EM190[" in run("convert", "missing", "-q").stderr


def test_explain() -> None:
    result = run("explain", "em190")
    assert result.exit_code == 0
    assert result.stdout.startswith("EM190 input-not-found\nerror; grade: failed\n\nWhat: ")
    for head in ("Why: ", "What to do: ", "Before\n    ", "After\n    "):
        assert f"\n\n{head}" in result.stdout
    assert run("explain", "input-not-found").stdout == result.stdout
    data = json.loads(run("explain", "EM190", "--format", "json").stdout)
    assert list(data) == [
        "code",
        "name",
        "severity",
        "grade",
        "message",
        "hint",
        "what",
        "why",
        "do",
        "before",
        "after",
    ]


def test_explain_an_unknown_code() -> None:
    result = run("explain", "EM19O")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Did you mean EM19" in result.stderr
    assert "Did you mean input-not-found?" in run("explain", "input-not-fuond").stderr
    assert "Did you mean" not in run("explain", "zzzzz").stderr


def test_explain_all() -> None:
    lines = run("explain", "--all").stdout.splitlines()
    assert any(line.split() == ["EM190", "input-not-found", "error"] for line in lines)
    assert lines == sorted(lines)
    assert len(json.loads(run("explain", "--all", "--format", "json").stdout)) == len(lines)


def test_version_and_help() -> None:
    assert run("--version").stdout == f"earthmigrate {__version__}\n"
    for arguments in (("--help",), ("convert", "-h"), ("explain", "--help")):
        result = run(*arguments)
        assert (result.exit_code, result.stderr) == (0, "")
        assert result.stdout.startswith("Usage: earthmigrate")


@posix
@pytest.mark.parametrize(
    "redirection",
    [">&-", pytest.param(">/dev/full", marks=pytest.mark.skipif(sys.platform != "linux", reason="Linux only"))],
)
def test_an_unwritable_standard_output(folder: Path, redirection: str) -> None:
    command = f"'{sys.executable}' -m migrate.cli convert web {redirection}"
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    done = subprocess.run(command, shell=True, capture_output=True, env=env, check=False)
    assert done.returncode == 3
    assert done.stderr.startswith(b"Error: standard output cannot be written: ")
    assert b"Traceback" not in done.stderr
    assert b"Exception" not in done.stderr


@posix
def test_a_closed_standard_input(folder: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    command = f"'{sys.executable}' -m migrate.cli convert - <&-"
    done = subprocess.run(command, shell=True, capture_output=True, env=env, check=False)
    assert done.returncode == 3
    assert b"EM192[" in done.stderr


@posix
def test_odd_names_are_shown_safely(folder: Path) -> None:
    odd = os.fsdecode(b"d\x1b[31m\xff") if sys.platform == "linux" else "d\x1b[31m"
    folder.rename(folder.parent / odd)
    result = run("convert", odd, "--write")
    assert result.exit_code == 0
    assert "\x1b" not in result.stderr
    assert "wrote d\\x1b[31m" in result.stderr


@posix
def test_a_closed_pipe_is_no_traceback(folder: Path) -> None:
    (folder / "Dockerfile").write_bytes(b"FROM alpine:3.22\n" + b"RUN echo 0123456789\n" * 20_000)
    command = f"'{sys.executable}' -m migrate.cli convert web 2>err | head -1"
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    assert subprocess.run(command, shell=True, capture_output=True, env=env, check=True).stdout == b"VERSION 0.8\n"
    assert "Traceback" not in Path("err").read_text(encoding="utf-8")


# --- --inspect and --image-facts --------------------------------------------------------------------------------------


def test_facts_are_read_without_a_network(folder: Path) -> None:
    (folder / "Dockerfile").write_text("FROM acme/base:1\nCOPY a b\n", encoding="utf-8")
    facts = folder / "facts.json"
    facts.write_text('{"images": {"acme/base:1": {"user": "root"}}}', encoding="utf-8")
    assert "COPY --chown=0:0 a b" in run("convert", "web").stdout
    result = run("convert", "web", "--image-facts", facts)
    assert "    COPY a b\n" in result.stdout
    assert "EM205" not in result.stderr
    facts.write_text("no", encoding="utf-8")
    result = run("convert", "web", "--image-facts", facts)
    assert (result.exit_code, result.stdout) == (3, "")
    assert "EM648" in result.stderr
    assert run("convert", "web", "--image-facts", "missing.json").exit_code == 2


def test_inspect_keeps_what_it_finds(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from migrate import inspecting
    from migrate.imagefacts import ImageFacts
    from migrate.verify.errors import VerifyError

    asked: list[tuple[list[str], str]] = []

    def inspect(images: tuple[inspecting.Wanted, ...], where: str) -> object:
        names = [one.image for one in images]
        asked.append((names, where))
        error = VerifyError("EM912", registry="x", image="gone:1")
        return {"acme/base:1": ImageFacts("app")}, [inspecting.Problem(("gone:1",), error)] if "gone:1" in names else []

    monkeypatch.setattr(inspecting, "inspect", inspect)
    (folder / "Dockerfile").write_text("FROM gone:1\nFROM acme/base:1\nCOPY a b\n", encoding="utf-8")
    result = run("convert", "web", "--inspect", "--image-facts", "facts.json", "--inspect-from", "registry")
    assert result.exit_code == 0
    assert "EM647[image-not-inspected] warning: gone:1: the registry x has no gone:1" in result.stderr
    assert "wrote facts.json" in result.stderr
    assert asked == [(["gone:1", "acme/base:1"], "registry")]
    again = run("convert", "web", "--inspect", "--image-facts", "facts.json")
    assert asked[1:] == [(["gone:1"], "auto")]
    assert again.stdout == result.stdout
    assert "EM205" not in result.stderr


# --- --fallback, --build-context and --helper-image -------------------------------------------------------------------


ARRAY = b'FROM alpine:3.20 AS app\nCMD ["echo", "\\u001b[1m"]\n'
"""earth cannot read this array."""


@pytest.mark.parametrize(
    ("kind", "code", "text"),
    [
        ("dockerfile", 0, "    FROM DOCKERFILE ."),
        ("comment", 0, "    # EM604, not converted: CMD"),
        ("fail", 3, ""),
    ],
)
def test_fallback(folder: Path, kind: str, code: int, text: str) -> None:
    (folder / "Dockerfile").write_bytes(ARRAY)
    result = run("convert", "web", "--fallback", kind)
    assert result.exit_code == code
    assert text in result.stdout
    assert bool(result.stdout) == bool(text)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("web",), "FROM DOCKERFILE ."),
        (("web/Containerfile", "--context", "web"), "FROM DOCKERFILE -f Containerfile ."),
        (("web/docker/app", "--context", "web"), "FROM DOCKERFILE -f docker/app ."),
        (("web/docker/app", "--context", "web/src"), "FROM DOCKERFILE -f ../docker/app ."),
    ],
)
def test_the_dockerfile_is_named_from_the_context(folder: Path, arguments: tuple[str, ...], line: str) -> None:
    (folder / "docker").mkdir()
    (folder / "src").mkdir()
    for name in ("Dockerfile", "Containerfile", "docker/app"):
        (folder / name).write_bytes(ARRAY)
    assert line in run("convert", *arguments).stdout


def test_standard_input_has_no_file_to_fall_back_to(folder: Path) -> None:
    result = run("convert", "-", "--context", "web", stdin=ARRAY)
    assert "EM224[fallback-refused]" in result.stderr
    assert "FROM DOCKERFILE" not in result.stdout


def test_named_contexts(folder: Path) -> None:
    (folder / "Dockerfile").write_bytes(b"FROM tools\nCOPY --from=files /a /a\n")
    contexts = ("--build-context", "tools=docker-image://alpine:3.20", "--build-context", "files=target:./f+all")
    result = run("convert", "web", *contexts)
    assert "    FROM alpine:3.20\n    COPY --keep-own +all/a /a\n" in result.stdout
    assert run("convert", "web", "--build-context", "files=../f").exit_code == 3
    for wrong in ("tools", "=x", "tools=", "tools=a b", "tools=a\nb"):
        assert run("convert", "web", "--build-context", wrong).exit_code == 2


def test_helper_image(folder: Path) -> None:
    (folder / "Dockerfile").write_bytes(b"FROM scratch\nCOPY <<EOF /a\nb\nEOF\n")
    assert (
        "    FROM registry.example.com/sh:1\n"
        in run("convert", "web", "--helper-image", "registry.example.com/sh:1").stdout
    )
    for wrong in ("", "a b", "$(id)", "+target", "-x"):
        assert run("convert", "web", "--helper-image", wrong).exit_code == 2
