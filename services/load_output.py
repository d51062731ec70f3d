"""Load statistics for people: a line a subject, and the files of ``kilowatch load --out``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeAlias
from zoneinfo import ZoneInfo

import orjson

from analysis.load.blocks import Peak
from analysis.load.documents import load_document
from analysis.load.summary import LoadSummary
from pipeline.errors import ConfigError
from reports.spreadsheet import csv_bytes, plain_cell
from services.shown_values import shown_time

MOST_WANTED = (
    *("subject", "import kWh", "maximum kW", "at", "coverage", "quality", "of contract", "export kWh"),
    *("load factor", "shape", "transformer", "cos phi", "register kW", "minimum kW", "mean kW"),
)
"""Columns of a table in a terminal, the most wanted first."""
BETWEEN = 3
"""What a border and its blanks take."""
Row: TypeAlias = dict[str, object]
"""One line of a table for people; None is what is not known."""


def row_of(summary: LoadSummary) -> Row:
    """Return a subject as a line for people."""
    curve, demand, zone = summary.curve, summary.demand, ZoneInfo(summary.zone)
    return {
        "kind": summary.kind.value.replace("_", " "),
        "subject": summary.name,
        "import kWh": _rounded(summary.import_kwh, 1),
        "export kWh": _rounded(summary.export_kwh, 1),
        "net kWh": _rounded(curve.energy_kwh, 1),
        "maximum kW": None if demand.block is None else _rounded(demand.block.kw, 2),
        "at": _at(demand.block, zone),
        "quality": None if demand.block is None else demand.block.quality,
        "sliding kW": None if demand.sliding is None else _rounded(demand.sliding.kw, 2),
        "register kW": None if demand.register is None else _rounded(demand.register.kw, 2),
        "minimum kW": None if curve.minimum is None else _rounded(curve.minimum.kw, 2),
        "mean kW": _rounded(curve.mean_kw, 2),
        "load factor": _percent(curve.load_factor),
        "peak-valley": _percent(curve.peak_valley_rate),
        "hours": _rounded(curve.utilisation_hours, 1),
        "coincidence": None if summary.coincidence is None else _percent(summary.coincidence.coincidence),
        "of contract": None if summary.contract is None else f"{summary.contract.used_percent:.1f}%",
        "cos phi": None if summary.power_factor is None else f"{summary.power_factor.power_factor:.2f}",
        "transformer": None
        if summary.transformer is None
        else f"{summary.transformer.loading.value} {summary.transformer.highest_percent:.0f}%",
        "shape": None if summary.shape is None else summary.shape.en.partition(":")[0],
        "coverage": f"{curve.coverage:.1%}",
    }


def fitting_columns(rows: Sequence[Row], width: int) -> list[str]:
    """Return the columns that rows have room for in a terminal, the most wanted ones; ``--out`` has all.

    What no row has is left out, and so are the letters of maxima where all were measured.
    """
    room = width - 1
    kept = set()
    for column in MOST_WANTED:
        cells = [str(row[column]) for row in rows if row[column] is not None]
        taken = max((len(text) for text in [*cells, *column.split()]), default=0) + BETWEEN
        if not cells or (column == "quality" and set(cells) == {"A"}):
            continue
        if taken > room:
            break
        kept.add(column)
        room -= taken
    return [column for column in rows[0] if column in kept] if rows else []


def advice_lines(found: Sequence[LoadSummary]) -> list[str]:
    """Return the advice for people, the greatest saving first."""
    each = [(summary, one) for summary in found for one in summary.advice]
    each.sort(key=lambda pair: -(pair[1].saving_yuan or 0))
    return [
        f"{summary.name}: {one.en}" + ("" if one.wants is None else f" (what it saves wants {one.wants})")
        for summary, one in each
    ]


def problem_lines(found: Sequence[LoadSummary]) -> list[str]:
    """Return what is odd about energies for people, each once, where a service point has it if one does."""
    said: dict[str, str] = {}
    for summary in found:
        for problem in summary.problems:
            said[problem.en] = f"{summary.name}: {problem.en}"
    return list(said.values())


def span_text(summary: LoadSummary) -> str:
    """Return the span of a summary, in its zone."""
    zone = ZoneInfo(summary.zone)
    return f"{_minute(summary.starts_at, zone)} to {_minute(summary.ends_at, zone)} ({summary.zone})"


def write_load(folder: Path, found: Sequence[LoadSummary]) -> list[Path]:
    """Write the objects, a table and the curves; return the files.

    Raises:
        ConfigError: If the folder cannot be written.
    """
    files = [folder / name for name in ("load.jsonl", "load.csv", "curves.csv")]
    objects, table, curves = files
    try:
        folder.mkdir(parents=True, exist_ok=True)
        objects.write_bytes(b"".join(orjson.dumps(load_document(s)) + b"\n" for s in found))
        rows = [row_of(summary) for summary in found]
        table.write_bytes(_table(list(rows[0]) if rows else [], [list(row.values()) for row in rows]))
        curves.write_bytes(_table(["kind", "subject", "minute_of_day", "mean_kw", "blocks"], _points(found)))
    except OSError as error:
        raise ConfigError(f"cannot write {error.filename or folder}: {error.strerror}") from error
    return files


def _points(found: Sequence[LoadSummary]) -> list[list[object]]:
    """Return the mean day of every subject, a row a point."""
    return [
        [summary.kind.value, summary.name, point * summary.curve.block_minutes, kw, blocks]
        for summary in found
        for point, (kw, blocks) in enumerate(
            zip(summary.curve.mean_curve_kw, summary.curve.mean_curve_blocks, strict=True)
        )
    ]


def _table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> bytes:
    return csv_bytes([columns, *([plain_cell(value) for value in row] for row in rows)])


def _at(peak: Peak | None, zone: ZoneInfo) -> str | None:
    return None if peak is None else _minute(peak.at, zone)


def _minute(at: datetime, zone: ZoneInfo) -> str:
    return shown_time(at, zone)[:16]


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def _percent(value: float | None) -> str | None:
    return None if value is None else f"{value:.1%}"
