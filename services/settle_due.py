"""Bills those whose settlement day has just passed, and those stored ones that late data may have changed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from pipeline.bills import bill_month, bill_span, month_before
from pipeline.model import EVERYTHING
from pipeline.registry import Registry
from services.settings import Settings, load_settings
from services.settle import Settled, settle_point
from services.settle_month import billable
from services.wiring import primary_profiles, utc_now
from storage.bills import BillFilter, bill_total
from storage.database import connect
from storage.registry import load_registry

DAYS_AFTER = 5
"""So long after its settlement day a bill is made anew every day: freezes that came late are taken in."""
MONTHS_AGAIN = 3
"""So many months back stored bills are made again: final intervals and hand reads may have changed."""


def settle_due(settings: Settings | None = None, now: datetime | None = None) -> Iterator[Settled]:
    """Yield each bill that is due or stored and recent; only what differs becomes a new version.

    A point's last bill is due from its settlement day on; earlier ones are made again where they are stored.

    Raises:
        StorageError: If the database is away or refuses.
    """
    settings, now = settings or load_settings(), now or utc_now()
    primary = primary_profiles(settings)
    with connect(settings.require_database_url()) as connection:
        archive = load_registry(connection)
        for point in billable(archive):
            for month in _closed_months(archive, point, now):
                closed = bill_span(archive, point, month)[1]
                wanted = BillFilter(month=month, service_point=point)
                is_due = now - closed <= timedelta(days=DAYS_AFTER)
                if is_due or bill_total(connection, wanted, scope=EVERYTHING):
                    yield settle_point(connection, archive, point, month, primary, now)


def row_of(settled: Settled) -> dict[str, object]:
    """Return a bill as a line for people."""
    bill = settled.bill
    return {
        "service point": bill.service_point,
        "month": bill.month,
        "state": "final" if bill.is_final else "refused",
        "version": settled.version,
        "kWh": f"{bill.energy_kwh:,.2f}",
        "amount": f"{bill.amount:,.2f} {bill.currency}",
        "difference": "" if settled.change is None else f"{settled.change.amount:+,.2f}",
        "findings": ", ".join(dict.fromkeys(finding.code for finding in bill.findings)),
    }


def _closed_months(archive: Registry, point: str, now: datetime) -> list[str]:
    """Return the last months of a point whose bills have closed, the oldest first."""
    month = bill_month(now.astimezone(archive.zone_of(point)).date(), 1)
    months: list[str] = []
    while len(months) < MONTHS_AGAIN:
        if bill_span(archive, point, month)[1] <= now:
            months.append(month)
        month = month_before(month)
    return months[::-1]
