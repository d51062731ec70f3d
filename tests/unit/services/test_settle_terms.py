"""The contract and tariff versions of a billing month, and what of them is lacking."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from analysis.settlement.billing_month import Lacking
from analysis.settlement.settle import settle
from pipeline.archive_records import Transformer
from pipeline.contracts import BasicCharge, Contract, Suspension, SuspensionKind
from pipeline.registry import Installation
from pipeline.tariff import BasicTerms, EnergyCharge, Tariff
from tests.gathered_months import EDGES, MIDDLE, TOTAL, gathered
from tests.settled_plants import (
    APRIL,
    CLOSING,
    MARCH,
    METER,
    OPENING,
    POINT,
    TARIFF,
    plant,
)


def test_no_contract_two_contracts_and_no_tariff_are_lacking_for_their_time() -> None:
    first = Contract(service_point=POINT, tariff="T", ends_at=MIDDLE)
    second = Contract(service_point=POINT, tariff="T", starts_at=MIDDLE + timedelta(days=2))
    (gap,) = gathered(archive=plant(contracts=[first, second])).lacks
    assert (gap.code, gap.starts_at, gap.ends_at) == (
        Lacking.CONTRACT_GAP,
        MIDDLE,
        MIDDLE + timedelta(days=2),
    )
    over = replace(second, starts_at=MIDDLE - timedelta(days=1))
    (overlap,) = gathered(archive=plant(contracts=[first, over])).lacks
    assert (overlap.code, overlap.ends_at - overlap.starts_at) == (
        Lacking.CONTRACT_OVERLAP,
        timedelta(days=1),
    )
    # A lasts all year, B ended before March: C overlaps A though B stands between them.
    lasting = replace(first, starts_at=MARCH - timedelta(days=59), ends_at=MARCH + timedelta(days=306))
    ended = replace(first, starts_at=MARCH - timedelta(days=50), ends_at=MARCH - timedelta(days=28))
    within = replace(first, starts_at=MARCH + timedelta(days=10), ends_at=MARCH + timedelta(days=20))
    (hidden,) = gathered(archive=plant(contracts=[lasting, ended, within])).lacks
    assert (hidden.code, hidden.starts_at, hidden.ends_at) == (
        Lacking.CONTRACT_OVERLAP,
        within.starts_at,
        within.ends_at,
    )
    (late,) = gathered(archive=plant(tariffs=[replace(TARIFF, starts_at=MIDDLE)])).lacks
    assert (late.code, late.what, late.ends_at) == (Lacking.TARIFF_GAP, "T", MIDDLE)


def test_the_first_and_the_last_month_of_a_customer_are_those_parts_that_were_agreed() -> None:
    new = plant(
        contracts=[Contract(service_point=POINT, tariff="T", starts_at=MIDDLE)],
        installations=[
            Installation(meter=METER, service_point=POINT, starts_at=MIDDLE, opening={TOTAL: OPENING})
        ],
    )
    month = gathered([EDGES[1]], new)
    assert (month.starts_at, month.ends_at, month.lacks) == (MIDDLE, APRIL, [])
    left = plant(
        contracts=[Contract(service_point=POINT, tariff="T", ends_at=MIDDLE)],
        installations=[
            Installation(meter=METER, service_point=POINT, ends_at=MIDDLE, closing={TOTAL: CLOSING})
        ],
    )
    month = gathered([EDGES[0]], left)
    assert (month.starts_at, month.ends_at, month.lacks) == (MARCH, MIDDLE, [])
    assert gathered(archive=left, month="2026-05").lacks[0].code == Lacking.CONTRACT_GAP


def test_the_days_after_the_last_settlement_day_are_billed_as_thirtieths() -> None:
    # Settled on the 25th, left on the 28th: 28 February days of the month to 25 March, then 3 days.
    ended = datetime(2026, 3, 27, 16, tzinfo=UTC)
    agreed = Contract(
        service_point=POINT,
        tariff="T",
        capacity_kva=100.0,
        basic_charge=BasicCharge.CAPACITY,
        settlement_day=25,
        ends_at=ended,
    )
    archive = plant(contracts=[agreed])
    lines = [
        line
        for month in ("2026-03", "2026-04")
        for line in settle(gathered(archive=archive, month=month)).lines
        if line.item == "basic_capacity"
    ]
    # 100 kVA x 25 = 2500.00; x 3/30 = 250.00
    assert [(line.days, line.of_days, line.amount) for line in lines] == [
        (28, 28, Decimal("2500.00")),
        (3, 30, Decimal("250.00")),
    ]


def test_a_contract_without_an_end_is_replaced_by_the_next_one() -> None:
    first = Contract(service_point=POINT, tariff="T", capacity_kva=100.0)
    second = replace(first, capacity_kva=200.0, starts_at=MIDDLE)
    month = gathered(archive=plant(contracts=[first, second]))
    assert [(dated.starts_at, dated.contract.capacity_kva) for dated in month.terms] == [
        (MARCH, 100.0),
        (MIDDLE, 200.0),
    ]
    assert month.lacks == []


SINGLE = Tariff(id="single", charges=(EnergyCharge(item="energy", price=Decimal("0.8")),))
REDUCED = Suspension(
    id="R",
    service_point=POINT,
    kind=SuspensionKind.REDUCTION,
    starts_at=MARCH + timedelta(days=15),
    ends_at=MARCH + timedelta(days=200),
    remaining_kva=200.0,
)
BIG = Contract(service_point=POINT, capacity_kva=500.0, basic_charge=BasicCharge.CAPACITY, tariff="T")


def test_a_reduction_below_the_threshold_of_two_part_tariffs_falls_to_the_single_one() -> None:
    basic = BasicTerms(capacity_price=Decimal(25), single_below_kva=Decimal(315), single_tariff="single")
    both = [replace(TARIFF, basic=basic), SINGLE]
    month = gathered(archive=plant(contracts=[BIG], tariffs=both, suspensions=[REDUCED]))
    assert [(d.tariff.id, d.contract.basic_charge) for d in month.terms] == [
        ("T", BasicCharge.CAPACITY),
        ("single", BasicCharge.NONE),
    ]
    # 15 days of 192 kWh: 960 x 0.3 + 480 x 0.9 + 1440 x 0.6 + 2880 x 0.1 = 1872; 500 kVA x 25 x 15/30 = 6250.
    # 16 days of 192 kWh at 0.8 = 2457.60.
    assert settle(month).amount == Decimal("10579.60")
    # What is left is enough for the two-part tariff.
    enough = replace(REDUCED, remaining_kva=315.0)
    stays = gathered(archive=plant(contracts=[BIG], tariffs=both, suspensions=[enough]))
    assert {dated.tariff.id for dated in stays.terms} == {"T"}
    # A suspension (暂停) is none of it, and without the tariff that is named the bill is refused.
    stop = replace(REDUCED, kind=SuspensionKind.STOP)
    assert len(gathered(archive=plant(contracts=[BIG], tariffs=both, suspensions=[stop])).terms) == 1
    gap = gathered(archive=plant(contracts=[BIG], tariffs=both[:1], suspensions=[REDUCED])).lacks
    assert [(lack.code, lack.what) for lack in gap] == [(Lacking.TARIFF_GAP, "single")]


BASIC = BasicTerms(capacity_price=Decimal(25), single_below_kva=Decimal(315), single_tariff="single")
FALLS = [replace(TARIFF, basic=BASIC), SINGLE]
UNITS = [Transformer(id="T1", capacity_kva=600.0), Transformer(id="T2", capacity_kva=400.0)]
BY_UNIT = replace(
    REDUCED, starts_at=MARCH, ends_at=APRIL + timedelta(days=90), remaining_kva=0.0, transformers=("T2",)
)


def test_a_reduction_that_names_its_transformers_leaves_the_others() -> None:
    archive = plant(
        contracts=[replace(BIG, capacity_kva=1000.0)],
        tariffs=FALLS,
        suspensions=[BY_UNIT],
        transformers=[replace(unit, service_point=POINT) for unit in UNITS],
    )
    bill = settle(gathered(archive=archive))
    # 1000 kVA - 400 kVA = 600 kVA, above 315: x 25 = 15000.00.
    assert {line.item: line.amount for line in bill.lines}["basic_capacity"] == Decimal("15000.00")
    # Of 700 kVA 300 are left, less than 315.
    small = replace(archive, contracts=[replace(BIG, capacity_kva=700.0)])
    assert {dated.tariff.id for dated in gathered(archive=small).terms} == {"single"}
    # The capacity not filed, that of the units counts: 1000 kVA; with none of both nobody knows.
    unfiled = replace(archive, contracts=[replace(BIG, capacity_kva=None)])
    assert {dated.tariff.id for dated in gathered(archive=unfiled).terms} == {"T"}
    rest = [UNITS[1], Transformer(id="T3", service_point=POINT)]
    unknown = gathered(archive=replace(unfiled, transformers=rest))
    assert [(lack.code, lack.what) for lack in unknown.lacks] == [(Lacking.CAPACITY, POINT)]


def test_a_transformer_without_a_plate_leaves_the_tariff_undecided() -> None:
    archive = plant(
        contracts=[replace(BIG, capacity_kva=1000.0)],
        tariffs=FALLS,
        suspensions=[BY_UNIT],
        transformers=[replace(UNITS[1], capacity_kva=None)],
    )
    month = gathered(archive=archive)
    assert [(lack.code, lack.what, lack.starts_at, lack.ends_at) for lack in month.lacks] == [
        (Lacking.TRANSFORMER, "T2.capacity_kva", MARCH, APRIL)
    ]
    refused = [finding.code for finding in settle(month).findings if finding.refuses]
    assert refused == ["transformer_unknown"]


def test_a_reduction_that_waives_nothing_leaves_the_tariff_as_it_is() -> None:
    # 5 of 31 days are fewer than 15: 500 kVA x 25 = 12500.00 all month.
    short = replace(REDUCED, ends_at=REDUCED.starts_at + timedelta(days=5))
    bill = settle(gathered(archive=plant(contracts=[BIG], tariffs=FALLS, suspensions=[short])))
    assert {line.item: line.amount for line in bill.lines}["basic_capacity"] == Decimal("12500.00")
    assert {line.item for line in bill.lines} == {"basic_capacity", "energy", "network"}
    stops_alone = [replace(TARIFF, basic=replace(BASIC, waiving=("stop",))), SINGLE]
    month = gathered(archive=plant(contracts=[BIG], tariffs=stops_alone, suspensions=[REDUCED]))
    assert {dated.tariff.id for dated in month.terms} == {"T"}


def test_a_tariff_that_says_nothing_of_it_stays_two_part() -> None:
    month = gathered(archive=plant(contracts=[BIG], suspensions=[REDUCED]))
    assert {dated.tariff.id for dated in month.terms} == {"T"}
