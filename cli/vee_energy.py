"""``kilowatch vee energy`` and ``registers``: what points and totals used, and what registers showed."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from cli.instants import instant_of
from cli.output import JsonFlag, print_json, print_table

app = typer.Typer()

Since = Annotated[str, typer.Option("--from", help="First instant, as 2026-03-01T00:00+08:00.")]
Until = Annotated[str, typer.Option("--to", help="First instant after.")]


@app.command("energy")
def energy(
    since: Since,
    until: Until,
    point: Annotated[list[str] | None, typer.Option(help="A service point; may be given again.")] = None,
    total: Annotated[list[str] | None, typer.Option(help="A total (总加组); may be given again.")] = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Add up what service points and totalising groups used, sub-meters taken off (套减).

    Example: kilowatch vee energy --point P1 --from 2026-03-01T00:00+08:00 --to 2026-04-01T00:00+08:00
    """
    from services.settings import load_settings
    from services.vee_energy import energies
    from storage.database import connect
    from storage.registry import load_registry

    if not point and not total:
        raise typer.BadParameter("give --point, --total or both")
    span = instant_of(since), instant_of(until)
    if span[0] >= span[1]:
        raise typer.BadParameter(f"--to {until} is not after --from {since}")
    with connect(load_settings().require_database_url()) as connection:
        found = energies(connection, load_registry(connection), span, points=point or (), totals=total or ())
    if as_json:
        for of in found:
            print_json({of.kind: of.name, "kwh": of.known_kwh, "slots": len(of.kwh), "missing": of.missing})
        return
    rows = [[of.kind, of.name, of.known_kwh, len(of.kwh), of.missing] for of in found]
    print_table("energy", ("of", "name", "kwh", "slots", "missing"), rows)


@app.command("registers")
def registers(
    at: Annotated[str, typer.Option(help="The instant, as 2026-03-01T00:00+08:00.")],
    meter: Annotated[list[str] | None, typer.Option(help="Only this meter; may be given again.")] = None,
    energy: Annotated[str, typer.Option(help="Which energy's register.")] = "import_kwh",
    *,
    as_json: JsonFlag = False,
) -> None:
    """Tell what registers showed at an instant: as read, else from intervals, reads around, profile or use.

    Example: kilowatch vee registers --at 2026-03-01T00:00+08:00
    """
    from pipeline.model import MeterId
    from services.settings import load_settings
    from services.vee_registers import registers_at
    from services.wiring import primary_profiles
    from storage.database import connect
    from storage.registry import load_registry

    settings = load_settings()
    with connect(settings.require_database_url()) as connection:
        registry = load_registry(connection)
        chosen = [MeterId(m) for m in meter] if meter else [m.id for m in registry.meters]
        found = registers_at(
            connection,
            registry,
            at=instant_of(at),
            meters=chosen,
            energy=energy,
            primary=primary_profiles(settings),
        )
    if as_json:
        for register in found:
            print_json(asdict(register))
        return
    columns = ("meter", "at", "energy", "register", "method")
    print_table(f"{len(found)} registers", columns, [[getattr(r, c) for c in columns] for r in found])
