"""MAINTAINER sets the author, which no Earthfile can; a LABEL would be a change of its own."""

from __future__ import annotations

import pytest
from support import assert_lines


@pytest.mark.parametrize("instruction", ["MAINTAINER Jane", "maintainer Jane Doe <jane@example.com>"])
def test_maintainer(instruction: str) -> None:
    assert_lines(instruction, f"# EM610, not converted: {instruction}", ["EM610"])
