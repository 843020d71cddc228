"""`flask --app wsgi check`: verifies that the database and the bucket agree, and that the stored counts are right."""

import dataclasses
import json
import sys

import click
from flask import Flask
from flask.cli import with_appcontext

from reaction_board.service import consistency
from reaction_board.service.consistency import Finding


@click.command()
@click.option("--deep", is_flag=True, help="Read every object and compare its size and hash.")
@click.option(
    "--repair",
    is_flag=True,
    help="Finish deletes and merges, delete objects without a record, correct counts and bitmaps, delete damaged"
    " thumbnails so that they are rendered again, compute missing fingerprints.",
)
@click.option("--force", is_flag=True, help="Allow --repair to delete more than a tenth of the objects.")
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON for each finding.")
@with_appcontext
def check(deep: bool, repair: bool, force: bool, as_json: bool) -> None:
    """Compare the database with the bucket in both directions, and stored counts with fresh ones.

    Exit status: 0 if nothing is wrong, 1 if something is, 2 if the board cannot be checked.
    """
    wrong = 0
    try:
        total = consistency.count_steps(repair=repair)
        with click.progressbar(length=total, file=sys.stderr, label="checking", hidden=not sys.stderr.isatty()) as bar:
            for finding in consistency.findings(deep=deep, repair=repair, force=force, tick=bar.update):
                wrong += 1
                click.echo(json.dumps(dataclasses.asdict(finding)) if as_json else _line(finding))
    except Exception as error:  # noqa: BLE001 - no error is a finding
        click.echo(f"could not be checked: {error} ({error.__cause__ or type(error).__name__})", err=True)
        sys.exit(2)
    if not wrong and not as_json:
        images = bar.pos  # without a finding, all steps were images
        click.echo(f"{images:,} image{'' if images == 1 else 's'} checked: no problems.")
    sys.exit(1 if wrong else 0)


def _line(finding: Finding) -> str:
    return f"{finding.kind}: {finding.subject}: {finding.detail}{' (repaired)' if finding.repaired else ''}"


def init_app(app: Flask) -> None:
    """Add the command to the application's command line."""
    app.cli.add_command(check)
