"""Tariffs (电价) of a registry file, checked as wholes: overlaps, hours and periods without a price."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise

from pipeline.errors import Problem
from pipeline.tariff import DayKind, DaySchedule, MarketEnergy, Period, Tariff
from pipeline.timegrid import MINUTES_PER_DAY
from storage.registry_entries import Entry

_SINCE_EVER = datetime.min.replace(tzinfo=UTC)
_MONTHS = tuple(range(1, 13))


def tariff_problems(written: Sequence[tuple[Tariff, Entry]]) -> Iterator[Problem]:
    """Yield what is wrong with tariffs that are each written as they should be.

    A version without an end is replaced by the next one; one with an end must not reach beyond its start.
    """
    for tariff, entry in written:
        if not tariff.charges and not tariff.fixed:
            yield entry.problem("charges", "is missing; write what a kWh costs as [[tariff.charges]]")
        yield from _bad_spans(tariff, entry)
        yield from _unpriced(tariff, entry)
        yield from _twice(tariff, entry)
        yield from _steps(tariff, entry)
    ordered = sorted(written, key=lambda w: (w[0].id, w[0].starts_at or _SINCE_EVER))
    for (earlier, before), (later, entry) in pairwise(ordered):
        if (
            earlier.id == later.id
            and earlier.starts_at != later.starts_at  # the same start has been said already
            and (later.starts_at or _SINCE_EVER) < (earlier.ends_at or _SINCE_EVER)
        ):
            yield entry.problem("from", f"tariff {later.id!r} of line {before.line} is still in force")


def market_problems(written: Sequence[tuple[MarketEnergy, Entry]]) -> Iterator[Problem]:
    """Yield what is wrong with energy bought on the market."""
    shares: dict[tuple[str, str, str, Period | None], Decimal] = defaultdict(Decimal)
    for market, entry in written:
        if (market.kwh is None) == (market.share is None):
            yield entry.problem("kwh", "write either kwh or share: how much of the month's energy it is")
        if market.share is not None:
            key = (market.service_point, market.month, market.item, market.period)
            shares[key] += market.share
            if shares[key] > 1:
                yield entry.problem("share", f"the shares of {market.month} come to {shares[key]}, above 1")


def _bad_spans(tariff: Tariff, entry: Entry) -> Iterator[Problem]:
    for number, schedule in enumerate(tariff.schedules, start=1):
        key = f"schedules[{number}].spans"
        for span in schedule.spans:
            if span.from_minute >= span.to_minute:
                yield entry.problem(
                    key,
                    f"{_clock(span.to_minute)} is not after {_clock(span.from_minute)}; "
                    "write hours over midnight as two spans, to 24:00 and from 00:00",
                )
        ordered = sorted(schedule.spans, key=lambda span: span.from_minute)
        for earlier, later in pairwise(ordered):
            if later.from_minute < earlier.to_minute:
                yield entry.problem(
                    key,
                    f"{later.period} from {_clock(later.from_minute)} overlaps {earlier.period} "
                    f"to {_clock(earlier.to_minute)}",
                )


def _unpriced(tariff: Tariff, entry: Entry) -> Iterator[Problem]:
    for number, charge in enumerate(tariff.charges, start=1):
        told: set[Period] = set()
        for month in charge.months or _MONTHS:
            lacking = {p for p in _periods_of(tariff, month) if charge.price_in(p) is None} - told
            told |= lacking
            for period in sorted(lacking):
                yield entry.problem(
                    f"charges[{number}].prices",
                    f"{charge.item!r} has no price for {period}, which a schedule of month {month} uses",
                )


def _periods_of(tariff: Tariff, month: int) -> set[Period]:
    """Return the periods of a month's days; what no schedule and no span names is flat."""
    used: set[Period] = set()
    covered: set[DayKind] = set()
    for schedule in tariff.schedules:
        if not schedule.months or month in schedule.months:
            used |= {span.period for span in schedule.spans} | _rest(schedule)
            covered.add(schedule.days)
            if schedule.days is DayKind.ALL:
                return used
    return used if {DayKind.WORKING, DayKind.OFF} <= covered else used | {Period.FLAT}


def _rest(schedule: DaySchedule) -> set[Period]:
    named = sum(span.to_minute - span.from_minute for span in schedule.spans)
    return {Period.FLAT} if named < MINUTES_PER_DAY else set()


def _twice(tariff: Tariff, entry: Entry) -> Iterator[Problem]:
    charged: dict[str, set[int]] = defaultdict(set)
    for number, charge in enumerate(tariff.charges, start=1):
        months = set(charge.months or _MONTHS)
        if both := sorted(months & charged[charge.item]):
            yield entry.problem(
                f"charges[{number}].item", f"{charge.item!r} is charged twice in month {both[0]}"
            )
        charged[charge.item] |= months


def _steps(tariff: Tariff, entry: Entry) -> Iterator[Problem]:
    for month in _MONTHS:
        above = [s.above_kwh for s in tariff.steps if not s.months or month in s.months]
        if any(later <= earlier for earlier, later in pairwise(above)):
            listed = ", ".join(map(str, above))
            yield entry.problem(
                "steps", f"above_kwh must rise from step to step, not {listed} (month {month})"
            )
            return


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
