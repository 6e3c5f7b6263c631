"""A command whose options a repository may set: its settings stand in for options that nobody gives."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from migrate.choice import Choice


class ConfiguredCommand(click.Command):
    """Reads ``[tool.earthmigrate]`` and .earthmigrate.yaml of the repository that the argument ``path`` lies in.

    ``exact``: the path is the root of the repository. What stands on the command line, or in a variable, wins.
    """

    exact = False

    def invoke(self, ctx: click.Context) -> Any:
        """Fill in settings, then run."""
        from migrate import configuration

        path = Path(ctx.params.get("path") or ".")
        root = path if self.exact else configuration.root_of(path if str(path) != "-" else Path())
        try:
            settings = configuration.read(root) if root is not None else {}
        except configuration.ConfigurationError as error:
            raise click.UsageError(str(error)) from None
        for option in self.params:
            names = {name.removeprefix("--") for name in option.opts}
            key = next((name for name in sorted(names) if name in settings), None)
            source = ctx.get_parameter_source(option.name) if option.name is not None else None
            if key is None or option.name is None or source is not ParameterSource.DEFAULT:
                continue
            try:
                ctx.params[option.name] = option.process_value(ctx, settings[key].value)
            except click.BadParameter as error:
                raise click.UsageError(f"{settings[key].place}: {key}: {error.message}") from None
        return super().invoke(ctx)


class RepositoryCommand(ConfiguredCommand):
    """The same, for a command whose path is a whole repository."""

    exact = True


def choice_of(params: Mapping[str, Any]) -> Choice:
    """What the parameters of ``repo`` or ``batch`` choose; what makes no choice is a usage error."""
    from migrate.callsites.data import builtin
    from migrate.choice import OPTIONS, ChoiceError, chosen

    given = {name: params[name.replace("-", "_")] for name in OPTIONS}
    try:
        return chosen(given, builtin())
    except ChoiceError as error:
        raise click.BadParameter(f"{error}.", param_hint=f"--{error.option}") from None
