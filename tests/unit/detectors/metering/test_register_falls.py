from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from pipeline.archive_records import Threshold, WorkOrder
from pipeline.events import EventKind, MeterEvent
from pipeline.model import Severity
from pipeline.quantities import Quantity
from pipeline.records import EventRecord, Records
from pipeline.registry import Installation, Wiring
from pipeline.timegrid import to_numpy
from simulators.physics.window import Window
from tests.fix_planted import FAULT, METER, POINT, SLOT, START, Planted, planted
from tests.planted_registers import with_thresholds

NAME = "register_falls"
ONE_READ = Window(starts_at=FAULT.starts_at, ends_at=FAULT.starts_at + timedelta(minutes=5))
IMPORT = Quantity.ACTIVE_ENERGY_IMPORT


@pytest.mark.parametrize("wiring", list(Wiring))
def test_a_reset_is_found_where_it_happened_with_its_three_readings(wiring: Wiring) -> None:
    case = planted("register_reset", wiring=wiring)
    (episode,) = case.found(NAME)
    assert (episode.starts_at, episode.ends_at) == (FAULT.starts_at - SLOT, FAULT.starts_at + SLOT)
    assert episode.detected_at == FAULT.starts_at + SLOT
    assert episode.message == "episode.register_reset"
    read = case.window.registers[IMPORT][0]
    slot = 8 * 96 + 36
    first, second, third = read[slot - 1 : slot + 2].round(3).tolist()
    assert episode.evidence["three_readings"] == [
        ["2024-06-11T00:45:00+00:00", first],
        ["2024-06-11T01:00:00+00:00", second],
        ["2024-06-11T01:15:00+00:00", third],
    ]
    others = str(episode.evidence["registers"])
    assert "active_energy_import" in others
    assert "reactive_energy_import" in others


def test_one_bad_read_a_boot_zero_a_roll_over_and_an_honest_meter_are_innocent() -> None:
    assert planted("bad_read", window=ONE_READ).found(NAME) == []
    assert planted("boot_zero", window=ONE_READ).found(NAME) == []
    assert planted("boot_zero").found(NAME) == []
    assert planted("roll_over").found(NAME) == []
    assert planted(None).found(NAME) == []


def test_another_meter_that_nobody_filed_is_told_from_a_reset_by_where_it_begins() -> None:
    (episode,) = planted("meter_swap", {"opening_kwh": 1200.0}).found(NAME)
    assert episode.message == "episode.register_swap"
    assert episode.parameters["after_kwh"] == pytest.approx(1200.0)
    (upwards,) = planted("meter_swap", {"opening_kwh": 9000.0}).found(NAME)
    assert upwards.message == "episode.register_jump"


def test_a_meter_change_or_a_work_order_in_the_archive_explains_it() -> None:
    case = planted("meter_swap", {"opening_kwh": 12.0})
    day = START + timedelta(days=8)
    changed = [
        Installation(meter=METER, service_point=POINT, ends_at=day),
        Installation(meter=METER, service_point=POINT, starts_at=day),
    ]
    assert case.found(NAME, replace(case.registry, installations=changed)) == []
    order = WorkOrder(id="W1", service_point=POINT, starts_at=day, ends_at=day + timedelta(hours=10))
    assert case.found(NAME, replace(case.registry, work_orders=[order])) == []
    elsewhere = replace(order, service_point="SP-other")
    assert len(case.found(NAME, replace(case.registry, work_orders=[elsewhere]))) == 1
    long_ago = replace(order, starts_at=day - timedelta(days=9), ends_at=day - timedelta(days=8))
    assert len(case.found(NAME, replace(case.registry, work_orders=[long_ago]))) == 1


def test_a_register_that_came_back_after_three_days_is_a_dip() -> None:
    (episode,) = planted("bad_read").found(NAME)
    assert episode.message == "episode.register_dip"
    assert (episode.starts_at, episode.ends_at) == (FAULT.starts_at - SLOT, FAULT.ends_at)
    assert episode.severity is Severity.MINOR


def test_a_runaway_is_no_row_of_jumps_to_other_meters() -> None:
    assert planted("runaway_register", {"factor": 2000.0}).found(NAME) == []


def test_the_last_reading_of_a_window_decides_nothing() -> None:
    case = planted("register_reset")

    def cut(slots: int) -> Planted:
        registers = {q: column.copy() for q, column in case.window.registers.items()}
        for column in registers.values():
            column[:, slots:] = np.nan
        return replace(case, window=replace(case.window, registers=registers))

    shows_it = 8 * 96 + 36
    assert cut(shows_it + 1).found(NAME) == []
    assert len(cut(shows_it + 2).found(NAME)) == 1


def test_a_gap_around_it_widens_the_stretch() -> None:
    case = planted("register_reset")
    registers = {q: column.copy() for q, column in case.window.registers.items()}
    for column in registers.values():
        column[:, 8 * 96 + 30 : 8 * 96 + 40] = np.nan
    (episode,) = replace(case, window=replace(case.window, registers=registers)).found(NAME)
    assert episode.starts_at == FAULT.starts_at - 7 * SLOT
    assert episode.ends_at == FAULT.starts_at + 5 * SLOT
    assert episode.parameters["hours"] == pytest.approx(2.75)


def test_the_limit_is_five_hundredths_of_a_kilowatt_hour() -> None:
    def lowered(kwh: float) -> Planted:
        case = planted(None, shape="flat", peak_kw=0.0)
        column = np.full_like(case.window.registers[IMPORT], 5000.0)
        column[:, 500:] -= kwh
        return replace(case, window=replace(case.window, registers={IMPORT: column}))

    assert lowered(0.05).found(NAME) == []
    assert len(lowered(0.06).found(NAME)) == 1


def test_a_meter_that_was_cleared_says_so() -> None:
    case = planted("register_reset")
    cleared = MeterEvent(kind=EventKind.METER_CLEAR, number=1, starts_at=FAULT.starts_at)
    records = Records(events=[EventRecord(meter=METER, event=cleared)])
    (episode,) = replace(case, window=replace(case.window, records=records)).found(NAME)
    assert episode.evidence["meter_clear_events"] == ["2024-06-11T09:00:00+08:00"]


def test_it_takes_its_numbers_from_the_archive() -> None:
    case = planted("meter_swap", {"opening_kwh": 5100.0})

    def found(parameter: str, value: float) -> int:
        entry = Threshold(detector=NAME, parameter=parameter, value=value, service_point=POINT)
        return len(case.found(NAME, with_thresholds(case.registry, entry)))

    assert (found("trigger_kwh", 40.0), found("trigger_kwh", 6000.0)) == (1, 0)
    assert (found("trigger_readings", 500.0), found("trigger_readings", 600.0)) == (1, 0)


def test_what_the_register_held_before_is_told_by_the_ratio_of_its_time() -> None:
    case = planted("register_reset")
    later = case.window.starts_at >= to_numpy(FAULT.ends_at)
    window = replace(
        case.window, ratios=np.where(later, 160.0, 40.0)[None], step_kwh=4.0 * case.window.step_kwh
    )
    (episode,) = replace(case, window=window).found(NAME)
    held = case.window.registers[IMPORT][0, 8 * 96 + 35]
    assert episode.evidence["before_primary_kwh"] == pytest.approx(40.0 * held)
