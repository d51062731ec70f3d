from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from detectors.stays import end_of, stays_at, stays_of
from pipeline.contracts import Contract
from pipeline.model import MeterId
from pipeline.quantities import Quantity
from pipeline.records import Records, TimedValues
from pipeline.registry import Installation, Registry
from tests.fix_windows import grid, window

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
M = MeterId("M")


def _days(registry: Registry) -> list[tuple[object, ...]]:
    def day(instant: datetime | None) -> int | None:
        return None if instant is None else (instant - BEGIN).days

    return [(s.service_point, s.category, day(s.starts_at), day(s.ends_at)) for s in stays_of(registry, M)]


def _stay(point: str, first: int | None, end: int | None) -> Installation:
    edges = [None if day is None else BEGIN + timedelta(days=day) for day in (first, end)]
    return Installation(meter=M, service_point=point, starts_at=edges[0], ends_at=edges[1])


def test_stays_cover_all_time_and_a_gap_belongs_to_the_next_place() -> None:
    assert _days(Registry()) == [(None, None, None, None)]
    moved = Registry(installations=[_stay("P", 3, 10), _stay("Q", 12, 20)])
    assert _days(moved) == [("P", None, None, 10), ("Q", None, 10, None)]


def test_a_stay_is_cut_where_the_class_changes() -> None:
    contracts = [
        Contract(service_point="P", category="farm", ends_at=BEGIN + timedelta(days=5)),
        Contract(service_point="P", category="industry", starts_at=BEGIN + timedelta(days=5)),
    ]
    registry = Registry(installations=[_stay("P", None, None)], contracts=contracts)
    assert _days(registry) == [("P", "farm", None, 5), ("P", "industry", 5, None)]
    assert [s.category for s in stays_at(registry, "P")] == ["farm", "industry"]
    assert [s.category for s in stays_at(registry, "P", BEGIN + timedelta(days=6))] == ["industry"]


def test_a_window_ends_with_the_last_that_it_knows() -> None:
    seen = window(grid(BEGIN, 1), {"M": 1.0})
    assert end_of(seen) == BEGIN + timedelta(hours=23, minutes=45)
    later = np.array([BEGIN.replace(tzinfo=None) + timedelta(days=3)], dtype="datetime64[us]")
    told = TimedValues(meters=[M], taken_at=later, values=np.array([1.0]))
    records = Records(readings={Quantity.CLOCK_OFFSET: told})
    assert end_of(replace(seen, records=records)) == BEGIN + timedelta(days=3)
    assert end_of(window(grid(BEGIN, 1)[:0], {"M": []})).year == 9999
