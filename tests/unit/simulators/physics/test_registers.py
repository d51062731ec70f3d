"""Registers against a sum over the slots that a person would write down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.quantities import Quantity
from simulators.physics.loads import LoadCurve
from simulators.physics.registers import (
    BLOCK_SLOTS,
    RATE_SHARES,
    TIMETABLE,
    DemandRegister,
    EnergyRegisters,
    MeteredPower,
)

ZONE = ZoneInfo("Asia/Shanghai")
START = datetime(2024, 6, 29, 16, tzinfo=UTC)
DAYS = 3
SLOTS = DAYS * 96
RNG = np.random.default_rng(4)
P_KW = RNG.normal(10, 20, SLOTS)
Q_KVAR = RNG.normal(1, 8, SLOTS)
GRID = LoadCurve.of(START, 15, P_KW, Q_KVAR)
POWER = MeteredPower(grid=GRID, by_phase={"a": P_KW * 0.4}, ratio=20.0)


def rate_at(instant: datetime) -> int:
    hour = instant.astimezone(ZONE).hour
    return max((start, rate) for start, rate in TIMETABLE if start <= hour)[1]


def counted(quantity: str, slot: int, hours: float) -> float:
    """Add up slot by slot, 1 kWh a kW and hour, secondary side."""
    total = 0.0
    for n in range(slot + 1):
        length = 0.25 if n < slot else hours
        p, q = P_KW[n] / 20, Q_KVAR[n] / 20
        part = {
            "active_energy_import": max(p, 0),
            "active_energy_export": max(-p, 0),
            "active_energy_import_t4": max(p, 0) * (rate_at(START + n * timedelta(minutes=15)) == 4),
            "active_energy_export_t2": max(-p, 0) * (rate_at(START + n * timedelta(minutes=15)) == 2),
            "reactive_energy_q1": max(q, 0) if p >= 0 else 0,
            "reactive_energy_q2": max(q, 0) if p < 0 else 0,
            "reactive_energy_q3": max(-q, 0) if p < 0 else 0,
            "reactive_energy_q4": max(-q, 0) if p >= 0 else 0,
            "apparent_energy_import": (p * p + q * q) ** 0.5 if p >= 0 else 0,
            "active_energy_import_a": max(0.4 * p, 0),
            "active_energy_export_a": max(-0.4 * p, 0),
        }[quantity]
        total += part * length
    return total


@given(slot=st.integers(0, SLOTS - 1), hours=st.floats(0, 0.25))
def test_every_register_is_the_sum_of_its_slots(slot: int, hours: float) -> None:
    registers = EnergyRegisters(POWER, zone=ZONE, base_kwh=0.0, bases=[0.0])
    shown = registers.read(slot, hours)
    for quantity in (
        "active_energy_import", "active_energy_export", "active_energy_import_t4", "active_energy_export_t2",
        "reactive_energy_q1", "reactive_energy_q2", "reactive_energy_q3", "reactive_energy_q4",
        "apparent_energy_import", "active_energy_import_a", "active_energy_export_a",
    ):  # fmt: skip
        assert shown[Quantity(quantity)] == pytest.approx(counted(quantity, slot, hours), abs=1e-9), quantity


def test_it_does_not_matter_in_which_order_slots_are_read() -> None:
    forwards, backwards = (EnergyRegisters(POWER, zone=ZONE, base_kwh=50.0, bases=[50.0]) for _ in range(2))
    edges = [0, BLOCK_SLOTS - 1, BLOCK_SLOTS, 2 * BLOCK_SLOTS - 1, SLOTS - 1]
    there = [forwards.read(slot, 0.1) for slot in edges]
    assert there == [backwards.read(slot, 0.1) for slot in reversed(edges)][::-1]


def test_what_stood_there_before_is_spread_over_the_rates() -> None:
    shown = EnergyRegisters(POWER, zone=ZONE, base_kwh=1000.0, bases=[1000.0]).read(0, 0.0)
    assert shown[Quantity.ACTIVE_ENERGY_IMPORT] == pytest.approx(1000.0)
    assert shown[Quantity.ACTIVE_ENERGY_IMPORT_T2] == pytest.approx(1000.0 * RATE_SHARES[2])
    assert shown[Quantity.ACTIVE_ENERGY_IMPORT_A] == 1000.0


def test_maximum_demand_begins_anew_with_the_month() -> None:
    demand = DemandRegister(POWER, zone=ZONE)
    month_begins = 96  # the first of July, local time
    imported = np.maximum(P_KW, 0) / 20
    for done in (1, 40, month_begins, month_begins + 1, SLOTS - 1):
        first = month_begins if done > month_begins else 0
        shown = demand.read(done, 0.0)
        best = first + int(np.argmax(imported[first:done]))
        assert shown[Quantity.DEMAND_IMPORT] == pytest.approx(imported[done - 1])
        assert shown[Quantity.MAX_DEMAND_IMPORT] == pytest.approx(imported[best])
        assert shown[Quantity.MAX_DEMAND_IMPORT_AT] == START.timestamp() + 900 * (best + 1)
    assert demand.read(0, 0.1) == {}
