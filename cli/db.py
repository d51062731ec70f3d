"""``kilowatch db``: the database's schema."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

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


@app.command()
def retention(
    table: Annotated[str | None, typer.Argument(help="A table; without one all are listed.")] = None,
    days: Annotated[float | None, typer.Option(min=1, help="Keep its rows so many days.")] = None,
    *,
    forever: Annotated[bool, typer.Option("--forever", help="Keep its rows for ever.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Show or set how long each table is kept; nothing but raw frames is dropped unless it is set here.

    Example: kilowatch db retention electrical_reading --days 730
    """
    from datetime import timedelta

    from services.settings import load_settings
    from storage import retention as kept
    from storage.database import connect

    if (table is None) != (days is None and not forever) or (days is not None and forever):
        raise typer.BadParameter("name a table with either --days or --forever, or nothing to list all")
    with connect(load_settings().require_database_url()) as connection:
        if table is not None:
            kept.set_retention(connection, table, None if days is None else timedelta(days=days))
        found = kept.retention(connection)
    shown = {name: None if keep is None else keep / timedelta(days=1) for name, keep in found.items()}
    _show({f"{name}_days": keep for name, keep in shown.items()}, as_json=as_json)


def _show(fields: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        print_json(fields)
    else:
        print_fields(fields)
