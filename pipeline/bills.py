"""Which bills (电费账单) a change of intervals touches: service point, settlement month and energy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from pipeline.block import Times
from pipeline.contracts import Contract
from pipeline.model import MeterId
from pipeline.registry import Registry, Role, in_force, latest
from pipeline.timegrid import from_numpy, local_day

LONGEST_MONTH = 31
"""Days: so many after the 1st lies the next month, whichever it is."""
AN_INSTANT = timedelta(microseconds=1)
SIGN = {Role.MAIN: 1.0, Role.SUBTRACT: -1.0}
"""How a meter's energy counts at its service point; a check meter's does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TouchedBill:
    """One month of one service point of which an energy is no longer what it was."""

    service_point: str
    month: str
    """``YYYY-MM``: the month in which the bill's last day lies, in the zone of the service point's area."""
    energy: str = "import_kwh"
    """Which energy; its name says the unit."""
    before: float
    """Sum of the changed slots as they were; what was missing counts nothing."""
    after: float
    slots: int


def touched_bills(  # noqa: PLR0913, PLR0917 - one change as columns, and whose it is
    registry: Registry,
    meters: Sequence[MeterId],
    starts_at: Times,
    before: NDArray[np.float64],
    after: NDArray[np.float64],
    energy: str = "import_kwh",
) -> list[TouchedBill]:
    """Return the bills that a change touches, by service point and month.

    Args:
        registry: The archive: who hung where, in which role.
        meters: The meter of each changed interval.
        starts_at: Its start.
        before: Its energy as given out before; NaN where nothing was.
        after: Its energy now; NaN where nothing is.
        energy: Which energy that is.
    """
    placed = defaultdict(list)
    for installation in registry.installations:
        placed[installation.meter].append(installation)
    agreed: dict[str, list[Contract]] = defaultdict(list)
    for contract in registry.contracts:
        agreed[contract.service_point].append(contract)
    zones: dict[str, ZoneInfo] = {}
    sums: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    same = (before == after) | (np.isnan(before) & np.isnan(after))
    for row in np.flatnonzero(~same):
        instant = from_numpy(starts_at[row])
        for installation in placed[meters[int(row)]]:
            point, sign = installation.service_point, SIGN.get(installation.role)
            if (
                point is None
                or sign is None
                or not in_force(installation.starts_at, installation.ends_at, instant)
            ):
                continue
            zone = zones.setdefault(point, registry.zone_of(point))
            day = instant.astimezone(zone).date()
            total = sums[point, bill_month(day, _settlement_day(agreed[point], instant))]
            total[0] += sign * float(np.nan_to_num(before[row]))
            total[1] += sign * float(np.nan_to_num(after[row]))
            total[2] += 1
    return [
        TouchedBill(service_point=point, month=month, energy=energy, before=was, after=now, slots=int(slots))
        for (point, month), (was, now, slots) in sorted(sums.items())
    ]


def bill_month(day: date, settlement_day: int) -> str:
    """Return the month, ``YYYY-MM``, of the bill that a local day is on.

    A bill closes at 00:00 of the settlement day (抄表例日); its month is that of its last day. Settled on the
    1st it is the calendar month; settled on the 25th, 25 March is on the bill of April.
    """
    if settlement_day > 1 and day.day >= settlement_day:
        day = day.replace(day=1) + timedelta(days=LONGEST_MONTH)
    return day.strftime("%Y-%m")


def bill_span(registry: Registry, service_point: str, month: str) -> tuple[datetime, datetime]:
    """Return when the bill of a month opens and closes: at 00:00 of the settlement days, local time.

    Args:
        registry: The archive: contracts say the settlement day.
        service_point: Whose bill.
        month: ``YYYY-MM``.
    """
    return _closes(registry, service_point, month_before(month)), _closes(registry, service_point, month)


def interim_ends(registry: Registry, service_point: str, span: tuple[datetime, datetime]) -> list[datetime]:
    """Return when interim bills (分次结算) close within a month, the earliest first.

    They do at 00:00 of each of the ``interim_days`` of the contract in force then; a day on which the month
    itself opens or closes has none.

    Args:
        registry: The archive: contracts say the days.
        service_point: Whose bills.
        span: When the month's bill opens and closes (:func:`bill_span`).
    """
    zone = registry.zone_of(service_point)
    contracts = registry.contracts_by_point.get(service_point, ())
    found = []
    day = span[0].astimezone(zone).date() + timedelta(days=1)
    while (ends_at := local_day(day, zone)[0]) < span[1]:
        agreed = latest(c for c in contracts if in_force(c.starts_at, c.ends_at, ends_at))
        if agreed is not None and day.day in agreed.interim_days:
            found.append(ends_at)
        day += timedelta(days=1)
    return found


def month_before(month: str) -> str:
    """Return the month before one, both ``YYYY-MM``."""
    return (_first(month) - timedelta(days=1)).strftime("%Y-%m")


def month_after(month: str) -> str:
    """Return the month after one, both ``YYYY-MM``."""
    return (_first(month) + timedelta(days=LONGEST_MONTH)).strftime("%Y-%m")


def _closes(registry: Registry, service_point: str, month: str) -> datetime:
    """Return when a month's bill closes, by the last contract that is in force in the calendar month."""
    zone = registry.zone_of(service_point)
    after = _first(month_after(month))
    month_ends = local_day(after, zone)[0]
    contracts = registry.contracts_by_point.get(service_point, ())
    month_begins = local_day(_first(month), zone)[0]
    ended = [c.ends_at for c in contracts if c.ends_at is not None and month_begins < c.ends_at <= month_ends]
    last = month_ends
    if not any(in_force(c.starts_at, c.ends_at, last - AN_INSTANT) for c in contracts):
        last = max(ended, default=month_ends)
    day = _settlement_day(contracts, last - AN_INSTANT)
    return month_ends if day == 1 else local_day(_first(month).replace(day=day), zone)[0]


def _first(month: str) -> date:
    return date.fromisoformat(f"{month}-01")


def _settlement_day(contracts: Sequence[Contract], instant: datetime) -> int:
    contract = latest(c for c in contracts if in_force(c.starts_at, c.ends_at, instant))
    return 1 if contract is None or contract.settlement_day is None else contract.settlement_day
