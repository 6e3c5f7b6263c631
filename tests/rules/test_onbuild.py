"""ONBUILD: an image loses it, stages of the same file run it themselves."""

from __future__ import annotations

import pytest
from support import BASE, assert_lines, codes, converted, targets


@pytest.mark.parametrize(
    ("instruction", "expected"),
    [
        ("ONBUILD RUN make", "# EM612, not converted: ONBUILD RUN make"),
        ("onbuild copy . /app", "# EM612, not converted: onbuild copy . /app"),
        (
            "ONBUILD RUN a && \\\n    b",
            "# EM612, not converted: ONBUILD RUN a && \\\n#     b",
        ),
    ],
)
def test_an_image_loses_its_triggers(instruction: str, expected: str) -> None:
    assert_lines(instruction, expected, ["EM612"])


def test_a_remark_ends_no_command_and_swallows_none() -> None:
    """The lines of the remark are comments of their own; the next instruction stays a command."""
    assert_lines(
        "ONBUILD RUN a && \\\n    b\nRUN c", "# EM612, not converted: ONBUILD RUN a && \\\n#     b\nRUN c", ["EM612"]
    )


def test_stages_run_the_triggers_of_their_parent_first() -> None:
    conversion = converted(
        f"{BASE[:-1]} AS p\nONBUILD ARG A=1\n# why\nONBUILD RUN a && \\\n  b\nFROM p AS q\nRUN c\nFROM q\nFROM p\n"
    )
    found = targets(conversion)
    assert found["p"][1:] == [
        "# ONBUILD ARG A=1: see +q and +docker",
        "# why",
        "# ONBUILD RUN a && b: see +q and +docker",
    ]
    assert found["q"][1:] == ["ARG A=1", "RUN a && \\", "  b", "RUN c"]
    assert found["stage-2"][1:] == []
    assert found["docker"][1:4] == ["ARG A=1", "RUN a && \\", "  b"]
    assert codes(conversion) == ["EM644", "EM644"]


def test_a_stage_that_only_gives_files_has_no_use_for_triggers() -> None:
    conversion = converted(f"{BASE[:-1]} AS p\nONBUILD RUN a\n{BASE}COPY --from=p /a /a\n")
    assert targets(conversion)["p"][1] == "# ONBUILD RUN a: no stage is made from this one"
    assert codes(conversion) == ["EM643"]


def test_an_argument_may_select_other_triggers() -> None:
    text = "ARG A=1\nFROM alpine AS s-1\nONBUILD RUN a\nFROM alpine AS s-2\n{}FROM s-$A\n"
    assert "EM221" in codes(converted(text.format("ONBUILD RUN b\n")))
    assert "EM221" not in codes(converted(text.format("ONBUILD RUN a\n")))


def test_the_last_stage_is_an_image_even_when_others_are_made_from_it() -> None:
    conversion = converted(f"{BASE[:-1]} AS p\nONBUILD RUN a\nFROM p\n", target="p")
    assert codes(conversion) == ["EM612"]
