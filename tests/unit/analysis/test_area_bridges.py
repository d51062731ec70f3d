"""A slot that somebody lacks is nowhere taken for nothing: evening peaks, several supplies, many members."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from analysis.line_loss import AreaDay, LossVerdict
from detectors.register_days import NET
from pipeline.block import MeterMatrix
from pipeline.daily_reduction import with_daily_rows
from pipeline.model import MeterId
from pipeline.quantities import Quantity
from pipeline.registry import Installation, Registry
from pipeline.timegrid import local_day, slot_grid
from tests.fix_windows import window
from tests.loss_areas import FIRST, losses, registry

NAN = np.nan
IMPORT, EXPORT = NET
EVENING = np.where(np.arange(96) // 4 >= 18, 3.0, 0.6)
"""kWh a slot of a member: 24 slots of 3 and 72 of 0.6 are 115.2 a day."""
NAMES = tuple(f"M{n:02d}" for n in range(30))
LOST = 0.5
"""kWh a slot."""


def _quarters(
    kwh: dict[str, np.ndarray],
    archive: Registry,
    export: dict[str, np.ndarray] | None = None,
    first: datetime = FIRST,
) -> MeterMatrix:
    slots = len(next(iter(kwh.values())))
    seen = window(slot_grid(first, first + timedelta(minutes=15 * slots), 15), kwh)
    out = np.zeros(seen.import_kwh.shape)
    for name, column in (export or {}).items():
        out[seen.meters.index(MeterId(name))] = column
    return with_daily_rows(replace(seen, energies={"export_kwh": out}), archive)


def _area(days: int = 3) -> dict[str, np.ndarray]:
    used = np.tile(EVENING, days)
    return {"S": 30 * used + LOST, **{name: used.copy() for name in NAMES}}


def _day(kwh: dict[str, np.ndarray], archive: Registry | None = None, day: int = 1) -> AreaDay:
    archive = archive or registry(NAMES)
    (loss,) = losses(_quarters(kwh, archive), archive)
    return loss.days[day]


WHOLE = (30 * 115.2 + 48.0, 30 * 115.2)
"""In 3504 kWh and out 3456: 48 are lost, 1.37 %."""


def _is_whole(day: AreaDay) -> bool:
    assert (day.energy_in_kwh, day.energy_out_kwh) == pytest.approx(WHOLE)
    return day.verdict is LossVerdict.NORMAL


@pytest.mark.parametrize("slot", [0, 40, 72, 80, 95])
def test_one_missing_slot_of_the_supply_moves_no_loss(slot: int) -> None:
    kwh = _area()
    kwh["S"][96 + slot] = NAN
    day = _day(kwh)
    assert _is_whole(day)
    assert day.filled_in_kwh == pytest.approx(30 * EVENING[slot] + LOST)
    assert (day.filled_kwh, day.missing_supplies) == (0.0, ())
    assert day.slot_coverage == pytest.approx(1.0 - 1 / (96 * 31))


def test_a_slot_that_all_members_lack_moves_no_loss() -> None:
    kwh = _area()
    for name in NAMES:
        kwh[name][96 + 72] = NAN
    day = _day(kwh)
    # The step of the evening lies between 0.6 and 3 kWh: from beside alone 36 of 90 kWh would lack.
    assert _is_whole(day)
    assert day.filled_kwh == pytest.approx(90.0)
    assert (day.known, day.missing) == (30, ())


def test_a_slot_that_everybody_lacks_moves_no_loss() -> None:
    kwh = _area()
    for column in kwh.values():
        column[96 + 80] = NAN
    assert _is_whole(_day(kwh))


def test_a_member_s_missing_slot_is_what_lies_beside_it() -> None:
    kwh = _area()
    kwh["M03"][96 + 80] = NAN
    day = _day(kwh)
    assert _is_whole(day)
    assert day.filled_kwh == pytest.approx(3.0)


def test_a_missing_slot_of_a_member_that_feeds_in_is_fed_in() -> None:
    kwh = _area()
    noon = np.tile(np.where(np.arange(96) // 16 == 3, 5.0, 0.0), 3)
    kwh["S"] -= noon
    kwh["M03"][96 + 55] = NAN
    archive = registry(NAMES)
    (loss,) = losses(_quarters(kwh, archive, {"M03": noon}), archive)
    day = loss.days[1]
    assert day.fed_in_kwh == pytest.approx(80.0)
    assert (day.energy_in_kwh, day.loss_kwh) == pytest.approx((WHOLE[0], 48.0))
    assert day.filled_kwh == pytest.approx(0.6 - 5.0)


@pytest.mark.parametrize("lacks", ["S", "S2", "TIE"])
def test_of_several_supplies_with_signs_one_may_lack_a_slot(lacks: str) -> None:
    archive = registry(NAMES, supplies=("S", "S2", "TIE"))
    members = [replace(m, sign=-1) if m.service_point == "P-TIE" else m for m in archive.area_members]
    kwh = _area()
    kwh |= {"S2": 0.25 * kwh["S"], "S": kwh["S"], "TIE": 0.25 * kwh["S"]}
    true = kwh[lacks][96 + 80]
    kwh[lacks] = kwh[lacks].copy()
    kwh[lacks][96 + 80] = NAN
    day = _day(kwh, replace(archive, area_members=members))
    assert day.filled_in_kwh == pytest.approx(-true if lacks == "TIE" else true)
    # The tie's quarter of 3504 kWh comes in through the second meter and goes out again.
    assert day.loss_kwh == pytest.approx(48.0)
    assert day.energy_in_kwh == pytest.approx(1.25 * WHOLE[0])


def _registers(seen: MeterMatrix, kwh: dict[str, np.ndarray]) -> MeterMatrix:
    """Give some meters the registers that close their days, and the others none."""
    assert seen.daily is not None
    held = np.full(seen.daily.kwh.shape, NAN)
    for name, column in kwh.items():
        held[seen.meters.index(MeterId(name))] = column.reshape(-1, 96).sum(axis=1).cumsum()
    registers: dict[Quantity, np.ndarray] = {IMPORT: held}
    return replace(seen, daily=replace(seen.daily, registers=registers))


def test_the_gap_that_a_register_closes_is_not_bridged_as_well() -> None:
    archive = registry(NAMES, supplies=("S", "S2"))
    true = _area()
    true |= {"S2": 0.25 * true["S"], "S": 0.75 * true["S"]}
    kwh = {name: column.copy() for name, column in true.items()}
    kwh["S"][96 + 8 : 96 + 12] = NAN
    kwh["S2"][96 + 80] = NAN
    for name in NAMES:
        kwh[name][96 + 30] = NAN
    seen = _registers(_quarters(kwh, archive), {"S": true["S"]})
    (loss,) = losses(seen, archive)
    day = loss.days[1]
    assert _is_whole(day)
    assert day.filled_in_kwh == pytest.approx(0.25 * 90.5)
    assert day.filled_kwh == pytest.approx(18.0)


def test_a_gap_that_nobody_tells_of_makes_the_supply_missing_and_names_it() -> None:
    archive = registry(NAMES)
    true = _area()
    kwh = {name: np.full(288, NAN) for name in NAMES} | {"S": true["S"].copy()}
    kwh["S"][96 + 80] = NAN
    seen = _registers(_quarters(kwh, archive), {name: true[name] for name in NAMES})
    (loss,) = losses(seen, archive)
    # Freezes alone tell of no member when he drew; days on which the supply has every slot are judged.
    assert loss.days[1].missing_supplies == ("P-S",)
    assert (loss.days[1].verdict, loss.days[1].filled_in_kwh) == (LossVerdict.UNKNOWN, None)
    assert loss.days[2].loss_kwh == pytest.approx(48.0)


def test_another_supply_that_is_missing_is_named_alone() -> None:
    archive = registry(NAMES, supplies=("S", "S2"))
    kwh = _area()
    kwh["S2"] = np.ones(288)
    kwh["S"][96 + 80] = NAN
    kwh["S2"][96 : 96 + 20] = NAN
    assert _day(kwh, archive).missing_supplies == ("P-S2",)


def test_the_slot_in_which_the_supply_meter_is_replaced_is_bridged() -> None:
    at = FIRST + timedelta(days=1, hours=20, minutes=7)
    archive = registry(NAMES)
    hung = [
        *[i for i in archive.installations if i.meter != MeterId("S")],
        Installation(meter=MeterId("S"), service_point="P-S", ends_at=at),
        Installation(meter=MeterId("N"), service_point="P-S", starts_at=at),
    ]
    meters = [*archive.meters, replace(archive.meters[0], id=MeterId("N"))]
    kwh = _area()
    cut = 96 + 80
    kwh["N"] = kwh["S"].copy()
    kwh["N"][: cut + 1] = NAN
    kwh["S"][cut:] = NAN
    archive = replace(archive, meters=meters, installations=hung)
    assert _is_whole(_day(kwh, archive))
    # Where each has its part of the slot, nothing lacks.
    kwh["S"][cut], kwh["N"][cut] = 40.5, 50.0
    day = _day(kwh, archive)
    assert _is_whole(day)
    assert day.filled_in_kwh == 0.0


@pytest.mark.parametrize(("month", "number", "slots"), [(3, 29, 92), (10, 25, 100)])
def test_days_of_23_and_25_hours_are_bridged_like_others(month: int, number: int, slots: int) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    archive = registry(NAMES, zone=berlin)
    begin = datetime(2026, month, number, tzinfo=berlin)
    first = local_day((begin - timedelta(days=1)).date(), berlin)[0]
    used = np.ones(96 + slots + 96)
    used[96 + slots - 20 : 96 + slots] = 4.0
    kwh = {"S": 30 * used + LOST, **{name: used.copy() for name in NAMES}}
    kwh["S"][96 + slots - 5] = NAN
    kwh["M00"][96 + slots - 1] = NAN
    (loss,) = losses(_quarters(kwh, archive, first=first), archive)
    day = loss.days[1]
    assert day.day == begin.date()
    assert day.loss_kwh == pytest.approx(slots * LOST)
    assert day.energy_out_kwh == pytest.approx(30 * (slots + 60))
