"""An Earthfile of somebody else: what joins it, and that its own lines stay as they are."""

from __future__ import annotations

import re
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrate.convert import convert
from migrate.earthfile.model import Earthfile
from migrate.earthfile.tree import EarthfileError
from migrate.settings import Settings
from migrate.standing import Mine, clash, digest, is_unchanged, names, outline, words
from migrate.standingmerge import MergeError, adopted, merged

OWN = """\
# Head.
VERSION 0.8
IMPORT ./lib AS helpers

# Checks.
lint:
    FROM alpine
    RUN echo '
# no comment
'

SETUP:
    FUNCTION
    RUN true
"""


def document(
    text: str = "FROM alpine AS build\nRUN make\nFROM alpine\nCOPY --from=build /a /b\n", **options: str
) -> Earthfile:
    settings = Settings(images=("app:1",), target_names=tuple(options.items()))
    found = convert(text, settings).document
    assert found is not None
    return found


def mine(text: str, targets: tuple[str, ...] = ("build", "docker")) -> Mine:
    found = outline(text, Mine(frozenset(targets)))
    return Mine(frozenset(targets), frozenset(), digest(found))


def test_new_targets_stand_behind_everything() -> None:
    text = merged(outline(OWN, Mine()), document())
    assert text.startswith(OWN + "\nbuild:\n")
    assert text.endswith("    SAVE IMAGE --push app:1\n")


def test_a_file_without_a_last_line_end_gets_one() -> None:
    text = merged(outline(OWN.rstrip("\n"), Mine()), document())
    assert text.startswith(OWN + "\nbuild:\n")


def test_crlf_is_kept() -> None:
    own = OWN.replace("\n", "\r\n")
    text = merged(outline(own, Mine()), document())
    assert text.startswith(own + "\r\nbuild:\r\n")
    assert re.search(r"[^\r]\n", text) is None


def test_a_second_run_writes_the_same() -> None:
    text = merged(outline(OWN, Mine()), document())
    known = mine(text)
    again = outline(text, known)
    assert is_unchanged(again, known)
    assert merged(again, document()) == text
    moved = text.replace("# Checks.", "# Checks a lot.").replace("\n", "\r\n")
    assert is_unchanged(outline(moved, known), known)


def test_a_new_step_takes_its_place_and_the_rest_stays() -> None:
    text = merged(outline(OWN, Mine()), document()) + "\n# Mine.\nlast:\n    FROM alpine\n"
    changed = document("FROM alpine AS build\nRUN cmake\nFROM alpine\nRUN true\nCOPY --from=build /a /b\n")
    after = merged(outline(text, mine(text)), changed)
    assert after == text.replace("RUN make", "RUN cmake").replace("    COPY +build", "    RUN true\n    COPY +build")


def test_a_target_that_goes_takes_its_blank_lines_along() -> None:
    text = merged(outline(OWN, Mine()), document()) + "\nlast:\n    FROM alpine\n"
    after = merged(outline(text, mine(text)), document("FROM alpine\nRUN true\n"))
    assert (
        after
        == OWN + "\ndocker:\n    FROM alpine\n    RUN true\n    SAVE IMAGE --push app:1\n\nlast:\n    FROM alpine\n"
    )


def test_an_edit_of_ours_is_seen() -> None:
    text = merged(outline(OWN, Mine()), document())
    known = mine(text)
    for other in (
        text.replace("RUN make", "RUN cmake"),
        text.replace("docker:", "image:"),
        text.replace("/a /b", "/a  /b"),
    ):
        assert not is_unchanged(outline(other, known), known)


def test_quoted_lines_that_look_like_comments_belong_to_their_target() -> None:
    odd = document("FROM alpine AS build\nRUN echo 'a\\\n# b'\nFROM alpine\nRUN <<EOF\n# end\nEOF\n")
    text = merged(outline(OWN, Mine()), odd)
    known = mine(text)
    assert merged(outline(text, known), odd) == text


@pytest.mark.parametrize(
    ("own", "reason"),
    [
        ("VERSION 0.7\n", "VERSION is 0.7"),
        ("VERSION 0.8\nARG --global MODE=1\n", "ARG --global MODE"),
        ("VERSION 0.8\nARG --global FIELD=1\n", ""),
        ("VERSION 0.8\nFROM alpine\nWORKDIR /x\nENV A=1\n", ""),
        ("VERSION 0.8\nx:\n    FROM alpine\n    SAVE IMAGE app:1\n", "its target x saves app:1"),
        ("VERSION 0.8\nx:\n    ARG image=app:1\n    FROM alpine\n    SAVE IMAGE $image\n", "its target x saves app:1"),
        ("VERSION 0.8\nx:\n    FROM alpine\n    SAVE IMAGE app:2\n", ""),
        ("VERSION 0.8\nx:\n    FROM alpine\n    RUN echo $MODE\n    SAVE IMAGE z\n", "its target x does what"),
    ],
)
def test_clashes(own: str, reason: str) -> None:
    found = clash(outline(own, Mine()), document("FROM alpine\nRUN echo $MODE\n"), {"app:1"})
    assert found.startswith(f"its {reason}" if reason and not reason.startswith("its") else reason)
    assert bool(found) is bool(reason)


def test_what_is_taken() -> None:
    found = outline(OWN, Mine())
    assert names(found) == {"lint", "SETUP", "helpers"}
    assert {"lint", "echo", "alpine"} <= words(found)


def test_a_file_that_holds_all_of_it_is_adopted() -> None:
    text = merged(outline(OWN, Mine()), document())
    found = adopted(outline(text, Mine()), document())
    assert found is not None
    assert found.targets == {"build", "docker"}
    assert adopted(outline(text.replace("make", "cmake"), Mine()), document()) is None


LINES = st.sampled_from(
    [
        *("", "# a", "VERSION", "lint:", "    RUN true", "\tRUN 'a", "b'", "    # c", "ARG --global X=1"),
        *("x-y:", "F:", "    FUNCTION"),
    ]
)


@given(st.lists(LINES, max_size=12), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_no_line_of_somebody_else_changes(found: list[str], newline: str, ends: bool) -> None:
    own = newline.join(["VERSION 0.8", *found]) + (newline if ends else "")
    try:
        text = merged(outline(own, Mine()), document())
    except (EarthfileError, MergeError):
        return
    assert text.startswith(own)
    known = mine(text)
    assert is_unchanged(outline(text, known), known)
    assert merged(outline(text, known), document()) == text


def test_many_odd_lines_take_little_time() -> None:
    text = "VERSION 0.8\n\nbuild:\n    FROM alpine\n    RUN a \\\n" + "# c\n" * 20_000
    started = perf_counter()
    found = outline(text, Mine(frozenset({"build"})))
    assert found.blocks[0].end < 100
    assert perf_counter() - started < 5
