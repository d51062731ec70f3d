"""What meters tell one by one, in files: their event records and the parameters that they hold."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pipeline.events import EventKind, MeterEvent
from pipeline.model import MeterId
from pipeline.records import EventRecord, ParameterReading
from pipeline.timegrid import from_numpy
from storage import tabular


def read_events(path: Path) -> list[EventRecord]:
    """Return the event records in a ``.csv`` or ``.parquet`` file, in the file's order.

    Columns: ``meter_id``, ``kind`` (a :class:`pipeline.events.EventKind`), ``starts_at`` and, if known,
    ``ends_at``; an empty one goes on.

    Raises:
        DataError: Names file, row and column of what cannot be understood.
    """
    required = ("meter_id", "kind", "starts_at")
    table = tabular.read_table(path, required=required, allowed=[*required, "ends_at"])
    meters = tabular.texts(table, "meter_id")
    kinds = tabular.choices(table, "kind", [*EventKind], lambda _row: "")
    begins = tabular.instants(table, "starts_at")
    has_ends = "ends_at" in table.cells.columns
    never = np.full(len(meters), np.datetime64("NaT", "us"))
    ends = tabular.instants(table, "ends_at", may_be_empty=True) if has_ends else never
    return [
        EventRecord(
            meter=MeterId(meter),
            event=MeterEvent(
                kind=EventKind(kind),
                number=1,
                starts_at=from_numpy(begin),
                ends_at=None if np.isnat(end) else from_numpy(end),
            ),
        )
        for meter, kind, begin, end in zip(meters, kinds, begins, ends, strict=True)
    ]


def read_parameters(path: Path) -> list[ParameterReading]:
    """Return the parameters in a ``.csv`` or ``.parquet`` file, in the file's order.

    Columns: ``meter_id``, ``name`` as at rest (``voltage_loss_trigger``, ``ct_ratio``), ``taken_at``,
    ``value``. A row without a value is left out.

    Raises:
        DataError: Names file, row and column of what cannot be understood.
    """
    required = ("meter_id", "name", "taken_at", "value")
    table = tabular.read_table(path, required=required, allowed=required)
    meters, names = (tabular.texts(table, column) for column in ("meter_id", "name"))
    taken_at, values = tabular.instants(table, "taken_at"), tabular.numbers(table, "value")
    return [
        ParameterReading(meter=MeterId(meter), name=name, taken_at=from_numpy(at), value=float(value))
        for meter, name, at, value in zip(meters, names, taken_at, values, strict=True)
        if np.isfinite(value)
    ]
