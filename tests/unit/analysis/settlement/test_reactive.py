"""Reactive energy from registers, from quadrants, and of the time that counts."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from analysis.settlement.billing_month import RegisterPair
from analysis.settlement.reactive import reactive_energy
from analysis.settlement.segments import segments_of
from tests.bill_cases import bill_case

MONTH = bill_case("07_power_factor").month
SEGMENTS = segments_of(MONTH)


def counted(quantity: str, kvarh: str, sign: int = 1, meter: str = "M") -> RegisterPair:
    like = MONTH.pairs[0]
    return replace(
        like,
        meter=type(like.meter)(meter),
        quantity=quantity,
        factor=Decimal(1),
        sign=sign,
        opening=replace(like.opening, value=Decimal(0)),
        closing=replace(like.closing, value=Decimal(kvarh)),
    )


def test_quadrants_stand_in_for_the_registers_that_they_make() -> None:
    quadrants = [
        counted(f"reactive_energy_q{n}", kvarh) for n, kvarh in ((1, "100"), (2, "5"), (3, "2"), (4, "30"))
    ]
    found = reactive_energy(SEGMENTS, quadrants)
    assert (found.lagging_kvarh, found.leading_kvarh) == (Decimal(105), Decimal(32))
    assert found.registers == {0, 1, 2, 3}


def test_a_register_goes_before_its_quadrants() -> None:
    both = [counted("reactive_energy_import", "104"), counted("reactive_energy_q1", "100")]
    assert reactive_energy(SEGMENTS, both).lagging_kvarh == 104


def test_a_quadrant_without_its_partner_is_refused_and_counts_nothing() -> None:
    known = [counted("reactive_energy_import", "104"), counted("reactive_energy_q3", "2")]
    found = reactive_energy(SEGMENTS, known)
    assert (found.lagging_kvarh, found.leading_kvarh) == (Decimal(104), Decimal(0))
    assert [(f.code, f.refuses, f.parameters["what"]) for f in found.findings] == [
        ("reactive_missing", True, "M reactive_energy_q4")
    ]


def test_each_direction_is_counted_by_the_way_that_is_known_whole() -> None:
    known = [
        counted("reactive_energy_import", "104"),
        counted("reactive_energy_q1", "100"),
        counted("reactive_energy_q3", "2"),
        counted("reactive_energy_q4", "30"),
    ]
    found = reactive_energy(SEGMENTS, known)
    assert (found.lagging_kvarh, found.leading_kvarh, found.findings) == (Decimal(104), Decimal(32), [])


def test_a_register_that_spans_two_tariffs_is_shared_by_days_without_active_energy() -> None:
    # 31 days, adjusted from the 16th: 310 x 16/31 = 160.
    month = bill_case("22_power_factor_from_the_16th").month
    spans = replace(counted("reactive_energy_import", "310"), opening=month.pairs[0].opening)
    spans = replace(
        spans,
        opening=replace(spans.opening, value=Decimal(0)),
        closing=replace(month.pairs[0].closing, value=Decimal(310)),
    )
    found = reactive_energy(segments_of(month), [spans])
    assert (found.lagging_kvarh, found.by_segment) == (Decimal(160), {0: Decimal(150), 1: Decimal(160)})


def test_a_sub_meter_is_taken_off_and_no_leading_register_counts_none() -> None:
    found = reactive_energy(
        SEGMENTS,
        [
            counted("reactive_energy_import", "100"),
            counted("reactive_energy_import", "40", sign=-1, meter="SUB"),
        ],
    )
    assert (found.lagging_kvarh, found.leading_kvarh) == (Decimal(60), Decimal(0))


def test_without_any_register_the_lagging_energy_is_not_known() -> None:
    assert reactive_energy(SEGMENTS, []).lagging_kvarh is None


def test_only_meters_of_the_time_that_is_adjusted_count() -> None:
    month = bill_case("published_swap_losses_periods_power_factor").month
    old = replace(counted("reactive_energy_import", "999"), closing=month.pairs[0].closing)
    new = next(pair for pair in month.pairs if pair.quantity == "reactive_energy_import")
    early = replace(old, opening=month.pairs[0].opening)
    assert reactive_energy(segments_of(month), [early, new]).lagging_kvarh == 16200
