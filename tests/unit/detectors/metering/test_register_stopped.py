from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from detectors.engine import run
from pipeline.archive_records import Threshold
from pipeline.block import MeterMatrix
from pipeline.events import EventKind, MeterEvent
from pipeline.model import MeterId, Severity
from pipeline.quantities import Quantity
from pipeline.records import EventRecord, Records
from pipeline.registry import Meter, Ratio, Registry, Wiring
from tests.fix_planted import FAULT, METER, POINT, Planted, planted
from tests.fix_windows import grid, window
from tests.planted_registers import with_thresholds

BEGIN = datetime(2026, 1, 1, 16, tzinfo=UTC)
NAME = "register_stopped"


def _slots(kwh: list[float], kw: list[float], meter: Meter | None = None, ratio: float = 1.0) -> MeterMatrix:
    times = grid(BEGIN, len(kwh) / 96)
    resolution = 0.01 if meter is None else meter.resolution
    return window(times, {"m": kwh}, power_kw={"m": kw}, step_kwh=resolution * ratio)


def _registry(ct: float = 1.0) -> Registry:
    return Registry(meters=[Meter(id=MeterId("m"))], ratios=[Ratio(meter=MeterId("m"), ct=ct)])


@pytest.mark.parametrize("wiring", list(Wiring))
def test_a_stopped_register_is_found_with_the_energy_that_it_lost(wiring: Wiring) -> None:
    case = planted("stopped_register", wiring=wiring)
    (episode,) = case.found(NAME)
    assert (episode.starts_at, episode.ends_at) == (FAULT.starts_at, FAULT.ends_at)
    assert episode.energy_kwh == pytest.approx(case.truth.energy_kwh, rel=0.02)
    assert episode.severity is Severity.CRITICAL
    standing = case.window.registers[Quantity.ACTIVE_ENERGY_IMPORT][0, 9 * 96]
    assert episode.evidence["register_kwh"] == pytest.approx(standing)


def test_nobody_drawing_anything_and_an_honest_meter_are_innocent() -> None:
    assert planted("vacancy", {"kw": 0.0}).found(NAME) == []
    assert planted(None).found(NAME) == []
    assert planted(None, wiring=Wiring.ONE_PHASE, shape="home", peak_kw=4.0, ct=1.0).found(NAME) == []


def test_two_hours_at_one_kilowatt_make_two_kilowatt_hours() -> None:
    still = _slots([0.25] * 8 + [0.0] * 8 + [0.25] * 8, [1.0] * 24)
    (episode,) = run(still, _registry(), only=[NAME])
    assert (episode.starts_at, episode.ends_at) == (
        BEGIN + timedelta(hours=2),
        BEGIN + timedelta(hours=4),
    )
    assert episode.energy_kwh == pytest.approx(2.0)
    assert episode.parameters["hours"] == 2.0


def test_the_limit_is_on_the_meters_own_side() -> None:
    # 8 slots at 0.25 kW are 0.5 kWh: over 0.1 kWh without transformers, 0.0125 kWh behind 40:1.
    kwh, kw = [1.0] * 8 + [0.0] * 8 + [1.0] * 8, [4.0] * 7 + [0.25] * 10 + [4.0] * 7
    assert len(run(_slots(kwh, kw), _registry(), only=[NAME])) == 1
    assert run(_slots(kwh, kw, ratio=40.0), _registry(40.0), only=[NAME]) == []


def test_a_load_that_was_on_at_one_reading_only_proves_nothing() -> None:
    assert run(_slots([0.0] * 24, [0.0, 3.0, 0.0, 0.0] * 6), _registry(), only=[NAME]) == []


def test_stand_by_below_a_step_is_innocent() -> None:
    # 3 W: the register moves by one step each 3.3 hours.
    kwh = [0.01 if slot % 13 == 12 else 0.0 for slot in range(96)]
    assert run(_slots(kwh, [0.003] * 96), _registry(), only=[NAME]) == []


def test_power_that_flows_back_is_not_missing_from_import() -> None:
    assert run(_slots([0.0] * 24, [-5.0] * 24), _registry(), only=[NAME]) == []


def test_a_meter_without_power_is_judged_by_voltage_current_and_power_factor() -> None:
    case = planted("stopped_register")
    blind = replace(case.window, power_kw=np.full_like(case.window.power_kw, np.nan))
    (episode,) = replace(case, window=blind).found(NAME)
    assert episode.energy_kwh == pytest.approx(case.truth.energy_kwh, rel=0.02)


def test_gaps_and_estimates_open_nothing_and_a_short_gap_does_not_end_it() -> None:
    case = planted("stopped_register")
    estimated = replace(case.window, quality=np.where(case.window.import_kwh == 0, "E", "A"))
    assert replace(case, window=estimated).found(NAME) == []
    holes = case.window.import_kwh.copy()
    holes[:, 9 * 96 : 9 * 96 + 4] = np.nan
    gappy = replace(case.window, import_kwh=holes, quality=np.where(np.isnan(holes), "N", "A"))
    (episode,) = replace(case, window=gappy).found(NAME)
    assert (episode.starts_at, episode.ends_at) == (FAULT.starts_at, FAULT.ends_at)
    assert episode.energy_kwh == pytest.approx(case.truth.energy_kwh, rel=0.02)


def test_an_outage_explains_it() -> None:
    case = planted("stopped_register")
    dark = MeterEvent(kind=EventKind.POWER_DOWN, number=1, starts_at=FAULT.starts_at, ends_at=FAULT.ends_at)
    records = Records(events=[EventRecord(meter=METER, event=dark)])
    assert replace(case, window=replace(case.window, records=records)).found(NAME) == []


def test_a_ratio_that_changes_while_it_stands_still_corrects_with_both() -> None:
    case = _doubled_from(planted("stopped_register"), 9 * 96)
    (episode,) = case.found(NAME)
    first = case.window.power_kw[0, 8 * 96 + 36 : 9 * 96].sum() / 4
    second = case.window.power_kw[0, 9 * 96 : 11 * 96 + 36].sum() / 4
    assert episode.energy_kwh == pytest.approx(first + second, rel=0.01)


def _doubled_from(case: Planted, slot: int) -> Planted:
    times = np.ones(case.window.import_kwh.shape)
    times[:, slot:] = 2.0
    changed = replace(
        case.window,
        import_kwh=case.window.import_kwh * times,
        power_kw=case.window.power_kw * times,
        step_kwh=case.window.step_kwh * 2,
    )
    return replace(case, window=changed)


def test_it_takes_its_numbers_from_the_archive() -> None:
    case = planted("stopped_register")

    def found(parameter: str, value: float) -> int:
        entry = Threshold(detector=NAME, parameter=parameter, value=value, service_point=POINT)
        return len(case.found(NAME, with_thresholds(case.registry, entry)))

    assert (found("trigger_kwh", 60.0), found("trigger_kwh", 70.0)) == (1, 0)
    assert (found("trigger_slots", 288.0), found("trigger_slots", 289.0)) == (1, 0)


def test_a_meter_that_the_archive_does_not_know_is_not_judged() -> None:
    assert run(_slots([0.0] * 24, [5.0] * 24), Registry(), only=[NAME]) == []
