"""Templates, foreign frontends and Windows: what is refused, and what must not be."""

from __future__ import annotations

import pytest

from migrate.dockerfile import errors
from migrate.dockerfile.errors import DockerfileError
from migrate.dockerfile.reader import read
from migrate.dockerfile.refusals import is_docker_frontend, is_windows_image, is_windows_platform, is_windows_shell


def failure(text: str) -> DockerfileError:
    with pytest.raises(DockerfileError) as caught:
        read(text)
    return caught.value


@pytest.mark.parametrize(
    "reference",
    [
        "docker/dockerfile",
        "docker/dockerfile:1",
        "docker/dockerfile:1.7-labs",
        "docker/dockerfile@sha256:0123",
        "docker.io/docker/dockerfile:1",
        "index.docker.io/docker/dockerfile:1",
        "docker/dockerfile-upstream:master-labs",
    ],
)
def test_dockers_own_frontends(reference: str) -> None:
    assert is_docker_frontend(reference)
    read(f"# syntax={reference}\nFROM a\n")


@pytest.mark.parametrize(
    "text",
    [
        "# syntax=ghcr.io/x/nix2container:1\nFROM a\n",
        "# syntax=dockerfile:1\nFROM a\n",
        "// syntax=x/y\nFROM a\n",
        '{"syntax": "x/y"}',
        "# syntax=x/y\n",
        "# syntax=x/y\n# syntax=x/y\nNONSENSE",
    ],
)
def test_foreign_frontends(text: str) -> None:
    assert failure(text).code == errors.FOREIGN_FRONTEND


@pytest.mark.parametrize(
    "image",
    [
        "mcr.microsoft.com/windows/servercore:ltsc2022",
        "mcr.microsoft.com/windows:20H2",
        "mcr.microsoft.com/Windows/nanoserver",
        "mcr.microsoft.com/dotnet/framework/aspnet:4.8",
        "golang:1.22-windowsservercore",
        "golang:1.22-windowsservercore-ltsc2022@sha256:01",
        "mcr.microsoft.com/dotnet/sdk:8.0-nanoserver-1809",
        "microsoft/nanoserver",
        "localhost:5000/servercore",
        "$REPO:4.8-windowsservercore-ltsc2019",
    ],
)
def test_windows_images(image: str) -> None:
    assert is_windows_image(image)
    assert failure(f"FROM a\nFROM {image}").code == errors.WINDOWS_IMAGE


@pytest.mark.parametrize(
    "image", ["alpine", "x/windows-tools", "mcr.microsoft.com/windowsfoo", "a@sha256:nanoserver", "$X"]
)
def test_other_images(image: str) -> None:
    assert not is_windows_image(image)


def test_a_stage_may_have_any_name() -> None:
    read("FROM a AS nanoserver\nFROM nanoserver\n")


def test_windows_platforms_and_shells() -> None:
    assert is_windows_platform("windows/amd64")
    assert is_windows_platform("Windows(10.0.1)/amd64")
    assert not is_windows_platform("linux/amd64")
    assert failure("FROM --platform=windows/amd64 a").code == errors.WINDOWS_IMAGE
    for shell in ("powershell", "PowerShell.exe", "cmd", "C:\\\\Windows\\\\System32\\\\cmd.exe", "/x/pwsh.exe"):
        assert failure(f'FROM a\nSHELL ["{shell}", "/c"]').code == errors.WINDOWS_SHELL
    for shell in ("pwsh", "/bin/bash", "/usr/bin/pwsh"):
        read(f'FROM a\nSHELL ["{shell}", "-c"]')
    assert not is_windows_shell(())
    read("# escape=`\nFROM a\nRUN b `\n c\n")


@pytest.mark.parametrize(
    ("text", "mark", "line"),
    [
        ("FROM {{ image }}\n", "{{ image }}", 1),
        ("FROM {{image}}\n", "{{image}}", 1),
        ("FROM a:{{v}} AS b\n", "{{v}}", 1),
        ("FROM @BASE@\n", "@BASE@", 1),
        ("FROM a:%%TAG%%\n", "%%TAG%%", 1),
        ("FROM a:<%= v %>\n", "<%= v %>", 1),
        ("FROM a:${templateOption:v}\n", "${templateOption:v}", 1),
        ("FROM a\nEXPOSE {{port}}\n", "{{port}}", 2),
        ("FROM a\n{% if x %}\nRUN b\n{% endif %}\n", "{% if x %}", 2),
        ("{{ header }}\nFROM a\n", "{{ header }}", 1),
        ("FROM a\nCOPY {{x}}\n", "{{x}}", 2),
        ("FROM a\nENV A={{ x }}\n", "{{ x }}", 2),
        ("FROM a\n{{- range .X }}\n", "{{- range .X }}", 2),
        ("FROM a\nCOPY --{{ x }} a b\n", "{{", 2),
        ("FROM a\nCOPY --chown=a --from=@base@ --link b c\n", "@base@", 2),
        ("# {{ comment }}\nARG X={{y}}\n", "{{y}}", 2),
        ("FROM a\nRUN <<E\n{{ x }}\n", "{{ x }}", 3),
    ],
)
def test_templates(text: str, mark: str, line: int) -> None:
    error = failure(text)
    assert error.code == errors.TEMPLATE
    assert error.fields["mark"].startswith(mark)
    assert error.span is not None
    start = error.span.start
    assert start.line == line
    assert text.split("\n")[line - 1][start.column - 1 :].startswith(mark)


@pytest.mark.parametrize(
    "text",
    [
        "FROM a\nRUN docker inspect --format '{{.Id}}' x\n",
        "FROM a\nRUN printf '%%A%%' && echo @a@ <% %>\n",
        "FROM a\nENV A={{x}}\n",
        "FROM a@sha256:0123 AS b\n# {{ x }}\n",
        "FROM a\nCOPY <<E /x\n{% if x %}\nE\n",
        "FROM a\nCOPY {{x}} b\n",
        'FROM a\nLABEL x="{{y}}"\n',
    ],
)
def test_marks_that_are_data(text: str) -> None:
    read(text)


def test_a_mark_elsewhere_is_no_excuse() -> None:
    text = "FROM a\nRUN docker inspect --format '{{.Id}}' x\n{}"
    assert failure(text.replace("{}", "COPY a")).code == errors.BAD_ARGUMENTS
    assert failure("FROM a\nRUN --x docker inspect --format '{{.Id}}' x").code == errors.UNKNOWN_FLAG
