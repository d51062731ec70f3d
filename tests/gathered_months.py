"""Months of one plant gathered out of files, as a bill is worked out of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from analysis.settlement.billing_month import BillingMonth
from pipeline.block import ReadingBlock, block_from_snapshots
from pipeline.model import MeterId, Snapshot
from pipeline.quantities import Group, Quantity
from pipeline.registry import (
    Registry,
)
from services.settle_book import FileBook
from services.settle_month import billing_month
from storage.intervals import IntervalColumns
from tests.settled_plants import (
    APRIL,
    CLOSING,
    MARCH,
    OPENING,
    PLANT,
    POINT,
    intervals,
    reading,
)

TOTAL = Quantity.ACTIVE_ENERGY_IMPORT.value
EDGES = [reading(MARCH, OPENING), reading(APRIL, CLOSING)]
MIDDLE = datetime(2026, 3, 15, 16, tzinfo=UTC)
NEW = MeterId("NEW")


def gathered(
    readings: Sequence[Snapshot] = EDGES,
    archive: Registry = PLANT,
    columns: IntervalColumns | None = None,
    month: str = "2026-03",
    primary: frozenset[str] = frozenset(),
) -> BillingMonth:
    block: ReadingBlock | None = None
    if readings:
        block = block_from_snapshots(readings, frozenset({Group.REGISTER, Group.DEMAND}))
    book = FileBook.of(block, intervals() if columns is None else columns, [m.id for m in archive.meters])
    return billing_month(archive, book, POINT, month, primary=primary)


def both(*intervals_: IntervalColumns) -> IntervalColumns:
    return IntervalColumns(
        meters=[meter for each in intervals_ for meter in each.meters],
        starts_at=np.concatenate([each.starts_at for each in intervals_]),
        minutes=np.concatenate([each.minutes for each in intervals_]),
        quality=np.concatenate([each.quality for each in intervals_]),
        energies={"import_kwh": np.concatenate([each.energies["import_kwh"] for each in intervals_])},
    )
