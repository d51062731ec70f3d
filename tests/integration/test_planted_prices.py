"""Average prices of bills of simulated workshops: a wrong rate code is found, a moved night shift is none."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any

import numpy as np
import pytest

from analysis.settlement.mix_check import is_mix_proven
from analysis.settlement.period_days import period_days
from analysis.settlement.settle import settle
from pipeline.contracts import BasicCharge, Contract
from pipeline.model import Episode, MeterId, Severity
from pipeline.records import BilledPrice
from pipeline.registry import Area, Installation, Meter, Registry, ServicePoint
from pipeline.tariff import BasicTerms, DaySchedule, EnergyCharge, Period, Span, Tariff
from pipeline.timegrid import slot_grid
from services.bill_prices import billed_price
from services.large_customers import price_episodes
from services.settle_book import FileBook
from services.settle_month import billing_month
from storage.intervals import IntervalColumns

CUSTOMERS, MONTHS = 12, 9
DEED = 4
"""The customer to whom something is done from July on."""
JANUARY, OCTOBER = datetime(2025, 12, 31, 16, tzinfo=UTC), datetime(2026, 9, 30, 16, tzinfo=UTC)
JULY = datetime(2026, 6, 30, 16, tzinfo=UTC)
METERS = [MeterId(f"M{n:02d}") for n in range(CUSTOMERS)]
POINTS = [f"P{n:02d}" for n in range(CUSTOMERS)]
HOURS = (
    Span(from_minute=0, to_minute=480, period=Period.VALLEY),
    Span(from_minute=480, to_minute=720, period=Period.PEAK),
    Span(from_minute=1080, to_minute=1320, period=Period.PEAK),
)


def _tariff(name: str, peak: str, flat: str, valley: str) -> Tariff:
    prices = {Period.PEAK: Decimal(peak), Period.FLAT: Decimal(flat), Period.VALLEY: Decimal(valley)}
    return Tariff(
        id=name,
        charges=(
            EnergyCharge(item="energy", prices=prices),
            EnergyCharge(item="fund", price=Decimal("0.03")),
        ),
        schedules=(DaySchedule(spans=HOURS),),
        basic=BasicTerms(capacity_price=Decimal(23)),
    )


def _contract(point: str) -> Contract:
    return Contract(
        service_point=point,
        capacity_kva=200.0,
        basic_charge=BasicCharge.CAPACITY,
        category="workshop",
        tariff="workshop",
    )


ARCHIVE = Registry(
    meters=[Meter(id=meter) for meter in METERS],
    installations=[Installation(meter=m, service_point=p) for m, p in zip(METERS, POINTS, strict=True)],
    service_points=[ServicePoint(id=point, area="A") for point in POINTS],
    areas=[Area(id="A")],
    contracts=[_contract(point) for point in POINTS],
    tariffs=[_tariff("workshop", "1.02", "0.65", "0.31"), _tariff("farm", "0.62", "0.48", "0.34")],
)
WRONG_CODE = replace(
    ARCHIVE,
    contracts=[
        *(c for c in ARCHIVE.contracts if c.service_point != POINTS[DEED]),
        replace(_contract(POINTS[DEED]), ends_at=JULY),
        replace(_contract(POINTS[DEED]), starts_at=JULY, tariff="farm"),
    ],
)


@cache
def _intervals(*, night_shift: bool) -> IntervalColumns:
    """Return hours of two shifts with customers' own habits; one may move his second shift into the night."""
    grid = slot_grid(JANUARY, OCTOBER, 60)
    random = np.random.default_rng(5)
    hours = (np.arange(len(grid)) % 24).astype(np.int64)
    columns = []
    for place in range(CUSTOMERS):
        size, begins = random.uniform(45.0, 70.0), 7 + place % 2
        works = (hours >= begins) & (hours < begins + 15)
        kw = np.where(works, size, 0.08 * size) * random.lognormal(0.0, 0.15, len(grid))
        if night_shift and place == DEED:
            moved = (hours < 8) | ((hours >= 12) & (hours < 18))
            later = grid >= np.datetime64(JULY.replace(tzinfo=None))
            kw = np.where(later, np.where(moved, size, 0.08 * size), kw)
        columns.append(np.round(kw, 2))
    kwh = np.concatenate(columns)
    return IntervalColumns(
        meters=[meter for meter in METERS for _ in grid],
        starts_at=np.tile(grid, CUSTOMERS),
        minutes=np.full(len(kwh), 60, dtype=np.int16),
        quality=np.full(len(kwh), "A"),
        energies={"import_kwh": kwh},
        methods=["measured"] * len(kwh),
    )


def _judged(archive: Registry, *, night_shift: bool = False) -> list[Episode]:
    book = FileBook.of(None, _intervals(night_shift=night_shift), METERS)
    prices: list[BilledPrice] = []
    for point in POINTS:
        for number in range(1, MONTHS + 1):
            month = billing_month(archive, book, point, f"2026-{number:02d}", primary=frozenset())
            bill = settle(month)
            proven = is_mix_proven(bill.energy_by_period, period_days(month))
            price = billed_price(bill, is_proven=proven)
            assert price is not None
            prices.append(price)
    return price_episodes(archive, prices)


def test_nothing_is_said_while_all_are_billed_right() -> None:
    assert _judged(ARCHIVE) == []


def test_a_wrong_rate_code_is_found_with_the_effect_that_explains_it() -> None:
    (episode,) = _judged(WRONG_CODE)
    assert (episode.service_point, episode.starts_at, episode.ends_at) == (POINTS[DEED], JULY, None)
    assert (episode.severity, episode.parameters["effect"]) == (Severity.MINOR, "the prices of the periods")
    assert float(episode.parameters["apart_percent"]) < -10


def test_its_innocent_twin_who_moved_a_shift_into_the_night_is_a_notice_that_says_so() -> None:
    (episode,) = _judged(ARCHIVE, night_shift=True)
    assert (episode.service_point, episode.severity) == (POINTS[DEED], Severity.INFO)
    assert episode.parameters["effect"] == "the hours of use"
    assert float(episode.parameters["apart_percent"]) < -5
    assert episode.evidence["hours_proven"] is True
    effects: Any = episode.evidence["effects"]
    assert sum(row["apart_yuan_kwh"] for row in effects) == pytest.approx(
        float(episode.parameters["price"]) - float(episode.parameters["usual"]), abs=0.0001
    )
