"""Dockerfiles of a few lines that a helper target writes: FROM DOCKERFILE says with them what an Earthfile cannot.

``FROM DOCKERFILE -f +helper/Dockerfile CONTEXT`` needs no file in the repository (facts/earthfile.md 6, hard-cases.md
9 and 10: built with both tools). The image's name is handed in, so that it stays where a FROM has it.
"""

from __future__ import annotations

from collections.abc import Sequence

from migrate.earthfile import quoting
from migrate.earthfile.model import Command, ShellText, Target, TextLine
from migrate.images import base_image
from migrate.recipe import Recipe
from migrate.spans import Span
from migrate.words import Literal, literal_text

#: The argument by which a helper Dockerfile is told its image.
IMAGE = "image"


def writing_target(name: str, lines: Sequence[str], above: tuple[str, ...], span: Span, stage: Recipe) -> Target:
    """The target ``name`` whose artifact ``/Dockerfile`` has ``lines``, for the instruction at ``span`` of ``stage``.

    It is built for the builder's own platform: it only writes text.
    """
    image = shell_image(stage)
    if image is None:
        image = stage.settings.helper_image
        stage.report("EM464", span, target=name, image=image)
    quoted = [quoting.encode_single(line) for line in lines]
    text = f"printf '%s\\n' {' '.join(quoted)} > /Dockerfile"
    first, last = "printf '%s\\n' \\", f"    {quoted[-1]} > /Dockerfile"
    written = (first, *(f"    {line} \\" for line in quoted[:-1]), last) if len(quoted) > 2 else (text,)
    items = (
        Command.of("FROM", f"--platform=native {quoting.render((Literal(image),))}", source=span),
        Command("RUN", tuple(map(TextLine, written)), source=span, meaning=ShellText(text)),
        Command.of("SAVE ARTIFACT", "/Dockerfile /Dockerfile", source=span),
    )
    return Target(name, items, above, span)


def shell_image(stage: Recipe) -> str | None:
    """An image for a helper target that the Dockerfile names already, that of ``stage`` asked first.

    Only images that are known to have a shell and to run as root will do; None when there is none.
    """
    graph = stage.arguments.plan.graph
    for index in (graph.chain(stage.stage)[-1], *range(len(graph.stages))):
        one = graph.stages[index]
        name = literal_text(one.image) if one.base is None else None
        known = base_image(name, stage.arguments.mappings) if name else None
        if name and known is not None and known.user == "root" and known.has_shell and not known.onbuild:
            return name
    return None
