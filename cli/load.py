"""``kilowatch load``: load statistics of meters, customers, areas, categories and groups over any span."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.instants import instant_of
from cli.output import JsonFlag, console, print_json, print_table, status

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from analysis.load.summary import LoadSummary
    from services.load_groups import Span
    from services.load_output import Row
    from services.load_parts import SpanOf


def load(  # noqa: PLR0913 - a command with all its options
    *,
    intervals: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="Intervals (.parquet, .csv); left out, those of the database."
        ),
    ] = None,
    registry: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="The archive (.toml) that belongs to the intervals."),
    ] = None,
    readings: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="Readings (.parquet, .csv): demand registers and phase powers are taken from them.",
        ),
    ] = None,
    month: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m"],
            help="Which month; when left out the last one in the files, or the running one of the database.",
        ),
    ] = None,
    starts: Annotated[
        str | None,
        typer.Option(
            "--from", help="A local day (2026-03-01) or a time with its offset, in place of a month."
        ),
    ] = None,
    ends: Annotated[
        str | None, typer.Option("--to", help="Likewise; exclusive: 2026-03-02 ends with March 1st.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(file_okay=False, help="Folder for load.jsonl, load.csv and curves.csv.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Sum up load (负荷统计): maximum demand with its time, curve, load factor, coincidence, transformers ...

    Example: kilowatch load --intervals intervals.csv --registry site.toml --month 2026-03
    """
    if (intervals is None) != (registry is None):
        raise typer.BadParameter("give --intervals and --registry together, or neither: then the database")
    if readings is not None and intervals is None:
        raise typer.BadParameter("--readings belongs to --intervals")
    from services.load import load_files, load_stored
    from services.load_output import advice_lines, problem_lines, row_of, span_text, write_load

    span = _span(month, starts, ends)
    if intervals is None or registry is None:
        told = load_stored(span)
    else:
        told = load_files(intervals=intervals, registry=registry, readings=readings, span=span)
    found: list[LoadSummary] = []
    with status() as tell:
        tell("reading")
        for summary in told:
            found.append(summary)
            tell(f"{len(found)} summed up, the last one {summary.name}")
            if as_json:
                _print(summary)
    if out is not None:
        for path in write_load(out, found):
            typer.echo(f"wrote {path}", err=True)
    if not as_json:
        console.print(f"Load {span_text(found[0])}" if found else "Nothing is known of the span")
        _print_tables([row_of(summary) for summary in found])
        for line in (*problem_lines(found), *advice_lines(found)):
            typer.echo(line)


def _print_tables(rows: list[Row]) -> None:
    """Print a table a kind of subject, with the columns that fit; ``--json`` and ``--out`` have all."""
    from services.load_output import fitting_columns

    for kind in dict.fromkeys(str(row["kind"]) for row in rows):
        own = [row for row in rows if row["kind"] == kind]
        columns = fitting_columns(own, console.width)
        heads = [column.replace(" ", "\n") for column in columns]
        print_table(kind, heads, [[row[column] for column in columns] for row in own], yielding=("subject",))


def _print(summary: LoadSummary) -> None:
    from analysis.load.documents import load_document

    print_json(load_document(summary))


def _span(month: datetime | None, starts: str | None, ends: str | None) -> SpanOf | None:
    if (starts is None) != (ends is None):
        raise typer.BadParameter("give --from and --to together")
    if starts is None or ends is None:
        return None if month is None else _of_month(month.date())
    if month is not None:
        raise typer.BadParameter("give either --month, or --from and --to")
    from pipeline.timegrid import local_day

    first, last = _edge(starts), _edge(ends)

    def span(zone: ZoneInfo) -> Span:
        begins, beyond = (
            edge if isinstance(edge, datetime) else local_day(edge, zone)[0] for edge in (first, last)
        )
        if begins >= beyond:
            raise typer.BadParameter(f"--to must come after --from, not {ends} after {starts}")
        return begins, beyond

    return span


def _of_month(first: date) -> SpanOf:
    from services.load import month_span

    return month_span(first)


def _edge(text: str) -> date | datetime:
    """Return a local day or an instant."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return instant_of(text)
