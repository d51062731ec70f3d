"""Raw and final intervals side by side in the database, and late actuals that replace estimates."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from pydantic import SecretStr

from pipeline.model import EVERYTHING, MeterId, Scope
from pipeline.registry import Area, Installation, Meter, Registry, ServicePoint
from services.settings import Settings
from services.vee_recent import RecentVee, vee_recent
from storage.database import Connection, connect
from storage.final_files import FinalColumns
from storage.finals import final_series
from storage.intervals import IntervalColumns, save_intervals
from storage.registry import save_registry

M = MeterId("M")
START = datetime(2026, 3, 31, 12, tzinfo=UTC)
SLOTS = 40
HOLE = slice(14, 18)
"""15:30 to 16:30 UTC: half of it is April in Shanghai."""
END = START + SLOTS * timedelta(minutes=15)
REGISTRY = Registry(
    meters=[Meter(id=M)],
    installations=[Installation(meter=M, service_point="P")],
    service_points=[ServicePoint(id="P", area="north")],
    areas=[Area(id="north")],
)


def _raw(hole_kwh: float) -> IntervalColumns:
    kwh = np.ones(SLOTS)
    kwh[HOLE] = hole_kwh
    return IntervalColumns(
        meters=[M] * SLOTS,
        starts_at=np.datetime64("2026-03-31T12:00", "us") + np.arange(SLOTS) * np.timedelta64(15, "m"),
        minutes=np.full(SLOTS, 15, dtype=np.int16),
        quality=np.where(np.isfinite(kwh), "A", "N"),
        energies={"import_kwh": kwh},
        methods=["load record"] * SLOTS,
    )


@pytest.fixture
def archive(any_database_url: str) -> str:
    with connect(any_database_url) as connection:
        save_registry(connection, REGISTRY)
        save_intervals(connection, _raw(np.nan), computed_at=END)
    return any_database_url


def _run(url: str, now: datetime = END) -> RecentVee:
    return vee_recent(1, Settings(database_url=SecretStr(url)), now)


def _stored(connection: Connection, scope: Scope = EVERYTHING) -> FinalColumns:
    return final_series(connection, scope=scope, starts_at=START, ends_at=END, minutes=15)


def test_raw_and_final_stand_side_by_side_and_running_again_changes_nothing(archive: str) -> None:
    first = _run(archive)
    assert first.changed == 4
    assert first.bills == []
    assert [f.rule for f in first.findings] == ["missing"]
    with connect(archive) as connection:
        stored = _stored(connection)
    assert np.isnan(stored.raw_kwh[HOLE]).all()
    assert stored.import_kwh.tolist() == [1.0] * SLOTS
    assert set(stored.quality[HOLE].tolist()) == {"S"}
    assert set(stored.raw_quality[HOLE].tolist()) == {"N"}
    assert set(stored.method[HOLE]) == {"interpolation"}
    assert (set(stored.reason[HOLE]), set(stored.author[HOLE])) == ({"missing"}, {"kilowatch"})
    assert _run(archive).changed == 0


def test_late_actuals_replace_estimates_and_name_the_bills_of_both_months(archive: str) -> None:
    _run(archive)
    with connect(archive) as connection:
        save_intervals(connection, _raw(3.0), computed_at=END)
        # Even before the next run the actual counts, not the estimate made from what was missing.
        assert _stored(connection).import_kwh[HOLE].tolist() == [3.0] * 4
    late = _run(archive)
    told = [(bill.service_point, bill.month, bill.before_kwh, bill.after_kwh) for bill in late.bills]
    assert told == [("P", "2026-03", 2.0, 6.0), ("P", "2026-04", 2.0, 6.0)]
    assert _run(archive).bills == []
    with connect(archive) as connection:
        stored = _stored(connection)
        versions = connection.execute(
            "SELECT version, raw_version, import_kwh FROM final_interval ORDER BY starts_at, version LIMIT 2"
        ).fetchall()
    assert set(stored.quality.tolist()) == {"A"}
    assert set(stored.author) == {""}
    assert versions == [(0, 0, 1.0), (1, 1, 3.0)]


def test_substitutes_become_final_when_the_days_of_asking_are_over(archive: str) -> None:
    _run(archive)
    vee_recent(8, Settings(database_url=SecretStr(archive)), END + timedelta(days=6))
    with connect(archive) as connection:
        assert set(_stored(connection).quality[HOLE].tolist()) == {"F"}


def test_who_may_not_see_an_area_sees_none_of_its_intervals(archive: str) -> None:
    _run(archive)
    with connect(archive) as connection:
        assert len(_stored(connection, Scope(frozenset({"south"})))) == 0
        assert len(_stored(connection, Scope(frozenset({"north"})))) == SLOTS


def test_a_meter_that_is_gone_from_the_archive_is_left_alone(archive: str) -> None:
    gone = replace(REGISTRY.installations[0], ends_at=START)
    with connect(archive) as connection:
        save_registry(connection, replace(REGISTRY, installations=[gone]))
    assert _run(archive).changed == 0
