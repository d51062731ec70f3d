"""``kilowatch vee findings``, ``edit``, ``withdraw`` and ``edits``: what rules found and persons decided."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from cli.instants import instant_of
from cli.output import JsonFlag, print_fields, print_json, print_table

if TYPE_CHECKING:
    from pipeline.model import MeterId
    from services.vee_edits import Edited

app = typer.Typer()

Meter = Annotated[str, typer.Argument(help="The meter's id.")]
Meters = Annotated[list[str] | None, typer.Option("--meter", help="Only this meter; may be given again.")]
StartsAt = Annotated[str, typer.Argument(help="Start of the slot, as 2026-03-01T08:15+08:00.")]
Energy = Annotated[str, typer.Option(help="Which energy of the interval, as export_kwh.")]
Slots = Annotated[int, typer.Option(min=1, help="So many slots in a row, each alike.")]
Why = Annotated[str, typer.Option("--why", help="The reason, for the record.")]
Name = Annotated[str, typer.Option("--name", help="What you call yourself, for the record.")]


@app.command("findings")
def findings(
    days: Annotated[int, typer.Option(min=1, help="How far back.")] = 40,
    meter: Meters = None,
    rule: Annotated[list[str] | None, typer.Option(help="Only this rule; may be given again.")] = None,
    *,
    gone: Annotated[bool, typer.Option("--gone", help="Also what a later run no longer found.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """List what the rules found in the database, newest first.

    Example: kilowatch vee findings --rule missing --days 7
    """
    from pipeline.model import EVERYTHING
    from services.settings import load_settings
    from services.wiring import utc_now
    from storage.database import connect
    from storage.vee_findings import findings as stored_findings

    now = utc_now()
    with connect(load_settings().require_database_url()) as connection:
        found = stored_findings(
            connection,
            scope=EVERYTHING,
            starts_at=now - timedelta(days=days),
            ends_at=now,
            meters=None if not meter else [_meter(m) for m in meter],
            rules=rule or None,
            gone=gone,
        )
    if as_json:
        for finding in found:
            print_json(asdict(finding))
        return
    columns = ("rule", "meter", "energy", "starts_at", "slots", "expected", "came", "gone_at")
    print_table(f"{len(found)} findings", columns, [[getattr(f, c) for c in columns] for f in found])


@app.command("edit")
def edit(  # noqa: PLR0913, PLR0917 - the options of the command
    meter: Meter,
    starts_at: StartsAt,
    value: Annotated[float, typer.Option(min=0, help="kWh or kvarh of the slot, primary side.")],
    why: Why,
    energy: Energy = "import_kwh",
    slots: Slots = 1,
    *,
    name: Name = "",
    as_json: JsonFlag = False,
) -> None:
    """Let a value count, whatever is read or estimated later; the raw one stays beside it.

    Example: kilowatch vee edit M1 2026-03-01T08:15+08:00 --value 1.25 --why "read off the photo"
    """
    from services.persons import this_person
    from services.settings import load_settings
    from services.vee_edits import Stretch
    from services.vee_edits import edit as set_value
    from services.wiring import utc_now
    from storage.database import connect

    with connect(load_settings().require_database_url()) as connection:
        stretch = Stretch(meter=_meter(meter), energy=energy, starts_at=instant_of(starts_at), slots=slots)
        edited = set_value(connection, stretch, value, this_person(name), why, utc_now())
    _print_edited(edited, as_json=as_json)


@app.command("withdraw")
def withdraw(  # noqa: PLR0913 - the options of the command
    meter: Meter,
    starts_at: StartsAt,
    why: Why,
    energy: Energy = "import_kwh",
    slots: Slots = 1,
    *,
    name: Name = "",
    as_json: JsonFlag = False,
) -> None:
    """Take an edit back: what is measured counts, and the next run estimates what is missing.

    Example: kilowatch vee withdraw M1 2026-03-01T08:15+08:00 --why "wrong meter"
    """
    from services.persons import this_person
    from services.settings import load_settings
    from services.vee_edits import Stretch
    from services.vee_edits import withdraw as take_back
    from services.wiring import utc_now
    from storage.database import connect

    with connect(load_settings().require_database_url()) as connection:
        stretch = Stretch(meter=_meter(meter), energy=energy, starts_at=instant_of(starts_at), slots=slots)
        edited = take_back(connection, stretch, this_person(name), why, utc_now())
    _print_edited(edited, as_json=as_json)


@app.command("edits")
def edits(meter: Meters = None, *, as_json: JsonFlag = False) -> None:
    """List who edited what and why, newest first.

    Example: kilowatch vee edits --meter M1
    """
    from pipeline.model import EVERYTHING
    from services.settings import load_settings
    from storage.database import connect
    from storage.final_edits import edits as recorded

    with connect(load_settings().require_database_url()) as connection:
        found = recorded(
            connection, scope=EVERYTHING, meters=None if not meter else [_meter(m) for m in meter]
        )
    if as_json:
        for line in found:
            print_json(asdict(line))
        return
    columns = ("meter", "starts_at", "energy", "before", "after", "withdrawn", "author", "note", "made_at")
    print_table(f"{len(found)} edits", columns, [[getattr(e, c) for c in columns] for e in found])


def _meter(text: str) -> MeterId:
    from pipeline.model import MeterId

    return MeterId(text)


def _print_edited(edited: Edited, *, as_json: bool) -> None:
    if as_json:
        for line in edited.edits:
            print_json({"edit": asdict(line)})
        for bill in edited.bills:
            print_json({"bill": asdict(bill)})
        return
    columns = ("meter", "starts_at", "energy", "before", "after", "withdrawn")
    print_table(
        f"{len(edited.edits)} slots", columns, [[getattr(e, c) for c in columns] for e in edited.edits]
    )
    for bill in edited.bills:
        by = bill.after - bill.before
        print_fields({"touches the bill": f"{bill.service_point}, {bill.month}, {bill.energy} {by:+g}"})
