"""What files tell of customers: load, suspensions, bills of every month they cover, and what stands out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

import numpy as np

from analysis.settlement.bill import Bill
from analysis.settlement.mix_check import is_mix_proven
from analysis.settlement.period_days import period_days
from detectors import engine
from pipeline.bills import bill_month, bill_span, month_after
from pipeline.block import MeterMatrix
from pipeline.model import Episode, Verdict
from pipeline.quantities import Quantity
from pipeline.records import BilledPrice, Records, TimedValues
from pipeline.registry import Registry, ServicePoint
from pipeline.timegrid import from_numpy, local_month, to_numpy
from services.bill_prices import billed_price
from services.customer_facts import Gathered
from services.customers import archive_of
from services.load_facts import DEMAND, DEMAND_AT
from services.load_subjects import ENERGIES
from services.settings import load_settings
from services.settle import settled_month
from services.settle_book import FileBook
from services.settle_month import billable, billing_month
from services.wiring import primary_profiles
from storage.detector_records import block_values
from storage.files import file_matrix, read_intervals, read_readings
from storage.registry_files import read_registry

RULES = ("average_price", "suspended_load", "suspension_rule", "over_capacity")
"""Detectors that files of intervals, an archive and its bills are enough for."""
MOST_MONTHS = 13


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerFiles:
    """Where everything stands that is told without a database."""

    intervals: Path
    registry: Path
    readings: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What the files hold, read once for all customers."""

    archive: Registry
    matrix: MeterMatrix
    registers: Mapping[Quantity, TimedValues]
    bills: Mapping[str, Sequence[Bill]]
    episodes: Sequence[Episode]
    primary: frozenset[str]
    last: date
    """First day of the last month that is covered to its end; else of the last one that is reached."""


def read_files(files: CustomerFiles) -> Read:
    """Read files, make the bills of the months that they cover, and run the rules that they are enough for.

    Raises:
        DataError: If a file cannot be understood.
        RegistryError: With every problem of the archive.
    """
    archive = read_registry(files.registry)
    intervals = read_intervals(files.intervals)
    readings = None if files.readings is None else read_readings(files.readings)
    primary = primary_profiles(load_settings())
    matrix = file_matrix(archive, readings, intervals, energies=ENERGIES, primary_profiles=primary)
    book = FileBook.of(readings, intervals, [meter.id for meter in archive.meters])
    bills: dict[str, list[Bill]] = defaultdict(list)
    prices: list[BilledPrice] = []
    for point in billable(archive):
        if not _has_tariff(archive, point):
            continue
        for month in _covered(archive, point, matrix):
            gathered = billing_month(archive, book, point, month, primary=primary)
            made = settled_month(archive, gathered, partial(_energies, bills[point]))
            bills[point].append(made.bill)
            proven = is_mix_proven(made.bill.energy_by_period, period_days(made.month))
            price = billed_price(made.bill, is_proven=proven)
            prices += [] if price is None else [price]
    window = replace(matrix, records=Records(bills=prices))
    return Read(
        archive=archive,
        matrix=matrix,
        registers={} if readings is None else block_values(readings, (DEMAND, DEMAND_AT)),
        bills=bills,
        episodes=engine.run(window, archive, only=RULES),
        primary=primary,
        last=_last_month(archive, matrix),
    )


def gather_files(
    read: Read, customer: str, points: Sequence[ServicePoint], first: date, now: datetime
) -> Gathered:
    """Return what the files tell of one customer for the local month that begins with ``first``."""
    own = archive_of(read.archive, points)
    ids = {point.id for point in points}
    month = f"{first:%Y-%m}"
    begins, ends = local_month(first.year, first.month, own.zone_of(points[0].id))
    return Gathered(
        customer=customer,
        archive=own,
        first=first,
        now=now,
        matrix=read.matrix,
        registers=read.registers,
        bills={p: [b for b in read.bills.get(p, ()) if b.month <= month] for p in ids},
        episodes=[
            episode
            for episode in read.episodes
            if episode.service_point in ids
            and episode.verdict is Verdict.ABNORMAL
            and episode.starts_at < ends
            and (episode.ends_at is None or episode.ends_at > begins)
        ],
        primary=read.primary,
        from_files=True,
    )


def _has_tariff(archive: Registry, point: str) -> bool:
    known = {tariff.id for tariff in archive.tariffs}
    return any(contract.tariff in known for contract in archive.contracts_by_point.get(point, ()))


def _energies(made: Sequence[Bill], months: Sequence[str]) -> Mapping[str, Decimal]:
    """Return the energy of the bills of earlier months, as far as the files cover them."""
    return {bill.month: bill.energy_kwh for bill in made if bill.month in months}


def _covered(archive: Registry, point: str, matrix: MeterMatrix) -> list[str]:
    """Return the months of a point's bills that the slots cover to their ends, the last thirteen at most."""
    rows = [matrix.meters.index(i.meter) for i in archive.installations_of(point) if i.meter in matrix.meters]
    known = np.flatnonzero(np.isfinite(matrix.import_kwh[rows]).any(axis=0)) if rows else np.zeros(0)
    if not len(known):
        return []
    step = timedelta(minutes=matrix.minutes)
    begins = from_numpy(matrix.starts_at[int(known[0])])
    ends = from_numpy(matrix.starts_at[int(known[-1])]) + step
    month = bill_month(begins.astimezone(archive.zone_of(point)).date(), 1)
    found = []
    while (span := bill_span(archive, point, month))[0] < ends:
        if span[0] >= begins and span[1] <= ends:
            found.append(month)
        month = month_after(month)
    return found[-MOST_MONTHS:]


def _last_month(archive: Registry, matrix: MeterMatrix) -> date:
    zone = archive.zone_of(archive.service_points[0].id if archive.service_points else None)
    ends = matrix.starts_at[-1] + np.timedelta64(matrix.minutes, "m")
    after = from_numpy(ends).astimezone(zone)
    this = after.date().replace(day=1)
    before = (this - timedelta(days=1)).replace(day=1)
    begins = after.replace(year=before.year, month=before.month, day=1, hour=0, minute=0)
    return before if matrix.starts_at[0] <= to_numpy(begins) else this
