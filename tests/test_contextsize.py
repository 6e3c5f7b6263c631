"""Whether a context may lie in a layer of an image."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate.context import UnknownContext
from migrate.contextsize import is_small
from migrate.disk import DiskContext
from migrate.mappings import builtin


@pytest.mark.parametrize(
    ("files", "is_fine"),
    [
        ({"a": 10, "b/c": 20}, True),
        ({"a": 4 * 1024 * 1024}, True),
        ({"a": 4 * 1024 * 1024 - 1, "b/c": 2}, False),
        ({"a": 1, "b/.env": 1}, False),
        ({"a": 1, ".git/HEAD": 1}, False),
        ({f"{number}/{name}": 0 for number in range(40) for name in range(50)}, False),
    ],
)
def test_small(tmp_path: Path, files: dict[str, int], is_fine: bool) -> None:
    for name, size in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * size)
    assert is_small(DiskContext(tmp_path), builtin()) is is_fine


def test_unknown() -> None:
    assert not is_small(UnknownContext(), builtin())
