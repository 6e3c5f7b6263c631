"""From a build call to a call of earth: which words, in which order, and what is lost on the way.

The forms were run with both tools (facts: call sites, sections 1 and 2): options stand before the target, arguments
behind it, and nothing of docker's is left over, because earth takes an unknown option behind the target for an
argument.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from migrate.callsites.buildcall import BuildCall, Option, shown
from migrate.callsites.values import Piece, Value, double_quoted, literal, split_at

_PLAIN = re.compile(r"[A-Za-z0-9_@%+:,./-]+")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
#: Build arguments that steer Docker's frontend and nothing else.
_FRONTEND = ("BUILDKIT_", "SOURCE_DATE_EPOCH")
_SECRET = re.compile(r"(?:type=(?:file|env),)?id=([A-Za-z0-9_.-]+)(?:,type=(?:file|env))?(?:,(src|source|env)=)?")
_BUILTIN = frozenset(
    f"{side}{what}" for side in ("TARGET", "BUILD") for what in ("PLATFORM", "OS", "ARCH", "VARIANT", "OSVERSION")
)


class Place(NamedTuple):
    """Where a build lives after the migration.

    ``folder``: the Earthfile's, relative to the repository's root, "" for the root itself. ``target`` builds without a
    name; ``image_target`` saves the image. ``names``: what it is saved as by default. ``name_argument``: the argument
    that sets another name, None when there is none. ``list_target`` saves under all names in ``list_argument``.
    """

    folder: str
    target: str
    image_target: str
    names: tuple[str, ...] = ()
    name_argument: str | None = None
    list_target: str | None = None
    list_argument: str = "images"
    platform_target: str | None = None
    """Builds the image for all of ``platforms``, under the names in ``list_argument``."""
    platforms: tuple[str, ...] = ()
    lost: frozenset[str] = frozenset()
    """Build arguments that nothing reads any more: what they chose is fixed now."""
    empty_is_none: frozenset[str] = frozenset()
    """Build arguments that count as not passed when they are passed empty."""


class Note(NamedTuple):
    """A finding on a rewritten call: a code, and the fields of its message."""

    code: str
    fields: Mapping[str, str]


@dataclass(slots=True)
class EarthCall:
    """A call of earth. ``flags`` and ``arguments`` are words, ``reference`` the target without its folder.

    ``environment``: variables to set for this call alone. ``silent``: the call printed nothing before.
    """

    flags: list[Value] = field(default_factory=list)
    reference: str = ""
    arguments: list[Value] = field(default_factory=list)
    environment: list[tuple[str, Value]] = field(default_factory=list)
    silent: bool = False
    names: tuple[str, ...] = ()
    """What the image is saved as when the call gives no name."""
    notes: list[Note] = field(default_factory=list)


class Left(Exception):
    """The call cannot be rewritten; the text completes "this call stays: ..."."""


class Facts(NamedTuple):
    """What the carrier knows around a call: names that are surely in the environment, files that exist."""

    exported: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()
    open_names: Value | None = None
    """A list of image names that only the run knows, told apart by blanks, commas or lines."""
    dynamic: bool = False
    """Whether a switch may have a value that only the run knows: a workflow's input."""


def translate(call: BuildCall, place: Place, facts: Facts | None = None) -> EarthCall:
    """The call of earth for ``call``. Raises Left."""
    facts = facts or Facts()
    _check(call, facts)
    together = platforms(call)
    if together:
        place = _for_platforms(together, call, place)
    made = EarthCall(silent=call.switched("quiet"), names=place.names)
    push = _push(call)
    loads = call.switched("load") or _loads_by_output(call)
    if facts.open_names is not None:
        _open_names(facts.open_names, place, made)
    else:
        _name(call.values("image"), place, push is not None, made)
    named = facts.open_names is not None or bool(call.values("image"))
    kept = call.last("output") is not None and not all(_kind(value) == "cacheonly" for value in call.values("output"))
    if not loads and (push is not None or not (named or kept)):
        made.flags.append(literal("--ci"))
    if push is not None:
        made.flags.append(push)
    for option in call.options:
        kind, value = option.entry["becomes"], option.value
        chosen = kind == "argument" and value is not None and (value.head.partition("=")[0] in place.lost)
        if kind == "argument" and value is not None and value.text in [f"{name}=" for name in place.empty_is_none]:
            raise Left(f"--build-arg {value.text}: the Earthfile cannot tell an empty one from one that is not passed")
        if not (together and kind == "platform") and not chosen:
            _option(option, made, facts)
    made.notes += [Note("EM240", {"platform": one}) for one in together if _has_variant(one)]
    return made


def platforms(call: BuildCall) -> tuple[str, ...]:
    """The platforms of a call for several, () for one or none. Raises Left when they are not known."""
    values = call.values("platform")
    texts = [value.text for value in values]
    written = shown(values[0]) if values else ""
    many = "," in written or (texts[:1] == [None] and re.search(r"(?i)platforms|\$\{?(?:archs|arches)\b", written))
    if len(values) < 2 and not many:
        return ()
    if None in texts:
        raise Left(f"--platform {shown(values[0])}: which platforms these are is only known when it runs")
    return tuple(sorted({part.strip() for text in texts for part in (text or "").split(",")}))


def _for_platforms(together: tuple[str, ...], call: BuildCall, place: Place) -> Place:
    """``place`` with the target for several platforms where the one for names would be used."""
    if place.platform_target is None or together != place.platforms:
        raise Left(f"--platform {','.join(together)}: several platforms need a target with BUILD --platform")
    if _push(call) is None and not call.values("image"):
        raise Left("it builds for several platforms and keeps no image")
    target = place.platform_target
    return place._replace(target=target, image_target=target, list_target=target, name_argument=None)


def _check(call: BuildCall, facts: Facts) -> None:
    """Raise Left for what no call of earth can say."""
    if call.problem:
        raise Left(call.problem)
    for option in call.options:
        entry = option.entry
        if entry["becomes"] == "left" and not (option.value is not None and option.value.text == "false"):
            raise Left(f"--{option.name}: {entry['reason']}")
        known = option.value is None or option.value.text is not None
        if not known and not entry["value"] and not (facts.dynamic and entry["becomes"] in ("push", "flag")):
            raise Left(f"--{option.name}: its value is only known when it runs")
    for value in call.values("output"):
        _check_output(value)
    for value in call.values("network"):
        if value.text not in ("default", "none"):
            raise Left(f"--network {shown(value)}: earth knows no other network than its builder's")


def _check_output(value: Value) -> None:
    text = value.text
    if text is None:
        raise Left(f"--output {shown(value)} is only known when it runs")
    kind, options = _output(text)
    if kind in ("docker", "image", "registry") and set(options) <= {"type", "push", "name"}:
        return
    if kind == "cacheonly":
        return
    raise Left(f"--output {text}: write SAVE ARTIFACT in the target and call earth --artifact")


def _output(text: str) -> tuple[str, dict[str, str]]:
    """The type and the options of an --output value; a bare path is type local."""
    if "=" not in text:
        return "local", {"dest": text}
    options = dict(part.partition("=")[::2] for part in text.split(","))
    return options.get("type", ""), options


def _kind(value: Value) -> str:
    return _output(value.text or "")[0]


def _push(call: BuildCall) -> Value | None:
    """The word that makes earth push, None when nothing is pushed."""
    found = [option.value for option in call.options if option.name == "push"]
    if found and found[-1] is not None and found[-1].text is None:
        return _switch("--push", found[-1])
    if call.switched("push"):
        return literal("--push")
    outputs = [_output(value.text or "") for value in call.values("output")]
    if any(kind == "registry" or options.get("push") == "true" for kind, options in outputs):
        return literal("--push")
    return None


def _switch(flag: str, value: Value) -> Value:
    """``flag=value`` for a value that only the run knows: empty is false to docker and earth, an error to earthly."""
    raw = value.pieces[0].raw
    filled = Piece(f"${{{raw[1:]}:-false}}" if _NAME.fullmatch(raw[1:]) else raw, None, '"')
    return Value((Piece(f"{flag}=", f"{flag}="), filled, *value.pieces[1:]))


def _loads_by_output(call: BuildCall) -> bool:
    return any(_output(value.text or "")[0] == "docker" for value in call.values("output"))


def _name(tags: tuple[Value, ...], place: Place, pushes: bool, made: EarthCall) -> None:
    """The target, and the argument that gives the image its name."""
    if not tags:
        if pushes:
            raise Left("it pushes an image without a name")
        made.reference = place.target
        return
    made.reference = place.image_target
    tags = tuple(_once(tags))
    if [tag.text for tag in tags] == list(place.names) or _same_names(tags, place.names):
        return
    if len(tags) == 1 and place.name_argument is not None:
        made.arguments.append(tags[0].before(f"--{place.name_argument}="))
        return
    if place.list_target is None:
        raise Left("its image names differ from those that the Earthfile saves")
    made.reference = place.list_target
    pieces: list[Piece] = []
    for tag in tags:
        pieces += [Piece(" ", " ", '"')] if pieces else []
        pieces += [double_quoted(piece) for piece in tag.pieces]
    made.arguments.append(Value(tuple(pieces)).before(f"--{place.list_argument}="))


def _once(tags: tuple[Value, ...]) -> Iterator[Value]:
    """Each name once: earth refuses an image that is saved twice under one name."""
    seen = set()
    for tag in tags:
        name = tagged(tag.text) or shown(tag)
        if name not in seen:
            seen.add(name)
            yield tag


def _open_names(names: Value, place: Place, made: EarthCall) -> None:
    if place.list_target is None:
        raise Left("its image names are only known when it runs")
    made.reference = place.list_target
    made.arguments.append(Value((Piece(f"--{place.list_argument}=", f"--{place.list_argument}="), *names.pieces)))


def _same_names(tags: tuple[Value, ...], names: tuple[str, ...]) -> bool:
    """A name without a tag is :latest to both tools."""
    return [tagged(tag.text) for tag in tags] == [tagged(name) for name in names]


def tagged(name: str | None) -> str | None:
    """``name`` with the tag that both tools add to one without."""
    return name if name is None or ":" in name.rpartition("/")[2] or "@" in name else f"{name}:latest"


def _option(option: Option, made: EarthCall, facts: Facts) -> None:
    entry, value = option.entry, option.value
    becomes = entry["becomes"]
    if becomes == "argument" and value is not None:
        _argument(value, made, facts)
    elif becomes == "flag":
        if value is not None and value.text is None:
            made.flags.append(_switch(entry["earth"], value))
        elif value is None or value.text != "false":
            made.flags.append(literal(entry["earth"]))
    elif becomes == "platform" and value is not None:
        _platform(value, made)
    elif becomes == "secret" and value is not None:
        _secret(value, made, facts)
    elif becomes == "ssh" and value is not None:
        if value.text != "default":
            raise Left(f"--ssh {shown(value)}: earth forwards the default agent only")
    elif becomes in ("cache-from", "cache-to") and value is not None:
        _cache(option.name, value, made)
    elif becomes == "allow" and value is not None:
        if value.text != "security.insecure":
            raise Left(f"--allow {shown(value)} has no equal")
        made.flags.append(literal("--allow-privileged"))
    elif becomes == "lost" or (becomes in ("attest", "add-host", "label") and not _is_off(value)):
        reason = entry.get("reason", "write LABEL in the Earthfile's target instead")
        made.notes.append(_lost(f"--{option.name}", reason))
    elif becomes == "network" and value is not None and value.text == "none":
        made.notes.append(_lost("--network none", "write RUN --network=none in the target"))
    elif becomes == "progress" and value is not None and value.text == "rawjson":
        raise Left("--progress rawjson: earth prints no such records")


def _lost(option: str, reason: str) -> Note:
    return Note("EM802", {"option": option, "reason": reason})


def _is_off(value: Value | None) -> bool:
    return (value is not None and value.text in ("false", "disabled=true")) or (
        value is not None and (value.text or "").endswith("disabled=true")
    )


def _argument(value: Value, made: EarthCall, facts: Facts) -> None:
    """``--build-arg K=V`` and ``--build-arg K``."""
    match = _NAME.match(value.head)
    if match is None:
        raise Left(f"--build-arg {shown(value)}: its name is only known when it runs")
    name = match.group()
    if value.head == "BUILDKIT_INLINE_CACHE=1":
        made.flags.append(literal("--save-inline-cache"))
        return
    if name.startswith(_FRONTEND):
        made.notes.append(_lost(f"--build-arg {name}", "it steers Docker's frontend only"))
        return
    if name in _BUILTIN:
        made.notes.append(_lost(f"--build-arg {name}", "earth sets it from --platform"))
        return
    if value.head[match.end() :].startswith("="):
        made.arguments.append(_named(name, value))
    elif value.text != name:
        raise Left(f"--build-arg {shown(value)}: its name is only known when it runs")
    elif name in facts.exported:
        made.arguments.append(Value((Piece(f"--{name}=", f"--{name}="), Piece(f"${name}", None, '"'))))
    else:
        # Unset means: not passed. ${K+word} is that, in every POSIX shell.
        made.arguments.append(Value((Piece(f'${{{name}+--{name}="${name}"}}', None),)))


def _named(name: str, value: Value) -> Value:
    """``value``, which starts with NAME=, as an argument of earth: single quotes hold the value alone."""
    if value.pieces[0].quote == "'" and (value.pieces[0].text or "").startswith(f"{name}="):
        rest = value.after(len(name) + 1)
        plain = rest.text is not None and _PLAIN.fullmatch(rest.text)
        return (literal(rest.text or "") if plain else rest).before(f"--{name}=")
    return value.before("--")


def _platform(value: Value, made: EarthCall) -> None:
    made.flags.append(value.before("--platform="))
    if _has_variant(value.text or ""):
        made.notes.append(Note("EM240", {"platform": value.text or ""}))


def _has_variant(platform: str) -> bool:
    """Whether Docker writes a variant into the config of an image for ``platform``: for all of 32-bit arm."""
    machine = platform.partition("/")[2]
    return machine == "arm" or ("/" in machine and machine not in ("amd64/v1", "arm64/v8"))


def _secret(value: Value, made: EarthCall, facts: Facts) -> None:
    """``id=K[,src=F|,env=E]``: earth splits ``--secret K=V`` at commas, so values never stand on its command line."""
    if value.text is None and not value.head.startswith("id="):
        raise Left(f"--secret {shown(value)} is only known when it runs")
    match = _SECRET.match(value.head)
    if match is None:
        raise Left(f"--secret {shown(value)} is not understood")
    name, kind = match.groups()
    rest = value.after(match.end())
    if "," in (rest.text if rest.text is not None else shown(rest)):
        raise Left(f"--secret {shown(value)} is not understood")
    if kind in ("src", "source"):
        made.flags += [literal("--secret-file"), rest.before(f"{name}=")]
    elif kind == "env":
        if rest.text is None or not _NAME.fullmatch(name):
            raise Left(f"--secret {shown(value)}: earth reads a secret from a variable of the secret's own name")
        if rest.text != name:
            made.environment.append((name, Value((Piece(f"${rest.text}", None, '"'),))))
        made.flags += [literal("--secret"), literal(name)]
    elif rest.pieces:
        raise Left(f"--secret {shown(value)} is not understood")
    elif name in facts.exported:
        made.flags += [literal("--secret"), literal(name)]
    elif name in facts.files:
        made.flags += [literal("--secret-file"), literal(f"{name}=./{name}")]
    else:
        raise Left(f"--secret id={name}: it comes from a variable or a file of that name, and nothing here says which")


def _cache(flag: str, value: Value, made: EarthCall) -> None:
    options = {part.head.partition("=")[0]: part for part in split_at(value, ",")}
    if value.text is not None and "=" not in value.text:
        options = {"type": literal("type=registry"), "ref": value.before("ref=")}
    kind = options.get("type", literal("type=registry")).text
    if kind is None or any(not name.isascii() or not name for name in options):
        raise Left(f"--{flag} {shown(value)} is only known when it runs")
    if kind == "type=registry" and "ref" in options:
        name = "--remote-cache=" if flag == "cache-to" else "--cache-from="
        made.flags.append(options["ref"].after(len("ref=")).before(name))
        mode = options.get("mode", literal("")).text
        if mode is None:
            raise Left(f"--{flag} {shown(value)} is only known when it runs")
        if flag == "cache-to" and mode == "mode=max":
            made.flags.append(literal("--max-remote-cache"))
    elif kind == "type=inline":
        made.flags.append(literal("--save-inline-cache" if flag == "cache-to" else "--use-inline-cache"))
    else:
        reason = "earth keeps caches in a registry (--remote-cache) or in its builder"
        made.notes.append(_lost(f"--{flag} {shown(value)}", reason))
