"""--build-context: what a name stands for takes its place where BuildKit would look for it."""

from __future__ import annotations

import pytest
from support import codes, converted, file_codes, targets

IMAGE = "docker-image://example.com/own:1"


def with_contexts(text: str, **contexts: str) -> dict[str, list[str]]:
    return targets(converted(text, build_contexts=tuple(contexts.items())))


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("alpine", "alpine"),
        ("alpine:latest", "alpine"),
        ("docker.io/library/alpine", "alpine"),
        ("alpine", "docker.io/library/alpine:latest"),
        ("alpine:3.20", "alpine:3.20"),
        ("registry.example.com/a/b:1", "registry.example.com/a/b:1"),
    ],
)
def test_an_image_is_found_under_its_familiar_name(written: str, name: str) -> None:
    conversion = converted(f"FROM {written}\n", build_contexts=((name, IMAGE),))
    assert targets(conversion)["docker"][0] == "FROM example.com/own:1"
    assert "EM231" in codes(conversion)


@pytest.mark.parametrize(
    ("written", "name"), [("alpine:3.20", "alpine"), ("alpine", "alpine:3.20"), ("scratch", "scratch")]
)
def test_another_name_stays(written: str, name: str) -> None:
    conversion = converted(f"FROM {written}\nCOPY a /a\n", build_contexts=((name, IMAGE),))
    assert targets(conversion)["docker"][0] == f"FROM {written}"
    assert "EM233" in file_codes(conversion)


def test_a_stage_is_replaced_with_all_its_lines() -> None:
    conversion = converted("FROM a AS Tools\nCOPY --from=b /x /x\nFROM tools\n", build_contexts=(("tools", IMAGE),))
    recipes = targets(conversion)
    assert recipes["tools"] == ["FROM example.com/own:1"]
    assert recipes["docker"][0] == "FROM +tools"
    assert "b" not in recipes
    (found,) = [item for item in conversion.diagnostics if item.code == "EM230"]
    assert found.span is not None
    assert (found.span.start.line, found.span.end.line) == (1, 2)


def test_copies_and_mounts_take_it_too() -> None:
    recipes = with_contexts("FROM alpine:3.20\nCOPY --from=shared /x /x\n", shared=IMAGE)
    assert recipes["own"] == ["FROM example.com/own:1", "SAVE ARTIFACT /x /x"]
    assert recipes["docker"][1].endswith("+own/x /x")


@pytest.mark.parametrize(
    ("value", "reference"), [("target:files", "+files"), ("target:+files", "+files"), ("target:./a+files", "./a+files")]
)
def test_a_target_is_a_reference(value: str, reference: str) -> None:
    recipes = with_contexts("FROM shared\nCOPY --from=shared /x /x\n", shared=value)
    assert recipes["docker"][0] == f"FROM {reference}"
    assert recipes["files"] == [f"FROM {reference}", "SAVE ARTIFACT /x /x"]


def test_no_doubt_about_a_name_that_was_given() -> None:
    conversion = converted("FROM alpine:3.20\nCOPY --from=shared /x /x\n", build_contexts=(("shared", "target:t"),))
    assert "EM220" not in codes(conversion)


@pytest.mark.parametrize(
    "value", ["../assets", "https://example.com/x.git", "https://example.com/x.tar", "oci-layout://x"]
)
def test_anything_else_has_no_form(value: str) -> None:
    conversion = converted("FROM alpine:3.20\nCOPY --from=x /x /x\n", build_contexts=(("x", value),))
    assert conversion.files == ()
    assert codes(conversion) == ["EM229"]


def test_one_that_nothing_uses_does_no_harm() -> None:
    conversion = converted("FROM alpine:3.20\nRUN x\n", build_contexts=(("x", "../assets"),))
    assert conversion.files
    assert file_codes(conversion) == {"EM233"}


def test_an_argument_no_longer_chooses() -> None:
    conversion = converted("ARG B=alpine\nFROM $B\n", build_contexts=(("alpine", IMAGE),))
    assert targets(conversion)["docker"][0] == "FROM example.com/own:1"
    assert "EM232" in codes(conversion)


def test_no_fallback_with_one() -> None:
    text = 'FROM x\nCMD ["echo", "\\u001b[1m"]\n'
    conversion = converted(text, fallback="dockerfile", build_contexts=(("x", IMAGE),))
    assert {"EM224", "EM604"} <= set(codes(conversion))
