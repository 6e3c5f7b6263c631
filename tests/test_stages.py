"""The stage graph: names, numbers, edges, and what BuildKit refuses (facts/dockerfile.md 4)."""

from __future__ import annotations

import pytest
from support import codes, converted, graph_of, targets

from migrate.dockerfile.errors import DockerfileError


@pytest.mark.parametrize(
    ("text", "bases"),
    [
        ("FROM a", [None]),
        ("FROM a AS x\nFROM x", [None, 0]),
        ("FROM a AS X\nFROM x", [None, 0]),
        # The reference is matched exactly.
        ("FROM a AS x.y\nFROM X.y/z", [None, None]),
        ("FROM a\nFROM 0", [None, None]),
        # A later stage of that name is not seen; of two earlier ones the nearest.
        ("FROM x\nFROM a AS x", [None, None]),
        ("FROM a AS x\nFROM b AS x\nFROM x", [None, None, 1]),
        ("FROM alpine AS alpine\nFROM alpine", [None, 0]),
        ("FROM a AS scratch\nFROM scratch", [None, 0]),
        ("ARG B=x\nFROM a AS x\nFROM $B", [None, 0]),
        ("ARG B=x\nFROM a AS x-1\nFROM ${B}-${C:-1}", [None, 0]),
        # A stage's own ARG and ENV are never seen by a FROM.
        ("FROM a AS x\nARG B=x\nFROM ${B:-y}", [None, None]),
    ],
)
def test_bases(text: str, bases: list[int | None]) -> None:
    assert [stage.base for stage in graph_of(text).stages] == bases


@pytest.mark.parametrize(
    "text",
    [
        "FROM a AS x\nFROM X",  # the reference is matched exactly, names are in lower case
        "FROM NGINX AS unneeded\nFROM a",
        "FROM a\nCOPY --from=a:1:2 b c",
        "FROM a\nCOPY --from=--from=b c d",
        "FROM a\nRUN --mount=from=a//b,target=/c d",
        "FROM a AS b\nONBUILD COPY --from=a@ c d\nFROM b",
    ],
)
def test_what_can_name_no_image(text: str) -> None:
    with pytest.raises(DockerfileError) as caught:
        graph_of(text)
    assert caught.value.code == "EM253"


@pytest.mark.parametrize(
    ("text", "selects"),
    [
        ("FROM a AS bin-x\nFROM b AS bin-y\nFROM bin-$TARGETARCH", (0, 1)),
        ("FROM a AS bin-x\nFROM b AS other\nFROM bin-${A:-z}", (0,)),
        ("ARG A\nFROM a AS x\nFROM $A", ()),
        ("FROM a AS x\nFROM x", ()),
    ],
)
def test_what_a_variable_may_select(text: str, selects: tuple[int, ...]) -> None:
    assert graph_of(text).stages[-1].selects == selects


@pytest.mark.parametrize(
    ("source", "stage", "image"),
    [
        ("COPY --from=build /a /a", 0, "build"),
        ("COPY --from=BUILD /a /a", 0, "BUILD"),
        ("COPY --from=0 /a /a", 0, "0"),
        ("COPY --from=1 /a /a", 1, "1"),
        ("COPY --from=nginx:1 /a /a", None, "nginx:1"),
        ("RUN --mount=from=build,target=/x a", 0, "build"),
        # A number is no index in a mount.
        ("RUN --mount=from=0,target=/x a", None, "0"),
    ],
)
def test_sources(source: str, stage: int | None, image: str) -> None:
    graph = graph_of(f"FROM a AS build\nFROM b\nFROM c\n{source}\n")
    (found,) = graph.sources[2]
    assert (found.stage, found.image) == (stage, image)


def test_a_trigger_is_an_instruction_of_the_stages_that_are_from_it() -> None:
    graph = graph_of(
        "FROM a AS files\nFROM b AS x\nONBUILD COPY --from=files /a /a\nFROM x AS y\nRUN c\nFROM y\nFROM x\nUSER d\n"
    )
    assert [[item.keyword for item in stage.instructions] for stage in graph.stages] == [
        [],
        ["ONBUILD"],
        ["COPY", "RUN"],
        [],  # not for grandchildren
        ["COPY", "USER"],
    ]
    assert {index: [source.stage for source in found] for index, found in graph.sources.items()} == {2: [0], 4: [0]}


def test_copy_from_takes_the_last_of_two_names() -> None:
    graph = graph_of("FROM a AS x\nFROM b AS x\nFROM c\nCOPY --from=x /a /a\n")
    assert graph.sources[2][0].stage == 1


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("FROM a\nCOPY --from=$X /a /a", "EM109", 2),
        ("FROM a\nCOPY --from=7 /a /a", "EM212", 2),
        ("FROM a AS x\nCOPY --from=x /a /a", "EM213", 2),
        ("FROM a\nCOPY --from=0 /a /a", "EM213", 2),
        ("FROM a\nCOPY --from=x /a /a\nFROM b AS x", "EM214", 2),
        ("FROM a\nRUN --mount=from=x,target=/y b\nFROM b AS x", "EM214", 2),
        # Declared nowhere, so no build argument can fill it.
        ("FROM ${X:-}", "EM111", 1),
        ('FROM ""', "EM111", 1),
    ],
)
def test_what_buildkit_refuses(text: str, code: str, line: int) -> None:
    with pytest.raises(DockerfileError) as caught:
        graph_of(text + "\n")
    assert caught.value.code == code
    assert caught.value.span is not None
    assert caught.value.span.start.line == line


def test_what_is_reachable() -> None:
    graph = graph_of("FROM a AS x\nFROM b AS unused\nFROM x AS y\nFROM c\nCOPY --from=y /a /a\n")
    assert graph.reachable(3) == {0, 2, 3}
    assert graph.chain(2) == (2, 0)
    assert graph.needs(3) == (2,)


def test_target_is_found_without_case_and_not_by_number() -> None:
    graph = graph_of("FROM a AS Build\nFROM b\n")
    assert graph.find_target("BUILD") == 0
    assert graph.find_target("0") is None


def test_scratch() -> None:
    assert [stage.is_scratch for stage in graph_of("FROM scratch\nFROM scratch AS x\nFROM x\n").stages] == [
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("image", "selected"),
    [
        ("st-$A", [0]),
        ("$A-x", [0]),
        ("s${A}t-${B}x", [0]),
        ("st-${A}y", []),
        ("st-xx$A", []),
        ("st-$A-x", []),
        ("${A}" * 2000 + "x", [0]),  # many variables must not cost more than their number
        ("${A}" * 2000 + "z", []),
    ],
)
def test_which_stages_an_argument_can_select(image: str, selected: list[int]) -> None:
    stage = graph_of(f"ARG A\nARG B\nFROM alpine AS st-x\nFROM {image}\n").stages[1]
    assert list(stage.selects) == selected


@pytest.mark.parametrize("line", ["ENV A=${B^^}", "EXPOSE http", "STOPSIGNAL STOP_IT", "COPY <<E /x\n${v^^}\nE"])
def test_what_docker_refuses_where_it_builds(line: str) -> None:
    """A stage that nothing needs is never carried out, so the file builds; built, it is an error."""
    text = f"FROM alpine AS broken\n{line}\nRUN a\nFROM alpine AS good\nRUN b\n"
    conversion = converted(text)
    assert codes(conversion) == ["EM252"]
    assert [grade.grade.label for grade in conversion.targets] == ["differs", "equal"]
    assert targets(conversion)["broken"][1].startswith("# EM252, not converted: ")
    assert converted(text, target="broken").earthfile is None
    assert converted(text + "COPY --from=broken /a /a\n").earthfile is None
    assert converted(text.replace("FROM alpine AS good", "FROM broken")).earthfile is None


_ALWAYS = ["ENV A", "RUN --mount=type=odd x", "COPY --from=$x a b", "HEALTHCHECK --retries=x CMD a"]


@pytest.mark.parametrize("line", _ALWAYS)
def test_what_docker_refuses_in_any_stage(line: str) -> None:
    assert converted(f"FROM alpine AS broken\n{line}\nFROM alpine\n").earthfile is None


def test_a_broken_global_argument_is_in_no_stage() -> None:
    assert converted("ARG A=${B^^}\nFROM alpine\n").earthfile is None
