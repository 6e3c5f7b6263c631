"""The comment that an instruction leaves in its place when a helper Dockerfile has it (see ``rootfiles``)."""

from __future__ import annotations

from migrate.dockerfile.model import Instruction
from migrate.earthfile.model import Remark
from migrate.recipe import NotExpressible, Recipe
from migrate.rootfiles import OVERRIDDEN, ROOT


def refusal(instruction: Instruction, code: str, stage: Recipe, **fields: object) -> NotExpressible:
    """``code``; or EM650 in a stage that is no image to build, when such an image begins with the same root.

    The other image would fall back as well, for the sake of one that probably nobody ships.
    """
    plan = stage.arguments.plan
    kept = [plan.final, *plan.saved]
    root = plan.graph.chain(stage.stage)[-1]
    delivered = any(stage.stage in plan.graph.chain(index) for index in kept)
    if not delivered and any(plan.graph.chain(index)[-1] == root for index in kept):
        shown = " ".join(f"{instruction.keyword} {instruction.text}".split())
        return NotExpressible("EM650", None, line=shown, target=stage.target)
    return NotExpressible(code, None, **fields)


_SAID = {ROOT: "EM640", OVERRIDDEN: "EM642"}


def remark(instruction: Instruction, place: tuple[str, str], stage: Recipe) -> Remark:
    """What became of ``instruction``, said as a comment and as a finding."""
    what, target = place
    shown = " ".join(f"{instruction.keyword} {instruction.text}".split())
    stage.warn(_SAID.get(what, "EM643"), instruction, line=shown, target=target)
    where = {ROOT: f"see +{target}", OVERRIDDEN: "overridden by a later one"}
    return Remark((f"# {shown}: {where.get(what, 'no image is made of this stage')}",), instruction.span)
