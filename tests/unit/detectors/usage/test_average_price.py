from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from pipeline.archive_records import Threshold
from pipeline.model import MeterId, Severity
from pipeline.registry import Installation, Meter
from pipeline.tariff import Period
from tests.unit.detectors.usage.billed_fleet import PRICES, Change, Use, fleet, judged, with_market

CUSTOMERS, MONTHS = 24, 14
FROM = 9
"""The month, counted from 0, from which something is planted."""
OTHERS = {Period.PEAK: 0.62, Period.FLAT: 0.48, Period.VALLEY: 0.34}
"""Prices of another class, such as a farm's."""


def _since(change: Change, first: int = FROM) -> Change:
    return lambda number, use: change(number, use) if number >= first else use


def _wrong_tariff(_number: int, use: Use) -> Use:
    """A wrong rate code (电价代码错误): billed by the prices of another class."""
    return replace(use, prices=OTHERS)


def _swapped_rates(_number: int, use: Use) -> Use:
    """The meter's rates are read the wrong way round: the bill says night where the curve says day."""
    shares = {**use.shares, Period.PEAK: 0.02, Period.VALLEY: use.shares[Period.PEAK] + 0.28}
    return replace(use, shares=shares, is_mix_proven=False)


def _night_shift(_number: int, use: Use) -> Use:
    """The innocent twin of both: a shift really moved into the night, and the curve shows it."""
    shares = {**use.shares, Period.PEAK: 0.02, Period.VALLEY: use.shares[Period.PEAK] + 0.28}
    return replace(use, shares=shares, is_mix_proven=True)


def _holiday(_number: int, use: Use) -> Use:
    return replace(use, hours=use.hours / 4)


def _lost_capacitors(_number: int, use: Use) -> Use:
    return replace(use, adjustment=0.45)


def _found(change: Change, seed: int = 3, **numbers: float) -> list[Any]:
    registry, bills = fleet(CUSTOMERS, MONTHS, seed, {5: _since(change)})
    return judged(registry, bills, **numbers)


def test_nothing_is_said_of_customers_who_are_billed_right() -> None:
    registry, bills = fleet(CUSTOMERS, MONTHS, 3)
    assert judged(registry, bills) == []


def test_a_wrong_rate_code_is_found_with_the_price_as_what_explains_it() -> None:
    (episode,) = _found(_wrong_tariff)
    assert (episode.service_point, episode.meter, episode.severity) == ("P5", "MP5", Severity.MINOR)
    assert episode.ends_at is None
    assert episode.parameters["effect"] == "the prices of the periods"
    assert episode.parameters["apart_percent"] < -20
    months: Any = episode.evidence["billed_months"]
    assert [row["month"] for row in months] == ["2024-10", "2024-11", "2024-12", "2025-01", "2025-02"]
    apart = (episode.parameters["price"] - episode.parameters["usual"]) * months[-1]["kwh"]
    assert episode.evidence["apart_yuan"] == pytest.approx(apart, rel=0.001)
    assert sum(row["apart_yuan_kwh"] for row in episode.evidence["effects"]) == pytest.approx(
        episode.parameters["price"] - episode.parameters["usual"], abs=0.0005
    )


def test_a_night_shift_that_really_moved_is_told_as_a_notice_only() -> None:
    (episode,) = _found(_night_shift)
    assert (episode.severity, episode.parameters["effect"]) == (Severity.INFO, "the hours of use")


def test_hours_that_the_load_curve_contradicts_are_a_finding() -> None:
    (episode,) = _found(_swapped_rates)
    assert (episode.severity, episode.parameters["effect"]) == (Severity.MINOR, "the hours of use")
    assert episode.evidence["hours_proven"] is False


def test_a_month_of_little_use_bears_its_basic_charge_and_is_a_notice() -> None:
    episodes = _found(_holiday)
    assert {(e.severity, e.parameters["effect"]) for e in episodes} == {
        (Severity.INFO, "the basic charge on other energy")
    }


def test_a_power_factor_adjustment_out_of_the_ordinary_is_a_finding() -> None:
    (episode,) = _found(_lost_capacitors)
    assert (episode.severity, episode.parameters["effect"]) == (
        Severity.MINOR,
        "the power-factor adjustment",
    )


def test_a_price_below_the_valley_s_is_impossible_and_says_so() -> None:
    registry, bills = fleet(CUSTOMERS, MONTHS, 3)
    cheap = [
        replace(b, price=Decimal("0.29")) if (b.service_point, b.month) == ("P7", "2024-08") else b
        for b in bills
    ]
    (episode,) = judged(registry, cheap)
    assert episode.message == "episode.average_price_impossible"
    assert (episode.severity, episode.parameters["usual"]) == (Severity.MAJOR, 0.2961)
    assert episode.ends_at == next(b.ends_at for b in bills if b.month == "2024-08")
    # Energy that was bought for less on the market makes the same price possible; odd it stays.
    bought = judged(with_market(registry, "P7", "2024-08", 0.2), cheap)
    assert [e.message for e in bought] == ["episode.average_price_peers"]


def test_a_power_factor_reward_on_valley_energy_alone_is_possible() -> None:
    registry, bills = fleet(1, 1, 3)
    (bill,) = bills
    # 0.30 less the greatest reward, 1.30 %.
    assert judged(registry, [replace(bill, price=Decimal("0.2961"))]) == []
    assert len(judged(registry, [replace(bill, price=Decimal("0.2960"))])) == 1


def test_cents_that_lines_are_rounded_to_make_no_small_bill_impossible() -> None:
    # Ten lines of half a cent each are 0.05 yuan: on 500 kWh 0.0001 a kWh, on 50 000 kWh a hundredth of that.
    registry, bills = fleet(1, 1, 3)
    small = replace(bills[0], kwh=Decimal(500), price=Decimal("0.29602"))
    assert judged(registry, [small]) == []
    assert len(judged(registry, [replace(small, kwh=Decimal(50_000))])) == 1


def test_new_prices_for_all_are_nobody_s_finding() -> None:
    def dearer(number: int, use: Use) -> Use:
        return replace(use, prices={p: 1.3 * price for p, price in PRICES.items()}) if number >= FROM else use

    registry, bills = fleet(CUSTOMERS, MONTHS, 3, dict.fromkeys(range(CUSTOMERS), dearer))
    assert judged(registry, bills) == []


def test_without_like_customers_own_months_are_compared() -> None:
    registry, bills = fleet(3, MONTHS, 3, {1: _since(_wrong_tariff)})
    (episode,) = judged(registry, [b for b in bills if b.month < "2025-02"])
    assert episode.message == "episode.average_price_own"
    # The nine months before the change; those that stand out are no measure of what is usual.
    assert (episode.service_point, episode.parameters["like"]) == ("P1", 9)
    assert episode.ends_at is None
    # Of the first months alone nobody knows what is usual.
    assert judged(registry, [b for b in bills if b.month < "2024-06"]) == []


def test_too_little_energy_and_a_missing_class_are_not_judged_among_peers() -> None:
    registry, bills = fleet(CUSTOMERS, 2, 3, {5: _wrong_tariff})
    assert [e.service_point for e in judged(registry, bills)] == ["P5"]
    assert judged(registry, [replace(b, kwh=Decimal(400)) for b in bills]) == []
    unfiled = [replace(c, category=None) for c in registry.contracts]
    assert judged(replace(registry, contracts=unfiled), bills) == []


def test_a_threshold_of_the_archive_holds_for_its_customer() -> None:
    registry, bills = fleet(CUSTOMERS, 2, 3, {5: _wrong_tariff, 6: _wrong_tariff})
    wide = Threshold(detector="average_price", parameter="least_apart", value=0.9, service_point="P5")
    found = judged(replace(registry, thresholds=[wide]), bills)
    assert [e.service_point for e in found] == ["P6"]


def test_a_dear_month_and_a_cheap_one_after_it_are_two_episodes() -> None:
    def one_dear_one_cheap(number: int, use: Use) -> Use:
        factor = {FROM: 1.5, FROM + 1: 0.7}.get(number, 1.0)
        return replace(use, prices={p: factor * price for p, price in PRICES.items()})

    registry, bills = fleet(CUSTOMERS, MONTHS, 3, {5: one_dear_one_cheap})
    dear, cheap = judged(registry, bills)
    assert float(dear.parameters["apart_percent"]) > 20
    assert float(cheap.parameters["apart_percent"]) < -20
    assert dear.ends_at == cheap.starts_at


def test_a_meter_swap_leaves_the_episode_its_id_and_its_meter() -> None:
    registry, bills = fleet(CUSTOMERS, MONTHS, 3, {5: _since(_wrong_tariff)})
    (before,) = judged(registry, bills)
    swapped_at = bills[-1].starts_at + timedelta(days=40)
    placed = [
        replace(i, ends_at=swapped_at) if i.service_point == "P5" else i for i in registry.installations
    ]
    new = Installation(meter=MeterId("NEW"), service_point="P5", starts_at=swapped_at)
    swapped = replace(
        registry, meters=[*registry.meters, Meter(id=MeterId("NEW"))], installations=[*placed, new]
    )
    (after,) = judged(swapped, bills)
    assert (after.id, after.meter, after.service_point) == (before.id, before.meter, "P5")
    # Its former meter is off the archive altogether: the id is the place's.
    without = [i for i in swapped.installations if i.meter != "MP5"]
    (gone,) = judged(replace(swapped, installations=without), bills)
    assert (gone.id, gone.meter) == (before.id, "NEW")


def test_the_order_of_bills_changes_nothing() -> None:
    registry, bills = fleet(CUSTOMERS, MONTHS, 3, {5: _since(_wrong_tariff), 6: _since(_night_shift)})
    assert judged(registry, list(reversed(bills))) == judged(registry, bills)


def test_there_is_no_false_alarm_in_two_hundred_customer_years() -> None:
    alarms = [judged(*fleet(100, 24, seed)) for seed in (11,)]
    assert alarms == [[]]
