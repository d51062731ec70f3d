"""Bills those whose settlement day has just passed, and those stored ones that late data may have changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from pipeline.bills import bill_month, bill_span, month_before
from pipeline.model import EVERYTHING
from pipeline.registry import Registry
from services.settings import Settings, load_settings
from services.settle import Settled
from services.settle_ahead import Wanted
from services.settle_month import billable
from services.settle_parts import settle_parts
from services.settle_stored import bill_run, settle_points
from services.settle_terms import is_supplied
from services.wiring import utc_now
from storage.bills import BillFilter, bill_total
from storage.database import connect

MONTHS_AGAIN = 3
"""So many months back stored bills are made again: final intervals and hand reads may have changed."""


def settle_due(settings: Settings | None = None, now: datetime | None = None) -> Iterator[Settled]:
    """Yield each bill that is due or stored and recent; only what differs becomes a new version.

    Interim bills (分次结算) whose day has passed come first: the month's bill then takes them off.

    The bill of a point's last closed month is always due, so that no standstill costs one; of earlier ones
    and of points that are no longer supplied, those that are stored are made again.

    Raises:
        StorageError: If the database is away or refuses.
    """
    settings, now = settings or load_settings(), now or utc_now()
    with connect(settings.require_database_url()) as connection:
        run = bill_run(connection, settings, now)
        archive = run.archive
        due: dict[str, list[Wanted]] = defaultdict(list)
        for point in billable(archive):
            yield from settle_parts(run, point)
            months = _closed_months(archive, point, now)
            for month in months:
                wanted = BillFilter(month=month, service_point=point)
                is_last = month == months[-1]
                is_due = is_last and is_supplied(archive, point, bill_span(archive, point, month))
                if is_due or bill_total(connection, wanted, scope=EVERYTHING):
                    due[month].append((point, month))
        # Oldest first: a month opens with what the one before closed with.
        for month in sorted(due):
            yield from settle_points(run, due[month])


def row_of(settled: Settled) -> dict[str, object]:
    """Return a bill as a line for people."""
    bill = settled.bill
    return {
        "service point": bill.service_point,
        "month": bill.month,
        "until": _until(settled),
        "state": "final" if bill.is_final else "refused",
        "version": settled.version,
        "kWh": f"{bill.energy_kwh:,.2f}",
        "amount": f"{bill.amount:,.2f} {bill.currency}",
        "difference": "" if settled.change is None else f"{settled.change.amount:+,.2f}",
        "findings": ", ".join(dict.fromkeys(finding.code for finding in bill.findings)),
    }


def _until(settled: Settled) -> str:
    """Return the first local day that an interim bill does not bill; nothing of a month's own bill."""
    month = settled.month
    return f"{month.ends_at.astimezone(month.zone):%Y-%m-%d}" if month.energy_only else ""


def _closed_months(archive: Registry, point: str, now: datetime) -> list[str]:
    """Return the last months of a point whose bills have closed, the oldest first."""
    month = bill_month(now.astimezone(archive.zone_of(point)).date(), 1)
    months: list[str] = []
    while len(months) < MONTHS_AGAIN:
        if bill_span(archive, point, month)[1] <= now:
            months.append(month)
        month = month_before(month)
    return months[::-1]
