"""What a bill is worked out of: registers at both edges by their rank, swaps, ratios, what is lacking."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from analysis.settlement.bill_documents import bill_document
from analysis.settlement.billing_month import Lacking, RegisterSource
from analysis.settlement.settle import settle
from pipeline.archive_records import Transformer
from pipeline.contracts import BasicCharge, Contract, Suspension
from pipeline.model import MeterId, Origin, Quality
from pipeline.quantities import Quantity
from pipeline.registry import Installation, Meter, Ratio, Role
from services.settle_month import billable
from storage.intervals import IntervalColumns
from tests.gathered_months import EDGES, MIDDLE, NEW, TOTAL, both, gathered
from tests.settled_plants import (
    APRIL,
    CLOSING,
    CT,
    MARCH,
    METER,
    OPENING,
    PLANT,
    POINT,
    intervals,
    plant,
    reading,
)


def test_registers_frozen_at_the_settlement_days_stand_at_both_edges() -> None:
    month = gathered()
    (pair,) = month.pairs
    assert (month.starts_at, month.ends_at) == (MARCH, APRIL)
    assert (pair.opening.value, pair.closing.value) == (Decimal("1000.00"), Decimal("1297.60"))
    assert {pair.opening.source, pair.closing.source} == {RegisterSource.SETTLEMENT_FREEZE}
    assert (pair.factor, pair.energy) == (Decimal("20.0"), Decimal(5952))
    assert month.lacks == []


@pytest.mark.parametrize(
    ("others", "source", "value"),
    [
        ([(timedelta(0), Origin.DAILY_FREEZE, 1297.5)], RegisterSource.DAILY_FREEZE, "1297.5"),
        (
            [(timedelta(0), Origin.DAILY_FREEZE, 1297.5), (timedelta(0), Origin.SETTLEMENT_FREEZE, 1297.6)],
            RegisterSource.SETTLEMENT_FREEZE,
            "1297.6",
        ),
        (
            [(timedelta(minutes=4), Origin.PRESENT, 1297.7), (timedelta(minutes=-9), Origin.PUSH, 1297.1)],
            RegisterSource.PRESENT,
            "1297.7",
        ),
        ([(timedelta(minutes=50), Origin.MANUAL, 1298.0)], RegisterSource.MANUAL, "1298"),
        # Too far away to stand: what intervals add up to is an estimate, and says so.
        ([(timedelta(minutes=20), Origin.PRESENT, 1297.9)], RegisterSource.ESTIMATED, "1297.6"),
        ([(timedelta(hours=9), Origin.MANUAL, 1303.0)], RegisterSource.ESTIMATED, "1297.6"),
    ],
)
def test_the_best_reading_near_an_edge_stands_there(
    others: list[tuple[timedelta, Origin, float]], source: RegisterSource, value: str
) -> None:
    readings = [EDGES[0], *(reading(APRIL + apart, register, origin) for apart, origin, register in others)]
    (pair,) = gathered(readings).pairs
    assert (pair.closing.source, pair.closing.value) == (source, Decimal(value))


def test_a_month_and_the_next_one_share_their_edge() -> None:
    readings = [*EDGES[:1], reading(APRIL + timedelta(minutes=7), 1297.65, Origin.PRESENT)]
    readings.append(reading(APRIL + timedelta(days=30), 1500.0))
    march, april = gathered(readings), gathered(readings, month="2026-04")
    assert march.pairs[0].closing == april.pairs[0].opening
    assert april.pairs[0].opening.value == Decimal("1297.65")


def test_a_doubtful_reading_stands_at_no_edge() -> None:
    wrong = reading(APRIL, 9999.0)._replace(quality=Quality.OUT_OF_RANGE)
    (pair,) = gathered([EDGES[0], wrong]).pairs
    assert pair.closing.source is RegisterSource.ESTIMATED


@pytest.mark.parametrize("register", [1e300, -1e300, 1e16])
def test_what_is_no_register_stands_at_no_edge(register: float) -> None:
    (pair,) = gathered([EDGES[0], reading(APRIL, register)]).pairs
    assert pair.closing.source is RegisterSource.ESTIMATED


def test_without_any_register_intervals_stand_in_from_zero_and_say_so() -> None:
    month = gathered([], columns=intervals(kvarh=0.5))
    active, reactive = month.pairs
    assert (active.quantity, active.opening.value, active.energy) == (TOTAL, Decimal(0), Decimal(5952))
    assert (reactive.quantity, reactive.energy) == (Quantity.REACTIVE_ENERGY_IMPORT.value, Decimal(1488))
    assert {end.source for pair in month.pairs for end in (pair.opening, pair.closing)} == {
        RegisterSource.ESTIMATED
    }


def test_a_month_with_missing_days_and_no_register_lacks_one() -> None:
    month = gathered([], columns=intervals(missing=slice(960, 1056)))
    assert month.pairs == []
    (lack,) = month.lacks
    assert (lack.code, lack.what, lack.starts_at, lack.ends_at) == (Lacking.REGISTER, METER, MARCH, APRIL)


def test_an_edge_between_two_reads_is_estimated_on_their_line() -> None:
    hole = intervals(missing=slice(2880, 2976))
    readings = [
        EDGES[0],
        reading(APRIL - timedelta(days=1), 1290.0, Origin.DAILY_FREEZE),
        reading(APRIL + timedelta(days=1), 1310.0, Origin.DAILY_FREEZE),
    ]
    (pair,) = gathered(readings, columns=hole).pairs
    assert (pair.closing.source, pair.closing.value) == (RegisterSource.ESTIMATED, Decimal("1300.00"))


def test_rates_count_where_they_are_of_the_totals_own_reading() -> None:
    t1, t2 = Quantity.ACTIVE_ENERGY_IMPORT_T1, Quantity.ACTIVE_ENERGY_IMPORT_T2
    opening = reading(MARCH, OPENING, more={t1: 400.0, t2: 600.0})
    closing = reading(APRIL, CLOSING, more={t1: 450.0})
    later = reading(APRIL + timedelta(minutes=5), CLOSING + 1, Origin.PRESENT, more={t2: 848.6})
    assert [pair.quantity for pair in gathered([opening, closing, later]).pairs] == [TOTAL, t1.value]


def test_a_swap_counts_both_meters_between_the_registers_that_were_written_down() -> None:
    archive = plant(
        meters=[Meter(id=METER), Meter(id=NEW)],
        installations=[
            Installation(meter=METER, service_point=POINT, ends_at=MIDDLE, closing={TOTAL: 1144.0}),
            Installation(meter=NEW, service_point=POINT, starts_at=MIDDLE, opening={TOTAL: 0.4}),
        ],
        ratios=[Ratio(meter=METER, ct=CT), Ratio(meter=NEW, ct=CT)],
    )
    month = gathered([EDGES[0], reading(APRIL, 154.0, meter=NEW)], archive)
    old, new = month.pairs
    assert (old.closing.source, new.opening.source) == (RegisterSource.CLOSING, RegisterSource.OPENING)
    assert (old.energy, new.energy) == (Decimal(2880), Decimal("3072.0"))


@pytest.mark.parametrize(
    ("closing", "opening", "code"),
    [({}, {TOTAL: 0.4}, Lacking.CLOSING), ({TOTAL: 1144.0}, {}, Lacking.OPENING)],
)
def test_a_swap_without_a_register_is_lacking(
    closing: dict[str, float], opening: dict[str, float], code: Lacking
) -> None:
    archive = plant(
        meters=[Meter(id=METER), Meter(id=NEW)],
        installations=[
            Installation(meter=METER, service_point=POINT, ends_at=MIDDLE, closing=closing),
            Installation(meter=NEW, service_point=POINT, starts_at=MIDDLE, opening=opening),
        ],
    )
    month = gathered([EDGES[0], reading(APRIL, 154.0, meter=NEW)], archive)
    assert [lack.code for lack in month.lacks] == [code]
    assert len(month.pairs) == 1


def test_readings_of_another_place_of_the_meter_stand_at_no_edge() -> None:
    archive = plant(
        installations=[
            Installation(meter=METER, service_point="elsewhere", ends_at=MARCH),
            Installation(meter=METER, service_point=POINT, starts_at=MARCH, opening={TOTAL: 1000.5}),
        ]
    )
    (pair,) = gathered(archive=archive).pairs
    assert (pair.opening.source, pair.opening.value) == (RegisterSource.OPENING, Decimal("1000.50"))


def test_a_new_ratio_within_the_month_cuts_the_pair_there() -> None:
    archive = plant(
        ratios=[Ratio(meter=METER, ct=CT, ends_at=MIDDLE), Ratio(meter=METER, ct=40.0, starts_at=MIDDLE)]
    )
    month = gathered([*EDGES, reading(MIDDLE, 1144.0, Origin.DAILY_FREEZE)], archive)
    assert [(pair.factor, pair.energy) for pair in month.pairs] == [
        (Decimal("20.0"), Decimal(2880)),
        (Decimal("40.0"), Decimal(6144)),
    ]


def test_a_time_without_any_of_the_meters_ratios_is_lacking_and_bills_nothing() -> None:
    # CT 20 from the 16th: at 1 the first half of the month would be 144 kWh of 2 880.
    archive = plant(ratios=[Ratio(meter=METER, ct=CT, starts_at=MIDDLE)])
    month = gathered([*EDGES, reading(MIDDLE, 1144.0, Origin.DAILY_FREEZE)], archive)
    (lack,) = month.lacks
    assert (lack.code, lack.what, lack.starts_at, lack.ends_at) == (Lacking.RATIO, METER, MARCH, MIDDLE)
    assert [(pair.factor, pair.energy) for pair in month.pairs] == [(Decimal("20.0"), Decimal("3072.0"))]
    bill = settle(month)
    assert "ratio_gap" in {finding.code for finding in bill.findings if finding.refuses}
    none = gathered(archive=plant(ratios=[]))
    assert none.pairs[0].factor == 1
    assert none.lacks == []


@pytest.mark.parametrize("origin", [Origin.SETTLEMENT_FREEZE, Origin.PRESENT])
def test_two_readings_of_one_instant_that_differ_are_refused_whatever_their_order(origin: Origin) -> None:
    two = [reading(APRIL, CLOSING, origin), reading(APRIL, CLOSING + 100, origin)]
    for closing in (two, two[::-1]):
        month = gathered([EDGES[0], *closing])
        (lack,) = month.lacks
        assert (lack.code, lack.what) == (Lacking.CONFLICT, f"{METER} {TOTAL}")
        assert month.pairs == []
    # The same value twice is one reading; of a better kind one alone stands.
    assert gathered([EDGES[0], two[0], two[0]]).lacks == []
    better = reading(APRIL, CLOSING, Origin.SETTLEMENT_FREEZE)
    if origin is Origin.PRESENT:
        assert gathered([EDGES[0], better, *two]).lacks == []


def test_a_primary_meter_has_no_factor() -> None:
    archive = plant(installations=[Installation(meter=METER, service_point=POINT, profile="primary")])
    (pair,) = gathered(archive=archive, primary=frozenset({"primary"})).pairs
    assert pair.factor == 1


def test_a_sub_meter_is_taken_off_and_a_check_meter_is_left_out() -> None:
    sub, check = MeterId("SUB"), MeterId("CHECK")
    archive = plant(
        meters=[Meter(id=METER), Meter(id=sub), Meter(id=check)],
        installations=[
            Installation(meter=METER, service_point=POINT),
            Installation(meter=sub, service_point=POINT, role=Role.SUBTRACT),
            Installation(meter=check, service_point=POINT, role=Role.CHECK),
        ],
    )
    readings = [*EDGES, reading(MARCH, 10.0, meter=sub), reading(APRIL, 110.0, meter=sub)]
    month = gathered(readings, archive, both(intervals(), intervals(meter=sub, kwh=0.5)))
    assert [(pair.meter, pair.sign) for pair in month.pairs] == [(METER, 1), (sub, -1)]
    assert month.intervals is not None
    np.testing.assert_allclose(month.intervals.import_kwh, 1.5)
    assert {meter: float(own.import_kwh.sum()) for meter, own in month.meter_intervals.items()} == {
        METER: 5952.0,
        sub: 1488.0,
    }


def test_a_register_that_rolled_over_and_one_that_was_reset_are_told_apart() -> None:
    rolled = gathered([reading(MARCH, 999_900.0), reading(APRIL, 197.6)]).pairs[0]
    assert (rolled.range, rolled.counted) == (Decimal(1_000_000), Decimal("297.6"))
    reset = gathered([reading(MARCH, 400_000.0), reading(APRIL, 5.0)]).pairs[0]
    assert (reset.range, reset.counted) == (None, Decimal("-399995.00"))


def test_the_demand_is_that_of_the_settlement_freeze_else_of_the_intervals() -> None:
    at = datetime(2026, 3, 9, 3, tzinfo=UTC)
    more = {Quantity.MAX_DEMAND_IMPORT: 0.75, Quantity.MAX_DEMAND_IMPORT_AT: at.timestamp()}
    (kept,) = gathered([EDGES[0], reading(APRIL, CLOSING, more=more)]).demands
    assert (kept.kw, kept.factor, kept.at) == (Decimal("0.75"), Decimal("20.0"), at)
    (shown,) = gathered().demands
    assert (shown.kw, shown.factor, shown.source) == (Decimal("8.0"), Decimal(1), RegisterSource.ESTIMATED)
    assert gathered(columns=intervals(missing=slice(0, 100))).demands == []
    old = {**more, Quantity.MAX_DEMAND_IMPORT_AT: (at - timedelta(days=50)).timestamp()}
    readings = [EDGES[0], reading(APRIL, CLOSING, more=old)]
    assert gathered(readings).demands == [shown]
    (left,) = gathered(readings, columns=intervals(missing=slice(0, 100))).demands
    assert (left.kw, left.at) == (Decimal("0.75"), at - timedelta(days=50))


def test_a_resting_unit_takes_its_capacity_off_though_nobody_filed_where_it_stands() -> None:
    # T2 rests all March: of 2000 kVA its 1000 are waived, 1000 x 25 yuan are charged.
    agreed = Contract(service_point=POINT, tariff="T", capacity_kva=2000.0, basic_charge=BasicCharge.CAPACITY)
    rests = Suspension(
        id="S",
        service_point=POINT,
        starts_at=MARCH - timedelta(days=28),
        ends_at=APRIL + timedelta(days=30),
        transformers=("T2",),
    )
    own = Transformer(id="T1", service_point=POINT, capacity_kva=1000.0)
    nowhere = Transformer(id="T2", capacity_kva=1000.0)
    others = Transformer(id="AREA", area="north", capacity_kva=400.0)
    archive = plant(contracts=[agreed], suspensions=[rests], transformers=[own, nowhere, others])
    bill = settle(gathered(archive=archive))
    assert [line.amount for line in bill.lines if line.item.startswith("basic")] == [Decimal("25000.00")]
    unknown = settle(gathered(archive=replace(archive, transformers=[own, replace(nowhere, id="T3")])))
    assert "transformer_unknown" in [finding.code for finding in unknown.findings if finding.refuses]


def test_the_order_of_what_comes_in_does_not_matter() -> None:
    noisy = intervals(kwh=1.0)
    noisy.energies["import_kwh"][:] = np.random.default_rng(7).random(len(noisy)).round(3)
    readings = [EDGES[0], reading(APRIL + timedelta(minutes=5), 1100.0, Origin.PRESENT)]
    shuffled = np.random.default_rng(8).permutation(len(noisy))
    other = IntervalColumns(
        meters=noisy.meters,
        starts_at=noisy.starts_at[shuffled],
        minutes=noisy.minutes,
        quality=noisy.quality,
        energies={"import_kwh": noisy.energies["import_kwh"][shuffled]},
    )
    for given in ([], readings):
        one, two = gathered(given, columns=noisy), gathered(given[::-1], columns=other)
        assert bill_document(settle(one), one) == bill_document(settle(two), two)


def test_points_without_a_contract_or_a_main_meter_are_not_billed() -> None:
    assert billable(PLANT) == [POINT]
    assert billable(plant(contracts=[])) == []
    assert billable(plant(installations=[])) == []
