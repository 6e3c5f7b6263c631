"""Several Dockerfiles of one build context in one Earthfile: prefixes, shared global arguments, wrapper targets."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from migrate.context import Context
from migrate.convert import Conversion, convert
from migrate.diagnostics import Collector
from migrate.earthfile.model import Command, Earthfile, Item, Remark, Target
from migrate.earthfile.printer import render_file
from migrate.mappings import Mappings
from migrate.plan import unique_name
from migrate.settings import Settings
from migrate.sharing import shared
from migrate.standing import arguments

_GLOBAL = re.compile(r"^[ \t]*ARG[ \t]+([^\n]*)", re.IGNORECASE | re.MULTILINE)
_FROM = re.compile(r"^[ \t]*FROM[ \t]", re.IGNORECASE | re.MULTILINE)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
#: What is declared or read as a variable: the name before a ``=``, behind a ``$``, or of a bare ARG.
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?==)|(?<=\$)[A-Za-z_]\w*|(?<=\$\{)[A-Za-z_]\w*|(?<=ARG )[A-Za-z_]\w*")


class Part(NamedTuple):
    """One Dockerfile: its path in the repository, its bytes, its context, and what is wanted of it.

    ``open_names``: a target that saves the image under a list of names is wanted.
    """

    path: str
    source: bytes
    settings: Settings
    context: Context
    open_names: bool = False
    platforms: tuple[str, ...] = ()
    """The platforms for which one call builds the image together."""


class Others(NamedTuple):
    """What somebody else has in the Earthfile: names that new targets must not take, and every word.

    ``shared``: global arguments in the file that are ours; no other is added to it.
    """

    targets: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    shared: frozenset[str] = frozenset()


class Wrapper(NamedTuple):
    """The target that saves one image under a list of names, and the argument that takes the list."""

    target: str
    argument: str


class Combined(NamedTuple):
    """The Earthfile for all parts, its ignore file, and each part's conversion in the order of the parts."""

    text: str | None
    ignore: str | None
    conversions: tuple[Conversion, ...]
    wrappers: Mapping[str, Wrapper]
    """Dockerfile -> the target for open lists of names."""
    platforms: Mapping[str, Wrapper]
    """Dockerfile -> the target that builds the image for all of its platforms."""
    everything: str | None
    """The target that builds all images, when there is more than one."""
    document: Earthfile | None = None
    """The Earthfile before it was printed."""
    docker_ignore: str = ""
    """The text of Docker's ignore file that ``ignore`` is made from."""


def combine(parts: Sequence[Part], mappings: Mappings, others: Others | None = None) -> Combined:
    """Convert ``parts``, which share one context, into one Earthfile. A part that cannot be converted is left out."""
    names = prefixes([part.path for part in parts])
    private = _private(parts)
    if others is not None:
        private |= {name for part in parts for name in _header(part.source.decode("utf-8", "replace"))} - others.shared
    free = others.targets if others is not None else frozenset()
    done = _converted(parts, names, private, free, mappings)
    if private_too := _hidden_by_one(parts, done) - private:
        done = _converted(parts, names, private | private_too, free, mappings)
    taken = set(free).union(*(_names(conversion) for conversion in done))
    if len(done) > 1:
        kept = frozenset(target for part in parts for _, target in part.settings.target_names)
        done = _once(done, kept, mappings)
    documents = [conversion.document for conversion in done if conversion.document is not None]
    if not documents:
        return Combined(None, None, tuple(done), {}, {}, None)
    wrappers: dict[str, Wrapper] = {}
    platforms: dict[str, Wrapper] = {}
    extra: list[Target] = []
    sources = [*(item.source for item in parts), _as_source(others.words if others is not None else ())]
    for part, conversion in zip(parts, done, strict=True):
        if conversion.document is None or part.settings.image_argument is None:
            continue
        target, argument = dict(conversion.images)[""], _free("images", sources)
        if part.open_names:
            wrappers[part.path] = Wrapper(unique_name(f"{target}-tags", taken), argument)
            extra.append(_loop(wrappers[part.path], target, part, ()))
        if part.platforms:
            platforms[part.path] = Wrapper(unique_name(f"{target}-platforms", taken), argument)
            extra.append(_loop(platforms[part.path], target, part, part.platforms))
    everything = None
    if len(documents) > 1:
        everything = unique_name("all", taken)
        extra.append(Target(everything, tuple(Command.of("BUILD", f"+{target}") for target in _together(parts, done))))
    document = _merged(documents, extra)
    alone = next((item for item in done if item.document == document), None)
    text = alone.files[0].text if alone is not None else render_file(document)[0]
    texts = [ignore_text(part) for part in parts]
    docker = next((text for text, item in zip(texts, done, strict=True) if item.sources), texts[0])
    wanted = [item.files[1].text for text, item in zip(texts, done, strict=True) if text == docker and item.files[1:]]
    ignore = (*wanted, None)[0]
    return Combined(text, ignore, tuple(done), wrappers, platforms, everything, document, docker)


def _converted(
    parts: Sequence[Part],
    names: Mapping[str, str],
    private: frozenset[str],
    free: frozenset[str],
    mappings: Mappings,
) -> list[Conversion]:
    """Each part with target names that no other has; ``free`` are those that somebody else uses."""
    taken = set(free)
    done: list[Conversion] = []
    named = ((part.path, {target for _, target in part.settings.target_names}) for part in parts)
    earlier = {path: targets for path, targets in named if targets}
    for part in parts:
        reserved = taken.union(*(targets for path, targets in earlier.items() if path != part.path))
        settings = replace(
            part.settings, prefix=names[part.path], reserved=frozenset(reserved), private_arguments=private
        )
        done.append(convert(part.source, settings, path=part.path, context=part.context, mappings=mappings))
        taken |= _names(done[-1])
    return done


def _names(conversion: Conversion) -> frozenset[str]:
    document = conversion.document
    return frozenset(target.name for target in document.targets) if document is not None else frozenset()


def _hidden_by_one(parts: Sequence[Part], done: Sequence[Conversion]) -> frozenset[str]:
    """Arguments that one part makes global and another, which declares them too, keeps out of its stages."""
    found: set[str] = set()
    documents = [conversion.document for conversion in done]
    globals_ = [frozenset(arguments(document)) if document is not None else frozenset() for document in documents]
    everywhere = frozenset().union(*globals_)
    for part, document, own in zip(parts, documents, globals_, strict=True):
        if document is not None:
            found |= everywhere & (_header(part.source.decode("utf-8", "replace")).keys() - own)
    return frozenset(found)


def ignore_text(part: Part) -> str:
    """Docker's ignore file for one Dockerfile."""
    found = part.context.ignore_text()
    return found[1] if found is not None else ""


def _once(done: Sequence[Conversion], kept: frozenset[str], mappings: Mappings) -> list[Conversion]:
    """The conversions with equal targets written once, which is said on the stage that has no target of its own."""
    found, gone = shared(done, kept)
    for item in gone:
        conversion = found[item.number]
        stages = [result for result in done[item.number].targets if result.target == item.target.name]
        if stages and stages[0].stage is not None:
            collector = Collector(conversion.path, mappings.diagnostics)
            collector.report("EM814", item.target.source, stage=stages[0].stage, target=item.of)
            found[item.number] = conversion._replace(diagnostics=(*conversion.diagnostics, *collector.diagnostics))
    return found


def _together(parts: Sequence[Part], done: Sequence[Conversion]) -> Iterator[str]:
    """The targets that can be built in one call: earth refuses one that saves an image name for the second time."""
    seen: set[str] = set()
    for part, conversion in zip(parts, done, strict=True):
        names = {"": part.settings.images} | {item.stage: item.images for item in part.settings.saved}
        for stage, target in conversion.images:
            mine = {name if ":" in name.rpartition("/")[2] else f"{name}:latest" for name in names.get(stage, ())}
            if not mine & seen:
                yield target
            seen |= mine


def prefixes(paths: Sequence[str]) -> dict[str, str]:
    """What the targets of each Dockerfile start with: nothing for one alone and for a plain Dockerfile."""
    if len(paths) == 1:
        return {paths[0]: ""}
    found: dict[str, str] = {}
    counts = Counter(_short(path) for path in paths)
    for path in paths:
        name = _short(path)
        if counts[name] > 1:
            name = "-".join(part for part in (_legal(posixpath.dirname(path)), name) if part)
        found[path] = name
    return found


@lru_cache(maxsize=1024)
def _short(path: str) -> str:
    """``dev`` for Dockerfile.dev, dev.Dockerfile and Dockerfile-dev; "" for a plain Dockerfile."""
    name = posixpath.basename(path)
    stem = re.sub(r"(?i)^(?:docker|container)file[._-]?|[._-]?(?:docker|container)file$", "", name)
    return _legal(stem)


def _legal(text: str) -> str:
    legal = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return f"image-{legal}" if legal[:1].isdigit() else legal


def _free(name: str, sources: Collection[bytes]) -> str:
    """``name``, or a variant that no Dockerfile uses: the argument of a call reaches every target that declares it."""
    chosen, number = name, 2
    while any(_uses(source, chosen) for source in sources):
        chosen, number = f"{name}_{number}", number + 1
    return chosen


def _uses(source: bytes, name: str) -> bool:
    text = name.encode()
    lines = [line for line in source.split(b"\n") if text in line] if text in source else ()
    return any(name in _VARIABLE.findall(line.decode("utf-8", "replace")) for line in lines)


def _as_source(words: Iterable[str]) -> bytes:
    return " ".join(f"${word}" for word in words).encode()


def image_argument(parts: Sequence[tuple[str, bytes]], path: str, words: Iterable[str] = ()) -> str:
    """The name of the ARG that names the image of ``path``, among the Dockerfiles ``parts`` of one Earthfile.

    ``words`` are those of the Earthfile's other lines.
    """
    prefix = prefixes([name for name, _ in parts])[path].replace("-", "_")
    name = f"{prefix}_image" if prefix else "image"
    return _free(name, (*(source for _, source in parts), _as_source(words)))


def _private(parts: Sequence[Part]) -> frozenset[str]:
    """Global arguments that several parts declare with other texts, or that another part's stages mention."""
    if len(parts) == 1:
        return frozenset()
    texts = [part.source.decode("utf-8", "replace") for part in parts]
    headers = [_header(text) for text in texts]
    declared = {name: {header[name] for header in headers if name in header} for name in set().union(*headers)}
    found: set[str] = {name for name, written in declared.items() if len(written) > 1}
    for header, text in zip(headers, texts, strict=True):
        # Nothing is read in a text that declares all of them itself.
        if others := declared.keys() - header.keys() - found:
            found |= others.intersection(_NAME.findall(text))
    return frozenset(found)


def _header(text: str) -> dict[str, str]:
    """Name -> text of the arguments in front of the first FROM."""
    first = _FROM.search(text)
    header = text[: first.start()] if first else text
    found = {}
    for match in _GLOBAL.finditer(header):
        name = _NAME.match(match.group(1))
        if name:
            found[name.group()] = match.group(1).strip()
    return found


def _merged(documents: Sequence[Earthfile], extra: Sequence[Target]) -> Earthfile:
    """All base recipes, equal items once, and all targets."""
    base: list[Item] = []
    seen: set[object] = set()
    for document in documents:
        for item in document.base:
            key = _without_blanks(item.lines) if isinstance(item, Remark) else (item.keyword, item.lines)
            if key not in seen:
                seen.add(key)
                if base and isinstance(base[-1], Remark):
                    # Right above the next item, the comment would be that item's.
                    base[-1] = base[-1]._replace(lines=(*_without_blanks(base[-1].lines), ""))
                base.append(item)
    targets = [target for document in documents for target in document.targets]
    trailing = tuple(line for document in documents for line in document.trailing)
    return documents[0]._replace(base=tuple(base), targets=(*targets, *extra), trailing=trailing)


def _without_blanks(lines: tuple[str, ...]) -> tuple[str, ...]:
    """``lines`` without the blank ones at the end."""
    return _without_blanks(lines[:-1]) if lines and not lines[-1] else lines


def _loop(wrapper: Wrapper, target: str, part: Part, platforms: Sequence[str]) -> Target:
    """One build, any number of names: only this target needs a shell (facts: call sites, section 2)."""
    flags = "".join(f"--platform={platform} " for platform in platforms)
    what = f" for {', '.join(platforms)}" if platforms else ""
    names = " ".join(part.settings.images)
    default = f'{wrapper.argument}="{names}"' if platforms else f"--required {wrapper.argument}"
    return Target(
        wrapper.target,
        (
            Command.of("FROM", part.settings.helper_image),
            Command.of("ARG", default),
            Command.of("FOR", f'--sep="\\n\\t ," name IN "${wrapper.argument}"'),
            Command.of("BUILD", f"{flags}+{target} --{part.settings.image_argument}=$name", depth=1),
            Command.of("END"),
        ),
        (f"# Saves the image of +{target}{what} under every name in --{wrapper.argument}.",),
    )
