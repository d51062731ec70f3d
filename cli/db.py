"""``kilowatch db``: the database's schema."""

from __future__ import annotations

from dataclasses import asdict

import typer

from cli.output import JsonFlag, print_fields, print_json

app = typer.Typer(help="Prepare the database (数据库) and look at its state.", no_args_is_help=True)


@app.command()
def migrate(*, as_json: JsonFlag = False) -> None:
    """Bring the schema of KILOWATCH_DATABASE_URL up to date; again changes nothing.

    Example: KILOWATCH_DATABASE_URL=postgresql://user:password@host:5432/name kilowatch db migrate
    """
    from services.settings import load_settings
    from storage.database import connect
    from storage.migrate import migrate as run

    with connect(load_settings().require_database_url()) as connection:
        _show(asdict(run(connection)), as_json=as_json)


@app.command()
def status(*, as_json: JsonFlag = False) -> None:
    """Show the level (community, apache, plain) and the version of the schema.

    Example: kilowatch db status --json
    """
    from services.settings import load_settings
    from storage.database import connect
    from storage.migrate import status as look

    with connect(load_settings().require_database_url()) as connection:
        _show(asdict(look(connection)), as_json=as_json)


def _show(fields: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        print_json(fields)
    else:
        print_fields(fields)
