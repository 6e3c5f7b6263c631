"""Proxy arguments: Docker hands them to every RUN when a caller passes them, in both spellings, without any ARG.

What a caller passes as ``http_proxy`` or ``HTTP_PROXY`` arrives under both names, and beats ENV and ARG (BuildKit:
util/... proxyEnvList; built). earth passes only what the target declares, so a RUN that reads one has it declared.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from migrate.dockerfile.model import Instruction
from migrate.earthfile.model import Command, Words
from migrate.header import lists_environment, mentions
from migrate.recipe import Recipe
from migrate.words import Literal, Variable, Word

_READ = re.compile(r"(?i)(?:\$\{?|printenv\s+|-v\s+)(\w+_proxy)\b")
_EQUALS: Word = (Literal("="),)


def before(instruction: Instruction, stage: Recipe) -> Iterator[Command]:
    """The ARGs for the proxies that a RUN reads and nothing declares yet, each with its other spelling in front."""
    known = stage.arguments.mappings.builtin_arguments
    text = "\n".join(instruction.texts)
    read = [name for name in sorted(set(_READ.findall(text))) if known.get(name, {}).get("kind") == "proxy"]
    new = [name for name in read if name.lower() not in stage.proxies]
    for lower in dict.fromkeys(name.lower() for name in new):
        stage.proxies.add(lower)
        spellings = (lower, lower.upper())
        if any(spelling in stage.scope.bindings or spelling in stage.own_arguments for spelling in spellings):
            continue  # an ARG declares it, or an ENV sets it
        name = lower if lower in read else lower.upper()
        others = _mentioned_elsewhere(stage) & set(spellings)
        if others or any(map(lists_environment, _runs(stage))):
            stage.warn("EM328", instruction, name=name)
            continue
        stage.warn("EM322", instruction, name=name)
        yield from _declared(name, spellings, set(read), instruction, stage)


def _declared(
    name: str, spellings: tuple[str, str], read: set[str], instruction: Instruction, stage: Recipe
) -> Iterator[Command]:
    """The other spelling, then the one that is read, which takes its value from the other where it has none.

    Where both are read, a LET gives the first the value of the second.
    """
    lower, upper = spellings
    first, second = (upper, lower) if name == lower and upper not in read else (lower, upper)
    for one in spellings:
        if re.search(rf"\$\{{{one}[-+?]|-v\s+{one}\b", stage.text):
            stage.warn("EM302", instruction, name=one)
    keeps = [stage.scope.may_be_environment(one) for one in (first, second)]
    meaning: Word = (Variable(first),) if keeps[0] else ()
    yield _argument(first, f"${first}" if keeps[0] else "", meaning, instruction)
    own: Word = (Variable(second, ":-", (Variable(first),)),) if keeps[1] else (Variable(first),)
    yield _argument(second, f"${{{second}:-${first}}}" if keeps[1] else f"${first}", own, instruction)
    stage.scope.declared |= {first, second}
    if {lower, upper} <= read:
        stage.scope.reassigned.add(lower)
        words = ((Literal(lower),), _EQUALS, (Variable(upper),))
        yield Command.of("LET", f"{lower}=${upper}", source=instruction.span, meaning=Words(words))


def _argument(name: str, text: str, meaning: Word, instruction: Instruction) -> Command:
    words: tuple[Word, ...] = ((Literal(name),), _EQUALS, meaning) if text else ((Literal(name),),)
    return Command.of("ARG", f"{name}={text}" if text else name, source=instruction.span, meaning=Words(words))


def _runs(stage: Recipe) -> Iterator[Instruction]:
    instructions = stage.arguments.plan.graph.stages[stage.stage].instructions
    return (item for item in instructions if item.keyword == "RUN")


def _mentioned_elsewhere(stage: Recipe) -> frozenset[str]:
    """The names in the other instructions of the stage: there an argument would be expanded, and Docker's is not."""
    instructions = stage.arguments.plan.graph.stages[stage.stage].instructions
    return mentions(item for item in instructions if item.keyword != "RUN")
