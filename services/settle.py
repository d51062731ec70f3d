"""Bills (电费结算) of service points' months, out of files or the database; stored ones are re-rated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from analysis.settlement.bill import Bill, BillFinding
from analysis.settlement.bill_documents import Number, bill_document, exact
from analysis.settlement.billing_month import BillingMonth, RegisterSource
from analysis.settlement.codes import Code
from analysis.settlement.difference import DifferenceBill
from analysis.settlement.settle import settle
from pipeline.bills import bill_month, bill_span, month_after, month_before
from pipeline.errors import ConfigError, ContentRefusedError, DataError, KilowatchError
from pipeline.registry import Registry
from pipeline.tariff import StepsOver
from pipeline.timegrid import from_numpy
from services.settings import load_settings
from services.settle_book import FileBook
from services.settle_interim import read_interim
from services.settle_month import billable, billing_month
from services.settle_terms import check_billable, is_supplied
from services.wiring import primary_profiles
from storage.files import read_intervals, read_readings
from storage.intervals import IntervalColumns
from storage.registry_files import read_registry

YEAR_UNKNOWN = "year_energy_unknown"
"""Code of a bill whose steps count a year of which earlier months are not billed."""
DEMAND_ITEM = "basic_demand"
NOT_MADE = "bill_not_made"
"""Code of a bill that could not be worked out; what it is says why."""
UNMADE = (DataError, ContentRefusedError, ArithmeticError)
"""What one bill may fail of without costing its neighbours; decimals raise the last on impossible terms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """One service point's bill of a month, and what it was worked out of."""

    bill: Bill
    month: BillingMonth
    name: str = ""
    customer: str = ""
    version: int | None = None
    """Of the stored bill; None for one out of files."""
    is_new: bool = False
    """Whether this run made the version."""
    change: DifferenceBill | None = None
    """What a new version charges beyond the one given out before; None where none was, or it is refused."""

    @property
    def is_made(self) -> bool:
        """Whether a bill could be worked out at all; one that was may still be refused."""
        return all(finding.code != NOT_MADE for finding in self.bill.findings)

    def document(self, number: Number = float) -> dict[str, Any]:  # Any: JSON
        """Return the bill as a JSON object, by default with numbers as JSON has them."""
        return {
            **bill_document(self.bill, self.month, number),
            "name": self.name,
            "customer": self.customer,
            "version": self.version,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleFiles:
    """Where everything stands that is billed without a database."""

    intervals: Path
    registry: Path
    readings: Path | None = None
    interim: Sequence[Path] = ()
    """``bill.json`` of parts of the month that were given out before: they are taken off."""


def settle_files(
    files: SettleFiles,
    month: str | None = None,
    wanted: Sequence[str] | None = None,
    until: date | None = None,
) -> Iterator[Settled]:
    """Yield the bill of each service point that has a contract, or of those wanted.

    Registers among the readings stand at the edges; where there are none, intervals stand in as estimates.
    Without ``month`` it is the last one that the intervals cover to its end. With ``until`` each bill is an
    interim one (分次结算): energy alone, from the month's opening to that local day.

    Raises:
        DataError: If a file cannot be understood, or holds nothing of the month.
        RegistryError: With every problem of the archive.
        ConfigError: If a wanted point is not in the archive, or there is no tariff to bill by.
    """
    archive = read_registry(files.registry)
    points = points_of(archive, wanted, files.registry.name)
    check_billable(archive, points, files.registry.name)
    intervals = read_intervals(files.intervals)
    readings = None if files.readings is None else read_readings(files.readings)
    book = FileBook.of(readings, intervals, [meter.id for meter in archive.meters])
    primary = primary_profiles(load_settings())
    month = month or _covered_month(archive, points, intervals, files.intervals.name)
    given_out = read_interim(files.interim)
    make = partial(billing_month, archive, book, primary=primary)
    found = 0
    for point in points:
        gathered = make(point, month, until=until, interim=given_out.get((point, month), ()))
        if wanted is None and not gathered.pairs and gathered.intervals is None:
            continue
        found += 1
        before = partial(_energy_of_files, make, point)
        try:
            yield settled_month(archive, gathered, before)
        except UNMADE as error:
            yield not_made(archive, gathered, error)
    if not found:
        raise DataError(
            f"{files.intervals.name} holds nothing of {month}: it reaches {_reach(intervals)}. "
            "Next step: choose another --month, and compare the meters' ids in both files"
        )


def points_of(archive: Registry, wanted: Sequence[str] | None, source: str) -> list[str]:
    """Return the service points that can be billed, or those that are wanted.

    Raises:
        ConfigError: If a wanted one is not in the archive.
    """
    if wanted is None:
        return billable(archive)
    unknown = [point for point in wanted if point not in archive.service_point_by_id]
    if unknown:
        known = ", ".join(billable(archive)[:10]) or "none"
        raise ConfigError(
            f"{', '.join(unknown)}: no such service point in {source}. Next step: choose one of {known}"
        )
    return list(dict.fromkeys(wanted))


class YearBefore(Protocol):
    """Tells the energy billed in earlier months of a year; None of a month of which it is not known."""

    def __call__(self, months: Sequence[str]) -> Mapping[str, Decimal]:
        """Return the energies of months of which they are known."""
        ...


def settled_month(archive: Registry, gathered: BillingMonth, before: YearBefore) -> Settled:
    """Return the bill of what was gathered, with the year's energy before it where steps count a year."""
    point = archive.service_point_by_id[gathered.service_point]
    unknown: list[str] = []
    if _counts_the_year(gathered):
        months = _months_of_year(archive, gathered)
        energies = before(months) if months else {}
        unknown = [month for month in months if month not in energies]
        gathered = replace(gathered, billed_before_kwh=sum(energies.values(), Decimal(0)))
    bill = settle(gathered)
    if unknown:
        lacking = BillFinding(code=YEAR_UNKNOWN, refuses=True, parameters={"months": ", ".join(unknown)})
        bill = replace(bill, findings=(*bill.findings, lacking))
    bill = replace(bill, findings=(*bill.findings, *_demand_findings(bill, gathered)))
    return Settled(bill=bill, month=gathered, name=point.name, customer=point.customer)


def not_made(archive: Registry, gathered: BillingMonth, error: Exception) -> Settled:
    """Return a refused bill without lines that says why none could be made."""
    point = archive.service_point_by_id[gathered.service_point]
    why = str(error) if isinstance(error, KilowatchError) else type(error).__name__
    bill = Bill(
        service_point=point.id,
        month=gathered.month,
        starts_at=gathered.starts_at,
        ends_at=gathered.ends_at,
        lines=(),
        registers=(),
        energy_kwh=Decimal(0),
        findings=[BillFinding(code=NOT_MADE, refuses=True, parameters={"error": why})],
    )
    return Settled(bill=bill, month=gathered, name=point.name, customer=point.customer)


def _demand_findings(bill: Bill, month: BillingMonth) -> Iterator[BillFinding]:
    """Yield that a demand which is charged for comes from intervals, not from a meter's own register."""
    if not any(line.item.startswith(DEMAND_ITEM) for line in bill.lines):
        return
    for demand in month.demands:
        if demand.source is RegisterSource.ESTIMATED:
            about = {"kw": exact(demand.kw), "at": None if demand.at is None else demand.at.isoformat()}
            yield BillFinding(code=Code.DEMAND_FROM_INTERVALS, parameters=about)


def _counts_the_year(month: BillingMonth) -> bool:
    return any(dated.tariff.steps and dated.tariff.steps_over is StepsOver.YEAR for dated in month.terms)


def _months_of_year(archive: Registry, gathered: BillingMonth) -> list[str]:
    """Return the months of the year before this one in which the point was metered and supplied."""
    placed = archive.installations_of(gathered.service_point)
    since = min((i.starts_at for i in placed if i.starts_at is not None), default=None)
    always = any(i.starts_at is None for i in placed)
    months, month = [], f"{gathered.month[:4]}-01"
    while month < gathered.month:
        span = bill_span(archive, gathered.service_point, month)
        was_metered = always or (since is not None and since < span[1])
        if was_metered and is_supplied(archive, gathered.service_point, span):
            months.append(month)
        month = month_after(month)
    return months


def _energy_of_files(make: partial[BillingMonth], point: str, months: Sequence[str]) -> dict[str, Decimal]:
    found = {}
    for month in months:
        bill = settle(make(point, month))
        if bill.is_final:
            found[month] = bill.energy_kwh
    return found


def _covered_month(archive: Registry, points: Sequence[str], intervals: IntervalColumns, name: str) -> str:
    """Return the last month that intervals cover to its end, as the first point settles."""
    if not len(intervals):
        raise DataError(f"{name} holds no intervals")
    last = int(intervals.starts_at.argmax())
    ends_at = from_numpy(intervals.starts_at[last] + int(intervals.minutes[last]) * 60_000_000)
    point = points[0]
    month = bill_month(ends_at.astimezone(archive.zone_of(point)).date(), 1)
    while bill_span(archive, point, month)[1] > ends_at:
        month = month_before(month)
    return month


def _reach(intervals: IntervalColumns) -> str:
    if not len(intervals):
        return "over nothing"
    first, last = intervals.starts_at.min(), intervals.starts_at.max()
    return f"from {from_numpy(first).isoformat()} to {from_numpy(last).isoformat()}"
