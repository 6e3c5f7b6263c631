"""The ONBUILD triggers of a base image as instructions of the stage that is FROM it (facts/dockerfile.md 8)."""

from __future__ import annotations

from collections.abc import Sequence

from migrate.dockerfile.errors import DockerfileError
from migrate.dockerfile.model import Fired, Instruction, Line
from migrate.dockerfile.reader import read


def fired(texts: Sequence[str], origin: Instruction, image: str) -> tuple[Instruction, ...]:
    """What ``texts`` make of the stage that begins with ``origin``: every place in them is that line.

    Empty when one of them cannot be read: then the image is better left to a Dockerfile frontend.
    """
    try:
        found = read("\n".join(("FROM scratch", *texts, ""))).instructions[1:]
    except DockerfileError:
        return ()
    made = [Fired(*item)._replace(span=origin.span, above=()) for item in found]
    if made:
        note = Line(origin.span.start.line, f"# What the ONBUILD triggers of {image} do:", "comment")
        made[0] = made[0]._replace(above=(note,))
    return tuple(made)
