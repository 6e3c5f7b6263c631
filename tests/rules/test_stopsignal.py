"""STOPSIGNAL has no Earthfile command (earth: "command STOPSIGNAL not yet supported")."""

from __future__ import annotations

import pytest
from support import assert_lines


@pytest.mark.parametrize("instruction", ["STOPSIGNAL SIGINT", "stopsignal 9"])
def test_stopsignal(instruction: str) -> None:
    assert_lines(instruction, f"# EM611, not converted: {instruction}", ["EM611"])
