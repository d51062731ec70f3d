"""Bills out of the database: each that differs from its newest version is stored as the next one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import partial

from analysis.settlement.bill_documents import bill_document, bill_of, same_bill
from analysis.settlement.billing_month import InterimBill
from analysis.settlement.difference import owed_since
from pipeline.bills import bill_span, month_after, month_before
from pipeline.model import EVERYTHING
from pipeline.registry import DEFAULT_ZONE, Registry
from services.settings import Settings, load_settings
from services.settle import UNMADE, Settled, not_made, points_of, settled_month
from services.settle_ahead import Wanted, book_ahead, in_parts
from services.settle_book import StoredBook
from services.settle_month import billing_month
from services.settle_terms import check_billable, is_supplied
from services.wiring import primary_profiles, utc_now
from storage.bills import bill_versions, billed_kwh, given_out_before, save_bill, saving_bills
from storage.database import Connection, connect
from storage.interim_bills import interim_bills
from storage.registry import load_registry


@dataclass(frozen=True, slots=True, kw_only=True)
class BillRun:
    """What all bills of one run share."""

    connection: Connection
    archive: Registry
    primary: frozenset[str]
    """The profiles that report primary values already."""
    now: datetime


def settle_stored(
    month: str | None = None,
    wanted: Sequence[str] | None = None,
    settings: Settings | None = None,
    now: datetime | None = None,
) -> Iterator[Settled]:
    """Yield the bills of a month and store each that differs from its newest version.

    Without ``month`` it is the last one that is over in the default zone. The same data make no new version.
    Before a point's first contract and after its last one there is nothing to bill, unless it is wanted.

    Raises:
        ConfigError: If a wanted point is not in the archive, or there is no tariff to bill by.
        StorageError: If the database is away or refuses.
    """
    settings, now = settings or load_settings(), now or utc_now()
    chosen = month or month_before(now.astimezone(DEFAULT_ZONE).strftime("%Y-%m"))
    with connect(settings.require_database_url()) as connection:
        run = bill_run(connection, settings, now)
        points = points_of(run.archive, wanted, "the archive")
        check_billable(run.archive, points, "the archive")
        due = []
        for point in points:
            span = bill_span(run.archive, point, chosen)
            if span[1] <= now and (wanted is not None or is_supplied(run.archive, point, span)):
                due.append((point, chosen))
        yield from settle_points(run, due)


def bill_run(connection: Connection, settings: Settings, now: datetime) -> BillRun:
    """Return what the bills of a run share, with the archive as it is now.

    Raises:
        StorageError: If the database is away or has no schema yet.
    """
    return BillRun(
        connection=connection,
        archive=load_registry(connection),
        primary=primary_profiles(settings),
        now=now,
    )


def settle_points(run: BillRun, wanted: Sequence[Wanted]) -> Iterator[Settled]:
    """Make bills as :func:`settle_point` does, reading ahead for some hundred of them at a time.

    Raises:
        StorageError: If the database is away or refuses.
    """
    for part in in_parts(wanted):
        book = book_ahead(run.connection, run.archive, part)
        for point, month in part:
            yield settle_point(run, point, month, book)


def settle_point(run: BillRun, point: str, month: str, book: StoredBook) -> Settled:
    """Make the bill of one point and month, and store it if it differs from its newest version.

    What interim bills of the month took is taken off. One that cannot be made is refused under its error's
    words, and not stored.

    Raises:
        StorageError: If the database is away or refuses.
    """
    settled = settle_part(run, point, month, book)
    if not settled.is_made:
        return settled
    try:
        return _stored(run, settled)
    except UNMADE as error:
        return not_made(run.archive, settled.month, error)


def settle_part(run: BillRun, point: str, month: str, book: StoredBook, until: date | None = None) -> Settled:
    """Make a bill and store nothing: of the month, or of its part up to a local day (分次结算).

    One that cannot be made is refused under its error's words.

    Raises:
        StorageError: If the database is away or refuses.
    """
    given_out = interim_bills(run.connection, point, month, scope=EVERYTHING)
    gathered = billing_month(
        run.archive,
        book,
        point,
        month,
        primary=run.primary,
        until=until,
        interim=[
            InterimBill(starts_at=b.starts_at, ends_at=b.ends_at, kwh=b.energy_kwh, amount=b.amount)
            for b in given_out
        ],
    )
    try:
        return settled_month(run.archive, gathered, partial(_energy_stored, run.connection, point))
    except UNMADE as error:
        return not_made(run.archive, gathered, error)


def _stored(run: BillRun, settled: Settled) -> Settled:
    point, month = settled.bill.service_point, settled.bill.month
    document = bill_document(settled.bill, settled.month)
    with saving_bills(run.connection):
        versions = bill_versions(run.connection, point, month, scope=EVERYTHING)
        newest = versions[0] if versions else None
        if newest is not None and same_bill(newest.document, document):
            return replace(settled, version=newest.version)
        version = save_bill(run.connection, document, made_at=run.now)
    before = given_out_before(versions, version)
    change = owed_since(None if before is None else bill_of(before.document), settled.bill)
    return replace(settled, version=version, is_new=True, change=change)


def _energy_stored(connection: Connection, point: str, months: Sequence[str]) -> dict[str, Decimal]:
    return billed_kwh(connection, point, first=months[0], until=month_after(months[-1]), scope=EVERYTHING)
