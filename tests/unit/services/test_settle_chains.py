"""Registers that nobody read where a ratio changed or a month ended: one value, for both sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from analysis.settlement.billing_month import RegisterSource
from pipeline.model import Snapshot
from pipeline.registry import Ratio
from pipeline.timegrid import to_numpy
from services.settle_chains import shared
from storage.intervals import IntervalColumns
from tests.gathered_months import both, gathered
from tests.settled_plants import APRIL, CT, MARCH, METER, intervals, plant, reading

MIDDLE = datetime(2026, 3, 15, 16, tzinfo=UTC)
MAY = APRIL + timedelta(days=30)
CHANGED = plant(
    ratios=[Ratio(meter=METER, ct=CT, ends_at=MIDDLE), Ratio(meter=METER, ct=40.0, starts_at=MIDDLE)]
)


def counting(first: float, second: float) -> IntervalColumns:
    """Return March with so many counts of the meter before the change of the ratio and after it."""
    columns = intervals()
    before = columns.starts_at < to_numpy(MIDDLE)
    columns.energies["import_kwh"][before] = first * CT / before.sum()
    columns.energies["import_kwh"][~before] = second * 40.0 / (~before).sum()
    return columns


def test_an_edge_that_nobody_read_shares_what_lies_between_two_registers() -> None:
    # 300 counts by the register, 140 + 150 by intervals: 300 x 140/290 = 144.83 lie before the change.
    month = gathered([reading(MARCH, 1000.0), reading(APRIL, 1300.0)], CHANGED, counting(140, 150))
    old, new = month.pairs
    assert old.closing == new.opening
    assert (old.closing.value, old.closing.source) == (Decimal("1144.83"), RegisterSource.ESTIMATED)
    assert (old.energy, new.energy) == (Decimal("2896.60"), Decimal("6206.80"))


@pytest.mark.parametrize(
    ("readings", "registers"),
    [
        ([reading(MARCH, 1000.0)], ("1000.00", "1140.00", "1290.00")),
        ([reading(APRIL, 1300.0)], ("1010.00", "1150.00", "1300.00")),
        ([], ("0.00", "140.00", "290.00")),
    ],
)
def test_beyond_the_last_reading_registers_go_by_intervals(
    readings: Sequence[Snapshot], registers: Sequence[str]
) -> None:
    old, new = gathered(readings, CHANGED, counting(140, 150)).pairs
    shown = (old.opening.value, old.closing.value, new.opening.value, new.closing.value)
    first, middle, last = (Decimal(register) for register in registers)
    assert shown == (first, middle, middle, last)


def test_a_stretch_whose_intervals_are_missing_takes_what_the_other_leaves() -> None:
    columns = counting(140, 150)
    columns.energies["import_kwh"][-96:] = np.nan
    old, new = gathered([reading(MARCH, 1000.0), reading(APRIL, 1300.0)], CHANGED, columns).pairs
    assert (old.closing.value, new.opening.value) == (Decimal("1140.00"), Decimal("1140.00"))
    assert new.counted == Decimal("160.00")


def test_a_month_opens_with_the_register_that_the_one_before_closed_with() -> None:
    # March: 1000 + 297.6 by intervals. April by intervals 300, by its closing register 310 more.
    columns = both(intervals(), intervals(APRIL, MAY, kwh=6000 / 2880))
    readings = [reading(MARCH, 1000.0), reading(MAY, 1607.6)]
    (march,), (april,) = (gathered(readings, columns=columns, month=m).pairs for m in ("2026-03", "2026-04"))
    assert march.closing.value == Decimal("1297.60")
    assert april.opening == march.closing
    assert april.counted == Decimal("310.00")
    # Before the first contract no bill counted anything.
    begun = plant(contracts=[replace(plant().contracts[0], starts_at=APRIL)])
    (alone,) = gathered(readings, begun, columns, "2026-04").pairs
    assert alone.opening.value == Decimal("1307.60")


@pytest.mark.parametrize(
    ("read", "amounts", "registers"),
    [
        # 80 counts over the roll-over: a quarter of them before the edge.
        ([9950, None, 30], [10, 30], [9950, 9970, 30]),
        # What ran back shares nothing: each side goes by its own amount, the earlier one first.
        ([5000, None, 100], [10, 30], [5000, 5010, 100]),
        # Nothing ran by the intervals, which a register cannot be shared by.
        ([100, None, 104], [0, 0], [100, 100, 104]),
        # Two edges within, of which the amount between is not known.
        ([100, None, None, 200], [10, None, 20], [100, 110, 180, 200]),
        ([100, None, None, 200], [None, 10, None], [100, None, None, 200]),
        ([None, 50, None], [60, 5], [9990, 50, 55]),
        ([None, None, None], [None, 5], [0, None, None]),
    ],
)
def test_registers_of_a_chain(
    read: list[int | None], amounts: list[int | None], registers: list[int | None]
) -> None:
    numbers = [[None if n is None else Decimal(n) for n in given] for given in (read, amounts)]
    assert shared(numbers[0], numbers[1], Decimal(10_000)) == registers
