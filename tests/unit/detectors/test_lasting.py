"""Findings that last longer than the window: daily runs end with what one run over all the data finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from detectors.engine import reconcile
from detectors.lasting import METER_DAYS, whole_from, wider_looks
from pipeline.block import MeterMatrix
from pipeline.contracts import BasicCharge, Contract, Suspension, SuspensionKind
from pipeline.model import Episode, FoundStretch, MeterId, Severity
from pipeline.registry import Area, Installation, Meter, Registry, ServicePoint
from tests.day_windows import UTC as UTC_ZONE
from tests.day_windows import by_slots
from tests.moving_windows import at_once, day_by_day

BEGIN = datetime(2024, 6, 3, tzinfo=UTC)
"""A Monday."""
PER_DAY = 96
M = MeterId("M0")


def _registry(*, contract: Contract | None = None, suspensions: Sequence[Suspension] = ()) -> Registry:
    return Registry(
        meters=[Meter(id=M)],
        installations=[Installation(meter=M, service_point="P")],
        service_points=[ServicePoint(id="P", area="A")],
        areas=[Area(id="A", zone=UTC_ZONE)],
        contracts=[] if contract is None else [contract],
        suspensions=suspensions,
    )


def _suspension(first: int, end: int) -> Suspension:
    return Suspension(
        id="S1",
        service_point="P",
        kind=SuspensionKind.STOP,
        starts_at=BEGIN + timedelta(days=first),
        ends_at=BEGIN + timedelta(days=end),
    )


def _shown(episodes: Sequence[Episode]) -> list[Episode]:
    """Return episodes without what tells when a run first saw them."""
    return [replace(one, detected_at=BEGIN) for one in episodes]


# 20 kWh in each of eight quarters of an hour, on ten days: 80 kW, 160 kWh a day.
WORKED = (12, 13, 14, 15, 16, 80, 81, 82, 83, 84)


def _worked(days: Sequence[int], length: int = 110) -> MeterMatrix:
    kwh = np.full((1, length, PER_DAY), 0.02)
    kwh[:, list(days), 36:44] = 20.0
    return by_slots(kwh.reshape(1, -1))


def test_a_suspension_keeps_the_proof_of_all_its_days() -> None:
    window, registry = _worked(WORKED), _registry(suspensions=[_suspension(9, 120)])
    (stored,) = day_by_day(window, registry, "suspended_load")
    assert (stored.energy_kwh, stored.parameters["days"]) == (1600.0, 10)
    assert stored.starts_at == BEGIN + timedelta(days=12, hours=9)
    assert stored.ends_at == BEGIN + timedelta(days=84, hours=11)
    penalty = stored.evidence["penalty"]
    assert isinstance(penalty, dict)
    assert penalty["days"] == 10
    assert _shown([stored]) == _shown(at_once(window, registry, "suspended_load"))


def test_late_readings_take_back_what_they_disprove_of_a_suspension() -> None:
    told, late = _worked(WORKED), _worked(WORKED[5:])
    registry = _registry(suspensions=[_suspension(9, 120)])
    since = BEGIN + timedelta(days=90)
    (stored,) = day_by_day(
        told, registry, "suspended_load", seen=lambda all_, at: late if at > since else all_
    )
    assert (stored.energy_kwh, stored.parameters["days"]) == (800.0, 5)
    assert stored.starts_at == BEGIN + timedelta(days=80, hours=9)


def test_an_archive_without_the_suspension_withdraws_what_still_touches_the_window() -> None:
    window, registry = _worked(WORKED), _registry(suspensions=[_suspension(9, 120)])
    changed = BEGIN + timedelta(days=100), _registry()
    assert day_by_day(window, registry, "suspended_load", archive_from=changed) == []


def _months(third: float, other: float, days: int = 150) -> tuple[np.ndarray, np.ndarray]:
    """Return a value a slot that differs on the first three days of each month, and the days of the month."""
    dates = np.datetime64("2024-06-03") + np.arange(days)
    day = (dates - dates.astype("datetime64[M]")).astype(int) + 1
    return np.repeat(np.where(day <= 3, third, other), PER_DAY), np.repeat(day, PER_DAY)


INDUSTRY = Contract(service_point="P", capacity_kva=315.0, category="industry", power_factor_standard=0.9)


def _reactive(lag: np.ndarray) -> MeterMatrix:
    window = by_slots(np.full((1, len(lag)), 20.0))
    energies = {"import_kvarh": lag[None, :], "export_kvarh": np.zeros((1, len(lag)))}
    return replace(window, energies=energies, daily=None)


def test_a_month_keeps_the_power_factor_of_all_its_days() -> None:
    window, registry = _reactive(_months(60.0, 9.8)[0]), _registry(contract=INDUSTRY)
    stored = day_by_day(window, registry, "power_factor")
    assert [one.parameters["month"] for one in stored][:3] == ["2024-07", "2024-08", "2024-09"]
    # July: 20 kWh for 31 days, 60 kvarh for 3 and 9.8 for 28; 20 / hypot(20, 14.66) = 0.8066.
    assert stored[0].parameters["power_factor"] == pytest.approx(0.81)
    assert [one.severity for one in stored] == [
        Severity.MINOR, Severity.MAJOR, Severity.MAJOR, *[Severity.INFO] * (len(stored) - 3),
    ]  # fmt: skip
    assert _shown(stored) == _shown(at_once(window, registry, "power_factor"))


def test_the_rest_of_a_month_is_not_judged_as_the_month() -> None:
    # In the whole of each month 0.92, without its first three days 0.89: nothing is to be paid.
    window, registry = _reactive(_months(0.0, 10.2)[0]), _registry(contract=INDUSTRY)
    over = [one for one in at_once(window, registry, "power_factor") if one.ends_at is not None]
    assert over == []
    stored = day_by_day(window, registry, "power_factor")
    assert [one for one in stored if one.severity is not Severity.INFO] == []


def test_a_month_keeps_its_greatest_demand() -> None:
    _, day = _months(0.0, 0.0)
    hour = np.arange(len(day)) % PER_DAY // 4
    kwh = np.where((day == 5) & (hour == 9), 45.0, np.where((day == 25) & (hour == 9), 32.0, 20.0))
    contract = Contract(service_point="P", contract_demand_kw=100.0, basic_charge=BasicCharge.DEMAND)
    window, registry = by_slots(kwh[None, :]), _registry(contract=contract)
    stored = [e for e in day_by_day(window, registry, "over_capacity") if e.message == "episode.over_demand"]
    # 180 kW against 105: 105 once and 75 twice.
    for one in stored[:4]:
        charge = one.evidence["charge"]
        assert isinstance(charge, dict)
        assert (one.parameters["demand_kw"], charge["charged_kw"]) == (180.0, 255.0)
    whole = [e for e in at_once(window, registry, "over_capacity") if e.message == "episode.over_demand"]
    assert _shown(stored) == _shown(whole)


@pytest.mark.parametrize("share", [0.0, 0.2])
def test_a_drop_ends_when_the_use_is_back_though_its_start_is_learnt_by_now(share: float) -> None:
    random = np.random.default_rng(3)
    slots = np.arange(170 * PER_DAY)
    kwh = (1 + 0.6 * np.sin(slots % PER_DAY / PER_DAY * 2 * np.pi) + 0.3 * random.random(len(slots))) * 1.05
    kwh[70 * PER_DAY : 110 * PER_DAY] *= share
    window, registry = by_slots(kwh[None, :].round(3)), _registry()
    (stored,) = day_by_day(window, registry, "sustained_drop", at_hour=0)
    (whole,) = at_once(window, registry, "sustained_drop", at_hour=0)
    assert (stored.starts_at, stored.ends_at) == (whole.starts_at, BEGIN + timedelta(days=110))
    assert stored.energy_kwh == pytest.approx(whole.energy_kwh, rel=0.01)
    assert stored.parameters["days"] == whole.parameters["days"]


SPAN = BEGIN + timedelta(days=100), BEGIN + timedelta(days=156)
LONG_AGO = BEGIN - timedelta(days=400)


def _stretch(detector: str, days: tuple[int, int | None], meter: str = "M0") -> FoundStretch:
    first, end = days
    return FoundStretch(
        detector=detector,
        meter=MeterId(meter),
        service_point="P",
        starts_at=BEGIN + timedelta(days=first),
        ends_at=None if end is None else BEGIN + timedelta(days=end),
    )


@pytest.mark.parametrize(
    ("known", "since"),
    [
        # It began before the window, or while what is usual was learnt there.
        (_stretch("voltage_loss", (90, 110)), {("voltage_loss", "M0"): 90}),
        (_stretch("voltage_loss", (90, None)), {("voltage_loss", "M0"): 90}),
        (_stretch("sustained_drop", (134, None)), {("sustained_drop", "M0"): 134}),
        (_stretch("over_capacity", (90, 110)), {("over_capacity", "P"): 90}),
        # The window shows all of it.
        (_stretch("voltage_loss", (100, None)), {}),
        (_stretch("sustained_drop", (135, None)), {}),
        # It was over, or is of nobody in the archive, or compares a whole area.
        (_stretch("voltage_loss", (90, 100)), {}),
        (_stretch("voltage_loss", (90, None), "gone"), {}),
        (_stretch("change_rank", (90, None)), {}),
    ],
)
def test_what_began_before_the_window_is_looked_at_from_its_start(
    known: FoundStretch, since: dict[tuple[str, str], int]
) -> None:
    found = whole_from([known], _registry(), SPAN, LONG_AGO)
    assert found == {one: BEGIN + timedelta(days=days) for one, days in since.items()}


def test_findings_in_a_row_are_looked_at_together_and_suspensions_from_their_start() -> None:
    months = [_stretch("power_factor", days) for days in ((0, 28), (28, 59), (63, 90), (90, 120))]
    assert whole_from(months, _registry(), SPAN, LONG_AGO) == {
        ("power_factor", "P"): BEGIN + timedelta(days=0)
    }
    apart = [months[0], *months[2:]]
    assert whole_from(apart, _registry(), SPAN, LONG_AGO) == {
        ("power_factor", "P"): BEGIN + timedelta(days=63)
    }
    registry = _registry(suspensions=[_suspension(9, 120)])
    proof = [_stretch("suspended_load", (12, 17))]
    assert whole_from(proof, registry, SPAN, LONG_AGO) == {("suspended_load", "P"): BEGIN + timedelta(days=9)}
    assert whole_from([], registry, SPAN, LONG_AGO) == {}
    over = _registry(suspensions=[_suspension(9, 100)])
    assert whole_from(proof, over, SPAN, LONG_AGO) == {}


def test_what_is_older_than_the_data_is_left_as_it_was_found() -> None:
    known = [_stretch("voltage_loss", (90, None))]
    assert whole_from(known, _registry(), SPAN, BEGIN + timedelta(days=90 - 56))
    assert whole_from(known, _registry(), SPAN, BEGIN + timedelta(days=90 - 55)) == {}


def test_wider_looks_are_bounded_and_keep_the_meters_of_a_point_together() -> None:
    meters = [MeterId(f"M{number:03d}") for number in range(400)]
    registry = Registry(
        meters=[Meter(id=meter) for meter in meters],
        installations=[
            Installation(meter=meter, service_point=f"P{number // 2}") for number, meter in enumerate(meters)
        ],
        service_points=[ServicePoint(id=f"P{number}") for number in range(200)],
    )
    whole = {("voltage_loss", str(meter)): SPAN[0] - timedelta(days=10) for meter in meters[::2]}
    looks = list(wider_looks(whole, registry, SPAN))
    days = (SPAN[1] - looks[0].since).days
    assert days == 122
    assert [len(look.meters) for look in looks] == [
        METER_DAYS // days // 2 * 2,
        400 - METER_DAYS // days // 2 * 2,
    ]
    assert {one for look in looks for one in look.judged} == whole.keys()
    assert list(wider_looks(whole, Registry(), SPAN)) == []


def test_a_part_without_energy_leaves_the_evidence_of_the_whole() -> None:
    window, registry = _worked(WORKED), _registry(suspensions=[_suspension(9, 120)])
    (whole,) = at_once(window, registry, "suspended_load")
    known = replace(whole, energy_kwh=None)
    rest = replace(known, starts_at=BEGIN + timedelta(days=80), parameters={"days": 5}, ends_at=None)
    (kept,) = reconcile([rest], [known], examined=(BEGIN + timedelta(days=60), BEGIN + timedelta(days=116)))
    assert kept == replace(known, ends_at=None)


def test_what_was_withdrawn_is_found_again_as_what_it_is_now() -> None:
    window, registry = _worked(WORKED), _registry(suspensions=[_suspension(9, 120)])
    (found,) = at_once(window, registry, "suspended_load")
    examined = BEGIN, BEGIN + timedelta(days=110)
    (gone,) = reconcile([], [found], examined=examined)
    again = reconcile([found], [gone], examined=(BEGIN + timedelta(days=60), examined[1]))
    assert again == [found]
