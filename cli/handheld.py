"""``kilowatch handheld``: reads taken by hand, filed by one person and approved by another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from cli.output import JsonFlag, print_fields, print_json, print_table

if TYPE_CHECKING:
    from services.persons import Person
    from storage.database import Connection

Decision: TypeAlias = "Callable[[Connection, str, Person, datetime, str], int]"
"""What a person decides about a batch; gives the number of its reads."""

app = typer.Typer(help="Reads taken by hand (抄表机, 手工抄表), approved by another.", no_args_is_help=True)

Batch = Annotated[str, typer.Argument(help="As 'kilowatch handheld pending' shows it.")]
Name = Annotated[str, typer.Option("--name", help="What you call yourself, for the record.")]
Note = Annotated[str, typer.Option("--note", help="A word for the record.")]


@app.command("import")
def import_(
    path: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Readings (.csv, .parquet).")],
    *,
    name: Name = "",
    as_json: JsonFlag = False,
) -> None:
    """File the reads of a file; they wait until somebody else approves them.

    Example: kilowatch handheld import reads.csv
    """
    from services.hand_reads import file_reads
    from services.persons import this_person
    from services.settings import load_settings
    from services.wiring import primary_profiles, utc_now
    from storage.database import connect

    settings = load_settings()
    with connect(settings.require_database_url()) as connection:
        primary = primary_profiles(settings)
        filed = file_reads(connection, path, this_person(name), utc_now(), primary)
    if as_json:
        print_json(asdict(filed))
    else:
        print_fields(
            {
                "batch": filed.batch,
                "waiting for approval": filed.filed,
                "refused": len(filed.refused),
                "differing from the system's reads": len(filed.differences),
            }
        )
        for reason in (*filed.refused, *filed.differences):
            typer.echo(reason, err=True)
    if filed.refused:
        raise typer.Exit(1)


@app.command("pending")
def pending(*, as_json: JsonFlag = False) -> None:
    """List the files that wait for a second person.

    Example: kilowatch handheld pending
    """
    from services.hand_reads import pending_reads
    from services.settings import load_settings
    from storage.database import connect

    with connect(load_settings().require_database_url()) as connection:
        batches = pending_reads(connection)
    if as_json:
        for batch in batches:
            print_json(asdict(batch))
        return
    columns = ("batch", "file", "reads", "imported_by", "imported_at")
    rows = [[b.batch, b.file, b.reads, b.imported_by[0], b.imported_at] for b in batches]
    print_table(f"{len(rows)} waiting", columns, rows)


@app.command("approve")
def approve(batch: Batch, *, name: Name = "", note: Note = "", as_json: JsonFlag = False) -> None:
    """Turn the reads of a batch into readings of origin manual; not by who filed them.

    Example: kilowatch handheld approve 0a1b2c3d4e5f
    """
    from services.hand_reads import approve_reads

    _decide(approve_reads, batch, name, note, as_json=as_json)


@app.command("refuse")
def refuse(batch: Batch, *, name: Name = "", note: Note = "", as_json: JsonFlag = False) -> None:
    """Refuse a batch: it stays in the record and becomes no readings.

    Example: kilowatch handheld refuse 0a1b2c3d4e5f --note "wrong street"
    """
    from services.hand_reads import refuse_reads

    _decide(refuse_reads, batch, name, note, as_json=as_json)


def _decide(decide: Decision, batch: str, name: str, note: str, *, as_json: bool) -> None:
    from services.persons import this_person
    from services.settings import load_settings
    from services.wiring import utc_now
    from storage.database import connect

    with connect(load_settings().require_database_url()) as connection:
        decided = decide(connection, batch, this_person(name), utc_now(), note)
    fields = {"batch": batch, "reads": decided}
    if as_json:
        print_json(fields)
    else:
        print_fields(fields)
