"""Load in suspension on a real curve, from the wire to the episode: found where planted, and nowhere else."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flows.abnormal_use import abnormal_use
from pipeline.model import EVERYTHING, Episode, Verdict
from services import remote_reading
from services.settings import load_settings
from simulators.line import FaultKind, LineStats
from simulators.physics.loads import LoadCurve
from storage.database import connect
from storage.episodes import list_episodes
from storage.intervals import IntervalColumns, interval_series
from storage.registry import save_registry
from tests.conftest import real_data_folder
from tests.fix_database import _database
from tests.integration.steel_curve import SLICE_FROM, cut, slice_curve, year_curve
from tests.integration.steel_plants import (
    DAYS,
    NIGHT_KW,
    QUARTER,
    RS485,
    Plant,
    archive,
    plants_on,
)
from tests.integration.steel_reading import Clock, poll, served

IN_THE_YEAR = date(2018, 9, 3)
"""Another month than the slice's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What one run has stored, and the plants as they were."""

    plants: dict[str, Plant]
    episodes: list[Episode]
    intervals: IntervalColumns
    line: LineStats
    """Of the RS-485 line."""
    findings: int
    """As the flow returned them."""
    flagged: list[str]
    """Meters with a reading that was held for impossible."""

    def of(self, plant: Plant) -> list[Episode]:
        """What is said of the plant's suspension."""
        point = plant.suspension.service_point
        return [e for e in self.episodes if (e.detector, e.service_point) == ("suspended_load", point)]


def load_of(source: str) -> LoadCurve:
    if source == "slice":
        return cut(slice_curve(), SLICE_FROM, DAYS)
    return cut(year_curve(real_data_folder()), IN_THE_YEAR, DAYS)


@pytest.fixture(scope="module", params=["slice", pytest.param("year", marks=pytest.mark.real_data)])
def watched(
    request: pytest.FixtureRequest,
    timescale_url: str,
    _timescale_template: str,
    prefect_server: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Watched:
    """Read the plants through the wire, store what came, and run the flow, all in simulated time."""
    del prefect_server  # the flow finds it by its environment
    plants = plants_on(load_of(request.param))
    begin, polled = plants[0].curve.starts_at, [plant for plant in plants if plant.bus != RS485]
    clock = Clock(begin)
    with (
        _database(timescale_url, _timescale_template) as url,
        pytest.MonkeyPatch.context() as patch,
        served(plants, clock) as lines,
    ):
        patch.setenv("KILOWATCH_DATABASE_URL", url)
        patch.setenv("KILOWATCH_LOCK_DIR", str(tmp_path_factory.mktemp("locks")))
        for service in ("wiring", "remote_reading", "derive", "detect"):
            patch.setattr(f"services.{service}.utc_now", clock)
        registry = archive(plants, {bus: f"tcp://{line.host}:{line.port}" for bus, line in lines.items()})
        with connect(url) as connection:
            save_registry(connection, registry)
        asyncio.run(poll(registry, polled, load_settings(), clock))
        for _ in range(
            2
        ):  # what a line that broke twice running left open, the timetable's next turn fetches
            remote_reading.read_buses([RS485], backfill_days=DAYS + 1)
        findings = abnormal_use(days=DAYS + 1)
        with connect(url) as connection:
            stored = list_episodes(connection, scope=EVERYTHING)
            intervals = interval_series(connection, scope=EVERYTHING, starts_at=begin, ends_at=clock())
            flagged = connection.execute(
                "SELECT DISTINCT m.id FROM electrical_reading JOIN meter AS m USING (meter_id) "
                "WHERE flags IS NOT NULL"
            ).fetchall()
        return Watched(
            plants={plant.id: plant for plant in plants},
            episodes=[entry.episode for entry in stored],
            intervals=intervals,
            line=lines[RS485].stats,
            findings=findings,
            flagged=[row[0] for row in flagged],
        )


@pytest.mark.real_data
def test_the_slice_is_cut_from_the_year(real_data: Path) -> None:
    ours, theirs = slice_curve(), cut(year_curve(real_data), SLICE_FROM, 35)
    assert ours.starts_at == theirs.starts_at
    np.testing.assert_array_equal(ours.active_kw, theirs.active_kw)
    np.testing.assert_array_equal(ours.reactive_kvar, theirs.reactive_kvar)


@pytest.mark.parametrize("name", ["A-645", "B-645", "A-MB", "B-MB"])
def test_every_slot_of_the_curve_arrives(watched: Watched, name: str) -> None:
    plant, intervals = watched.plants[name], watched.intervals
    mine = np.array([meter == plant.meter for meter in intervals.meters])
    assert (intervals.quality[mine] == "A").all()
    drawn_kwh = plant.curve.active_kw / 4
    # The polled meters are read up to two seconds sooner or later after a slot's beginning.
    off_kwh = plant.curve.active_kw.max() * 2 / 3600 if plant.bus != RS485 else 0.0
    np.testing.assert_allclose(
        intervals.energies["import_kwh"][mine], drawn_kwh, rtol=0, atol=1.001 * plant.step_kwh + off_kwh
    )


@pytest.mark.parametrize("name", ["A-645", "A-MB"])
def test_80_kw_on_three_nights_is_one_episode(watched: Watched, name: str) -> None:
    plant = watched.plants[name]
    (episode,) = watched.of(plant)
    above = np.flatnonzero(plant.above())
    drawn_kw = plant.curve.active_kw[above]
    assert (len(above), drawn_kw.max()) == (50, NIGHT_KW)
    assert (episode.detector, episode.verdict, episode.meter) == (
        "suspended_load",
        Verdict.ABNORMAL,
        plant.meter,
    )
    assert episode.starts_at == plant.curve.starts_at + above[0] * QUARTER
    assert episode.ends_at == plant.curve.starts_at + (above[-1] + 1) * QUARTER
    assert episode.energy_kwh is not None
    off_kwh = max(0.005 * drawn_kw.sum() / 4, 2 * plant.step_kwh)
    assert abs(episode.energy_kwh - drawn_kw.sum() / 4) <= off_kwh
    off_kw = max(0.005 * NIGHT_KW, 2 * plant.step_kwh * 4)
    assert abs(float(episode.parameters["max_kw"]) - NIGHT_KW) <= off_kw


@pytest.mark.parametrize("name", ["A-645", "A-MB"])
def test_only_the_days_of_the_three_nights_are_abnormal(watched: Watched, name: str) -> None:
    plant = watched.plants[name]
    nights = {plant.local_day(int(slot)) for slot in np.flatnonzero(plant.above())}
    assert verdicts(watched.of(plant)[0]) == {
        day: "abnormal" if day in nights else "normal" for day in plant.suspended_days()
    }


@pytest.mark.parametrize("name", ["B-645", "B-MB"])
def test_5_kw_of_auxiliaries_under_a_10_kw_set_point_are_none(watched: Watched, name: str) -> None:
    assert watched.of(watched.plants[name]) == []


@pytest.mark.parametrize("name", ["C-645", "C-MB"])
def test_days_with_missing_reads_are_unknown_and_not_normal(watched: Watched, name: str) -> None:
    plant = watched.plants[name]
    (episode,) = watched.of(plant)
    gaps = plant.days_with_gaps()
    assert len(gaps) >= 3
    assert episode.verdict is Verdict.UNKNOWN
    assert verdicts(episode) == {
        day: "unknown" if day in gaps else "normal" for day in plant.suspended_days()
    }


def test_the_flow_finds_these_and_accuses_nobody_else(watched: Watched) -> None:
    """All detectors have run: the only others that speak say what they want to know."""
    assert watched.findings == len(watched.episodes)
    of_suspensions = [e for e in watched.episodes if e.detector == "suspended_load"]
    assert len(of_suspensions) == 4
    assert {episode.meter: episode.verdict for episode in of_suspensions} == {
        plant.meter: Verdict.ABNORMAL if plant.id.startswith("A") else Verdict.UNKNOWN
        for plant in watched.plants.values()
        if not plant.id.startswith("B")
    }
    others = [e for e in watched.episodes if e.detector != "suspended_load"]
    assert {(e.message, e.verdict) for e in others} <= {
        # The window begins a day before the meters' memory does, and no contract names a class.
        ("episode.validation_missing", Verdict.UNKNOWN),
        ("episode.power_factor_unknown", Verdict.UNKNOWN),
    }


def test_no_reading_is_held_for_impossible(watched: Watched) -> None:
    assert watched.flagged == []


def test_the_line_was_a_noisy_one(watched: Watched) -> None:
    assert set(watched.line.faults) == set(FaultKind)
    assert watched.line.fault_share > 0.04


def verdicts(episode: Episode) -> dict[date, str]:
    """Return the verdict of each day in the evidence."""
    days: Any = episode.evidence["days"]  # Any: JSON
    return {date.fromisoformat(row["day"]): row["verdict"] for row in days}
