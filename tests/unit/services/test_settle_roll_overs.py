"""Registers of a bill that close below their opening: a roll-over counts, a reset does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from analysis.settlement.settle import settle
from pipeline.model import Origin, Quality, Snapshot
from pipeline.quantities import Quantity
from pipeline.registry import Installation, Meter, Ratio
from tests.gathered_months import gathered
from tests.settled_plants import APRIL, MARCH, METER, PLANT, POINT, TARIFF, intervals, plant, reading

A_DAY = timedelta(days=1)
Q = Quantity
CT_METER = Meter(id=METER, rated_current_a=1.5, max_current_a=6.0)
"""3 x 220 V x 6 A x 2 = 7.92 kWh an hour at most."""
ONE_PRICE = [replace(TARIFF, schedules=())]
BEHIND_CT = plant(meters=[CT_METER], tariffs=ONE_PRICE)
DIRECT = replace(BEHIND_CT, meters=[Meter(id=METER, digits=5)], ratios=[])
"""Five digits, 60 A: 79.2 kWh an hour at most."""
NO_INTERVALS = intervals().take(intervals().starts_at < intervals().starts_at[0])


def daily(first: float, a_day: float, days: range, at: datetime = MARCH) -> list[Snapshot]:
    """Return daily freezes of a register that counts to a million."""
    return [
        reading(at + day * A_DAY, round((first + a_day * day) % 1e6, 2), Origin.DAILY_FREEZE) for day in days
    ]


def counted(readings: Sequence[Snapshot], **known: object) -> tuple[Decimal | None, list[str]]:
    """Return what the total is billed by, None where refused, and the refusing codes."""
    month = gathered(readings, **known)  # type: ignore[arg-type]  # handed on
    bill = settle(month)
    refused = [finding.code for finding in bill.findings if finding.refuses]
    return (None if refused else month.pairs[0].counted), refused


def test_a_meter_that_was_changed_without_a_record_refuses_the_bill() -> None:
    # 600 000 on 1 March, 600 224 on the 14th, then a new meter from 0: 16 kWh a day, x 20 behind the CT.
    old, new = daily(600_000.0, 16.0, range(14)), daily(-208.0, 16.0, range(14, 32))
    assert counted([*old, *new], archive=BEHIND_CT, columns=NO_INTERVALS) == (None, ["ran_back"])


def test_a_roll_over_of_monthly_reads_by_hand_is_billed() -> None:
    # Some 250 kWh a month: 100 000 kWh take 33 years.
    months = [
        reading(MARCH - 59 * A_DAY, 99_390.0, Origin.MANUAL),
        reading(MARCH - 28 * A_DAY, 99_620.0, Origin.MANUAL),
        reading(MARCH, 99_870.0, Origin.MANUAL),
        reading(APRIL, 118.0, Origin.MANUAL),
    ]
    assert counted(months, archive=DIRECT, columns=NO_INTERVALS)[1] == []
    swapped = [*months[:2], reading(MARCH, 99_870.0, Origin.MANUAL), reading(APRIL, 4000.0, Origin.MANUAL)]
    assert counted(swapped, archive=DIRECT, columns=NO_INTERVALS) == (None, ["ran_back"])
    # Of the two reads alone nothing speaks against 4 130 kWh.
    assert counted(swapped[2:], archive=DIRECT, columns=NO_INTERVALS)[0] == Decimal("4130.00")


def test_intervals_that_were_spread_over_the_fall_itself_confirm_nothing() -> None:
    # 95 000 -> 288 on the meter of a customer who uses 200 kWh a month: 5 288 kWh in 2 976 quarter hours.
    readings = [
        reading(MARCH - 28 * A_DAY, 94_800.0, Origin.MANUAL),
        reading(MARCH, 95_000.0, Origin.MANUAL),
        reading(APRIL, 288.0, Origin.MANUAL),
    ]
    measured = intervals(kwh=5288.0 / 2976)
    assert counted(readings, archive=DIRECT, columns=measured)[0] == Decimal("5288.00")
    spread = replace(measured, quality=np.full(len(measured), "E"))
    assert counted(readings, archive=DIRECT, columns=spread) == (None, ["ran_back"])


def test_a_rate_register_and_a_reactive_one_roll_over_on_their_own() -> None:
    t1, lagging = Q("active_energy_import_t1"), Q.REACTIVE_ENERGY_IMPORT
    readings = [
        reading(MARCH, 400_000.0, more={t1: 999_999.5, lagging: 999_950.0}),
        reading(APRIL, 400_297.6, more={t1: 0.25, lagging: 50.0}),
    ]
    pairs = {pair.quantity: pair for pair in gathered(readings, archive=BEHIND_CT).pairs}
    assert (pairs[t1].range, pairs[t1].counted) == (Decimal(1_000_000), Decimal("0.75"))
    assert pairs[lagging].counted == Decimal("100.00")
    fell = [replaced(readings[0], {t1: 400.0}), readings[1]]
    pairs = {pair.quantity: pair for pair in gathered(fell, archive=BEHIND_CT).pairs}
    assert (pairs[t1].range, pairs[t1].counted) == (None, Decimal("-399.75"))


def replaced(snapshot: Snapshot, values: dict[Quantity, float]) -> Snapshot:
    return snapshot._replace(values={**snapshot.values, **values})


def test_a_register_of_primary_values_is_judged_by_what_passes_its_transformers() -> None:
    # 10 kV, 100/5: as shown at most 2 x 3 x 5.77 kV x 120 A = 4 150 kWh an hour.
    meter = replace(CT_METER, rated_voltage_v=57.7)
    archive = replace(
        BEHIND_CT,
        meters=[meter],
        installations=[Installation(meter=METER, service_point=POINT, profile="primary")],
        ratios=[Ratio(meter=METER, ct=20.0, pt=100.0)],
    )
    rolled = [reading(MARCH, 950_000.0), reading(APRIL, 70_000.0)]
    known = {"archive": archive, "columns": NO_INTERVALS, "primary": frozenset({"primary"})}
    assert counted(rolled, **known)[0] == Decimal("120000.00")
    # Not near its end: the 100 000 kWh of the month before speak for it.
    rolled = [reading(MARCH - 28 * A_DAY, 750_000.0), reading(MARCH, 880_000.0), reading(APRIL, 70_000.0)]
    assert counted(rolled, **known)[0] == Decimal("190000.00")
    assert counted(rolled[1:], **known) == (None, ["ran_back"])
    # Were the values of the meter's own side, 2.08 kWh an hour would be the most.
    behind = replace(archive, installations=PLANT.installations)
    assert counted(rolled, archive=behind, columns=NO_INTERVALS) == (None, ["ran_back"])


def test_intervals_speak_for_a_roll_over_that_nothing_else_tells() -> None:
    # 2 976 quarters of 2 kWh behind a CT of 20 are 297.6 kWh.
    rolled = [reading(MARCH, 99_800.0), reading(APRIL, 97.6)]
    few = replace(BEHIND_CT, meters=[replace(CT_METER, digits=5)])
    assert counted(rolled, archive=few)[0] == Decimal("297.60")
    three = replace(BEHIND_CT, meters=[replace(CT_METER, digits=3)])
    rolled = [reading(MARCH, 880.0), reading(APRIL, 177.6)]
    assert counted(rolled, archive=three)[0] == Decimal("297.60")
    assert counted(rolled, archive=three, columns=intervals(missing=slice(0, 30))) == (None, ["ran_back"])
    assert counted(rolled, archive=three, columns=intervals(missing=slice(0, 29)))[0] == Decimal("297.60")


def test_a_register_estimated_between_reads_days_apart_may_have_rolled_over() -> None:
    # 9.6 kWh a day; read by hand on 27 February and 3 March, on 30 March and 2 April.
    days = (-2, 2, 29, 32)
    readings = [
        reading(MARCH + day * A_DAY, round((999_900.0 + 9.6 * day) % 1e6, 2), Origin.MANUAL) for day in days
    ]
    month = gathered(readings, archive=BEHIND_CT, columns=NO_INTERVALS)
    (pair,) = month.pairs
    assert (pair.opening.value, pair.closing.value) == (Decimal("999900.00"), Decimal("197.60"))
    assert pair.counted == Decimal("297.60")


@pytest.mark.parametrize("flag", [Quality.STALE, Quality.CONFLICT])
def test_doubted_reads_in_between_say_nothing(flag: Quality) -> None:
    doubted = reading(MARCH + 10 * A_DAY, 5.0, Origin.DAILY_FREEZE)._replace(quality=flag)
    after = reading(MARCH + 11 * A_DAY, 999_990.0, Origin.DAILY_FREEZE)
    late = reading(MARCH + 12 * A_DAY, 999_999.0, Origin.DAILY_FREEZE)
    readings = [reading(MARCH, 999_900.0), doubted, after, late, reading(APRIL, 197.6)]
    assert counted(readings, archive=BEHIND_CT)[0] == Decimal("297.60")


def test_reads_of_another_place_of_the_meter_tell_no_usual_pace() -> None:
    fitted = MARCH - 30 * A_DAY
    elsewhere = [reading(fitted - 20 * A_DAY, 99_000.0), reading(fitted - 10 * A_DAY, 99_001.0)]
    here = [reading(MARCH, 99_100.0), reading(APRIL, 1100.0)]
    placed = [
        Installation(meter=METER, service_point="ELSEWHERE", ends_at=fitted),
        Installation(
            meter=METER, service_point=POINT, starts_at=fitted, opening={Q.ACTIVE_ENERGY_IMPORT: 99_001.0}
        ),
    ]
    archive = replace(DIRECT, installations=placed)
    assert counted([*elsewhere, *here], archive=archive, columns=NO_INTERVALS)[0] == Decimal("2000.00")


def test_an_edge_that_intervals_tell_is_what_the_meter_shows_though_it_rolled_over() -> None:
    for read, shown in (
        (reading(MARCH, 999_900.0), ("999900.00", "197.60")),
        (reading(APRIL, 197.6), ("999900.00", "197.60")),
    ):
        (pair,) = gathered([read], archive=BEHIND_CT).pairs
        assert (pair.opening.value, pair.closing.value) == tuple(Decimal(value) for value in shown)
        assert pair.counted == Decimal("297.60")


def test_a_swap_without_a_record_is_refused_where_the_ratio_changed_too() -> None:
    middle = MARCH + 15 * A_DAY
    ratios = [Ratio(meter=METER, ct=20.0, ends_at=middle), Ratio(meter=METER, ct=40.0, starts_at=middle)]
    archive = replace(BEHIND_CT, ratios=ratios)
    swapped = [reading(MARCH, 600_000.0), reading(APRIL, 288.0)]
    assert counted(swapped, archive=archive)[0] is None
    # 1 440 x 2 / 20 = 144 and 1 536 x 2 / 40 = 76.8 kWh by intervals share the 223.2 of the register.
    rolled = [reading(MARCH, 999_900.0), reading(APRIL, 123.2)]
    first, second = gathered(rolled, archive=archive).pairs
    assert first.closing == second.opening
    assert first.closing.value == Decimal("45.57")
    assert first.counted + second.counted == Decimal("223.20")
