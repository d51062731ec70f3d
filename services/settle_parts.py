"""Interim bills (分次结算) that contracts ask for: given out once each, taken off by the month's own bill."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from analysis.settlement.bill_documents import bill_document
from pipeline.bills import bill_month, bill_span, interim_ends, month_after
from pipeline.model import EVERYTHING
from services.settle import Settled
from services.settle_book import StoredBook
from services.settle_stored import BillRun, settle_part
from services.settle_terms import is_supplied, supplied
from storage.interim_bills import interim_bills, save_interim


def settle_parts(run: BillRun, point: str) -> Iterator[Settled]:
    """Yield the interim bills of a point's open month that are due and not given out, the earliest first.

    One that is refused is not given out: it is tried again until a later one, or the month's bill, holds its
    energy. One that was given out stays as it is: the month's bill takes it off and settles the rest.

    Raises:
        StorageError: If the database is away or refuses.
    """
    month = _open_month(run, point)
    span = bill_span(run.archive, point, month)
    if not is_supplied(run.archive, point, span):
        return
    ends = [
        at for at in interim_ends(run.archive, point, supplied(run.archive, point, span)) if at <= run.now
    ]
    if not ends:
        return
    given_out = [bill.ends_at for bill in interim_bills(run.connection, point, month, scope=EVERYTHING)]
    zone = run.archive.zone_of(point)
    book = StoredBook(connection=run.connection, scope=EVERYTHING)
    for ends_at in ends:
        if ends_at > max(given_out, default=span[0]):
            yield _kept(run, settle_part(run, point, month, book, ends_at.astimezone(zone).date()))


def _kept(run: BillRun, settled: Settled) -> Settled:
    if not settled.bill.is_final:
        return settled
    document = bill_document(settled.bill, settled.month)
    return replace(settled, is_new=save_interim(run.connection, document, made_at=run.now))


def _open_month(run: BillRun, point: str) -> str:
    """Return the month whose bill has not closed yet: settled on the 25th, 26 March is on that of April."""
    month = bill_month(run.now.astimezone(run.archive.zone_of(point)).date(), 1)
    return month if run.now < bill_span(run.archive, point, month)[1] else month_after(month)
