"""Readings, intervals, coverage, episodes and bills as tables with the columns of DESIGN section 7."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import orjson
import pyarrow as pa  # type: ignore[import-untyped]  # pyarrow ships no types
from numpy.typing import NDArray

from pipeline.block import Times
from pipeline.coverage import CoverageEntry
from pipeline.model import Episode
from pipeline.quantities import Kind, Quantity
from storage.bills import BillCard
from storage.columns import ORIGIN_OF_NUMBER
from storage.episode_files import episode_document
from storage.intervals import ENERGIES, IntervalColumns
from storage.readings import ReadingSeries
from storage.table_stream import INSTANT

TEXT: Final = pa.string()
INTERVALS: Final = pa.schema(
    [
        ("meter_id", TEXT),
        ("starts_at", INSTANT),
        ("minutes", pa.int16()),
        *((name, pa.float64()) for name in ENERGIES),
        ("quality", TEXT),
    ]
)
COVERAGE: Final = pa.schema(
    [
        ("meter_id", TEXT),
        ("quantity_group", TEXT),
        ("slot_at", INSTANT),
        ("status", TEXT),
        ("cause", TEXT),
        ("attempts", pa.int32()),
    ]
)
EPISODES: Final = pa.schema(
    [
        *((name, TEXT) for name in ("id", "detector")),
        ("version", pa.int32()),
        *((name, TEXT) for name in ("meter_id", "service_point")),
        *((name, INSTANT) for name in ("starts_at", "ends_at", "detected_at")),
        *((name, TEXT) for name in ("verdict", "severity")),
        *((name, pa.float64()) for name in ("score", "energy_kwh")),
        *((name, TEXT) for name in ("summary", "message", "evidence")),
    ]
)
"""``message`` and ``evidence`` as JSON."""
BILLS: Final = pa.schema(
    [
        *((name, TEXT) for name in ("service_point", "name", "customer", "area", "month")),
        ("version", pa.int32()),
        ("made_at", INSTANT),
        ("is_final", pa.bool_()),
        *((name, TEXT) for name in ("energy_kwh", "amount", "currency", "findings")),
    ]
)
"""Numbers as text, so that no digit is lost; codes of findings with ``;`` between them."""


def readings_schema(quantities: Sequence[Quantity]) -> pa.Schema:
    """Return the columns of a reading file with some quantities."""
    named: list[tuple[str, pa.DataType]] = [("meter_id", TEXT), ("taken_at", INSTANT), ("origin", TEXT)]
    return pa.schema([*named, *((q.value, _type_of(q)) for q in quantities)])


def readings_table(series: ReadingSeries) -> pa.Table:
    """Return readings as a table; missing is null."""
    quantities = list(series.values)
    names = np.array([*series.meters], dtype=object)
    origins = {number: origin.value for number, origin in ORIGIN_OF_NUMBER.items()}
    columns = [
        pa.array(names[series.meter_index], type=TEXT),
        _instants(series.taken_at),
        pa.array([origins[number] for number in series.origin.tolist()], type=TEXT),
        *(_numbers(series.values[q], q) for q in quantities),
    ]
    return pa.Table.from_arrays(columns, schema=readings_schema(quantities))


def intervals_table(intervals: IntervalColumns) -> pa.Table:
    """Return intervals as a table; missing is null."""
    empty = np.full(len(intervals), np.nan)
    energies = [intervals.energies.get(name, empty) for name in ENERGIES]
    columns = [
        pa.array(list(intervals.meters), type=TEXT),
        _instants(intervals.starts_at),
        pa.array(intervals.minutes, type=pa.int16()),
        *(pa.array(energy, type=pa.float64(), from_pandas=True) for energy in energies),
        pa.array(intervals.quality.tolist(), type=TEXT),
    ]
    return pa.Table.from_arrays(columns, schema=INTERVALS)


def coverage_table(entries: Sequence[CoverageEntry]) -> pa.Table:
    """Return lines of the ledger as a table."""
    return pa.Table.from_pylist(
        [
            {
                "meter_id": entry.meter,
                "quantity_group": entry.group.value,
                "slot_at": entry.slot_at,
                "status": entry.status.value,
                "cause": None if entry.cause is None else entry.cause.value,
                "attempts": entry.attempts,
            }
            for entry in entries
        ],
        schema=COVERAGE,
    )


def episodes_table(episodes: Sequence[Episode]) -> pa.Table:
    """Return episodes as a table."""
    rows = []
    for episode in episodes:
        document = episode_document(episode)
        told = {name: orjson.dumps(document[name]).decode() for name in ("message", "evidence")}
        times = {name: getattr(episode, name) for name in ("starts_at", "ends_at", "detected_at")}
        rows.append({**document, **times, **told})
    return pa.Table.from_pylist(rows, schema=EPISODES)


def bills_table(bills: Sequence[BillCard]) -> pa.Table:
    """Return the newest versions of bills as a table."""
    rows = [
        {
            **{name: getattr(bill, name) for name in BILLS.names},
            "energy_kwh": str(bill.energy_kwh),
            "amount": str(bill.amount),
            "findings": ";".join(bill.findings),
        }
        for bill in bills
    ]
    return pa.Table.from_pylist(rows, schema=BILLS)


def _type_of(quantity: Quantity) -> pa.DataType:
    if quantity.kind is Kind.INSTANT:
        return INSTANT
    # At rest they are single precision: told as double they would show digits that nobody measured.
    return pa.float32() if quantity.kind is Kind.REAL else pa.float64()


def _numbers(values: NDArray[np.float64], quantity: Quantity) -> pa.Array:
    if quantity.kind is not Kind.INSTANT:
        return pa.array(values, from_pandas=True).cast(_type_of(quantity), safe=False)
    known = ~np.isnan(values)
    times = np.full(len(values), np.datetime64("NaT", "us"))
    times[known] = np.rint(values[known] * 1e6).astype(np.int64).view("datetime64[us]")
    return _instants(times)


def _instants(times: Times) -> pa.Array:
    return pa.array(times).cast(INSTANT)
