"""However readings without conflicts are cut, doubled and shuffled, the same rows stand in the end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.model import MeterId, Origin, Quality, Snapshot, Value
from pipeline.ports import WriteReport
from pipeline.quantities import Quantity
from pipeline.registry import Meter, Registry
from storage.database import Connection, connect
from storage.registry import save_registry
from storage.writer import ReadingWriter

Q = Quantity
START = datetime(2026, 1, 1, tzinfo=UTC)
QUANTITIES = (Q.ACTIVE_ENERGY_IMPORT, Q.VOLTAGE_A, Q.VOLTAGE_HIGHEST_AT, Q.STATUS_WORDS, Q.VOLTAGE_HARMONIC_A)
TABLES = ("register_reading", "electrical_reading", "spectrum_reading")


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    with connect(database_url) as connection:
        save_registry(connection, Registry(meters=[Meter(id=MeterId(f"m{n}")) for n in range(3)]))
        yield connection


def value_of(quantity: Quantity, meter: int, second: int) -> Value:
    """One truth for each cell, so that two messages never contradict each other."""
    number = meter * 1000 + second + 0.25
    if quantity is Q.STATUS_WORDS:
        return (float(meter), float(second))
    if quantity is Q.VOLTAGE_HARMONIC_A:
        return (0.0, 100.0, number)
    return START.timestamp() + second if quantity is Q.VOLTAGE_HIGHEST_AT else number


@st.composite
def snapshots(draw: st.DrawFn) -> Snapshot:
    meter, second = draw(st.integers(0, 3)), draw(st.integers(0, 3))
    chosen = draw(st.sets(st.sampled_from(QUANTITIES), min_size=1))
    flagged = draw(st.sets(st.sampled_from(QUANTITIES), max_size=2))
    at = START + timedelta(seconds=second)
    return Snapshot(
        meter=MeterId(f"m{meter}"),  # m3 is unknown
        taken_at=at,
        received_at=at,
        values={q: value_of(q, meter, second) for q in chosen},
        origin=draw(st.sampled_from([Origin.PRESENT, Origin.PUSH])),
        flags=dict.fromkeys(flagged, draw(st.sampled_from([Quality.STALE, Quality.OUT_OF_RANGE]))),
    )


def stored(connection: Connection) -> list[list[tuple[object, ...]]]:
    return [connection.execute(f"SELECT * FROM {t} ORDER BY 5, 1, 7").fetchall() for t in TABLES]  # noqa: S608 - ours


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(batch=st.lists(snapshots(), min_size=1, max_size=25), data=st.data())
def test_order_cuts_and_repeats_make_no_difference(
    connection: Connection, batch: list[Snapshot], data: st.DataObject
) -> None:
    connection.execute("TRUNCATE register_reading, electrical_reading, spectrum_reading, unmatched_message")
    whole = ReadingWriter(connection).write(batch)
    expected = stored(connection)
    assert whole.written == sum(map(len, expected))
    assert whole.unmatched == sum(s.meter == "m3" for s in batch)
    rows = whole.written + whole.replayed + whole.completed
    assert ReadingWriter(connection).write(batch) == WriteReport(replayed=rows, unmatched=whole.unmatched)
    assert stored(connection) == expected

    connection.execute("TRUNCATE register_reading, electrical_reading, spectrum_reading")
    shuffled = data.draw(st.permutations([*batch, *batch[::2]]))
    writer = ReadingWriter(connection)
    cut = data.draw(st.integers(0, len(shuffled)))
    total = writer.write(shuffled[:cut]) + writer.write(shuffled[cut:])
    assert stored(connection) == expected
    assert (total.written, total.conflicts) == (whole.written, 0)
