"""``kilowatch loss``: the line loss of areas and feeders by month and day, and whom to look at."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import JsonFlag, console, print_below, print_json, print_table, progress

if TYPE_CHECKING:
    from services.line_loss import AreaReport, LossQuestion

EXPLAINED = 3
"""Suspects whose reasons are printed; ``--json`` has those of all."""
LEFT_TO_JSON = frozenset({"out kWh", "technical", "unexplained", "rose on", "first suspect"})
"""What a terminal of 80 columns has no room for."""
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


def loss(  # noqa: PLR0913 - a command with all its options
    intervals: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Intervals (.parquet, .csv); else the database."),
    ] = None,
    registry: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="The archive (.toml) of them."),
    ] = None,
    readings: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="Readings beside or instead: registers, voltages.",
        ),
    ] = None,
    *,
    area: Annotated[
        list[str] | None, typer.Option("--area", help="Only this area or feeder; may be given often.")
    ] = None,
    month: Annotated[str | None, typer.Option(help="A local month, 2026-03.")] = None,
    first: Annotated[str | None, typer.Option("--from", help="First local day, 2026-03-01.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="The local day after the last.")] = None,
    days: Annotated[bool, typer.Option("--days", help="Every day too.")] = False,
    out: Annotated[
        Path | None, typer.Option(file_okay=False, help="Write loss.json and .csv tables into this folder.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Work out what areas lose (台区线损): energy in and out, the technical part, and since when it rose.

    Where the loss has risen, members are ranked by what speaks against them. Days without enough reads are
    unknown and say who is missing. Without files it looks at the last 31 days that are stored.

    Example: kilowatch loss --intervals intervals.csv --registry site.toml --month 2026-03
    """
    from services.line_loss import STEPS, loss_files, loss_stored
    from services.line_loss_documents import report_document, write_reports

    asked = _question(area or [], month, first, end)
    if (intervals is None and readings is None) != (registry is None):
        raise typer.BadParameter(
            "--registry goes with --intervals, --readings or both; without any it asks the database"
        )
    if registry is not None:
        with progress(STEPS) as begin:
            reports = loss_files(
                intervals=intervals, registry=registry, readings=readings, asked=asked, begin=begin
            )
    else:
        reports = loss_stored(asked)
    if out is not None:
        for path in write_reports(out, reports):
            typer.echo(f"wrote {path}", err=True)
    if as_json:
        for report in reports:
            print_json(report_document(report))
        return
    _print(reports, days=days)


def _question(areas: list[str], month: str | None, first: str | None, end: str | None) -> LossQuestion:
    from services.line_loss import LossQuestion

    if month is not None:
        if first is not None or end is not None:
            raise typer.BadParameter("--month stands for --from and --to: give one or the other")
        if not _MONTH.fullmatch(month):
            raise typer.BadParameter(f"--month wants a month like 2026-03, not {month!r}")
        begin = date.fromisoformat(f"{month}-01")
        return LossQuestion(first=begin, end=(begin + timedelta(days=31)).replace(day=1), areas=tuple(areas))
    since, until = _day(first, "--from"), _day(end, "--to")
    if since is not None and until is not None and since >= until:
        raise typer.BadParameter(f"--from {since} is not before --to {until}")
    return LossQuestion(first=since, end=until, areas=tuple(areas))


def _day(text: str | None, option: str) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{option} wants a day like 2026-03-01, not {text!r}") from None


def _print(reports: list[AreaReport], *, days: bool) -> None:
    from services.line_loss_documents import as_table, problem_text, transformer_text

    rows = as_table(reports)
    if rows:
        shown = [column for column in rows[0] if column not in LEFT_TO_JSON]
        cells = [[row[column] for column in shown] for row in rows]
        print_table("line loss by area and month", shown, cells)
    for report in reports:
        if report.loss is None:
            console.print(f"{report.area}: no balance")
        elif not report.days:
            console.print(f"{report.area}: nothing is known of these days; there are {_known_days(report)}")
        else:
            if days:
                _print_days(report)
            console.print(f"{report.area}: transformer {transformer_text(report)}")
            _print_rise(report)
        for problem in report.problems:
            print_below(problem_text(problem))


def _known_days(report: AreaReport) -> str:
    days = () if report.loss is None else report.loss.days
    return f"those from {days[0].day} to {days[-1].day}" if days else "none"


def _print_rise(report: AreaReport) -> None:
    found = report.loss
    if found is None or found.rise is None:
        return
    rise = found.rise
    console.print(
        f"{report.area}: since {found.risen_on} it loses {rise.kwh_a_day:.1f} kWh a day more than its load"
        f" explains ({rise.points:.2f} points; {rise.t:.0f} standard errors)"
    )
    _print_suspects(report)


def _print_suspects(report: AreaReport) -> None:
    from services.line_loss_documents import SUSPECT_COLUMNS, suspect_row, suspects_shown

    found = [suspect_row(report, suspect) for suspect in suspects_shown(report)]
    cells = [[row[column] for column in SUSPECT_COLUMNS] for row in found]
    print_table(f"{report.area}: whom to look at first", SUSPECT_COLUMNS, cells)
    for row in found[:EXPLAINED]:
        console.print(f"{row['service_point']}:")
        for reason in row["reasons"]:
            print_below(reason)


def _print_days(report: AreaReport) -> None:
    from services.line_loss_documents import why_text

    rows = [
        (
            str(day.day),
            day.verdict.value,
            _rounded(day.energy_in_kwh, 1),
            _rounded(day.loss_kwh, 1),
            _rounded(day.loss_percent, 2),
            _rounded(day.limit_percent, 2),
            f"{day.known} of {day.members}",
        )
        for day in report.days
    ]
    # --json and --out have the other figures: a terminal of 80 columns has no room for them.
    print_table(report.area, ("day", "verdict", "in kWh", "loss kWh", "loss %", "limit %", "members"), rows)
    for day in report.days:
        if day.why is not None:
            print_below(f"{day.day}: {why_text(day)}")


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
