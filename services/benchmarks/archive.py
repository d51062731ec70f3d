"""What a full archive holds and how fast it answers: bytes of a row, and questions to a month of readings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from statistics import median
from time import perf_counter
from typing import Final, LiteralString, TypeAlias

import numpy as np
from numpy.typing import NDArray
from psycopg import sql

from pipeline.block import Times
from pipeline.model import EVERYTHING, MeterId
from pipeline.quantities import Group, Kind, Quantity
from pipeline.registry import Registry
from pipeline.timegrid import to_numpy
from services.benchmarks.rows import BenchRow, benchmarks, growing
from services.benchmarks.scale import PROFILE, fleet_registry
from services.benchmarks.servers import bench_database
from services.wiring import load_profiles
from storage import pgcopy
from storage.benchmark_questions import scans, table_size
from storage.coverage import CoverageBy, coverage_summary, newest_slots
from storage.dashboard_coverage import last_cycle_counts
from storage.database import Connection, connect
from storage.fleet_standings import meter_standings
from storage.pgcopy import Column, FixedColumn
from storage.readings import reading_series
from storage.registry import meter_numbers, save_registry

SIZES: Final = (10_000,)
MINUTES: Final = 15
SLOTS_OF_DAY: Final = 24 * 60 // MINUTES
REGISTER_DAYS: Final = 30
LEDGER_DAYS: Final = 7
ELECTRICAL_DAYS: Final = 1
UNTIL: Final = datetime(2026, 3, 30, tzinfo=UTC)
ASKED: Final = 20
"""Meters whose day is asked for, one after the other."""
BLOCK: Final = 500
"""Meters that a detection task takes at once."""
REPEATS: Final = 3
ONE_DAY: Final = timedelta(days=1)

MeterNumbers: TypeAlias = NDArray[np.int32]


@benchmarks.register("archive")
def archive(begin: Callable[[str], None]) -> Sequence[BenchRow]:
    """Measure the usual size; see :func:`archive_of`."""
    return archive_of(begin, SIZES)


@growing.register("archive")
def archive_of(begin: Callable[[str], None], sizes: Sequence[int]) -> Sequence[BenchRow]:
    """Fill a database of its own with the rows of so many meters and ask it; it is dropped afterwards.

    Raises:
        MissingPartError: If there is no server.
        StorageError: If it refuses, or its disk is full: a row takes about 200 bytes.
    """
    return [row for meters in sizes for row in _archive(begin, meters)]


def _archive(begin: Callable[[str], None], meters: int) -> list[BenchRow]:
    registry = fleet_registry(meters, 1, MINUTES * 60)
    with bench_database() as url, connect(url) as connection:
        save_registry(connection, registry)
        numbers = np.fromiter(meter_numbers(connection).values(), dtype=np.int32)
        numbers.sort()
        begin(f"{meters} meters: filling")
        took_s = {
            "register_reading": fill_readings(connection, numbers, Group.REGISTER, REGISTER_DAYS),
            "electrical_reading": fill_readings(connection, numbers, Group.ELECTRICAL, ELECTRICAL_DAYS),
            "coverage": fill_ledger(connection, numbers, LEDGER_DAYS),
        }
        connection.execute("ANALYZE")
        begin(f"{meters} meters: asking")
        rows: list[BenchRow] = []
        for table, seconds in took_s.items():
            size = table_size(connection, table)
            who = f"{meters} meters, {size.rows} rows of {table}"
            rows += [
                BenchRow(what=f"{who}: COPY, key included (us a row)", value=seconds / size.rows * 1e6),
                BenchRow(what=f"{who}: bytes of a row", value=size.heap / size.rows),
                BenchRow(what=f"{who}: bytes of its keys", value=size.indexes / size.rows),
            ]
        return rows + _answers(connection, registry)


def _answers(connection: Connection, registry: Registry) -> list[BenchRow]:
    """Time what people and the collector ask."""
    ids = [meter.id for meter in registry.meters]
    asked = ids[:: max(1, len(ids) // ASKED)][:ASKED]
    day = UNTIL - ONE_DAY
    month = UNTIL - REGISTER_DAYS * ONE_DAY

    def series(meters: Sequence[MeterId], since: datetime) -> object:
        return reading_series(
            connection,
            [Quantity.ACTIVE_ENERGY_IMPORT],
            scope=EVERYTHING,
            starts_at=since,
            ends_at=UNTIL,
            meters=meters,
        )

    questions: dict[str, list[Callable[[], object]]] = {
        "a meter's day": [partial(series, [m], day) for m in asked],
        "a meter's month": [partial(series, [m], month) for m in asked],
        f"a day of {BLOCK} meters": [partial(series, ids[:BLOCK], day)] * REPEATS,
        "coverage of a day by bus": [
            lambda: coverage_summary(
                connection, CoverageBy.BUS, scope=EVERYTHING, starts_at=day, ends_at=UNTIL
            )
        ]
        * REPEATS,
        "the fleet page: how every meter stands": [
            lambda: meter_standings(connection, scope=EVERYTHING, now=UNTIL, silent=timedelta(hours=1))
        ]
        * REPEATS,
        "the fleet page: last cycle": [lambda: last_cycle_counts(connection, scope=EVERYTHING, now=UNTIL)]
        * REPEATS,
        "a collector's start: newest slots": [lambda: newest_slots(connection, ids, since=month)],
    }
    return [_timed(connection, f"{len(ids)} meters: {what}", asking) for what, asking in questions.items()]


def _timed(connection: Connection, what: str, asking: Sequence[Callable[[], object]]) -> BenchRow:
    """Return the median time of a question, with how its tables were searched."""
    before = scans(connection)
    took_s = []
    for ask in asking:
        began_s = perf_counter()
        ask()
        took_s.append(perf_counter() - began_s)
    searched = scans(connection) - before
    how = f"{searched.by_index / len(asking):.0f} by index, {searched.whole / len(asking):.0f} as a whole"
    return BenchRow(what=f"{what} (ms; chunks searched: {how})", value=median(took_s) * 1e3)


def fill_readings(connection: Connection, numbers: MeterNumbers, group: Group, days: int) -> float:
    """Copy readings of every slot and meter as they come, slot by slot; return the seconds it took."""
    given = [
        q
        for q in load_profiles()[PROFILE].quantities
        if q.group is group and q.kind in {Kind.COUNTER, Kind.REAL}
    ]
    chance = np.random.default_rng(645)
    forms = {Kind.COUNTER: ">f8", Kind.REAL: ">f4"}

    def columns(slots: Times, meters: MeterNumbers) -> list[Column]:
        values = [
            FixedColumn(values=chance.uniform(0.0, 1e5, len(meters)).astype(forms[q.kind])) for q in given
        ]
        times = [pgcopy.instants(slots)] * 3
        return [*times, _numbers(meters, ">i4"), _numbers(np.zeros(len(meters)), ">i2"), *values]

    table: LiteralString = "register_reading" if group is Group.REGISTER else "electrical_reading"
    names = ("taken_at", "received_at", "slot_at", "meter_id", "origin", *(q.value for q in given))
    return _fill(connection, table, names, numbers=numbers, days=days, columns=columns)


def fill_ledger(connection: Connection, numbers: MeterNumbers, days: int) -> float:
    """Copy a line of the ledger for every slot and meter; return the seconds it took."""

    def columns(slots: Times, meters: MeterNumbers) -> list[Column]:
        got, group = np.full(len(meters), b"got", "S3"), np.full(len(meters), b"register", "S8")
        return [
            pgcopy.instants(slots),
            pgcopy.instants(slots),
            _numbers(meters, ">i4"),
            _numbers(np.ones(len(meters)), ">i4"),
            FixedColumn(values=got),
            FixedColumn(values=group),
        ]

    names = ("slot_at", "updated_at", "meter_id", "attempts", "status", "quantity_group")
    return _fill(connection, "coverage", names, numbers=numbers, days=days, columns=columns)


def _fill(  # noqa: PLR0913 - one table with all that goes into it
    connection: Connection,
    table: LiteralString,
    names: Sequence[str],
    *,
    numbers: MeterNumbers,
    days: int,
    columns: Callable[[Times, MeterNumbers], list[Column]],
) -> float:
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, names))
    )
    took_s = 0.0
    for day in range(days, 0, -1):
        first = to_numpy(UNTIL - day * ONE_DAY)
        slots = first + np.arange(SLOTS_OF_DAY) * np.timedelta64(MINUTES * 60_000_000, "us")
        rows = SLOTS_OF_DAY * len(numbers)
        stream = columns(np.repeat(slots, len(numbers)), np.tile(numbers, SLOTS_OF_DAY))
        began_s = perf_counter()
        with connection.transaction(), connection.cursor() as cursor, cursor.copy(statement) as copy:
            for piece in pgcopy.pieces(stream, rows):
                copy.write(piece)
        took_s += perf_counter() - began_s
    return took_s


def _numbers(values: NDArray[np.number], form: str) -> FixedColumn:
    return FixedColumn(values=values.astype(form))
