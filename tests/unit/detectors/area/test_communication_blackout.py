from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from detectors.engine import run
from pipeline.archive_records import Threshold
from pipeline.coverage import Cause, CoverageEntry, CoverageStatus
from pipeline.model import Episode, MeterId, Severity
from pipeline.records import Records
from simulators.physics.window import Window
from tests.fix_planted import METER, POINT, START, Planted, planted
from tests.planted_records import evenings

NIGHTS = evenings(START + timedelta(days=4), 6)


def _dark(windows: list[Window], days: int = 14) -> Planted:
    return planted("blackout", window=windows, days=days)


def _found(case: Planted, **settings: float) -> list[Episode]:
    settings_of = {"communication_blackout": settings}
    return run(case.window, case.registry, only=["communication_blackout"], settings=settings_of)


def _with(case: Planted, outcomes: list[CoverageEntry]) -> Planted:
    return replace(case, window=replace(case.window, records=Records(outcomes=outcomes)))


def test_the_same_three_hours_of_six_evenings_are_found_from_first_to_last() -> None:
    (episode,) = _found(_dark(NIGHTS))
    assert (episode.starts_at, episode.ends_at) == (NIGHTS[0].starts_at, NIGHTS[-1].ends_at)
    assert episode.parameters == {"hours": "20:00-23:00", "days": 6}
    assert episode.severity is Severity.INFO
    assert episode.evidence["hours"] == [20, 21, 22]


def test_it_goes_on_while_the_data_does() -> None:
    (episode,) = _found(_dark(evenings(START + timedelta(days=4), 6), days=10))
    assert episode.ends_at is None


def test_three_evenings_of_a_week_are_chance_and_four_are_not() -> None:
    assert _found(_dark(NIGHTS[:3])) == []
    assert len(_found(_dark(NIGHTS[:4]))) == 1


def test_one_evening_hours_that_change_and_an_honest_meter_are_innocent() -> None:
    assert _found(_dark(NIGHTS[:1])) == []
    changing = [evenings(START + timedelta(days=4 + n), 1, hour=3 * n)[0] for n in range(6)]
    assert _found(_dark(changing)) == []
    assert _found(planted(None)) == []


def test_a_meter_that_is_silent_all_day_is_for_another_rule() -> None:
    assert (
        _found(_dark([Window(starts_at=START + timedelta(days=4), ends_at=START + timedelta(days=10))])) == []
    )


def test_what_was_read_later_from_memory_was_dark_all_the_same() -> None:
    case = _dark(NIGHTS)
    later = [
        replace(entry, status=CoverageStatus.BACKFILLED, cause=None)
        if entry.status is CoverageStatus.MISSING
        else entry
        for entry in case.window.records.outcomes
    ]
    assert len(_found(_with(case, later))) == 1


@pytest.mark.parametrize("cause", [Cause.LINK, Cause.BUS_BUSY, Cause.NOT_ASKED])
def test_causes_of_line_and_collector_say_nothing_of_the_meter(cause: Cause) -> None:
    case = _dark(NIGHTS)
    others = [
        replace(entry, cause=cause) if entry.status is CoverageStatus.MISSING else entry
        for entry in case.window.records.outcomes
    ]
    assert _found(_with(case, others)) == []


def _bus_of(count: int, silent: int) -> Planted:
    """So many meters on one bus; the first ``silent`` ones go dark every evening."""
    case = _dark(NIGHTS)
    names = [MeterId(f"N{n}") for n in range(count)]
    own = case.window.records.outcomes
    outcomes = [
        replace(entry, meter=name)
        if n < silent
        else replace(entry, meter=name, status=CoverageStatus.GOT, cause=None)
        for n, name in enumerate(names)
        for entry in own
    ]

    def repeated(column: np.ndarray) -> np.ndarray:
        return np.repeat(column, count, axis=0)

    window = replace(
        case.window,
        meters=names,
        values={},
        registers={},
        energies={},
        import_kvarh=None,
        import_kwh=repeated(case.window.import_kwh),
        quality=repeated(case.window.quality),
        power_kw=repeated(case.window.power_kw),
        step_kwh=repeated(case.window.step_kwh),
        records=Records(outcomes=outcomes),
    )
    (meter,), (placed,) = case.registry.meters, case.registry.installations
    registry = replace(
        case.registry,
        meters=[replace(meter, id=name) for name in names],
        installations=[replace(placed, meter=name, service_point=f"SP-{name}", bus="B1") for name in names],
    )
    return replace(case, window=window, registry=registry)


def test_a_terminal_that_is_down_every_evening_makes_nobody_suspect() -> None:
    assert _found(_bus_of(5, 5)) == []
    assert [episode.meter for episode in _found(_bus_of(5, 1))] == ["N0"]


def test_less_use_in_the_dark_hours_is_linked() -> None:
    case = _dark(NIGHTS)
    kwh = case.window.import_kwh.copy()
    hour = (np.arange(kwh.shape[1]) % 96) // 4
    day = np.arange(kwh.shape[1]) // 96
    kwh[:] = 1.0
    kwh[0, (hour >= 20) & (hour < 23)] = 2.0
    kwh[0, (hour >= 20) & (hour < 23) & (day >= 4) & (day < 10)] = 0.5
    (episode,) = _found(replace(case, window=replace(case.window, import_kwh=kwh)))
    assert episode.message == "episode.communication_blackout_drop"
    assert episode.parameters["drop_percent"] == 75.0
    use = episode.evidence["use"]
    assert isinstance(use, dict)
    assert (use["dark_hours_before_kw"], use["dark_hours_since_kw"]) == (8.0, 2.0)


def test_hours_over_midnight_are_told_in_one() -> None:
    nights = evenings(START + timedelta(days=3), 7, hour=23, hours=2)
    (episode,) = _found(_dark(nights))
    assert episode.parameters["hours"] == "23:00-01:00"
    assert episode.meter == METER


def test_no_reads_at_all_are_no_blackout() -> None:
    assert _found(_with(planted(None), [])) == []


def test_the_archive_s_numbers_count_for_its_point() -> None:
    case = _dark(NIGHTS)
    lax = [
        Threshold(detector="communication_blackout", parameter="trigger_days", value=6.0, service_point=POINT)
    ]
    assert _found(replace(case, registry=replace(case.registry, thresholds=lax))) == []
