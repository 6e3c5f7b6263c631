"""Which stages fall back to FROM DOCKERFILE, which with them, and which may not."""

from __future__ import annotations

import tarfile

import pytest
from hypothesis import given, note, settings
from strategies import dockerfiles, mutated
from support import DictContext, codes, converted, targets

from migrate.convert import Conversion, convert
from migrate.dockerfile.reader import read
from migrate.earthfile.reader import read as read_earthfile
from migrate.fallback import stage_at
from migrate.mappings import builtin
from migrate.settings import Settings
from migrate.stages import build

ARRAY = 'CMD ["echo", "\\u001b[1m"]\n'
"""earth cannot read this array: nothing but the Dockerfile says it."""


def fallen(text: str, **options: object) -> Conversion:
    """``text`` converted with the fallback."""
    options.setdefault("fallback", "dockerfile")
    return converted(text, **options)  # type: ignore[arg-type]


def from_lines(conversion: Conversion) -> dict[str, str]:
    """Target -> its FROM line."""
    return {
        name: next(line for line in lines if line.startswith("FROM"))
        for name, lines in targets(conversion).items()
        if name
    }


def test_one_stage_falls_and_the_others_use_it() -> None:
    conversion = fallen(
        f"FROM alpine:3.20 AS app\n{ARRAY}FROM app AS child\nRUN x\nFROM alpine:3.20\nCOPY --from=app /a /b\n"
    )
    recipes = targets(conversion)
    assert recipes["app"] == [
        "# This stage stays in the Dockerfile (EM604).",
        "FROM DOCKERFILE --target app .",
        "SAVE ARTIFACT /a /a",
    ]
    assert recipes["child"][0] == "FROM +app"
    assert recipes["docker"] == ["FROM alpine:3.20", "COPY +app/a /b", "SAVE IMAGE --push app:latest"]
    assert codes(conversion) == ["EM222"]
    assert [target.grade.label for target in conversion.targets] == ["equal"] * 3


def test_what_it_is_from_falls_too() -> None:
    conversion = fallen(f"FROM a AS one\nRUN x\nFROM one AS two\n{ARRAY}FROM one\nRUN y\n")
    assert from_lines(conversion) == {
        "one": "FROM DOCKERFILE --target one .",
        "two": "FROM DOCKERFILE --target two .",
        "docker": "FROM +one",
    }
    assert [found for found in codes(conversion) if found != "EM205"] == ["EM223", "EM222"]
    assert "+two is FROM it" in (conversion.earthfile or "")


def test_what_it_copies_from_stays() -> None:
    conversion = fallen(f"FROM alpine:3.20 AS build\nRUN x\nFROM alpine:3.20\nCOPY --from=build /x /x\n{ARRAY}")
    assert targets(conversion)["build"] == ["FROM alpine:3.20", "RUN x"]
    assert from_lines(conversion)["docker"] == "FROM DOCKERFILE ."


def test_no_helper_target_for_an_image_that_only_fallen_stages_copy_from() -> None:
    conversion = fallen(f"FROM alpine:3.20\nCOPY --from=nginx:1 /x /x\n{ARRAY}")
    assert list(targets(conversion)) == ["", "docker"]


def test_stages_below_a_name_that_no_shell_bears_fall_with_it() -> None:
    conversion = fallen("FROM a AS one\nENV a.b=1\nFROM one AS two\nRUN x\nFROM two AS three\nRUN y\nFROM b\nRUN z\n")
    lines = from_lines(conversion)
    assert [lines[name].split()[1] for name in ("one", "two", "three", "docker")] == ["DOCKERFILE"] * 3 + ["b"]
    assert "it is FROM +one" in (conversion.earthfile or "")


def test_an_argument_with_such_a_name_concerns_its_stage_only() -> None:
    lines = from_lines(fallen("FROM a AS one\nARG a.b=1\nFROM one AS two\nRUN x\n"))
    assert lines == {"one": "FROM DOCKERFILE --target one .", "two": "FROM +one"}


def test_children_go_on_where_the_fallen_stage_ended() -> None:
    text = (
        "FROM alpine:3.20 AS app\nARG LEVEL=1\nENV A=1 B=2\nENV A=$B B=$A\nUSER 1000\nWORKDIR /srv\n"
        "FROM app\nRUN x\nCOPY f rel\nCOPY <<EOF in\n$A\nEOF\n"
    )
    recipe = targets(fallen(text))["docker"]
    assert recipe[:3] == ["FROM +app", "ARG LEVEL=1", "RUN x"]
    assert recipe[3] == "COPY --chown=0:0 f rel"
    assert recipe[4].startswith("COPY --chown=0:0 ")


@pytest.mark.parametrize(("line", "lost"), [("USER ${U/a/b}", "user"), ("WORKDIR /${W/a/b}", "workdir")])
def test_what_cannot_be_said_is_unknown_below(line: str, lost: str) -> None:
    conversion = converted(f"FROM alpine:3.20\nARG U\nARG W\nWORKDIR /w\n{line}\nCOPY f d\n")
    copy = next(text for text in targets(conversion)["docker"] if text.startswith("COPY"))
    assert copy == ("COPY --chown=0:0 f d" if lost == "user" else "COPY f d")


def test_a_finding_of_the_second_conversion_makes_its_stage_fall_too() -> None:
    text = "FROM a AS one\nARG X\nARG Y=${X%.*}\nFROM one AS two\nRUN echo $Y\n"
    conversion = fallen(text)
    assert "EM224" in codes(conversion), "the frontend inside earth has no pattern, so nothing falls"
    assert "EM307" in codes(conversion)


def test_what_both_ways_lose_stays_reported() -> None:
    conversion = fallen(f'FROM alpine:3.20\nSHELL ["/bin/ash", "-c"]\n{ARRAY}')
    assert codes(conversion) == ["EM613", "EM222"]
    assert conversion.targets[0].grade.label == "differs"


def test_what_the_fallback_settles_is_gone() -> None:
    assert codes(fallen(f"FROM registry.example.com/x\nEXPOSE $PORT\n{ARRAY}")) == ["EM222"]


def test_every_line_that_asks_for_it_is_named() -> None:
    conversion = fallen(f"FROM alpine:3.20\n{ARRAY}LABEL dev.earthly.x=1\n")
    assert [(found.code, found.span.start.line) for found in conversion.diagnostics if found.span] == [
        ("EM222", 2),
        ("EM222", 3),
    ]
    assert "(EM604, EM603)" in (conversion.earthfile or "")


def test_refused_with_the_reason() -> None:
    conversion = fallen(f"FROM alpine:3.20\nRUN --mount=type=secret,id=s x\n{ARRAY}")
    (found,) = [item for item in conversion.diagnostics if item.code == "EM224"]
    assert "it cannot be given secrets (line 2)" in found.message
    assert "# EM604, not converted: CMD" in (conversion.earthfile or "")
    assert conversion.targets[0].grade.label == "differs"


def test_a_refusal_in_a_stage_that_it_is_made_from_counts() -> None:
    text = f"FROM alpine:3.20 AS build\nRUN --mount=type=ssh x\nFROM alpine:3.20\nCOPY --from=build /a /a\n{ARRAY}"
    assert "EM224" in codes(fallen(text))


def test_other_stages_fall_all_the_same() -> None:
    text = f"FROM alpine:3.20 AS one\nRUN --mount=type=ssh x\n{ARRAY}FROM alpine:3.20 AS two\n{ARRAY}"
    assert from_lines(fallen(text)) == {"one": "FROM alpine:3.20", "two": "FROM DOCKERFILE ."}


def test_fail_names_the_lines_and_makes_nothing() -> None:
    conversion = converted(f"FROM alpine:3.20\n{ARRAY}", fallback="fail")
    assert conversion.files == ()
    assert codes(conversion) == ["EM226", "EM604"]


def test_fail_has_nothing_against_what_is_native() -> None:
    assert converted("FROM alpine:3.20\nRUN x\n", fallback="fail").files


def test_comment_keeps_the_line_in_place() -> None:
    assert codes(converted(f"FROM alpine:3.20\n{ARRAY}", fallback="comment")) == ["EM604"]


def test_the_dockerfile_is_named_as_seen_from_the_earthfile() -> None:
    lines = targets(fallen(f"FROM alpine:3.20\n{ARRAY}", dockerfile="docker/my image"))["docker"]
    assert lines[1] == 'FROM DOCKERFILE -f "docker/my image" .'


def test_standard_input_cannot_be_named() -> None:
    assert codes(fallen(f"FROM alpine:3.20\n{ARRAY}", dockerfile=None)) == ["EM224", "EM604"]


@pytest.mark.parametrize(("path", "falls"), [("a+b", True), ("a+b/Dockerfile", False), ("../c++/Dockerfile", False)])
def test_a_path_with_a_plus_sign(path: str, falls: bool) -> None:
    conversion = fallen(f"FROM alpine:3.20\n{ARRAY}", dockerfile=path)
    assert ("EM222" in codes(conversion)) is falls
    assert ("EM224" in codes(conversion)) is not falls


def test_an_archive_with_an_owner_is_looked_at() -> None:
    text = f"FROM alpine:3.20\nADD --chown=1:1 f /d/\n{ARRAY}"
    plain = DictContext({"f": b"text", "d": None})
    assert "stays in the Dockerfile" in (converted(text, plain, fallback="dockerfile").earthfile or "")
    archive = DictContext({"f": tarfile.TarInfo("x").tobuf() + bytes(1024)})
    assert "stays in the Dockerfile" not in (converted(text, archive, fallback="dockerfile").earthfile or "")


def test_the_stage_of_a_finding() -> None:
    graph = build(read("ARG X=1\nFROM a\nRUN x\nFROM b\nRUN y\n"))
    conversion = converted(f"ARG X=1\nFROM a\nRUN x\nFROM b\n{ARRAY}")
    found = {item.code: stage_at(graph, item) for item in conversion.diagnostics}
    assert found["EM303"] is None
    assert found["EM604"] == 1


def test_the_lists_of_the_mappings_hold_together() -> None:
    known = builtin().fallback
    assert set(known["descends"]) <= set(known["falls"])
    assert not set(known["falls"]) & set(known["settled"])
    assert {*known["falls"], *known["settled"]} <= set(builtin().diagnostics)
    assert all(builtin().diagnostics[code].grade.label == "differs" for code in (*known["falls"], *known["settled"]))


@settings(max_examples=150)
@given(dockerfiles())
def test_every_stage_stands_or_falls_and_it_is_said(text: str) -> None:
    conversion = fallen(text)
    assert conversion == fallen(text)
    note(conversion.earthfile or "")
    tree = read_earthfile(conversion.earthfile or "")
    graph = build(read(text))
    names = {stage.index: result.target for stage, result in zip(graph.stages, conversion.targets, strict=False)}
    lines = [(target.name, item) for target in tree.targets for item in target.statements]
    down = {name for name, item in lines if item.name == "FROM DOCKERFILE" and item.args[-1] == "."}
    places = [(item, stage_at(graph, item)) for item in conversion.diagnostics]
    assert down == {names[index] for item, index in places if item.code in ("EM222", "EM223") and index is not None}
    refused = {(item.span, item.message.split()[6]) for item in conversion.diagnostics if item.code == "EM224"}
    for item, index in places:
        if item.code in builtin().fallback["falls"] and index is not None:
            assert names[index] not in down
            assert (item.span, item.code) in refused


@settings(max_examples=150)
@given(mutated())
def test_no_input_makes_it_raise(source: bytes) -> None:
    conversion = convert(source, Settings(name="app"))
    if conversion.files:
        read_earthfile(conversion.files[0].text)


CROSS = "FROM --platform=$BUILDPLATFORM alpine:3.20 AS a\nARG TARGETARCH\n"


def test_what_is_all_for_the_builder_says_so() -> None:
    lines = from_lines(fallen(f"{CROSS}{ARRAY}FROM a AS b\nRUN x\nFROM scratch\nCOPY --from=b /x /x\n"))
    assert lines["a"] == "FROM DOCKERFILE --platform=native --target a --build-arg TARGETARCH ."
    assert lines["b"] == "FROM +a"


@pytest.mark.parametrize(
    "text",
    [
        f"{CROSS}COPY --from=busybox /x /x\n{ARRAY}FROM a AS b\nRUN x\nFROM scratch\nCOPY --from=b /x /x\n",
        f"FROM scratch AS f\nCOPY f /f\n{CROSS}COPY --from=f /f /f\n{ARRAY}FROM a AS b\nRUN x\nFROM scratch\n",
        f"{CROSS.replace('$BUILDPLATFORM', 'linux/arm64')}{ARRAY}FROM a AS b\nRUN x\nFROM scratch\n",
    ],
)
def test_what_is_not_falls_with_its_children(text: str) -> None:
    lines = from_lines(fallen(text))
    assert "FROM DOCKERFILE --target a" in lines["a"]
    assert "FROM DOCKERFILE --target b" in lines["b"]


def test_a_delivered_stage_has_the_platform_that_was_asked_for() -> None:
    assert "native" not in from_lines(fallen(f"{CROSS}{ARRAY}", target="a"))["a"].split()[2]


def test_a_finding_before_the_first_from_concerns_the_stages_that_read_the_argument() -> None:
    text = "ARG TARGETARCH=3.20\nFROM alpine:$TARGETARCH AS a\nRUN x\nFROM alpine:3.20\nCOPY --from=a /x /x\n"
    conversion = fallen(text)
    assert from_lines(conversion)["a"] == "FROM DOCKERFILE --target a ."
    assert codes(conversion) == ["EM222"]
