"""Reactive registers of a billing month: in each direction whole, or lacking."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from analysis.settlement.billing_month import BillingMonth, Lacking
from analysis.settlement.settle import settle
from pipeline.contracts import Contract
from pipeline.quantities import Quantity
from pipeline.registry import Installation, Meter
from tests.gathered_months import EDGES, MIDDLE, NEW, TOTAL, gathered
from tests.settled_plants import (
    APRIL,
    CLOSING,
    MARCH,
    METER,
    OPENING,
    POINT,
    TARIFF,
    intervals,
    plant,
    reading,
)


def test_reactive_registers_that_one_of_two_meters_lacks_are_lacking_where_the_power_factor_counts() -> None:
    reactive = Quantity.REACTIVE_ENERGY_IMPORT
    archive = plant(
        meters=[Meter(id=METER), Meter(id=NEW)],
        installations=[
            Installation(meter=METER, service_point=POINT, ends_at=MIDDLE, closing={TOTAL: 1144.0}),
            Installation(meter=NEW, service_point=POINT, starts_at=MIDDLE, opening={TOTAL: 0, reactive: 0}),
        ],
        tariffs=[replace(TARIFF, power_factor=True)],
    )
    readings = [EDGES[0], reading(APRIL, 154.0, meter=NEW, more={reactive: 50.0})]
    (lack,) = gathered(readings, archive).lacks
    assert (lack.code, lack.what) == (Lacking.REGISTER, "M reactive_energy_import")


Q = Quantity
QUADRANT_EDGES = (
    {
        Q.REACTIVE_ENERGY_Q1: 0.0,
        Q.REACTIVE_ENERGY_Q2: 0.0,
        Q.REACTIVE_ENERGY_Q3: 0.0,
        Q.REACTIVE_ENERGY_Q4: 0.0,
    },
    {
        Q.REACTIVE_ENERGY_Q1: 60.0,
        Q.REACTIVE_ENERGY_Q2: 0.0,
        Q.REACTIVE_ENERGY_Q3: 0.0,
        Q.REACTIVE_ENERGY_Q4: 150.0,
    },
)
ADJUSTED = plant(
    contracts=[Contract(service_point=POINT, tariff="T", capacity_kva=400.0, power_factor_standard=0.9)],
    tariffs=[replace(TARIFF, basic=None, schedules=(), power_factor=True)],
)


def adjusted(opening: dict[Quantity, float], closing: dict[Quantity, float]) -> BillingMonth:
    return gathered([reading(MARCH, OPENING, more=opening), reading(APRIL, CLOSING, more=closing)], ADJUSTED)


def test_reactive_quadrants_count_beside_the_register_of_the_other_direction() -> None:
    # 297.6 kWh, 60 + 150 = 210 kvarh: 297.6 / sqrt(297.6^2 + 210^2) = 0.817 -> 0.82.
    opening, closing = QUADRANT_EDGES
    assert settle(adjusted(opening, closing)).power_factor == Decimal("0.82")
    both = adjusted({**opening, Q.REACTIVE_ENERGY_IMPORT: 0.0}, {**closing, Q.REACTIVE_ENERGY_IMPORT: 60.0})
    assert settle(both).power_factor == Decimal("0.82")
    assert [pair.quantity for pair in both.pairs[1:]] == [
        "reactive_energy_import",
        "reactive_energy_q3",
        "reactive_energy_q4",
    ]


def test_a_quadrant_that_one_edge_lacks_refuses_the_bill() -> None:
    opening, closing = QUADRANT_EDGES
    half = dict(opening)
    del half[Q.REACTIVE_ENERGY_Q4]
    bill = settle(adjusted(half, closing))
    assert [(f.code, f.parameters["what"]) for f in bill.findings if f.refuses] == [
        ("reactive_missing", "M reactive_energy_q4")
    ]


def test_reactive_intervals_below_zero_are_no_register() -> None:
    columns = intervals(kvarh=0.5)
    columns.energies["import_kvarh"][:1488] = -0.4
    bill = settle(gathered(archive=ADJUSTED, columns=columns))
    assert [(f.code, f.parameters["slots"]) for f in bill.findings if f.refuses] == [
        ("intervals_negative", 1488)
    ]
