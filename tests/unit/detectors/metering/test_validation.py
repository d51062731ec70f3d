from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from detectors.engine import run
from pipeline.archive_records import Threshold
from pipeline.block import MeterMatrix
from pipeline.contracts import Suspension
from pipeline.events import EventKind, MeterEvent
from pipeline.model import Episode, MeterId, Severity, Verdict
from pipeline.quantities import Quantity
from pipeline.records import EventRecord, Records
from pipeline.registry import Area, Installation, Meter, Ratio, Registry, ServicePoint
from simulators.physics.window import Window
from tests.fix_planted import START, planted
from tests.fix_windows import SHANGHAI, grid, window

NAME = "validation"
BEGIN = datetime(2026, 1, 1, tzinfo=SHANGHAI)
M = MeterId("m")
REGISTRY = Registry(meters=[Meter(id=M)])


def _steady(days: int, seed: int = 1) -> np.ndarray:
    return np.round(np.random.default_rng(seed).normal(1.0, 0.05, days * 96), 2)


def _window(kwh: np.ndarray, *, quality: np.ndarray | None = None, ratio: float = 1.0) -> MeterMatrix:
    """Intervals, with the register that has counted them."""
    case = window(
        grid(BEGIN.astimezone(UTC), len(kwh) / 96),
        {"m": kwh},
        quality=None if quality is None else {"m": quality},
        step_kwh=0.01 * ratio,
    )
    counted = np.concatenate([[0.0], np.cumsum(np.nan_to_num(kwh))[:-1]]) / ratio
    return replace(case, registers={Quantity.ACTIVE_ENERGY_IMPORT: 1000.0 + counted[None]})


def _found(case: MeterMatrix, registry: Registry = REGISTRY) -> list[tuple[str, Episode]]:
    return [(e.message.removeprefix("episode.validation_"), e) for e in run(case, registry, only=[NAME])]


def _rules(case: MeterMatrix, registry: Registry = REGISTRY) -> list[str]:
    return [rule for rule, _ in _found(case, registry)]


def _at(days: float) -> datetime:
    return BEGIN + timedelta(days=days)


def test_honest_meters_are_innocent() -> None:
    assert _rules(_window(_steady(31))) == []
    assert planted(None, days=31).found(NAME) == []


def test_a_spike_stands_out_over_the_third_highest_of_thirty_days() -> None:
    kwh = _steady(31)
    third = float(np.sort(kwh)[-2])
    kwh[1000] = 2.9 * third
    ((rule, episode),) = _found(_window(kwh))
    assert rule == "spike"
    assert (episode.starts_at, episode.ends_at) == (_at(1000 / 96), _at(1001 / 96))
    assert episode.severity is Severity.MINOR
    kwh[1000] = 2.7 * third
    assert _rules(_window(kwh)) == []


def test_spikes_want_thirty_days_and_half_of_their_slots() -> None:
    kwh = _steady(31)
    kwh[1000] = 20.0
    assert _rules(_window(kwh[: 29 * 96])) == []
    kwh[::2] = np.nan
    kwh[1001::6] = np.nan
    assert "spike" not in _rules(_window(kwh))


def test_an_interval_that_the_register_did_not_count_is_found_on_its_day() -> None:
    case = _window(_steady(14), ratio=40.0)
    kwh = case.import_kwh.copy()
    kwh[0, 5 * 96 + 40] += 10.0
    ((rule, episode),) = _found(replace(case, import_kwh=kwh))
    assert rule == "sum"
    assert (episode.starts_at, episode.ends_at) == (_at(5), _at(6))
    assert episode.energy_kwh == pytest.approx(10.0)
    # Two steps of 0.4 kWh are allowed, and the energy of a slot for a reading that came late.
    kwh[0, 5 * 96 + 40] -= 10.0 - 0.7
    assert _rules(replace(case, import_kwh=kwh)) == []


def test_a_register_read_a_quarter_late_is_innocent() -> None:
    case = _window(_steady(14))
    column = case.registers[Quantity.ACTIVE_ENERGY_IMPORT].copy()
    column[0, 7 * 96] += 0.9 * case.import_kwh[0, 7 * 96]
    assert _rules(replace(case, registers={Quantity.ACTIVE_ENERGY_IMPORT: column})) == []


def test_a_hole_in_a_day_a_reset_and_a_new_ratio_leave_its_sum_unjudged() -> None:
    case = _window(_steady(14))
    column = case.registers[Quantity.ACTIVE_ENERGY_IMPORT].copy()
    column[0, 6 * 96 :] += 50.0
    wrong = replace(case, registers={Quantity.ACTIVE_ENERGY_IMPORT: column})
    assert _rules(wrong) == ["sum"]
    kwh = case.import_kwh.copy()
    kwh[0, 5 * 96 + 7] = np.nan
    assert _rules(replace(wrong, import_kwh=kwh, quality=np.where(np.isnan(kwh), "N", "A"))) == []
    ratios = [Ratio(meter=M, ct=2.0, starts_at=_at(3))]
    assert _rules(wrong, replace(REGISTRY, ratios=ratios)) == []
    column[0, 6 * 96 :] -= 600.0
    assert _rules(replace(case, registers={Quantity.ACTIVE_ENERGY_IMPORT: column})) == []


@pytest.mark.parametrize(("factor", "rule"), [(0.3, "low"), (4.0, "high")])
def test_three_days_far_from_the_seven_before_are_found(factor: float, rule: str) -> None:
    kwh = _steady(20)
    kwh[10 * 96 : 13 * 96] *= factor
    found = _found(_window(kwh))
    assert [name for name, _ in found] == [rule]
    assert found[0][1].starts_at == _at(10)
    assert found[0][1].parameters["days"] == 3
    kwh = _steady(20)
    kwh[10 * 96 : 12 * 96] *= factor
    assert _rules(_window(kwh)) == []


def test_days_of_a_suspended_service_are_neither_low_nor_a_measure_for_others() -> None:
    kwh = _steady(30)
    kwh[10 * 96 : 18 * 96] *= 0.05
    assert _rules(_window(kwh)) == ["low"]
    registry = replace(
        REGISTRY,
        installations=[Installation(meter=M, service_point="P")],
        suspensions=[Suspension(id="S", service_point="P", starts_at=_at(10), ends_at=_at(18))],
    )
    assert _rules(_window(kwh), registry) == []


@pytest.mark.parametrize("deed", ["stopped_register", "runaway_register"])
def test_a_register_that_stands_still_or_runs_away_is_told_by_its_own_detector(deed: str) -> None:
    whole = Window(starts_at=START + timedelta(days=8), ends_at=START + timedelta(days=11))
    assert planted(deed, window=whole).found(NAME) == []


def test_negative_import_is_found_with_what_would_stand_in() -> None:
    kwh = _steady(14)
    kwh[500:503] = -1.0
    ((rule, episode),) = [f for f in _found(_window(kwh)) if f[0] != "sum"]
    assert rule == "negative"
    assert episode.parameters == {"hours": 0.75, "kwh": -3.0}
    replacement = episode.evidence["replacement"]
    assert isinstance(replacement, dict)
    assert replacement["quality"] == ["S"]
    assert replacement["kwh"] == pytest.approx(3.0, abs=0.3)


def test_a_day_without_intervals_is_unknown_and_less_is_no_matter() -> None:
    kwh = _steady(14)
    kwh[500:596] = np.nan
    ((rule, episode),) = _found(_window(kwh))
    assert (rule, episode.verdict) == ("missing", Verdict.UNKNOWN)
    assert (episode.starts_at, episode.ends_at) == (_at(500 / 96), _at(596 / 96))
    replacement = episode.evidence["replacement"]
    assert isinstance(replacement, dict)
    assert replacement["kwh"] == pytest.approx(96.0, rel=0.05)
    kwh[595] = 1.0
    assert _rules(_window(kwh)) == []


def test_an_outage_and_a_meter_that_hung_elsewhere_explain_what_is_missing() -> None:
    kwh = _steady(14)
    kwh[500:] = np.nan
    case = _window(kwh)
    assert _rules(case) == ["missing"]
    dark = MeterEvent(kind=EventKind.POWER_DOWN, number=1, starts_at=_at(500 / 96), ends_at=_at(14))
    records = Records(events=[EventRecord(meter=M, event=dark)])
    assert _rules(replace(case, records=records)) == []
    gone = Installation(meter=M, service_point="P", ends_at=_at(500 / 96))
    assert _rules(case, replace(REGISTRY, installations=[gone])) == []


def test_a_meter_without_any_interval_is_left_to_the_coverage() -> None:
    assert _rules(_window(np.full(96 * 14, np.nan))) == []


def test_three_days_of_estimates_are_unknown() -> None:
    letters = np.full(14 * 96, "A")
    letters[300 : 300 + 3 * 96] = "S"
    ((rule, episode),) = _found(_window(_steady(14), quality=letters))
    assert (rule, episode.verdict) == ("estimated", Verdict.UNKNOWN)
    assert episode.parameters["hours"] == 72.0
    letters[300] = "A"
    assert _rules(_window(_steady(14), quality=letters)) == []


def test_estimated_values_open_no_spike_and_no_low_day() -> None:
    kwh = _steady(31)
    kwh[1000] = 20.0
    kwh[10 * 96 : 13 * 96] *= 0.2
    letters = np.full(len(kwh), "A")
    letters[1000] = "E"
    letters[10 * 96 : 13 * 96 - 1] = "E"
    assert _rules(_window(kwh, quality=letters)) == []


def test_limits_may_differ_by_service_point() -> None:
    kwh = _steady(31)
    kwh[1000] = 2.5 * float(np.sort(kwh)[-2])
    both = MeterId("n")
    one = _window(kwh)
    case = replace(
        one,
        meters=[M, both],
        import_kwh=np.repeat(one.import_kwh, 2, axis=0),
        quality=np.repeat(one.quality, 2, axis=0),
        step_kwh=np.repeat(one.step_kwh, 2),
        power_kw=np.repeat(one.power_kw, 2, axis=0),
        registers={q: np.repeat(c, 2, axis=0) for q, c in one.registers.items()},
    )
    registry = Registry(
        meters=[Meter(id=M), Meter(id=both)],
        installations=[
            Installation(meter=M, service_point="P"),
            Installation(meter=both, service_point="Q"),
        ],
        thresholds=[Threshold(detector=NAME, parameter="spike_percent", value=100.0, service_point="Q")],
    )
    assert [e.meter for _, e in _found(case, registry)] == [both]


def test_days_of_23_and_25_hours_are_judged_by_their_own_length() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    registry = replace(
        REGISTRY,
        installations=[Installation(meter=M, service_point="P")],
        service_points=[ServicePoint(id="P", area="A")],
        areas=[Area(id="A", zone=berlin)],
    )
    midnight = datetime(2026, 10, 18, tzinfo=berlin).astimezone(UTC)
    kwh = np.ones(14 * 96 + 4)
    case = window(grid(midnight, len(kwh) / 96), {"m": kwh})
    counted = 1000.0 + np.arange(len(kwh), dtype=np.float64)[None]
    honest = replace(case, registers={Quantity.ACTIVE_ENERGY_IMPORT: counted})
    assert _rules(honest, registry) == []
    counted[0, 7 * 96 + 50 :] += 9.0
    ((rule, episode),) = _found(honest, registry)
    assert rule == "sum"
    assert (episode.ends_at or episode.starts_at) - episode.starts_at == timedelta(hours=25)
