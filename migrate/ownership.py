"""Who owns what a COPY brings, and which flag keeps it so (hard-cases.md 4, facts/dockerfile.md 7).

Docker keeps the owner of what it takes from a stage and gives context files to root; an Earthfile gives everything to
the current USER unless a flag says otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from migrate.artifacts import clean, needed, related
from migrate.dockerfile.model import CopyDetail, Instruction, OnbuildDetail
from migrate.dockerfile.words import parse_word
from migrate.images import base_image
from migrate.mappings import Mappings, Section
from migrate.plan import Plan
from migrate.stages import Source

ROOT_OWNERS = frozenset({"0", "0:0", "root", "root:root", "0:root", "root:0"})

#: Where a command may begin in the text of a RUN.
COMMAND = r"(?:\A|[;&|({!\n]|\b(?:then|do|else|sudo|exec|xargs|time|env)\s)\s*"


#: A mode with more than the nine plain bits, as chmod, mkdir and install take it.
_SPECIAL_BITS = r"\b(?:chmod|mkdir|install)\b[^;&|\n]*(?:[\s=]0*[1-7][0-7]{3}\b|[ugoa]*[-+=][rwxXst]*[st])"


class Doubt(NamedTuple):
    """Why copied files may belong to another user than root; ``certain`` is False when only the image is unknown."""

    reason: str
    certain: bool = True


def foreign_owner(plan: Plan, index: int, path: str, mappings: Mappings) -> Doubt | None:
    """The doubt about the owners of ``path`` in stage ``index``; None when nothing speaks against root."""
    if (index, path) not in plan.owner_doubts:
        plan.owner_doubts[index, path] = None  # a stage never copies from itself, but keep the recursion safe
        plan.owner_doubts[index, path] = _stage_owner(plan, index, path, mappings)
    return plan.owner_doubts[index, path]


def _stage_owner(plan: Plan, index: int, path: str, mappings: Mappings) -> Doubt | None:
    graph = plan.graph
    chain = graph.chain(index)
    is_plain = not may_be_link(plan, index, path)
    for stage in chain:
        for instruction in graph.stages[stage].instructions:
            owned = _reason(instruction, path if is_plain else "/", mappings.ownership)
            reason = owned or _unpacked(instruction, path, plan)
            if reason is not None:
                return Doubt(f"{reason} on line {instruction.span.start.line}")
        for source in graph.sources.get(stage, ()):
            copied = _copied_doubt(source, path, plan, mappings)
            if copied is not None:
                return copied
    root = graph.stages[chain[-1]]
    if root.is_scratch:
        return None
    return image_owner(root.reference, path, mappings, "stage-data")


def may_be_link(plan: Plan, index: int, path: str) -> bool:
    """Whether a RUN of stage ``index``, or of one that it is FROM, may make a link at ``path``."""
    graph = plan.graph
    return any(_links(item, path) for stage in graph.chain(index) for item in graph.stages[stage].instructions)


def _links(instruction: Instruction, path: str) -> bool:
    """Whether a RUN may make a link at ``path``: Docker then copies what it leads to."""
    if instruction.keyword != "RUN" or path == "/":
        return False
    text = "".join(instruction.texts)
    name = path.rpartition("/")[2]
    if "ln" not in text or name not in text:
        return False
    return re.search(rf"{COMMAND}ln\b[^;&|\n]*(?<![\w.-]){re.escape(name)}(?![\w./-])", text) is not None


def _copied_doubt(source: Source, path: str, plan: Plan, mappings: Mappings) -> Doubt | None:
    """The doubt that files bring along which a COPY --from put at or around ``path``."""
    for wanted in _taken(source, path, "chown", plan):
        if source.stage is not None:
            found = foreign_owner(plan, source.stage, wanted, mappings)
        else:
            found = image_owner(source.image, wanted, mappings)
        if found is not None and found.certain:
            return found
    return None


def _taken(source: Source, path: str, flag: str, plan: Plan) -> Iterator[str]:
    """The paths that a COPY --from without ``flag`` takes to ``path`` or around it."""
    detail = source.instruction.detail
    if not isinstance(detail, CopyDetail) or source.instruction.flag(flag) is not None:
        return
    target = detail.destination.text.rstrip("/")
    if target.startswith("/") and "$" not in target and not related(target, path):
        return
    yield from (needed(parse_word(operand.text, plan.graph.dockerfile.escape)).path for operand in detail.sources)


def image_owner(reference: str | None, path: str, mappings: Mappings, data: str = "image-data") -> Doubt | None:
    """The doubt about the owners of ``path`` that the image itself gives; ``data`` is a list of ownership.yaml."""
    image = base_image(reference, mappings) if reference is not None else None
    is_system = image is None or image.folders is None or "/etc" in image.folders
    system = mappings.ownership["system-files"] if is_system else ()
    if any(known == path or known.startswith(path.rstrip("/") + "/") for known in system):
        return Doubt(f"{path} of a distribution has files of other users")
    if image is None or image.user is None:
        return Doubt(f"the user of {reference or 'the base image'} is not known", certain=False)
    if image.user.partition(":")[0] not in ("root", "0"):
        return Doubt(f"{reference} runs as {image.user}")
    if path.startswith(mappings.ownership[data]):
        return Doubt(f"{reference} may give {path} to the user of its service", certain=False)
    return None


def special_bits(plan: Plan, source: Source, path: str, mappings: Mappings) -> bool:
    """Whether ``path`` of ``source`` may hold files or folders with setuid, setgid or sticky bits."""
    graph = plan.graph
    queue, seen = [(source, path)], set()
    while queue:
        source, path = queue.pop()
        if (source.stage, source.image, path) in seen:
            continue
        seen.add((source.stage, source.image, path))
        stages = [graph.stages[index] for index in graph.chain(source.stage)] if source.stage is not None else []
        from_image = not stages or not stages[-1].is_scratch
        if from_image and any(related(known, path) for known in mappings.ownership["special-files"]):
            return True
        if any(_sets_special_bits(instruction) for stage in stages for instruction in stage.instructions):
            return True
        copies = [other for stage in stages for other in graph.sources.get(stage.index, ())]
        queue += [(other, wanted) for other in copies for wanted in _taken(other, path, "chmod", plan)]
    return False


def is_file(plan: Plan, source: Source, path: str) -> bool:
    """Whether a RUN of the stage shows that ``path`` is a file: something is written to it."""
    if source.stage is None:
        return False
    graph = plan.graph
    runs = [item for index in graph.chain(source.stage) for item in graph.stages[index].instructions]
    texts = [item.operand for item in runs if item.keyword == "RUN" and path in item.operand]
    if not texts:
        return False
    end = r"['\"]?(?:[\s;&|)]|\Z)"
    writes = rf"(?:>|\s-o[ =]?|\btouch\s)\s*['\"]?{re.escape(path)}{end}"
    holds = rf"(?:\bmkdir\b[^;&|]*\s|\bcd\s+)['\"]?{re.escape(path)}{end}|{re.escape(path)}/"
    return any(re.search(writes, text) for text in texts) and not any(re.search(holds, text) for text in texts)


def _sets_special_bits(instruction: Instruction) -> bool:
    if instruction.keyword == "RUN":
        text = "".join(instruction.texts)
        return re.search(_SPECIAL_BITS, text) is not None
    flag = instruction.flag("chmod") if isinstance(instruction.detail, CopyDetail) else None
    return flag is not None and re.fullmatch(r"0*[1-7][0-7]{3}|.*[st].*", flag.value or "") is not None


def _reason(instruction: Instruction, path: str, evidence: Section) -> str | None:
    if isinstance(instruction.detail, OnbuildDetail):
        return None
    if instruction.keyword == "USER" and instruction.operand.partition(":")[0] not in ("root", "0"):
        return f"USER {instruction.operand}"
    if isinstance(instruction.detail, CopyDetail):
        flag = instruction.flag("chown")
        if flag is not None and flag.value not in ROOT_OWNERS:
            return f"--chown={flag.value}"
        return None
    if instruction.keyword == "RUN":
        for text in instruction.texts:
            for match in re.finditer(_evidence(frozenset(evidence["commands"])), text):
                if _touches(evidence["commands"][match[1]], text[match.end() :], path):
                    return match[1]
    return None


def _unpacked(instruction: Instruction, path: str, plan: Plan) -> str | None:
    """The doubt about files that an ADD unpacked at or around ``path``."""
    detail = instruction.detail
    if instruction.span not in plan.foreign_archives or not isinstance(detail, CopyDetail):
        return None
    target = detail.destination.text
    apart = target.startswith("/") and "$" not in target and not related(clean(target), path)
    return None if apart else "ADD of an archive"


@lru_cache(maxsize=8)
def _evidence(commands: Iterable[str]) -> str:
    names = "|".join(re.escape(name) for name in sorted(commands, key=len, reverse=True))
    return rf"{COMMAND}({names})(?![\w-])"


def _touches(command: Section, rest: str, path: str) -> bool:
    """Whether a command of ownership.yaml concerns ``path``: a ``chown`` may name only other absolute paths.

    Anything less plain counts.
    """
    words = re.split(r"[;&|]", rest, maxsplit=1)[0].split()
    if "option" in command:
        return any(re.match(command["option"], word) for word in words)
    if command.get("unless") in words:
        return False
    if not command.get("names-paths"):
        return True
    words = [word.strip("\"'") for word in words if not word.startswith("-")]
    named = [word.rstrip("/") or "/" for word in words[1:]]
    if not named or any(not word.startswith("/") or "$" in word or "*" in word for word in named):
        return True
    return any(path == word or path.startswith(word + "/") or word.startswith(path.rstrip("/") + "/") for word in named)
