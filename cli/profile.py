"""``kilowatch profile``: meter models (表型) as data, listed, shown, checked and imported."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import JsonFlag, print_fields, print_json, print_table

if TYPE_CHECKING:
    from protocols.profile import Profile

app = typer.Typer(help="List, show, check and import meter profiles (表型).", no_args_is_help=True)

ProfileFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A profile file (.toml).")]


class Format(StrEnum):
    """What can be imported."""

    TELEGRAF = "telegraf"
    MBMAP = "mbmap"


class Side(StrEnum):
    """Which side of the instrument transformers the values are on."""

    PRIMARY = "primary"
    SECONDARY = "secondary"


class PowerUnit(StrEnum):
    """In what a list without units counts power."""

    W = "W"
    KW = "kW"


class EnergyUnit(StrEnum):
    """In what a list without units counts energy."""

    WH = "Wh"
    KWH = "kWh"


@app.command("list")
def list_(*, as_json: JsonFlag = False) -> None:
    """List the meter models that can be read.

    Example: kilowatch profile list
    """
    from services.import_profile import known_profiles

    profiles = known_profiles().values()
    rows = [_summary(profile) for profile in profiles]
    if as_json:
        for row in rows:
            print_json(row)
        return
    columns = ("name", "meters", "trust", "values", "one source")
    cells = [
        (
            row["name"],
            f"{row['vendor']}: {row['models']}" if profile.models else "any",
            row["trust"],
            row["quantities"],
            row["single_sourced"] or "",
        )
        for row, profile in zip(rows, profiles, strict=True)
    ]
    print_table(f"{len(rows)} profiles", columns, cells, yielding=("meters", "one source"))


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="The profile's name.")], *, as_json: JsonFlag = False
) -> None:
    """Show what is known of one meter model, register by register.

    Example: kilowatch profile show eastron_sdm630
    """
    from services.import_profile import known_profile

    profile = known_profile(name)
    if as_json:
        print_json({**_summary(profile), "points": _points(profile)})
        return
    print_fields(_summary(profile))
    rows = [
        (*list(point.values())[:-1], "one" if point["single_sourced"] else "") for point in _points(profile)
    ]
    if rows:
        columns = ("quantity", "unit", "register", "type", "scale", "wiring", "source")
        print_table(f"{len(rows)} points", columns, rows, yielding=("type", "scale", "wiring"))


@app.command()
def check(file: ProfileFile, *, as_json: JsonFlag = False) -> None:
    """Check a profile file; every mistake is told with its place.

    Example: kilowatch profile check my_meter.toml
    """
    from services.import_profile import check_file

    summary = _summary(check_file(file))
    if as_json:
        print_json(summary)
    else:
        print_fields(summary)


@app.command("import")
def import_(  # noqa: PLR0913 - each is an option of its own
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="A register list of another tool.")
    ],
    form: Annotated[Format, typer.Option("--format", help="Whose list it is.")],
    *,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Where to write; else printed.")
    ] = None,
    side: Annotated[
        Side, typer.Option(help="The side of the transformers the values are on.")
    ] = Side.PRIMARY,
    device: Annotated[str, typer.Option(help="Telegraf: the name of the device.")] = "",
    unit: Annotated[int | None, typer.Option(help="Telegraf: the slave_id, where there are several.")] = None,
    power_unit: Annotated[PowerUnit | None, typer.Option(help="Of a list that has no units.")] = None,
    energy_unit: Annotated[EnergyUnit | None, typer.Option(help="Of a list that has no units.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Turn a register list of Telegraf (inputs.modbus) or mbmap into a profile.

    What is not understood is written as a comment for you to fill in, and told here.

    Example: kilowatch profile import telegraf.conf --format telegraf --power-unit W -o my_meter.toml
    """
    from protocols.profile import Side as ProfileSide
    from services.import_profile import Format as ImportFormat
    from services.import_profile import ImportWishes, import_profile, save_profile

    wishes = ImportWishes(
        device=device,
        unit=unit,
        side=ProfileSide(side.value),
        power_unit=power_unit.value if power_unit else "",
        energy_unit=energy_unit.value if energy_unit else "",
    )
    written = import_profile(file, ImportFormat(form.value), wishes)
    if output is not None:
        save_profile(written, output)
    if as_json:
        print_json({"profile": written.text, "registers": written.points, "open": written.open})
        return
    if output is None:
        typer.echo(written.text)
    typer.echo(f"{written.points} registers taken over, {len(written.open)} left to you", err=True)
    for why in written.open:
        typer.echo(f"  {why}", err=True)


def _summary(profile: Profile) -> dict[str, object]:
    return {
        "name": profile.name,
        "vendor": profile.vendor or "any",
        "models": ", ".join(profile.models) or "any",
        "protocol": profile.protocol,
        "trust": profile.trust.value,
        "quantities": len(profile.quantities),
        "single_sourced": len(profile.single_sourced),
        "description": profile.description,
        "firmware": profile.firmware or "not said",
        "side": profile.side.value,
        "source": profile.source,
        "probe": "; ".join(f"{q} {low:g} to {high:g}" for q, (low, high) in profile.probe.items()) or "none",
        "variants": ", ".join(profile.variants) or "none",
    }


def _points(profile: Profile) -> list[dict[str, object]]:
    return [
        {
            "quantity": point.quantity.value,
            "unit": point.quantity.unit,
            "register": f"{point.function}:0x{point.address:04X}",
            "type": f"{point.type} {point.word_order}",
            "scale": " x ".join([f"{point.scale:g}", *point.ratio]),
            "wiring": " ".join(sorted(point.wiring)) or "all",
            "single_sourced": point.single_source,
        }
        for point in profile.points
    ]
