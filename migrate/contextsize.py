"""Whether a whole build context is so small and plain that a layer of an image may hold its bytes."""

from __future__ import annotations

import posixpath

from migrate.context import Context
from migrate.ignorematch import IgnoreRules
from migrate.mappings import Mappings

_BYTES = 4 * 1024 * 1024
_ENTRIES = 2000


def is_small(context: Context, mappings: Mappings) -> bool:
    """Whether ``context`` is known, has at most 4 MiB in 2000 entries, no history and nothing that looks secret."""
    if not context.known():
        return False
    secrets = IgnoreRules("\n".join(f"**/{pattern}" for pattern in (*mappings.secret_files, ".git")))
    waiting, entries, left = [""], 0, _BYTES
    while waiting:
        folder = waiting.pop()
        for name in context.children(folder) or ():
            path = posixpath.join(folder, name)
            if context.is_ignored(path):
                continue
            entries += 1
            if secrets.excludes(path) or entries > _ENTRIES:
                return False
            if context.is_directory(path):
                waiting.append(path)
            else:
                left -= len(context.head(path, left + 1) or b"")
                if left < 0:
                    return False
    return True
