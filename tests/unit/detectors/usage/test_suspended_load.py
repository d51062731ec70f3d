from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.usage.suspended_load import SuspendedLoad
from pipeline.contracts import BasicCharge, Contract
from pipeline.messages import summary
from pipeline.model import Episode, MeterId, Verdict
from pipeline.quantities import Quantity
from pipeline.registry import Area, Installation, Ratio, Role, ServicePoint
from tests.fix_windows import STEEL_DAYS, grid, steel_kwh, window
from tests.unit.detectors.usage.suspended_plant import (
    REGISTRY,
    STARTS_AT,
    STOP,
    at,
    days_of,
    found,
    plant_window,
    slot_of,
    suspended,
    with_nights,
)


def test_three_nights_of_80_kw_make_one_episode() -> None:
    (episode,) = found(with_nights(suspended()))
    assert episode.verdict is Verdict.ABNORMAL
    assert episode.starts_at == at(12, 22)
    assert episode.ends_at == at(21, 4)
    # 3 nights x 6 h x 80 kW = 1 440 kWh; the other 462 h of 480 run 5 kW: 2 310 kWh.
    assert episode.energy_kwh == pytest.approx(1440.0)
    energy: Any = episode.evidence["energy"]
    assert energy["suspension_kwh"] == pytest.approx(1440.0 + 2310.0)
    maximum: Any = episode.evidence["maximum"]
    assert maximum["kw"] == pytest.approx(80.0)
    assert maximum["at"] == at(12, 22).astimezone(UTC).isoformat()
    assert maximum["source"] == "interval energy"
    assert episode.evidence["minutes_above"] == 3 * 6 * 60
    assert episode.evidence["days_above"] == 5
    assert episode.meter == "m"
    assert episode.service_point == "P1"
    assert episode.detected_at == at(28)
    assert "up to 80.0 kW against a limit of 10.0 kW" in summary(episode)


def test_the_days_are_judged_one_by_one() -> None:
    (episode,) = found(with_nights(suspended()))
    days = days_of(episode)
    assert len(days) == 20
    abnormal = {day for day, row in days.items() if row["verdict"] == "abnormal"}
    assert abnormal == {"2018-03-12", "2018-03-13", "2018-03-14", "2018-03-20", "2018-03-21"}
    assert days["2018-03-13"]["minutes_above"] == 360
    assert days["2018-03-09"] == {
        "day": "2018-03-09",
        "verdict": "normal",
        "max_kw": 5.0,
        "kwh": 120.0,
        "minutes_above": 0,
        "slots": 96,
        "missing": 0,
        "undecided": 0,
        "judged_by": "slots",
    }


def test_declared_auxiliaries_under_the_set_point_are_nothing() -> None:
    assert found(suspended(5.0)) == []


def test_the_plant_before_and_after_is_none_of_its_business() -> None:
    kwh = suspended(0.0)
    assert kwh[: slot_of(at(8))].max() * 4 > 100
    assert found(kwh, setpoint_w=None) == []


def test_without_set_point_half_a_kilowatt_is_the_limit_of_a_full_suspension() -> None:
    (episode,) = found(suspended(0.6), setpoint_w=None)
    assert episode.evidence["limit"] == {
        "value": 0.5,
        "unit": "kW",
        "source": "0.5 kW for a full suspension",
    }
    assert found(suspended(0.4), setpoint_w=None) == []


def test_declared_auxiliaries_raise_the_limit() -> None:
    assert found(suspended(5.0), setpoint_w=None, auxiliaries_kw=6.0) == []
    (episode,) = found(suspended(7.0), setpoint_w=None, auxiliaries_kw=6.0)
    assert episode.parameters["limit_kw"] == 6.0


def test_the_limit_is_never_a_share_of_the_capacity() -> None:
    contract = Contract(service_point="P1", capacity_kva=100_000.0, basic_charge=BasicCharge.CAPACITY)
    registry = replace(REGISTRY, contracts=(contract,), suspensions=(replace(STOP, setpoint_w=None),))
    (episode,) = SuspendedLoad().detect(plant_window(suspended(2.0)), registry)
    assert episode.parameters["limit_kw"] == 0.5


def test_one_high_slot_does_not_fire() -> None:
    kwh = suspended()
    kwh[slot_of(at(15, 3))] = 20.0
    assert found(kwh) == []


def test_two_high_slots_with_an_estimated_one_between_do_not_fire() -> None:
    kwh = suspended()
    first = slot_of(at(15, 3))
    kwh[first : first + 3] = 20.0
    letters = np.full(len(kwh), "A")
    letters[first + 1] = "E"
    (episode,) = SuspendedLoad().detect(plant_window(kwh, quality={"m": letters}), REGISTRY)
    assert episode.verdict is Verdict.UNKNOWN
    assert episode.evidence["unknown_days"] == ["2018-03-15"]


@pytest.mark.parametrize("letter", ["E", "S", "F", "V"])
def test_values_that_are_not_actual_never_open_an_episode(letter: str) -> None:
    kwh = with_nights(suspended())
    letters = np.where(kwh == 20.0, letter, "A")
    (episode,) = SuspendedLoad().detect(plant_window(kwh, quality={"m": letters}), REGISTRY)
    assert episode.verdict is Verdict.UNKNOWN
    assert len(days_of(episode)) == 20
    assert episode.evidence["unknown_days"] == [
        "2018-03-12",
        "2018-03-13",
        "2018-03-14",
        "2018-03-20",
        "2018-03-21",
    ]


def test_missing_reads_make_their_days_unknown_and_not_normal() -> None:
    kwh = suspended()
    kwh[slot_of(at(10, 8)) : slot_of(at(10, 9))] = np.nan
    kwh[slot_of(at(17)) : slot_of(at(18))] = np.nan
    (episode,) = found(kwh)
    assert episode.verdict is Verdict.UNKNOWN
    assert episode.energy_kwh is None
    assert episode.evidence["unknown_days"] == ["2018-03-10", "2018-03-17"]
    days = days_of(episode)
    assert days["2018-03-10"]["missing"] == 4
    assert days["2018-03-17"]["max_kw"] is None
    assert days["2018-03-11"]["verdict"] == "normal"
    assert "on 2 days intervals are missing" in summary(episode)


def test_with_load_found_the_unknown_days_stand_in_the_same_episode() -> None:
    kwh = with_nights(suspended())
    kwh[slot_of(at(17)) : slot_of(at(18))] = np.nan
    (episode,) = found(kwh)
    assert episode.verdict is Verdict.ABNORMAL
    assert days_of(episode)["2018-03-17"]["verdict"] == "unknown"


def test_known_and_unknown_findings_have_ids_of_their_own() -> None:
    (abnormal,) = found(with_nights(suspended()))
    kwh = suspended()
    kwh[slot_of(at(17))] = np.nan
    (unknown,) = found(kwh)
    assert abnormal.id != unknown.id
    (longer,) = found(with_nights(suspended(), (10, 12, 13, 20)))
    assert longer.id == abnormal.id


def test_the_slots_at_both_ends_are_tolerated() -> None:
    kwh = suspended()
    kwh[slot_of(at(8))] = 20.0  # begins with the suspension
    kwh[slot_of(at(27, 23, 45))] = 20.0  # ends with it
    assert found(kwh) == []
    kwh[slot_of(at(8, 0, 15)) : slot_of(at(8, 0, 45))] = 20.0
    (episode,) = found(kwh)
    assert episode.starts_at == at(8, 0, 15)


def test_a_suspension_that_begins_within_a_slot_leaves_that_slot_out() -> None:
    kwh = suspended()
    first = slot_of(at(8))
    kwh[first : first + 41] = 20.0  # the plant runs until the suspension at 10:07
    assert found(kwh, starts_at=at(8, 10, 7)) == []
    kwh[first + 41 : first + 43] = 20.0  # 10:15 to 10:45 too
    (episode,) = found(kwh, starts_at=at(8, 10, 7))
    assert episode.starts_at == at(8, 10, 15)


def test_load_at_the_end_of_the_data_stays_open_while_the_suspension_lasts() -> None:
    kwh = suspended()
    kwh[slot_of(at(27, 20)) :] = 20.0
    window_end = slot_of(at(28))
    whole = window(STARTS_AT[:window_end], {"m": kwh[:window_end]})
    registry = replace(REGISTRY, suspensions=(replace(STOP, ends_at=None),))
    (episode,) = SuspendedLoad().detect(whole, registry)
    assert episode.ends_at is None
    assert episode.starts_at == at(27, 20)
    assert episode.detected_at == at(28)
    (over,) = SuspendedLoad().detect(whole, REGISTRY)  # here the suspension ends with the window
    assert over.ends_at == at(27, 23, 45)


def test_slots_that_may_still_be_on_their_way_are_not_judged_yet() -> None:
    now = slot_of(at(20, 10))
    kwh = suspended()[:now]
    kwh[now - 8 :] = np.nan
    assert SuspendedLoad().detect(window(STARTS_AT[:now], {"m": kwh}), REGISTRY) == []
    kwh[now - 9] = np.nan
    (episode,) = SuspendedLoad().detect(window(STARTS_AT[:now], {"m": kwh}), REGISTRY)
    assert episode.evidence["unknown_days"] == ["2018-03-20"]


def test_load_that_goes_on_stays_open_while_the_newest_slots_are_on_their_way() -> None:
    now = slot_of(at(20, 10))
    kwh = suspended()[:now]
    kwh[now - 20 : now - 3] = 20.0
    kwh[now - 3 :] = np.nan
    (episode,) = SuspendedLoad().detect(window(STARTS_AT[:now], {"m": kwh}), REGISTRY)
    assert episode.ends_at is None
    assert episode.detected_at == at(20, 9, 15)


def test_sub_meters_are_subtracted_and_check_meters_ignored() -> None:
    kwh = with_nights(suspended())
    installations = (
        Installation(meter=MeterId("m"), service_point="P1"),
        Installation(meter=MeterId("tenant"), service_point="P1", role=Role.SUBTRACT),
        Installation(meter=MeterId("check"), service_point="P1", role=Role.CHECK),
    )
    registry = replace(REGISTRY, installations=installations)
    rows = {"tenant": np.where(kwh == 20.0, 19.0, 0.0), "m": kwh, "check": kwh}
    assert SuspendedLoad().detect(window(STARTS_AT, rows), registry) == []
    rows["tenant"] = np.where(kwh == 20.0, 10.0, 0.0)
    (episode,) = SuspendedLoad().detect(window(STARTS_AT, rows), registry)
    assert episode.energy_kwh == pytest.approx(720.0)
    assert episode.evidence["meters"] == ["m", "tenant"]


def test_a_sub_meter_without_data_makes_the_suspension_unknown() -> None:
    installations = (
        Installation(meter=MeterId("m"), service_point="P1"),
        Installation(meter=MeterId("tenant"), service_point="P1", role=Role.SUBTRACT),
    )
    registry = replace(REGISTRY, installations=installations)
    (episode,) = SuspendedLoad().detect(plant_window(with_nights(suspended())), registry)
    assert episode.verdict is Verdict.UNKNOWN
    assert episode.evidence["meters_without_data"] == ["tenant"]


def test_two_main_meters_are_added() -> None:
    kwh = suspended(6.0)
    installations = tuple(Installation(meter=MeterId(m), service_point="P1") for m in ("b", "a"))
    registry = replace(REGISTRY, installations=installations)
    (episode,) = SuspendedLoad().detect(window(STARTS_AT, {"b": kwh, "a": kwh}), registry)
    assert episode.parameters["max_kw"] == pytest.approx(12.0)
    assert episode.meter == "a"


def test_a_meter_change_within_the_suspension_is_followed() -> None:
    kwh = with_nights(suspended(), (12, 20))
    change = at(15, 10)
    old, new = kwh.copy(), kwh.copy()
    old[slot_of(change) :] = np.nan
    new[: slot_of(change)] = np.nan
    installations = (
        Installation(meter=MeterId("old"), service_point="P1", ends_at=change),
        Installation(meter=MeterId("new"), service_point="P1", starts_at=change),
    )
    registry = replace(REGISTRY, installations=installations)
    (episode,) = SuspendedLoad().detect(window(STARTS_AT, {"old": old, "new": new}), registry)
    assert (episode.starts_at, episode.ends_at) == (at(12, 22), at(21, 4))
    assert {row["verdict"] for row in days_of(episode).values()} == {"normal", "abnormal"}


def test_overlapping_suspensions_are_two_episodes_that_name_each_other() -> None:
    second = replace(STOP, id="S2", starts_at=at(11), ends_at=at(14))
    registry = replace(REGISTRY, suspensions=(STOP, second))
    found = SuspendedLoad().detect(plant_window(with_nights(suspended())), registry)
    by_suspension = {episode.parameters["suspension"]: episode for episode in found}
    assert by_suspension["S1"].energy_kwh == pytest.approx(1440.0)
    # The night of the 13th goes on beyond S2's end at midnight, whose last slot is tolerated.
    assert by_suspension["S2"].energy_kwh == pytest.approx(6 * 80.0 + 1.75 * 80.0)
    assert by_suspension["S1"].evidence["overlapping_suspensions"] == ["S2"]
    assert by_suspension["S2"].evidence["overlapping_suspensions"] == ["S1"]


def _partial(kwh: NDArray[np.float64], kvar: float = np.nan) -> list[Episode]:
    values = {Quantity.REACTIVE_POWER: np.full((1, len(kwh)), kvar)}
    suspension = replace(STOP, setpoint_w=None, remaining_kva=100.0)
    registry = replace(
        REGISTRY, suspensions=(suspension,), ratios=(Ratio(meter=MeterId("m"), ct=20.0, pt=1.0),)
    )
    return list(SuspendedLoad().detect(plant_window(kwh, values=values, step_kwh=0.2), registry))


def test_active_power_above_what_a_partial_suspension_left_proves_it() -> None:
    (episode,) = _partial(with_nights(suspended(110.0)))
    assert episode.verdict is Verdict.ABNORMAL
    assert episode.parameters["unit"] == "kVA"
    assert episode.parameters["limit_kw"] == pytest.approx(105.0)


def test_active_power_below_a_capacity_proves_nothing_without_reactive_power() -> None:
    (episode,) = _partial(suspended(80.0))
    assert episode.verdict is Verdict.UNKNOWN
    assert episode.message == "episode.suspended_load_no_reactive"


def test_with_reactive_power_the_apparent_power_decides() -> None:
    # 80 kW and 3 kvar x 20 = 60 kvar are 100 kVA; with 4 kvar x 20 = 80 kvar they are 113 kVA.
    assert _partial(suspended(80.0), kvar=3.0) == []
    (episode,) = _partial(suspended(80.0), kvar=4.0)
    assert episode.verdict is Verdict.ABNORMAL


def test_reactive_energy_comes_before_reactive_power_of_an_instant() -> None:
    # 20 kvarh in 15 minutes are 80 kvar; the measured 0 kvar at the slots' starts are only instants.
    kwh = suspended(80.0)
    values = {Quantity.REACTIVE_POWER: np.zeros((1, len(kwh)))}
    registry = replace(REGISTRY, suspensions=(replace(STOP, setpoint_w=None, remaining_kva=100.0),))
    plain = plant_window(kwh, values=values)
    assert SuspendedLoad().detect(plain, registry) == []
    reactive = replace(plain, import_kvarh=np.full((1, len(kwh)), 20.0))
    (episode,) = SuspendedLoad().detect(reactive, registry)
    assert episode.verdict is Verdict.ABNORMAL


def test_a_coarse_register_does_not_fire_on_its_own_steps() -> None:
    # 0.01 kWh x 100 = 1 kWh a step is 4 kW in a slot: 0.4 kW drawn evenly shows as one step now and then.
    steps = np.floor(np.cumsum(np.full(STEEL_DAYS * 96, 0.1)))
    kwh = np.diff(steps, prepend=0.0)
    suspension = replace(STOP, setpoint_w=None)
    registry = replace(REGISTRY, suspensions=(suspension,))
    assert SuspendedLoad().detect(plant_window(kwh, step_kwh=1.0), registry) == []


def test_a_coarse_register_still_shows_a_load_by_its_days() -> None:
    # 3 kW is under one step of 4 kW in a slot, yet 72 kWh a day is far above 12 kWh.
    steps = np.floor(np.cumsum(np.full(STEEL_DAYS * 96, 0.75)))
    kwh = np.diff(steps, prepend=0.0)
    registry = replace(REGISTRY, suspensions=(replace(STOP, setpoint_w=None),))
    (episode,) = SuspendedLoad().detect(plant_window(kwh, step_kwh=1.0), registry)
    assert episode.verdict is Verdict.ABNORMAL
    assert episode.score < 1
    assert days_of(episode)["2018-03-10"]["judged_by"] == "energy of the day"
    maximum: Any = episode.evidence["maximum"]
    assert maximum["uncertainty_kw"] == 4.0


def test_a_service_point_without_meter_is_unknown_and_names_the_entry() -> None:
    registry = replace(REGISTRY, installations=())
    (episode,) = SuspendedLoad().detect(plant_window(suspended()), registry)
    assert episode.verdict is Verdict.UNKNOWN
    assert episode.evidence["wanted_entries"] == ["[[installation]] of service point P1 with role main"]
    assert "[[installation]]" in summary(episode)


def test_a_window_of_other_customers_says_nothing() -> None:
    assert SuspendedLoad().detect(window(STARTS_AT, {"other": steel_kwh()}), REGISTRY) == []


def test_no_data_of_its_meter_is_unknown() -> None:
    (episode,) = SuspendedLoad().detect(plant_window(np.full(len(STARTS_AT), np.nan)), REGISTRY)
    assert episode.verdict is Verdict.UNKNOWN
    assert episode.parameters["days"] == 20


@pytest.mark.parametrize(
    ("changed", "slots"), [(date(2026, 3, 29), 92), (date(2026, 10, 25), 100)], ids=["23 h", "25 h"]
)
def test_days_follow_the_areas_zone_through_a_clock_change(changed: date, slots: int) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    midnight = datetime(changed.year, changed.month, changed.day, tzinfo=berlin)
    begin, end = midnight - timedelta(days=1), midnight + timedelta(days=2)
    registry = replace(
        REGISTRY,
        service_points=(ServicePoint(id="P1", area="A"),),
        areas=(Area(id="A", zone=berlin),),
        suspensions=(replace(STOP, starts_at=begin, ends_at=end),),
    )
    starts_at = grid(begin - timedelta(days=1), 5)
    kwh = np.zeros(len(starts_at))
    high = int(np.searchsorted(starts_at, np.datetime64(midnight.astimezone(UTC).replace(tzinfo=None))))
    kwh[high : high + slots] = 20.0
    (episode,) = SuspendedLoad().detect(window(starts_at, {"m": kwh}), registry)
    rows = days_of(episode)
    assert rows[changed.isoformat()]["slots"] == slots
    assert rows[changed.isoformat()]["minutes_above"] == slots * 15
    assert [row["verdict"] for row in rows.values()] == ["normal", "abnormal", "normal"]
