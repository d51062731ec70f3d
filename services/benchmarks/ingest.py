"""How fast readings get into the database, against psql with the same bytes into the same table."""

from __future__ import annotations

import random
import tempfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Final

import numpy as np
from psycopg import sql

from pipeline.block import ReadingBlock, block_from_snapshots
from pipeline.model import MeterId, Snapshot
from pipeline.quantities import Group, Kind, Quantity
from pipeline.registry import Meter, Registry
from services.benchmarks.rows import BenchRow, benchmarks, cpu_s
from services.benchmarks.servers import bench_database, psql_copy_s
from storage import pgcopy
from storage.batch import TableBatch, table_batch
from storage.columns import GROUPS_OF_TABLE
from storage.database import Connection, connect
from storage.registry import save_registry
from storage.writer import ReadingWriter

TABLE: Final = "electrical_reading"
METERS: Final = 1_000
ROWS_OF_BATCH: Final = 10_000
"""One commit (reference: from here on larger ones gain nothing)."""
BATCHES: Final = 5
REPEATS: Final = 5
COLUMNS: Final = 22
MISSING: Final = 0.3
START: Final = datetime(2026, 1, 5, tzinfo=UTC)

APPEND_GOAL: Final = 0.8
STAGED_GOAL: Final = 0.4
REPLAY_GOAL: Final = 0.5
CPU_GOAL_US: Final = 2.5

_SPANS: Final = {
    "voltage_thd": (0.0, 5.0),
    "voltage": (200.0, 240.0),
    "current": (0.0, 5.0),
    "power_factor": (-1.0, 1.0),
    "frequency": (49.9, 50.1),
    "": (0.0, 60.0),
}
"""Between which values a quantity lies whose name begins so; the first that fits counts."""
_GROUPS: Final = GROUPS_OF_TABLE[TABLE]


@benchmarks.register("ingest")
def ingest(begin: Callable[[str], None]) -> Sequence[BenchRow]:
    """Measure, in a database of its own that is dropped afterwards.

    Raises:
        MissingPartError: If there is no server or no psql.
        StorageError: If the server does not let a database be made.
    """
    begin("writing the readings")
    chance = random.Random(645)  # noqa: S311 - readings, not secrets
    batches = [_snapshots(chance, number) for number in range(BATCHES + 1)]
    blocks = [block_from_snapshots(batch, _GROUPS) for batch in batches]
    took: dict[str, list[float]] = defaultdict(list)
    with bench_database() as url, connect(url) as connection, tempfile.TemporaryDirectory() as folder:
        meters = [Meter(id=MeterId(f"M{n}")) for n in range(METERS)]
        save_registry(connection, Registry(meters=meters))
        numbers: dict[str, int] = dict(connection.execute("SELECT id, meter_id FROM meter").fetchall())
        tables = [_table(block, numbers) for block in blocks]
        files = [_file(Path(folder) / f"{n}.pgcopy", table) for n, table in enumerate(tables[1:])]
        columns = (*tables[0].row_columns, *(q.value for q in tables[0].quantities))
        begin(f"{REPEATS} rounds")
        for _ in range(REPEATS):
            took["cpu"].append(cpu_s(lambda: _bytes_of(batches[0], numbers)))
            _empty(connection)
            took["psql"].append(psql_copy_s(url, TABLE, columns, files))
            _empty(connection)
            writer = ReadingWriter(connection)
            took["append"].append(sum(_write_s(writer, block) for block in blocks[1:]))
            _empty(connection)
            took["snapshots"].append(_snapshots_s(ReadingWriter(connection), batches[1:]))
            _empty(connection)
            replay_s, staged_s = _replay_and_staged_s(ReadingWriter(connection), blocks)
            took["replay"].append(replay_s)
            took["staged"].append(staged_s)
        begin("working it out")
    cpu_us = median(took.pop("cpu")) / ROWS_OF_BATCH * 1e6
    us = {way: median(seconds) / (BATCHES * ROWS_OF_BATCH) * 1e6 for way, seconds in took.items()}
    limit = us["psql"]
    return [
        BenchRow(
            what="blocks, direct, to psql copy (us/row)",
            value=us["append"],
            limit=limit,
            goal=APPEND_GOAL,
        ),
        BenchRow(
            what="new rows by the stage, to the same (us/row)",
            value=us["staged"],
            limit=limit,
            goal=STAGED_GOAL,
        ),
        BenchRow(
            what="replay, to the same (us/row)",
            value=us["replay"],
            limit=limit,
            goal=REPLAY_GOAL,
        ),
        BenchRow(
            what="snapshots, direct, to the same (us/row)",
            value=us["snapshots"],
            limit=limit,
        ),
        BenchRow(
            what="snapshots to COPY bytes (CPU us/row)",
            value=cpu_us,
            limit=CPU_GOAL_US,
            goal=1.0,
        ),
    ]


def quantities() -> Sequence[Quantity]:
    """Return the real quantities that the readings have."""
    return [q for q in Quantity if q.group is Group.ELECTRICAL and q.kind is Kind.REAL][:COLUMNS]


def plausible(chance: random.Random, quantity: Quantity) -> float:
    """Return a value that a sound meter could show."""
    lowest, highest = next(span for start, span in _SPANS.items() if quantity.value.startswith(start))
    return chance.uniform(lowest, highest)


def _snapshots(chance: random.Random, number: int) -> list[Snapshot]:
    """Return one batch: ten instants of a thousand meters, as collectors hand them over."""
    given = quantities()
    instants = ROWS_OF_BATCH // METERS
    found = []
    for instant in range(instants):
        at = START + timedelta(minutes=15 * (number * instants + instant))
        for meter in range(METERS):
            values = {q: plausible(chance, q) for q in given if chance.random() >= MISSING}
            found.append(
                Snapshot(meter=MeterId(f"M{meter}"), taken_at=at, received_at=at, slot_at=at, values=values)
            )
    return found


def _table(block: ReadingBlock, numbers: dict[str, int]) -> TableBatch:
    meter_id = np.fromiter(map(numbers.__getitem__, block.meters), dtype=np.int32, count=len(block))
    table = table_batch(block, TABLE, meter_id)
    assert table is not None  # noqa: S101 - our own readings
    return table


def _bytes_of(snapshots: Sequence[Snapshot], numbers: dict[str, int]) -> bytearray:
    table = _table(block_from_snapshots(snapshots, _GROUPS), numbers)
    return pgcopy.encode(table.columns(), len(table))


def _file(path: Path, table: TableBatch) -> Path:
    path.write_bytes(pgcopy.encode(table.columns(), len(table)))
    return path


def _empty(connection: Connection) -> None:
    """Empty the table, and have its first chunk made again before anybody is measured."""
    table = sql.Identifier(TABLE)
    connection.execute(sql.SQL("TRUNCATE {}").format(table))
    first = "INSERT INTO {} (meter_id, taken_at, origin, received_at) VALUES (1, %s, 5, %s)"
    connection.execute(sql.SQL(first).format(table), (START, START))


def _write_s(writer: ReadingWriter, block: ReadingBlock) -> float:
    start_s = perf_counter()
    writer.write_block(block)
    return perf_counter() - start_s


def _snapshots_s(writer: ReadingWriter, batches: Sequence[Sequence[Snapshot]]) -> float:
    start_s = perf_counter()
    for batch in batches:
        writer.write(batch)
    return perf_counter() - start_s


def _replay_and_staged_s(writer: ReadingWriter, blocks: Sequence[ReadingBlock]) -> tuple[float, float]:
    """Write new batches, each after a replay, which makes the writer take the stage; then replay them all."""
    writer.write_block(blocks[0])
    staged_s = 0.0
    for stored, new in pairwise(blocks):
        writer.write_block(stored)
        staged_s += _write_s(writer, new)
    # The first of these is tried directly, and found to be a replay.
    return sum(_write_s(writer, block) for block in blocks[1:]), staged_s
