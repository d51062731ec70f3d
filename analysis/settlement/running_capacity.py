"""Capacity that ran on each day of a month (运行容量): the contract's, less what rested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from analysis.settlement.bill import BillFinding
from analysis.settlement.billing_month import BillingMonth, Lack, Lacking
from analysis.settlement.codes import Code, finding, refusal
from analysis.settlement.segments import Segment
from pipeline.contracts import Contract, Suspension, SuspensionKind
from pipeline.tariff import BasicTerms
from pipeline.timegrid import local_day


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningDay:
    """One local day of one segment, and what could run on it."""

    day: date
    segment: Segment
    running_kva: Decimal | None
    """None where the capacity is not filed, or that of a unit which rests."""
    resting_kva: Decimal
    rests: bool
    """Everything rested all day, and that is waived."""
    suspensions: tuple[str, ...]
    """By which of them."""


def running_days(month: BillingMonth, segments: Sequence[Segment]) -> list[RunningDay]:
    """Return every day of the segments; a day used in part counts whole (日用电不足24小时按一天)."""
    found = []
    for segment in segments:
        terms = segment.tariff.basic
        waived = [] if terms is None else [s for s in month.suspensions if _waives(month, s, terms)]
        capacity = capacity_of(month, segment)
        for day in segment.days:
            resting = [s for s in waived if _covers(month, s, day)]
            left = None if capacity is None else _left(month, capacity, resting)
            rested = Decimal(0) if capacity is None or left is None else capacity - left
            stopped = any(not s.transformers and s.remaining_kva <= 0 for s in resting)
            rests = stopped or (left == 0 and rested > 0)
            found.append(
                RunningDay(
                    day=day,
                    segment=segment,
                    running_kva=left,
                    resting_kva=rested,
                    rests=rests,
                    suspensions=tuple(sorted(s.id for s in resting)),
                )
            )
    return found


def capacity_of(month: BillingMonth, segment: Segment) -> Decimal | None:
    """Return the contract's capacity, or that of the point's transformers; None where neither is filed."""
    return _capacity(month, segment.contract)


def _capacity(month: BillingMonth, contract: Contract) -> Decimal | None:
    if contract.capacity_kva is not None:
        return Decimal(str(contract.capacity_kva))
    own = [t.capacity_kva for t in month.transformers if t.service_point in {None, month.service_point}]
    known = [Decimal(str(kva)) for kva in own if kva is not None]
    return sum(known, Decimal(0)) if known and len(known) == len(own) else None


def reduced_to(
    month: BillingMonth, contract: Contract, terms: BasicTerms, within: tuple[datetime, datetime]
) -> Decimal | Lack | None:
    """Return what reductions (减容) leave of a contract's capacity, kVA; None where none is waived.

    The rules are those of the basic charge; a lack is what must be filed before anybody knows.

    Args:
        month: Its suspensions, transformers and edges count.
        contract: What is agreed then.
        terms: The two-part tariff's.
        within: A stretch in which the same suspensions last all the time.
    """
    resting = [
        s
        for s in month.suspensions
        if s.kind is SuspensionKind.REDUCTION
        and s.starts_at <= within[0]
        and (s.ends_at is None or within[0] < s.ends_at)
        and _waives(month, s, terms)
    ]
    if not resting:
        return None
    left = _left(month, _capacity(month, contract), resting)
    if left is not None:
        return left
    plates = _plates(month)
    for suspension in resting:
        if _is_unknown(suspension, plates):
            what = _plates_wanted(suspension, plates)
            return Lack(code=Lacking.TRANSFORMER, what=what, starts_at=within[0], ends_at=within[1])
    return Lack(code=Lacking.CAPACITY, what=month.service_point, starts_at=within[0], ends_at=within[1])


def suspension_findings(month: BillingMonth, terms: Sequence[BasicTerms]) -> list[BillFinding]:
    """Tell of suspensions that are too short to waive anything, or still last and might become so.

    Refuse those that name a unit of which no capacity is filed, where that is what they leave.
    """
    found = []
    plates = _plates(month)
    told = {lack.what for lack in month.lacks if lack.code is Lacking.TRANSFORMER}
    for suspension in _in_order(month):
        about: dict[str, object] = {"suspension": suspension.id, "starts_at": suspension.starts_at}
        least = max((t.least_stop_days for t in terms if suspension.kind.value in t.waiving), default=None)
        if least is None:
            continue
        if any(_waives(month, suspension, t) for t in terms) and _is_unknown(suspension, plates):
            what = _plates_wanted(suspension, plates)
            if what not in told:
                found.append(refusal(Code.TRANSFORMER_UNKNOWN, service_point=month.service_point, what=what))
        days = _length(month, suspension)
        if suspension.kind == SuspensionKind.CLOSED or days >= least:
            continue
        if suspension.ends_at is None:
            found.append(finding(Code.SUSPENSION_OPEN, least_days=least, **about))
        else:
            found.append(finding(Code.SUSPENSION_TOO_SHORT, days=days, least_days=least, **about))
    return found


def _in_order(month: BillingMonth) -> list[Suspension]:
    return sorted(
        (
            s
            for s in month.suspensions
            if s.starts_at < month.ends_at and (s.ends_at is None or s.ends_at > month.starts_at)
        ),
        key=lambda s: (s.starts_at, s.id),
    )


def _waives(month: BillingMonth, suspension: Suspension, terms: BasicTerms) -> bool:
    return suspension.kind.value in terms.waiving and not _too_short(month, suspension, terms.least_stop_days)


def _too_short(month: BillingMonth, suspension: Suspension, least_days: int) -> bool:
    if suspension.kind == SuspensionKind.CLOSED or suspension.ends_at is None:
        return False
    return _length(month, suspension) < least_days


def _length(month: BillingMonth, suspension: Suspension) -> int:
    """Return the whole local days of a suspension; of one that lasts, those to the end of the month."""
    begins = suspension.starts_at.astimezone(month.zone)
    ends = (suspension.ends_at or month.ends_at).astimezone(month.zone)
    whole = (ends.date() - begins.date()).days
    return max(whole - (local_day(begins.date(), month.zone)[0] < suspension.starts_at), 0)


def _covers(month: BillingMonth, suspension: Suspension, day: date) -> bool:
    begins, ends = local_day(day, month.zone)
    return suspension.starts_at <= begins and (suspension.ends_at is None or suspension.ends_at >= ends)


def _left(month: BillingMonth, capacity: Decimal | None, resting: Sequence[Suspension]) -> Decimal | None:
    """Return what runs: less the units named; without units what the strictest suspension leaves.

    None where a unit that is named has no plate and its suspension says of no capacity that it remains, and
    where units are to be taken off a capacity that is not filed.
    """
    plates = _plates(month)
    if any(_is_unknown(suspension, plates) for suspension in resting):
        return None
    by_units = [s for s in resting if s.transformers and not _lacking(s, plates)]
    units = {unit for s in by_units for unit in s.transformers}
    agreed = [Decimal(str(s.remaining_kva)) for s in resting if s not in by_units]
    if capacity is not None:
        agreed.append(capacity - sum((plates[unit] for unit in units), Decimal(0)))
    elif units or not agreed:
        return None
    return max(min(agreed), Decimal(0))


def _plates(month: BillingMonth) -> dict[str, Decimal]:
    """Return the capacity of each unit that is filed with one, kVA."""
    return {t.id: Decimal(str(t.capacity_kva)) for t in month.transformers if t.capacity_kva is not None}


def _lacking(suspension: Suspension, plates: Mapping[str, Decimal]) -> list[str]:
    return [unit for unit in suspension.transformers if unit not in plates]


def _plates_wanted(suspension: Suspension, plates: Mapping[str, Decimal]) -> str:
    return ", ".join(f"{unit}.capacity_kva" for unit in _lacking(suspension, plates))


def _is_unknown(suspension: Suspension, plates: Mapping[str, Decimal]) -> bool:
    """Tell whether nobody knows what a suspension leaves: 0 kVA beside named units is what was not filed."""
    return suspension.remaining_kva <= 0 and bool(_lacking(suspension, plates))
