"""``earthmigrate report``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from migrate.commands.options import EXIT_NOTHING, MAPPINGS, QUIET, overlaid


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False))
@MAPPINGS
@QUIET
def report(folder: str, mappings: str | None, quiet: bool) -> None:
    """Write the report of a batch anew, from DIR/results.jsonl.

    DIR gets index.html, summary.md, results.csv, commands.txt, base-images.yaml and a page for each repository and each
    diagnostic.
    With --mappings the section effort of FILE says what work is reckoned with.
    """
    from migrate import auditfiles
    from migrate.diagnostics import visible
    from migrate.disk import reason
    from migrate.report.audit.figures import count
    from migrate.results import ResultError

    path = Path(folder, auditfiles.RESULTS).as_posix()
    try:
        written = auditfiles.write(Path(folder), overlaid(mappings))
    except OSError as error:
        click.echo(f"error: {visible(error.filename or path)}: {reason(error)}", err=True)
        sys.exit(EXIT_NOTHING)
    except ResultError as error:
        click.echo(f"error: {visible(path)}: {visible(str(error))}", err=True)
        sys.exit(EXIT_NOTHING)
    if not quiet:
        click.echo(f"{visible(written.page.as_posix())}: {count(written.repositories, 'repository')}", err=True)
