"""The stretches of a billing month over which one contract and one set of prices hold."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise

from analysis.settlement.bill import BillFinding
from analysis.settlement.billing_month import BillingMonth, Dated, Lacking
from analysis.settlement.codes import Code, refusal
from pipeline.contracts import Contract
from pipeline.tariff import Tariff
from pipeline.timegrid import local_day, local_days


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One contract under one set of prices, for ``[starts_at, ends_at)``."""

    number: int
    """Its place among the segments of the month, from 0."""
    starts_at: datetime
    ends_at: datetime
    contract: Contract
    tariff: Tariff
    calendar_month: int
    """1 to 12: by which its charges that are for some months count."""
    days: tuple[date, ...]
    """Local days that it is charged for; each day of the billing month belongs to one segment."""
    is_whole: bool
    """Whether it is all of the billing month."""

    @property
    def part(self) -> tuple[datetime | None, datetime | None]:
        """From when to when its lines are; None and None if for the whole month."""
        return (None, None) if self.is_whole else (self.starts_at, self.ends_at)


def segments_of(month: BillingMonth) -> tuple[Segment, ...]:
    """Return the segments, oldest first; terms that differ in their dates alone are one.

    Where charges are for some calendar months, a segment ends with the calendar month.
    """
    found: list[Segment] = []
    for terms in _merged(month):
        for starts_at, ends_at in _cut(month, terms):
            found.append(
                Segment(
                    number=len(found),
                    starts_at=starts_at,
                    ends_at=ends_at,
                    contract=terms.contract,
                    tariff=terms.tariff,
                    calendar_month=starts_at.astimezone(month.zone).month,
                    days=(),
                    is_whole=(starts_at, ends_at) == (month.starts_at, month.ends_at),
                )
            )
    owned: list[list[date]] = [[] for _ in found]
    for day in local_days(month.starts_at, month.ends_at, month.zone):
        begins = max(local_day(day, month.zone)[0], month.starts_at)
        for segment in found:
            if segment.starts_at <= begins < segment.ends_at:
                owned[segment.number].append(day)
    return tuple(replace(segment, days=tuple(days)) for segment, days in zip(found, owned, strict=True))


def term_findings(month: BillingMonth) -> list[BillFinding]:
    """Return gaps and overlaps of the terms, but for those that the gatherer told of."""
    told = [
        lack
        for lack in month.lacks
        if lack.code in {Lacking.CONTRACT_GAP, Lacking.CONTRACT_OVERLAP, Lacking.TARIFF_GAP}
    ]
    inside = _inside(month)
    edges = [
        (month.starts_at, month.starts_at),
        *((terms.starts_at, terms.ends_at) for terms in inside),
        (month.ends_at, month.ends_at),
    ]
    found = []
    for (_, ends_at), (starts_at, _) in pairwise(edges):
        first, last = min(ends_at, starts_at), max(ends_at, starts_at)
        if first == last or any(lack.starts_at < last and lack.ends_at > first for lack in told):
            continue
        code = Code.CONTRACT_GAP if ends_at < starts_at else Code.CONTRACT_OVERLAP
        found.append(refusal(code, what=month.service_point, starts_at=first, ends_at=last))
    return found


def whole_days(month: BillingMonth) -> int:
    """Return the days of the whole bill's month, of which the period may be a part only, or more.

    It is more where the settlement day moved: from the 25th to the 1st, 25 March to 30 April.
    """
    inside = _inside(month)
    settlement_day = (inside[-1].contract.settlement_day if inside else None) or 1
    year, number = (int(part) for part in month.month.split("-"))
    closes = date(year, number, settlement_day)
    opens = (closes.replace(day=1) - timedelta(days=1)).replace(day=settlement_day)
    if settlement_day == 1:
        opens, closes = closes, (closes + timedelta(days=31)).replace(day=1)
    return (closes - opens).days


def days_beyond(month: BillingMonth) -> frozenset[date]:
    """Return the period's first days, those by which it is longer than the whole bill's month."""
    here = list(local_days(month.starts_at, month.ends_at, month.zone))
    return frozenset(here[: max(len(here) - whole_days(month), 0)])


def _inside(month: BillingMonth) -> list[Dated]:
    inside = [
        replace(
            terms, starts_at=max(terms.starts_at, month.starts_at), ends_at=min(terms.ends_at, month.ends_at)
        )
        for terms in month.terms
    ]
    return sorted(
        (terms for terms in inside if terms.starts_at < terms.ends_at),
        key=lambda terms: (terms.starts_at, terms.ends_at, repr(terms)),
    )


def _merged(month: BillingMonth) -> list[Dated]:
    """Return terms that follow each other; of an overlap the later one counts, as in the archive."""
    found: list[Dated] = []
    for terms in _inside(month):
        if found and found[-1].ends_at > terms.starts_at:
            found[-1] = replace(found[-1], ends_at=terms.starts_at)
        if found and found[-1].ends_at == terms.starts_at and _undated(found[-1]) == _undated(terms):
            found[-1] = replace(found[-1], ends_at=terms.ends_at)
        else:
            found.append(terms)
    return [terms for terms in found if terms.starts_at < terms.ends_at]


def _undated(terms: Dated) -> tuple[Contract, Tariff]:
    return (
        replace(terms.contract, starts_at=None, ends_at=None),
        replace(terms.tariff, starts_at=None, ends_at=None),
    )


def _cut(month: BillingMonth, terms: Dated) -> list[tuple[datetime, datetime]]:
    """Return the terms' stretch, cut at ends of calendar months between which its charges differ."""
    edges = [terms.starts_at]
    for day in local_days(terms.starts_at, terms.ends_at, month.zone):
        begins = local_day(day, month.zone)[0]
        before = (day - timedelta(days=1)).month
        if (
            day.day == 1
            and begins > edges[-1]
            and _charged(terms.tariff, day.month) != _charged(terms.tariff, before)
        ):
            edges.append(begins)
    return list(pairwise([*edges, terms.ends_at]))


def _charged(tariff: Tariff, calendar_month: int) -> list[int]:
    return [
        place
        for place, charge in enumerate(tariff.charges)
        if not charge.months or calendar_month in charge.months
    ]
