"""The command line: one group; each command is a module of migrate.commands, loaded when it is asked for.

Only click and the standard library are imported there; everything else is, inside the commands, when one of them runs.
"""

from __future__ import annotations

import importlib
import signal
import sys
from typing import Any

import click

from migrate import __version__

_COMMANDS = ("batch", "convert", "explain", "repo", "report", "verify")


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        found: click.Command = getattr(importlib.import_module(f"migrate.commands.{cmd_name}"), cmd_name)
        return found

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:  # click would end with 1, which stands for findings
            sys.exit(128 + signal.SIGINT)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "-V", "--version", message="%(prog)s %(version)s")
def main() -> None:
    """Move from Dockerfiles to Earthfiles.

    Exit codes: 0 done; 1 findings reach --fail-on, or --check would change something; 2 wrong usage; 3 an input could
    not be read, or nothing could be produced or written for it; 4 verify found a difference.
    """


if __name__ == "__main__":
    main(prog_name="earthmigrate")
