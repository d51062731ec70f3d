"""Detection over what is stored: only what is wanted is loaded, and running again changes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from pydantic import SecretStr

from detectors.catalogue import Together
from detectors.metering.register_tie_out import REGISTERS
from pipeline.archive_records import Threshold
from pipeline.model import EVERYTHING, MeterId, Origin, Snapshot
from pipeline.registry import Area, Installation, Meter, Registry, ServicePoint
from pipeline.timegrid import from_numpy
from services.detect import detect_recent, groups
from services.settings import Settings
from simulators.physics.window import Window
from storage.database import connect
from storage.episodes import EpisodeState, decide_episode, list_episodes
from storage.intervals import IntervalColumns, save_intervals
from storage.registry import save_registry
from storage.writer import ReadingWriter
from tests.fix_planted import DAYS, FAULT, START, Planted, planted

END = START + timedelta(days=DAYS)
LASTING = Window(starts_at=START + timedelta(days=5, hours=3), ends_at=START + timedelta(days=9, hours=3))


def store(url: str, case: Planted) -> None:
    window = case.window
    (meter,) = window.meters
    slots = len(window.starts_at)
    electrical = [q for q in window.values if q.value.startswith(("voltage_", "current_", "active_power"))]
    snapshots = [
        Snapshot(
            meter=meter,
            taken_at=from_numpy(at),
            received_at=from_numpy(at),
            origin=Origin.LOAD_RECORD,
            values={
                q: float(window.values[q][0, slot])
                for q in electrical
                if np.isfinite(window.values[q][0, slot])
            },
        )
        for slot, at in enumerate(window.starts_at)
    ]
    # The freeze of a day is read at its end: the midnight that begins the next one.
    snapshots += [
        Snapshot(
            meter=meter,
            taken_at=from_numpy(window.starts_at[slot]),
            received_at=from_numpy(window.starts_at[slot]),
            origin=Origin.DAILY_FREEZE,
            values={q: float(window.registers[q][0, slot]) for q in REGISTERS if q in window.registers},
        )
        for slot in range(96, slots, 96)
    ]
    with connect(url) as connection:
        save_registry(connection, case.registry)
    with connect(url) as connection:
        ReadingWriter(connection).write(snapshots)
        intervals = IntervalColumns(
            meters=[meter] * slots,
            starts_at=window.starts_at,
            minutes=np.full(slots, 15, dtype=np.int16),
            quality=window.quality[0],
            energies={"import_kwh": window.import_kwh[0]},
        )
        save_intervals(connection, intervals, computed_at=END)


def _detected(url: str) -> list[str]:
    found = detect_recent(DAYS, settings=Settings(database_url=SecretStr(url)), now=END)
    return sorted(episode.detector for episode in found)


def test_a_voltage_loss_is_found_and_what_people_wrote_on_it_stays(database_url: str) -> None:
    store(database_url, planted("voltage_loss"))
    assert _detected(database_url) == ["voltage_loss"]
    with connect(database_url) as connection:
        (stored,) = list_episodes(connection, scope=EVERYTHING)
        assert stored.episode.starts_at == FAULT.starts_at
        decide_episode(
            connection, stored.episode.id, state=EpisodeState.CONFIRMED, decided_at=END, note="fuse blown"
        )
    assert _detected(database_url) == ["voltage_loss"]
    with connect(database_url) as connection:
        (again,) = list_episodes(connection, scope=EVERYTHING)
    assert again.episode == stored.episode
    assert (again.state, again.note) == (EpisodeState.CONFIRMED, "fuse blown")


def test_rates_that_do_not_add_up_are_found_in_the_daily_freezes(database_url: str) -> None:
    store(database_url, planted("tie_out", window=LASTING))
    assert _detected(database_url) == ["register_tie_out"]


def test_a_threshold_of_the_archive_holds_for_its_service_point(database_url: str) -> None:
    case = planted("voltage_loss", {"factor": 0.6})
    lower = [
        Threshold(detector="voltage_loss", parameter=name, value=50.0, service_point="SP-M1")
        for name in ("trigger_percent", "break_percent")
    ]
    store(database_url, replace(case, registry=replace(case.registry, thresholds=lower)))
    assert "voltage_loss" not in _detected(database_url)


@pytest.mark.parametrize("together", list(Together))
def test_every_meter_is_in_a_group_and_areas_stay_whole(
    monkeypatch: pytest.MonkeyPatch, together: Together
) -> None:
    monkeypatch.setattr("services.detect.METERS_AT_A_TIME", 4)
    meters = [Meter(id=MeterId(f"m{number}")) for number in range(12)]
    registry = Registry(
        meters=meters,
        installations=[
            Installation(meter=meter.id, service_point=f"P{number}") for number, meter in enumerate(meters)
        ],
        service_points=[ServicePoint(id=f"P{number}", area=f"A{number % 2}") for number in range(12)],
        areas=[Area(id="A0"), Area(id="A1")],
    )
    parts = list(groups(registry, together))
    assert sorted(m.id for part in parts for m in part.meters) == sorted(m.id for m in meters)
    areas = [{point.area for point in part.service_points} for part in parts]
    if together is Together.AREA:
        assert areas == [{"A0"}, {"A1"}]
    else:
        assert len(parts) == 3
