"""What goes to the root of a chain: config that no Earthfile command says, archives, triggers of the base image."""

from __future__ import annotations

from typing import Any

import pytest
from support import BASE, codes, converted, targets

from migrate.settings import SavedStage


def said(text: str, **options: Any) -> dict[str, list[str]]:
    """Target -> its lines, the writing targets reduced to the lines of their Dockerfile below FROM."""
    found = {}
    for name, lines in targets(converted(text, **options)).items():
        if any("> /Dockerfile" in line for line in lines):
            texts = [line.strip().removesuffix(" \\").removesuffix(" > /Dockerfile").strip("'") for line in lines]
            lines = [line for line in texts if line.startswith(("STOPSIGNAL", "HEALTHCHECK", "ADD"))]
        found[name] = lines
    return found


@pytest.mark.parametrize(
    ("text", "name", "lines"),
    [
        ('STOPSIGNAL 3\nHEALTHCHECK CMD ["a"]', "image-config", ["STOPSIGNAL 3", 'HEALTHCHECK CMD ["a"]']),
        ('HEALTHCHECK CMD ["a"]\nSTOPSIGNAL 3', "image-config", ["STOPSIGNAL 3", 'HEALTHCHECK CMD ["a"]']),
        ("STOPSIGNAL 3\nHEALTHCHECK CMD a", "stop-signal", ["STOPSIGNAL 3"]),
        ("STOPSIGNAL 3\nSTOPSIGNAL 4", "stop-signal", ["STOPSIGNAL 4"]),
        ('HEALTHCHECK CMD a\nHEALTHCHECK CMD ["b"]', "health-check", ['HEALTHCHECK CMD ["b"]']),
        ("ADD a.tgz /\nADD b.tgz /tmp\nSTOPSIGNAL 3", "root-files", ["ADD a.tgz /", "ADD b.tgz /tmp", "STOPSIGNAL 3"]),
    ],
)
def test_one_stage(text: str, name: str, lines: list[str]) -> None:
    found = said(f"{BASE}{text}\n")
    assert found[name] == lines
    assert not any(line.startswith(("HEALTHCHECK", "STOPSIGNAL", "ADD")) for line in found["docker"] if "a" not in line)
    context = "." if "ADD" in text else f"+{name}/"
    assert found["docker"][0] == f"FROM DOCKERFILE --build-arg image=alpine:3.20 -f +{name}/Dockerfile {context}"


def test_the_later_native_check_wins() -> None:
    found = said(f'{BASE[:-1]} AS p\nHEALTHCHECK CMD ["a"]\nFROM p\nHEALTHCHECK NONE\n')
    assert found["p"] == ["FROM alpine:3.20", '# HEALTHCHECK CMD ["a"]: overridden by a later one']
    assert found["docker"][1] == "HEALTHCHECK NONE"


def test_the_root_of_the_chain_has_it() -> None:
    conversion = converted(f'{BASE[:-1]} AS p\nHEALTHCHECK CMD x\nFROM p AS q\nFROM q\nHEALTHCHECK CMD ["a"]\n')
    found = targets(conversion)
    assert found["p"][0].startswith("FROM DOCKERFILE ")
    assert found["p"][1:] == ["# HEALTHCHECK CMD x: overridden by a later one"]
    assert found["docker"][1] == '# HEALTHCHECK CMD ["a"]: see +health-check'
    assert codes(conversion) == ["EM642", "EM640"]


def test_image_platform_and_arguments_stay_on_the_line() -> None:
    found = said("ARG V=1\nARG R\nFROM --platform=linux/arm64 $R/nginx:${V}-x\nSTOPSIGNAL 3\n")
    assert found["docker"][0] == (
        "FROM DOCKERFILE --platform=linux/arm64 --build-arg image=$R/nginx:${V}-x"
        " -f +stop-signal/Dockerfile +stop-signal/"
    )
    alias = said("ARG CC=1\nFROM gcc:$CC\nRUN make\nSTOPSIGNAL 3\n")
    assert alias["gcc"] == [
        "ARG CC=1", "FROM DOCKERFILE --build-arg image=gcc:$CC -f +stop-signal/Dockerfile +stop-signal/"
    ]  # fmt: skip
    assert alias["docker"][0] == "FROM +gcc"


def test_stages_share_a_dockerfile() -> None:
    found = said("FROM nginx AS a\nSTOPSIGNAL 3\nFROM debian AS b\nSTOPSIGNAL 3\nFROM alpine\nSTOPSIGNAL 4\n")
    assert found["stop-signal"] == ["STOPSIGNAL 3"]
    assert found["stop-signal-2"] == ["STOPSIGNAL 4"]
    assert "image=nginx -f +stop-signal/" in found["a"][0]
    assert "image=debian -f +stop-signal/" in found["b"][0]


def test_no_image_is_made_of_the_stage() -> None:
    conversion = converted(f"{BASE[:-1]} AS p\nSTOPSIGNAL 3\n{BASE}COPY --from=p /a /a\n")
    assert targets(conversion)["p"][:2] == ["FROM alpine:3.20", "# STOPSIGNAL 3: no image is made of this stage"]
    assert codes(conversion) == ["EM643"]


def test_a_stage_that_nobody_uses_is_said_to_carry_it() -> None:
    conversion = converted(f"{BASE[:-1]} AS p\nFROM p AS test\nRUN a\nFROM p\nSTOPSIGNAL 3\n")
    assert [found for found in codes(conversion) if found != "EM301"] == ["EM641", "EM640"]
    grades = {target.target: target.grade.label for target in conversion.targets}
    assert grades == {"p": "equal", "test": "differs", "docker": "equal", "stop-signal": "equal"}


def test_a_stage_with_another_one_does_not_get_it() -> None:
    """The image to build says something else, so its sister keeps a comment (or falls back)."""
    conversion = converted(f"{BASE[:-1]} AS p\nFROM p AS other\nSTOPSIGNAL 4\nFROM p\nSTOPSIGNAL 3\n")
    assert targets(conversion)["other"][1] == "# EM650, not converted: STOPSIGNAL 4"
    native = converted(f"{BASE[:-1]} AS p\nFROM p AS other\nSTOPSIGNAL 4\nFROM p\n")
    assert codes(native) == ["EM650"]
    assert not any("DOCKERFILE" in line for lines in targets(native).values() for line in lines)


def test_every_image_must_agree() -> None:
    text = f'{BASE[:-1]} AS p\nHEALTHCHECK CMD x\nFROM p AS q\n{{}}\nFROM p\nHEALTHCHECK CMD ["a"]\n'
    saved = (SavedStage("q", ("q:1",)),)
    agreed = converted(text.format('HEALTHCHECK CMD ["a"]'), saved=saved)
    assert codes(agreed) == ["EM642", "EM640", "EM640"]
    assert targets(agreed)["q"][1] == '# HEALTHCHECK CMD ["a"]: see +health-check'
    for other in ("RUN b", "HEALTHCHECK NONE"):
        apart = converted(text.format(other), saved=saved)
        assert codes(apart) == ["EM605"]
        assert targets(apart)["p"] == ["FROM alpine:3.20", "HEALTHCHECK CMD x"]


@pytest.mark.parametrize(
    ("stage", "goes_to_the_root"),
    [
        ("FROM scratch\nADD a.tgz /opt", True),
        ("FROM scratch\nLABEL a=b\nUSER 5\nADD a.tgz b.tgz /opt/", True),
        ("FROM alpine\nADD a.tgz /opt", False),  # a COPY is as good
        ("FROM alpine\nADD a.tgz /", True),
        ("FROM alpine\nADD --chown=5 a.tgz /", False),
        ("FROM alpine\nWORKDIR /x\nADD a.tgz /", False),
        ("FROM alpine\nRUN x\nADD a.tgz /", False),
        ("FROM alpine\nADD a.tgz relative", False),
        ("FROM alpine\nADD a-$V.tgz /", False),
        ("FROM alpine\nADD a.tgz https://e.com/x /", False),
        ("FROM alpine\nADD a.txt /", False),
    ],
)
def test_an_archive_at_the_start(stage: str, *, goes_to_the_root: bool) -> None:
    found = said(f"{stage}\n")
    assert ("root-files" in found) is goes_to_the_root
    assert any("see +root-files" in line for line in found["docker"]) is goes_to_the_root


def test_a_sibling_that_inherits_what_the_image_overrides() -> None:
    text = f'{BASE[:-1]} AS a\nHEALTHCHECK CMD old\nFROM a AS beside\nFROM a\nHEALTHCHECK CMD ["new"]\n'
    conversion = converted(text)
    assert codes(conversion) == ["EM642", "EM641", "EM640"]
    assert [item.grade.label for item in conversion.targets if item.target == "beside"] == ["differs"]
