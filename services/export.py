"""Readings, intervals, coverage, episodes and bills in bulk, within the caller's areas (数据导出)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, TypeAlias

import pyarrow as pa  # type: ignore[import-untyped]  # pyarrow ships no types

from pipeline.model import Episode, MeterId, Scope, Severity, Verdict
from pipeline.quantities import Quantity
from storage.bills import BillFilter, bill_cards
from storage.coverage import coverage_entries
from storage.dashboard_episodes import EpisodeCard, EpisodeFilter, episodes_after
from storage.database import Connection
from storage.export_tables import (
    bills_table,
    coverage_table,
    episodes_table,
    intervals_table,
    readings_table,
)
from storage.finals import settled_series
from storage.intervals import interval_series
from storage.readings import reading_series
from storage.visible import visible_meters

METER_DAYS: Final = 200
"""Of one piece: about 20 000 rows of 15 minutes."""
LONGEST_PIECE: Final = timedelta(days=31)
ENTRIES: Final = 500
"""Episodes or bills of one piece."""

Borrow: TypeAlias = Callable[[], AbstractContextManager[Connection]]
"""Lends a connection. It is held for one piece at a time and never while the receiver takes its bytes, so
that slow receivers keep no connection from others."""


class IntervalState(StrEnum):
    """Which intervals."""

    RAW = "raw"
    FINAL = "final"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Whose data, and of which time ``[starts_at, ends_at)``."""

    scope: Scope
    """The areas that the caller may see: what lies outside is left out."""
    starts_at: datetime
    ends_at: datetime
    meters: Sequence[MeterId] | None = None
    """None for all in scope."""

    def pieces(self, borrow: Borrow) -> Iterator[tuple[list[MeterId], datetime, datetime]]:
        """Divide it: meters by name in small groups, their time in stretches of a month at most."""
        with borrow() as connection:
            meters = list(visible_meters(connection, self.meters, scope=self.scope).number_of)
        days = max(min(self.ends_at - self.starts_at, LONGEST_PIECE) / timedelta(days=1), 1 / 24)
        step = max(int(METER_DAYS / days), 1)
        for first in range(0, len(meters), step):
            begins_at = self.starts_at
            while begins_at < self.ends_at:
                until = min(begins_at + LONGEST_PIECE, self.ends_at)
                yield meters[first : first + step], begins_at, until
                begins_at = until


def export_readings(borrow: Borrow, quantities: Sequence[Quantity], wanted: Wanted) -> Iterator[pa.Table]:
    """Give the readings of some quantities of one table, on the meters' own side; a piece may be empty.

    Raises:
        StorageError: If the database is away, or the quantities are not numbers of one table.
    """
    for meters, begins_at, until in wanted.pieces(borrow):
        with borrow() as connection:
            series = reading_series(
                connection,
                quantities,
                scope=wanted.scope,
                starts_at=begins_at,
                ends_at=until,
                meters=meters,
            )
        yield readings_table(series)


def export_intervals(
    borrow: Borrow, state: IntervalState, minutes: int, wanted: Wanted
) -> Iterator[pa.Table]:
    """Give raw intervals, or what counts of them, on the primary side.

    Raises:
        StorageError: If the database is away.
    """
    series = interval_series if state is IntervalState.RAW else settled_series
    for meters, begins_at, until in wanted.pieces(borrow):
        with borrow() as connection:
            found = series(
                connection,
                scope=wanted.scope,
                starts_at=begins_at,
                ends_at=until,
                minutes=minutes,
                meters=meters,
            )
        yield intervals_table(found)


def export_coverage(borrow: Borrow, wanted: Wanted) -> Iterator[pa.Table]:
    """Give what every scheduled instant brought.

    Raises:
        StorageError: If the database is away.
    """
    for meters, begins_at, until in wanted.pieces(borrow):
        with borrow() as connection:
            entries = coverage_entries(
                connection, scope=wanted.scope, starts_at=begins_at, ends_at=until, meters=meters
            )
        yield coverage_table(entries)


def export_episodes(borrow: Borrow, wanted: EpisodeFilter, *, scope: Scope) -> Iterator[Sequence[Episode]]:
    """Give episodes in the order of their ids.

    Raises:
        StorageError: If the database is away.
    """
    after = ""
    while True:
        with borrow() as connection:
            cards = episodes_after(connection, wanted, scope=scope, after=after, limit=ENTRIES)
        if not cards:
            return
        after = cards[-1].id
        yield [_episode(card) for card in cards]


def episode_tables(pieces: Iterator[Sequence[Episode]]) -> Iterator[pa.Table]:
    """Give pieces of episodes as tables."""
    return (episodes_table(piece) for piece in pieces)


def export_bills(borrow: Borrow, wanted: BillFilter, *, scope: Scope) -> Iterator[pa.Table]:
    """Give the newest version of each bill, newest months first.

    Raises:
        StorageError: If the database is away.
    """
    offset = 0
    while True:
        with borrow() as connection:
            cards = bill_cards(connection, wanted, scope=scope, limit=ENTRIES, offset=offset)
        if not cards:
            return
        offset += len(cards)
        yield bills_table(cards)


def _episode(card: EpisodeCard) -> Episode:
    return Episode(
        id=card.id,
        detector=card.detector,
        version=card.version,
        meter=MeterId(card.meter),
        service_point=card.service_point,
        starts_at=card.starts_at,
        ends_at=card.ends_at,
        detected_at=card.detected_at,
        verdict=Verdict(card.verdict),
        severity=Severity(card.severity),
        score=card.score,
        energy_kwh=card.energy_kwh,
        message=card.message,
        parameters=card.parameters,
        evidence=card.evidence,
    )
