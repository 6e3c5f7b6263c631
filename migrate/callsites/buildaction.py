"""The inputs of docker/build-push-action as a build call (mappings/build-push-action.yaml)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Set
from typing import NamedTuple

from migrate.callsites.buildcall import BuildCall, Option
from migrate.callsites.data import Data
from migrate.callsites.translate import Left
from migrate.callsites.values import Piece, Value, double_quoted, literal_piece

#: An expression that may be a list of names: nothing stands beside it.
_ALONE = re.compile(r"\$\{\{(?:(?!\}\}).)*\}\}", re.DOTALL)
_EXPRESSION = re.compile(r"\$\{\{.*?\}\}", re.DOTALL)
#: Environment names that a step must not set by accident.
_TAKEN_NAMES = frozenset(
    ("PATH", "HOME", "SHELL", "USER", "PWD", "IFS", "CI", "LD_PRELOAD", "BASH_ENV", "GITHUB_TOKEN")
)


class Inputs(NamedTuple):
    """What the inputs of one step ask for."""

    call: BuildCall
    open_tags: Value | None
    """The list of image names, where only the run knows it."""
    environment: dict[str, str]
    """Variables for what only the run knows: name -> expression."""
    default_context: bool
    """Whether the context is the commit that git has, not the folder."""


def read(inputs: Iterable[tuple[str, str | None]], taken: Set[str], data: Data) -> Inputs:
    """The call that (name, text) ``inputs`` ask for; ``taken`` are variables that the step has. Raises Left."""
    environment: dict[str, str] = {}
    options: list[Option] = []
    context: Value | None = None
    tags: list[tuple[Value, bool]] = []
    for name, text in inputs:
        entry = data.build_push_action.get(name)
        if entry is None or text is None:
            raise Left(f"its input {name} is not known")
        if entry["option"] == "nothing" or not text.strip():
            continue
        for index, item in enumerate(_items(text, entry.get("list"))):
            base = name if index == 0 else f"{name}_{index + 1}"
            value = (_parts if name in _IN_PARTS else _value)(item, base, environment, taken)
            if name == "context":
                context = value
            elif name == "tags":
                tags.append((value, bool(_ALONE.fullmatch(item))))
            else:
                options.append(_option(entry["option"], name, value, data))
    open_tags = _joined([value for value, _ in tags]) if any(alone for _, alone in tags) else None
    if open_tags is None:
        options += [_option(data.build_push_action["tags"]["option"], "tags", value, data) for value, _ in tags]
    default = context is None or (context.text or "").startswith("{{defaultContext}}")
    if context is not None and default:
        context = Value((literal_piece((context.text or "").partition(":")[2] or "."),))
    call = BuildCall("docker", True, tuple(options), context or Value((literal_piece("."),)))
    return Inputs(call, open_tags, environment, default)


def _option(option: str, name: str, value: Value, data: Data) -> Option:
    if name == "secrets":
        value = value.before("id=") if "=" not in value.head else _secret(value)
    elif name == "secret-files":
        key = value.head.partition("=")[0]
        value = value.after(len(key) + 1).before(f"id={key},src=")
    elif name == "secret-envs":
        key = value.head.partition("=")[0]
        value = value.after(len(key) + 1).before(f"id={key},env=")
    return Option(option, data.docker_flags[option], value)


def _secret(value: Value) -> Value:
    """``K=V``: the value becomes a variable of the step, and the secret is read from it."""
    key = value.head.partition("=")[0]
    rest = value.after(len(key) + 1)
    name = "".join(piece.raw for piece in rest.pieces).removeprefix("$")
    if len(rest.pieces) != 1 or rest.text is not None or not re.fullmatch(r"[A-Za-z_]\w*", key):
        raise Left(f"the secret {key} is written into the workflow in parts")
    return Value((literal_piece(f"id={key},env={name}"),))


def _items(text: str, how: str | None) -> list[str]:
    if how is None:
        return [text.strip()]
    found = []
    for line in text.split("\n"):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        parts = [line] if how == "lines" or "${{" in line else line.split(",")
        found += [_unquoted(part.strip()) for part in parts if part.strip()]
    return found


def _unquoted(field: str) -> str:
    """A field of CSV, which is how the action reads its lists: only quotes around the whole field are its own."""
    if len(field) > 1 and field[0] == field[-1] == '"':
        return field[1:-1].replace('""', '"')
    return field


def _joined(names: Iterable[Value]) -> Value:
    """One list of all ``names``, of which some are lists that only the run knows."""
    pieces: list[Piece] = []
    for name in names:
        pieces += [Piece(" ", " ", '"')] if pieces else []
        pieces += [double_quoted(piece) for piece in name.pieces]
    return Value(tuple(pieces))


#: Inputs with options of their own: their expressions stand for one option each.
_IN_PARTS = ("cache-from", "cache-to")


def _parts(item: str, name: str, environment: dict[str, str], taken: Set[str]) -> Value:
    """``item`` with a variable for each ``${{ }}`` in it."""
    pieces, end = [], 0
    for match in _EXPRESSION.finditer(item):
        pieces += [literal_piece(item[end : match.start()])] if match.start() > end else []
        word = variable(name.upper().replace("-", "_"), match.group(), environment, taken)
        pieces.append(Piece(f"${word}", None, '"'))
        end = match.end()
    return Value((*pieces, *([literal_piece(item[end:])] if item[end:] else [])))


def _value(item: str, name: str, environment: dict[str, str], taken: Set[str]) -> Value:
    """``item`` as a shell word: what stands in ``${{ }}`` becomes a variable of the step, never text of the script."""
    matches = list(_EXPRESSION.finditer(item))
    if not matches:
        return Value((literal_piece(item),) if item else ())
    key = re.match(r"([A-Za-z_][A-Za-z0-9_]*)=", item)
    base = (key.group(1) if key else name).upper().replace("-", "_")
    pieces: list[Piece] = []
    position = key.end() if key else 0
    if key:
        pieces.append(Piece(key.group(), key.group()))
    rest = item[position:]
    if rest:
        pieces.append(Piece(f"${variable(base, rest, environment, taken)}", None, '"'))
    return Value(tuple(pieces))


def variable(base: str, expression: str, environment: dict[str, str], taken: Set[str]) -> str:
    """The name of the variable for ``expression``: one that ``environment`` has, or a new one in it."""
    for name, known in environment.items():
        if known == expression:
            return name
    name, number = base, 2
    while name in taken or name in environment or name in _TAKEN_NAMES:
        name, number = f"{base}_{number}", number + 1
    environment[name] = expression
    return name
