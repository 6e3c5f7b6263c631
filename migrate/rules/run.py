"""RUN: the same text for /bin/sh, on the same lines; heredocs and other shells are written out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from migrate import runprefix, runtext
from migrate.dockerfile.model import Flag, Instruction, RunDetail
from migrate.earthfile.model import Command, Item
from migrate.layout import Edit
from migrate.recipe import DEFAULT_SHELL, NotExpressible, Recipe, refuse_flags

_PROXY = re.compile(r"(?i)_proxy\b")


def convert(instruction: Instruction, stage: Recipe) -> Iterator[Item]:
    """Flags first, then the command: exec form, heredoc, or shell text."""
    detail = instruction.detail
    assert isinstance(detail, RunDetail)
    if stage.has_shell is False and instruction.exec_form is None and stage.shell == DEFAULT_SHELL:
        stage.warn("EM510", instruction)
    refuse_flags(instruction, stage.arguments.mappings)
    if _PROXY.search(instruction.text) or any(_PROXY.search(heredoc.body) for heredoc in instruction.heredocs):
        from migrate import proxies  # few files need it

        yield from proxies.before(instruction, stage)
    edits = _flag_edits(detail, instruction, stage)
    prefix = runprefix.prefix(instruction, stage)
    if prefix:
        edits.append(runprefix.inserted(prefix, instruction))
    if not any(mount.type == "bind" for mount in detail.mounts):
        yield from _with_prefix(_command(edits, instruction, stage), prefix)
        return
    from migrate import bindmounts  # few files need it

    yield from bindmounts.before(instruction, stage)
    yield from _with_prefix(_command(edits, instruction, stage), prefix)
    yield from bindmounts.after(instruction, stage)


def _with_prefix(made: Iterable[Command], prefix: str) -> Iterable[Command]:
    return (runprefix.meant(command, prefix) for command in made) if prefix else made


def _command(edits: list[Edit], instruction: Instruction, stage: Recipe) -> Iterator[Command]:
    if instruction.exec_form is not None:
        yield runtext.exec_form(instruction.exec_form, edits, instruction, stage)
        return
    runtext.report_process_number(instruction, stage)
    if instruction.heredocs:
        from migrate import runheredocs  # few files need it

        yield runheredocs.command(edits, instruction, stage)
    elif not instruction.operand.strip():
        stage.warn("EM511", instruction)
    elif stage.shell != DEFAULT_SHELL:
        yield runtext.other_shell(edits, instruction, stage)
    else:
        yield runtext.shell_form(edits, instruction)


def _flag_edits(detail: RunDetail, instruction: Instruction, stage: Recipe) -> list[Edit]:
    """What replaces each flag; removed flags take the blanks after them along, bind mounts among them."""
    by_flag = {id(mount.flag): mount for mount in detail.mounts}
    edits: list[Edit] = []
    seen: set[str] = set()
    for flag in instruction.flags:
        mount = by_flag.get(id(flag))
        if mount is not None and mount.type == "bind":
            texts = []
        elif mount is not None:
            from migrate import mounts  # only where there are some

            texts = [made.text for made in mounts.converted(mount, instruction, stage)]
        else:
            texts = _other_flag(flag, instruction, stage)
        text = " ".join(text for text in texts if text != "--ssh" or text not in seen)
        seen.update(texts)
        edits.append(_edit(flag, text, instruction))
    return edits


def _edit(flag: Flag, text: str, instruction: Instruction) -> Edit:
    end = flag.end
    # The indentation of the next line stays.
    line_end = next((start for start, _, _ in instruction.chunks if start >= end), len(instruction.text))
    while not text and end < line_end and instruction.text[end] in " \t":
        end += 1
    return flag.start, end, text


def _other_flag(flag: Flag, instruction: Instruction, stage: Recipe) -> list[str]:
    written = f"--{flag.name}={flag.value}"
    if written == "--network=none":
        return [written]
    if written in ("--network=default", "--security=sandbox"):
        return []
    if written == "--security=insecure":
        stage.warn("EM512", instruction, flag.start, flag.end)
        return ["--privileged"]
    raise NotExpressible("EM513", instruction.span_of(flag.start, flag.end), flag=written)
