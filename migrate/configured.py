"""The comment that an instruction leaves in its place when a helper Dockerfile has it (see ``rootfiles``)."""

from __future__ import annotations

from migrate.dockerfile.model import Instruction
from migrate.earthfile.model import Remark
from migrate.recipe import Recipe
from migrate.rootfiles import OVERRIDDEN, ROOT

_SAID = {ROOT: "EM640", OVERRIDDEN: "EM642"}


def remark(instruction: Instruction, place: tuple[str, str], stage: Recipe) -> Remark:
    """What became of ``instruction``, said as a comment and as a finding."""
    what, target = place
    shown = " ".join(f"{instruction.keyword} {instruction.text}".split())
    stage.warn(_SAID.get(what, "EM643"), instruction, line=shown, target=target)
    where = {ROOT: f"see +{target}", OVERRIDDEN: "overridden by a later one"}
    return Remark((f"# {shown}: {where.get(what, 'no image is made of this stage')}",), instruction.span)
