"""The real load of a steel plant, from the 35 days in the project or from the whole year beside it."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np

from pipeline.registry import DEFAULT_ZONE
from simulators.physics.loads import LoadCurve

MINUTES = 15
SLICE = Path(__file__).parent.parent / "data" / "steel_15min_35d.csv"
SLICE_FROM = date(2018, 3, 1)
YEAR = "steel_15min_pq.csv.gz"


def slice_curve() -> LoadCurve:
    """Return the curve of the slice that every clone has; its rows bear the start of their slot."""
    with SLICE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    starts = [datetime.fromisoformat(row["local_start"]) for row in rows]
    return _curve(starts, rows, ("kwh", "lagging_kvarh", "leading_kvarh"))


def year_curve(folder: Path) -> LoadCurve:
    """Return the curve of the whole year.

    Its rows bear the end of their slot, but the 00:00 row, which closes a day, carries that same day's date.
    """
    with gzip.open(folder / YEAR, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    starts = [_start(row["date"]) for row in rows]
    return _curve(
        starts,
        rows,
        ("Usage_kWh", "Lagging_Current_Reactive.Power_kVarh", "Leading_Current_Reactive_Power_kVarh"),
    )


def cut(curve: LoadCurve, first_day: date, days: int) -> LoadCurve:
    """Return some local days of a curve."""
    begin = datetime.combine(first_day, datetime.min.time(), DEFAULT_ZONE)
    where = curve.slots_between(begin, begin + timedelta(days=days))
    if where.stop - where.start != days * 24 * 60 // MINUTES:
        raise ValueError(f"the curve has no {days} days from {first_day} on")
    return LoadCurve.of(begin.astimezone(UTC), MINUTES, curve.active_kw[where], curve.reactive_kvar[where])


def _start(stamp: str) -> datetime:
    """Return the start of the slot that ends at ``day/month/year hour:minute``."""
    day, clock = stamp.split()
    number, month, year = map(int, day.split("/"))
    hour, minute = map(int, clock.split(":"))
    ends = datetime(year, month, number, hour, minute)  # noqa: DTZ001 - local, given its zone below
    if not (hour or minute):
        ends += timedelta(days=1)
    return ends - timedelta(minutes=MINUTES)


def _curve(
    starts: list[datetime], rows: Iterable[Mapping[str, str]], columns: tuple[str, str, str]
) -> LoadCurve:
    """Return kWh and kvarh of slots in a row as kW and kvar; leading is negative."""
    steps = np.diff(np.array(starts, dtype="datetime64[m]"))
    if (steps != np.timedelta64(MINUTES, "m")).any():
        raise ValueError("the rows of the steel plant are not one slot after the other")
    energy = np.array([[float(row[column]) for column in columns] for row in rows]) * (60 / MINUTES)
    kw, lagging, leading = energy.T
    begin = starts[0].replace(tzinfo=DEFAULT_ZONE).astimezone(UTC)
    return LoadCurve.of(begin, MINUTES, kw, lagging - leading)
