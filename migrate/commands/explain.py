"""``earthmigrate explain``."""

from __future__ import annotations

import click

from migrate.commands.options import FORMAT, write_stdout


@click.command()
@click.argument("code", required=False)
@click.option("--all", "every", is_flag=True, help="List all codes.")
@FORMAT
def explain(code: str | None, every: bool, style: str) -> None:
    """Tell what a diagnostic means, why it is there, and what to do.

    CODE is a code such as EM190, or a name such as input-not-found.
    """
    from migrate.report import explanations

    if (code is None) != every:
        raise click.UsageError("Name one code, or ask for --all.")
    if code is None:
        write_stdout(explanations.listing(as_json=style == "json"))
        return
    text = explanations.explained(code, as_json=style == "json")
    if text is None:
        close = explanations.similar(code)
        raise click.BadParameter(
            f"{code} is not known." + (f" Did you mean {' or '.join(close)}?" if close else ""), param_hint="CODE"
        )
    write_stdout(text)
