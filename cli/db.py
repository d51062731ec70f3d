"""``kilowatch db``: the database's schema."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import JsonFlag, print_fields, print_json
from storage.database_rights import Rights

if TYPE_CHECKING:
    from services.backup import Manifest

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
    """Show or set how long each table is kept; nothing but raw frames and alarms is dropped unless set here.

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


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="Where to; what it holds is written beside it, as FILE.json.")],
    *,
    as_json: JsonFlag = False,
) -> None:
    """Back the whole database up while the services run; the file is for its owner alone.

    Example: kilowatch db backup /srv/backup/kilowatch-2026-11-26.dump
    """
    from services.backup import back_up
    from services.settings import load_settings

    settings = load_settings()
    made = back_up(settings.require_database_url(), file, settings.postgresql_bin)
    _show({"file": str(file), **_summary(made)}, as_json=as_json)


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A backup, with its FILE.json beside it.")],
    *,
    as_json: JsonFlag = False,
) -> None:
    """Fill the empty database of KILOWATCH_DATABASE_URL from a backup, and compare every table with it.

    Example: kilowatch db restore /srv/backup/kilowatch-2026-11-26.dump
    """
    from services.backup import restore as run
    from services.settings import load_settings

    settings = load_settings()
    restored = run(settings.require_database_url(), file, settings.postgresql_bin)
    _show({"file": str(file), **_summary(restored), "same_as_backup": True}, as_json=as_json)


@app.command()
def user(
    name: Annotated[str, typer.Argument(help="The user's name at the server.")],
    rights: Annotated[
        Rights,
        typer.Option(
            help="own: the database is its own, made where it is missing; for the services. write: rows, not "
            "the schema; for a collector or the dashboard with a user of its own (flows maintain the tables: "
            "they want own). read: the views of the schema grafana; for Grafana and other programs."
        ),
    ],
    password_file: Annotated[
        Path | None,
        typer.Option(help="File that holds the password and nothing else. Default: one is generated."),
    ] = None,
) -> None:
    """Make a user of the database of KILOWATCH_DATABASE_URL, as the server's superuser; or set it up anew.

    A generated password is told once: stdout has the new user's address and nothing else, to go straight into
    a file. No log and no command line holds it.

    Example: KILOWATCH_DATABASE_URL=postgresql:///kilowatch kilowatch db user kilowatch --rights own

    Example: kilowatch db user grafana --rights read --password-file /etc/kilowatch/grafana-reader.secret
    """
    from services.database_users import make_user_of, password_in
    from services.passwords import generate_password
    from services.settings import load_settings

    url = load_settings().require_database_url()
    password = generate_password() if password_file is None else password_in(password_file)
    address = make_user_of(url, name, password, rights)
    if password_file is None:
        typer.echo(f"{name} may {rights}; its address holds its password, which is told only here:", err=True)
        typer.echo(address)
    else:
        typer.echo(f"{name} may {rights}", err=True)


def _summary(manifest: Manifest) -> dict[str, object]:
    return {
        "made_at": manifest.made_at.isoformat(timespec="seconds"),
        "schema_version": manifest.schema_version,
        "tables": len(manifest.tables),
        "rows": sum(table.rows for table in manifest.tables.values()),
    }


def _show(fields: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        print_json(fields)
    else:
        print_fields(fields)
