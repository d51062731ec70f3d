"""Runs over a window that moves keep in the database what they proved before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from pydantic import SecretStr

from pipeline.contracts import BasicCharge, Contract, Suspension, SuspensionKind
from pipeline.model import EVERYTHING, Episode, MeterId, Verdict
from pipeline.registry import Installation, Meter, Registry, ServicePoint
from pipeline.timegrid import slot_grid
from services.detect import detect_recent, planned
from services.settings import Settings
from storage.database import connect
from storage.episodes import list_episodes
from storage.intervals import IntervalColumns, save_intervals
from storage.registry import save_registry
from storage.retention import set_retention

BEGIN = datetime(2025, 12, 31, 16, tzinfo=UTC)
"""Local midnight."""
DAYS, PER_DAY, WINDOW = 100, 96, 56
WORKED = (12, 13, 14, 15, 16, 80, 81, 82, 83, 84)
"""Days on which a suspended plant drew 80 kW for two hours: 160 kWh each."""
M, DETECTOR = MeterId("000000000001"), "suspended_load"
SUSPENSION = Suspension(
    id="Z",
    service_point="P",
    kind=SuspensionKind.STOP,
    starts_at=BEGIN + timedelta(days=9),
    ends_at=BEGIN + timedelta(days=120),
)
REGISTRY = Registry(
    meters=[Meter(id=M)],
    installations=[Installation(meter=M, service_point="P")],
    service_points=[ServicePoint(id="P")],
    contracts=[Contract(service_point="P", capacity_kva=1000.0, basic_charge=BasicCharge.CAPACITY)],
    suspensions=[SUSPENSION],
)


def _save(url: str, worked: tuple[int, ...], computed_at: datetime) -> None:
    kwh = np.full((DAYS, PER_DAY), 0.02)
    kwh[list(worked), 36:44] = 20.0
    with connect(url) as connection:
        save_registry(connection, REGISTRY)
        save_intervals(
            connection,
            IntervalColumns(
                meters=[M] * kwh.size,
                starts_at=slot_grid(BEGIN, BEGIN + timedelta(days=DAYS), 15),
                minutes=np.full(kwh.size, 15, dtype=np.int16),
                quality=np.full(kwh.size, "A"),
                energies={"import_kwh": kwh.ravel()},
            ),
            computed_at=computed_at,
        )


def _run(url: str, day: int) -> list[Episode]:
    """Run on a day at five o'clock and return what is stored and holds."""
    settings = Settings(database_url=SecretStr(url))
    detect_recent(WINDOW, [DETECTOR], settings, BEGIN + timedelta(days=day, hours=5))
    with connect(url) as connection:
        stored = [one.episode for one in list_episodes(connection, scope=EVERYTHING, detector=DETECTOR)]
    return [episode for episode in stored if episode.verdict is not Verdict.NORMAL]


def _facts(episode: Episode) -> tuple[int, float | None, str | float | int, timedelta]:
    since = episode.starts_at - BEGIN
    return since.days, episode.energy_kwh, episode.parameters["days"], episode.detected_at - BEGIN


def test_the_proof_of_january_outlasts_the_window(database_url: str) -> None:
    _save(database_url, WORKED, BEGIN + timedelta(days=DAYS))
    first_seen = timedelta(days=60, hours=5)
    (january,) = _run(database_url, 60)
    assert _facts(january) == (12, 800.0, 5, first_seen)
    assert [_facts(episode) for episode in _run(database_url, 75)] == [_facts(january)]
    (both,) = _run(database_url, 82)
    assert _facts(both) == (12, 1120.0, 7, first_seen)
    (all_days,) = _run(database_url, 99)
    assert _facts(all_days) == (12, 1600.0, 10, first_seen)
    assert (all_days.id, all_days.ends_at) == (january.id, BEGIN + timedelta(days=84, hours=11))


def test_readings_that_come_late_amend_what_began_before_the_window(database_url: str) -> None:
    _save(database_url, WORKED, BEGIN + timedelta(days=DAYS))
    _run(database_url, 60)
    _run(database_url, 90)
    _save(database_url, WORKED[:7], BEGIN + timedelta(days=DAYS, hours=1))
    (amended,) = _run(database_url, 99)
    assert _facts(amended)[:3] == (12, 1120.0, 7)


@pytest.mark.parametrize(("days", "is_whole"), [(200, True), (120, False)])
def test_what_is_not_kept_any_more_is_not_looked_for(database_url: str, days: int, *, is_whole: bool) -> None:
    _save(database_url, WORKED, BEGIN + timedelta(days=DAYS))
    _run(database_url, 60)
    with connect(database_url) as connection:
        set_retention(connection, "interval", timedelta(days=days))
    settings = Settings(database_url=SecretStr(database_url))
    look, _ = planned(WINDOW, [DETECTOR], settings, BEGIN + timedelta(days=99))
    # Day 9 and the eight weeks before it are 146 days ago.
    assert look.whole_from == ({(DETECTOR, "P"): SUSPENSION.starts_at} if is_whole else {})
