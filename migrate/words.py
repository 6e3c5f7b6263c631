"""What a word means once its quotes and escapes are read: literals and variables.

Both languages are read into these parts (``dockerfile/words.py`` by BuildKit's rules,
``earthfile/quoting.py`` by earth's), so "means the same" is plain equality.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Literal:
    """Text that stands for itself."""

    text: str


@dataclass(frozen=True, slots=True)
class Variable:
    """``$name`` or ``${name<operator>operand}``.

    ``operator`` is one of ``"" - :- + :+ ? :? # ## % %% / //``; ``operand`` is the word, message or
    pattern after it, ``replacement`` the part after the second slash of ``/`` and ``//``.
    """

    name: str
    operator: str = ""
    operand: Word = ()
    replacement: Word = ()


@dataclass(frozen=True, slots=True)
class ShellOut:
    """``$(command)`` in an Earthfile word: earth runs it. A Dockerfile word never has one."""

    command: str


Part: TypeAlias = Literal | Variable | ShellOut
Word: TypeAlias = tuple[Part, ...]


def merged(parts: list[Part]) -> Word:
    """``parts`` with neighbouring literals joined and empty ones dropped: one spelling per meaning."""
    result: list[Part] = []
    for part in parts:
        if isinstance(part, Literal):
            if not part.text:
                continue
            if result and isinstance(result[-1], Literal):
                result[-1] = Literal(result[-1].text + part.text)
                continue
        result.append(part)
    return tuple(result)


def variables(word: Word) -> list[Variable]:
    """Every variable of ``word`` in text order, those inside operands included."""
    found: list[Variable] = []
    for part in word:
        if isinstance(part, Variable):
            found.append(part)
            found += variables(part.operand)
            found += variables(part.replacement)
    return found


def renamed(word: Word, names: Mapping[str, str]) -> Word:
    """``word`` with its variables under other names."""
    return merged(
        [
            replace(
                part,
                name=names.get(part.name, part.name),
                operand=renamed(part.operand, names),
                replacement=renamed(part.replacement, names),
            )
            if isinstance(part, Variable)
            else part
            for part in word
        ]
    )


def literal_text(word: Word) -> str | None:
    """The text of a word without variables, else None."""
    texts = [part.text for part in word if isinstance(part, Literal)]
    return "".join(texts) if len(texts) == len(word) else None
