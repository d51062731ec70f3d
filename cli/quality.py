"""``kilowatch quality``: voltage and harmonic quality of service points' months, with the report."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import JsonFlag, print_json, print_table, status

if TYPE_CHECKING:
    from services.network_voltage import NetworkVoltage
    from services.quality_report import Reported


class Language(StrEnum):
    """In which languages a report is made."""

    ZH = "zh"
    EN = "en"
    BOTH = "both"


def quality(  # noqa: PLR0913 - a command with all its options
    *,
    month: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m"], help="Which month; the last one that is over when left out."),
    ] = None,
    out: Annotated[Path | None, typer.Option(file_okay=False, help="Folder for the reports.")] = None,
    readings: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="Readings (.parquet, .csv); left out, what the database holds is judged and kept.",
        ),
    ] = None,
    registry: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="The archive (.toml) that belongs to the readings."),
    ] = None,
    events: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Meters' event records (.parquet, .csv).")
    ] = None,
    parameters: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Parameters read from meters (.parquet, .csv)."),
    ] = None,
    waveform: Annotated[
        list[Path] | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="A COMTRADE record taken at the --point; may be given often. The database keeps it.",
        ),
    ] = None,
    forget_waveform: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Take a kept record of the --point away, by its file's name."),
    ] = None,
    point: Annotated[
        list[str] | None, typer.Option(help="Only this service point; may be given often.")
    ] = None,
    language: Annotated[Language, typer.Option(help="Of the report's pages.")] = Language.BOTH,
    pdf: Annotated[bool, typer.Option(help="Make PDFs beside the pages.")] = True,
    issuer: Annotated[str, typer.Option(help="Who gives the report, for its signature block.")] = "",
    verify: Annotated[
        Path | None,
        typer.Option(exists=True, help="Check the seal of a report instead: its folder or one of its files."),
    ] = None,
    public_key: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="The issuer's public key, for --verify (.pem)."),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Judge the power quality (电能质量) of a month against GB/T limits, and write the customer's report.

    Example: kilowatch quality --readings sub.parquet --registry sub.toml --month 2026-11 --out reports
    """
    if verify is not None:
        _verify(verify, public_key, as_json=as_json)
        return
    if forget_waveform is not None:
        _forget(forget_waveform, point or [], as_json=as_json)
        return
    if (readings is None) != (registry is None):
        raise typer.BadParameter("give --readings and --registry together, or neither: then the database")
    if readings is None and (events is not None or parameters is not None):
        raise typer.BadParameter("--events and --parameters belong to --readings")
    if out is None and not as_json:
        raise typer.BadParameter("give --out DIR for the reports, or --json for the verdicts alone")
    from services.network_voltage import network_of_files, network_stored
    from services.quality import Files, worst_first
    from services.quality_report import Wish, report_files, report_stored

    wish = Wish(
        month=None if month is None else month.date().replace(day=1),
        points=point or None,
        out=out,
        languages=["zh", "en"] if language is Language.BOTH else [language.value],
        pdf=pdf,
        waveforms=waveform or (),
        issuer=issuer,
    )
    if readings is None or registry is None:
        reported = report_stored(wish)
        network = None if wish.points else network_stored()
    else:
        files = Files(readings=readings, registry=registry, events=events, parameters=parameters)
        reported = report_files(files, wish)
        network = None if wish.points else network_of_files(registry)
    rows = _taken(reported, network, as_json=as_json)
    if not as_json:
        columns = [column for column in rows[0] if column != "month"] if rows else ["service point"]
        title = f"Power quality {rows[0]['month']}" if rows else "No service point has readings of the month"
        print_table(title, columns, [[row[column] for column in columns] for row in worst_first(rows)])
        if network is not None and (classes := network.rows()):
            print_table(
                "Voltage qualification by class of point", list(classes[0]), [[*c.values()] for c in classes]
            )
        typer.echo(f"{len(rows)} reports in {out}: open report.zh.html or report.en.html", err=True)


def _taken(
    reported: Iterable[Reported], network: NetworkVoltage | None, *, as_json: bool
) -> list[dict[str, object]]:
    """Return a line a point, printing documents and warnings as they come; then what the network comes to."""
    from services.quality import row_of

    rows: list[dict[str, object]] = []
    warned: set[str] = set()
    with status() as tell:
        tell("reading and judging")
        for one in reported:
            rows.append(row_of(one.point))
            if network is not None:
                network.add(one.point)
            tell(f"{len(rows)} judged, the last one {rows[-1]['service point']}")
            warnings = set(() if one.written is None else one.written.warnings) - warned
            for warning in sorted(warnings):
                typer.echo(f"warning: {warning}", err=True)
            warned |= warnings
            if as_json:
                print_json(one.document)
    if as_json and network is not None and (whole := network.document()):
        print_json(whole)
    return rows


def _forget(name: str, points: list[str], *, as_json: bool) -> None:
    """Take a waveform record of one point away; exit status 1 where there is none."""
    if len(points) != 1:
        raise typer.BadParameter("name the record's service point with --point")
    from services.quality import forget_waveform

    found = forget_waveform(points[0], name)
    if as_json:
        print_json({"service_point": points[0], "name": name, "records": found})
    elif found:
        typer.echo(
            f"{name} is forgotten; judge its month again: kilowatch quality --month ... --point {points[0]}"
        )
    else:
        typer.echo(f"{points[0]} has no waveform record {name}: reports name those that they use", err=True)
    if not found:
        raise typer.Exit(1)


def _verify(path: Path, public_key: Path | None, *, as_json: bool) -> None:
    """Print what a report's seal says; exit status 1 where it does not hold."""
    from services.report_seal import verify_report

    check = verify_report(path, public_key)
    if as_json:
        print_json(
            {
                "holds": check.holds,
                "signature": check.signature.value,
                "key": check.key_fingerprint or None,
                "files": {name: state.value for name, state in check.files.items()},
            }
        )
    else:
        print_table(
            f"Signature: {check.signature.value}",
            ("file", "state"),
            [(name, state.value) for name, state in check.files.items()],
        )
    if not check.holds:
        raise typer.Exit(1)
