"""Defaults of global arguments that the header computes for stages which cannot see what these read."""

from __future__ import annotations

import pytest
from support import body, codes, converted, targets


def test_the_header_computes_what_the_stage_cannot() -> None:
    text = "ARG A=1\nARG B=$A-b\nARG C=${B}c\nFROM alpine:3.20\nARG A=own\nARG B=own\nARG C\nRUN echo $A $B $C\n"
    result = converted(text)
    assert targets(result)[""] == ["ARG A=1", "ARG B=$A-b", "ARG --global C_DEFAULT=${B}c"]
    assert body(result)[:3] == ["ARG A=own", "ARG B=own", "ARG C=$C_DEFAULT"]
    assert codes(result) == []


def test_platforms_are_declared_in_front() -> None:
    result = converted("ARG OS=$TARGETOS\nARG A=x-$OS\nFROM alpine:3.20\nARG OS=own\nARG A\nRUN echo $A\n")
    assert targets(result)[""] == ["ARG TARGETOS", "ARG OS=$TARGETOS", "ARG --global A_DEFAULT=x-$OS"]


def test_two_stages_share_it() -> None:
    stage = "FROM alpine:3.20\nARG A=own\nARG B\nRUN echo $A $B\n"
    result = converted("ARG A=1\nARG B=v$A\n" + stage + stage)
    assert targets(result)[""] == ["ARG A=1", "ARG --global B_DEFAULT=v$A"]
    assert [body(result, name)[1] for name in ("stage-0", "docker")] == ["ARG B=$B_DEFAULT"] * 2


@pytest.mark.parametrize(
    ("header", "stage"),
    [
        ("ARG A=1\nARG B=v$A", "ARG A=own\nARG B\nRUN env"),  # the name would be listed
        ("ARG A=1\nARG B=v$A", "ARG A=own\nARG B\nRUN echo $B_DEFAULT"),
        ("ARG A=1\nARG B_DEFAULT=2\nARG B=v$A", "ARG A=own\nARG B\nRUN true"),
        ("ARG A=1\nARG B=v${A#1}", "ARG A=own\nARG B\nRUN true"),
    ],
)
def test_where_the_name_may_show_the_value_is_written_out(header: str, stage: str) -> None:
    result = converted(f"{header}\nFROM alpine:3.20\n{stage}\n")
    assert "EM323" in codes(result)
    assert not any("--global B_DEFAULT" in line for line in targets(result)[""])
