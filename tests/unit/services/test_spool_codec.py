"""What goes through the spool comes out as it was; registers outlast electrical values."""

import math
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.spool import SPARE
from pipeline.coverage import Cause, CoverageEntry, CoverageStatus
from pipeline.errors import DataError
from pipeline.frames import RawFrame, RawMessage
from pipeline.model import MeterId, Origin, Quality, Snapshot, Value
from pipeline.ports import Unmatched
from pipeline.quantities import Group, Quantity
from services.entry import Entry, merged
from services.spool_codec import FRAMES_OF_RECORD, LAST_RANK, RANKS, ROWS_OF_RECORD, pack, unpack

AT = datetime(2026, 11, 22, 4, 0, 0, 123_457, tzinfo=UTC)
ELECTRICAL = RANKS.index("electrical_reading")


def register(meter: str = "A", n: int = 0) -> Snapshot:
    at = AT + timedelta(seconds=n)
    values = {Quantity.ACTIVE_ENERGY_IMPORT: 123456.78 + n}
    return Snapshot(meter=MeterId(meter), taken_at=at, received_at=at, values=values)


def through(entry: Entry) -> Entry:
    return merged([unpack(record.payload) for record in pack(entry)])


def test_every_field_of_a_snapshot_comes_back_exactly() -> None:
    snapshot = Snapshot(
        meter=MeterId("表 7"),
        taken_at=AT,
        received_at=AT + timedelta(microseconds=1),
        values={Quantity.ACTIVE_ENERGY_IMPORT: 0.1 + 0.2, Quantity.MAX_DEMAND_IMPORT_AT: AT.timestamp()},
        origin=Origin.DAILY_FREEZE,
        slot_at=AT.replace(microsecond=0),
        meter_time=datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        quality=Quality.CLOCK_SUSPECT | Quality.PARTIAL,
        flags={Quantity.ACTIVE_ENERGY_EXPORT: Quality.NOT_BCD},
    )
    assert through(Entry(snapshots=[snapshot])).snapshots == [snapshot]


def test_a_time_with_another_offset_is_the_same_instant() -> None:
    at = AT.astimezone(timezone(timedelta(hours=8)))
    snapshot = Snapshot(meter=MeterId("A"), taken_at=at, received_at=at, values={Quantity.VOLTAGE_A: 220.0})
    assert through(Entry(snapshots=[snapshot])).snapshots == [snapshot]


def test_ledger_and_messages_come_back() -> None:
    lines = [
        CoverageEntry(meter=MeterId("A"), group=Group.REGISTER, slot_at=AT, status=CoverageStatus.GOT),
        CoverageEntry(
            meter=MeterId("A"),
            group=Group.ELECTRICAL,
            slot_at=AT,
            status=CoverageStatus.MISSING,
            cause=Cause.CHECKSUM,
            attempts=3,
        ),
    ]
    messages = [Unmatched(received_at=AT, source="t/x", reason="why", key="", payload=bytes(range(256)))]
    back = through(Entry(coverage=lines, unmatched=messages))
    assert sorted(back.coverage, key=lambda line: line.group, reverse=True) == lines
    assert back.unmatched == messages


def test_electrical_values_and_their_lines_are_apart_from_registers_and_theirs() -> None:
    both = Snapshot(
        meter=MeterId("A"),
        taken_at=AT,
        received_at=AT,
        values={Quantity.ACTIVE_ENERGY_IMPORT: 1.0, Quantity.VOLTAGE_A: 230.0},
    )
    lines = [
        CoverageEntry(meter=MeterId("A"), group=group, slot_at=AT, status=CoverageStatus.GOT)
        for group in (Group.REGISTER, Group.ELECTRICAL)
    ]
    by_rank = {r.rank: unpack(r.payload) for r in pack(Entry(snapshots=[both], coverage=lines))}
    assert by_rank.keys() == {LAST_RANK, ELECTRICAL}
    (cheap,), (dear,) = by_rank[ELECTRICAL].snapshots, by_rank[LAST_RANK].snapshots
    assert (cheap.values, dear.values) == (
        {Quantity.VOLTAGE_A: 230.0},
        {Quantity.ACTIVE_ENERGY_IMPORT: 1.0},
    )
    assert [line.group for line in by_rank[ELECTRICAL].coverage] == [Group.ELECTRICAL]
    assert [line.group for line in by_rank[LAST_RANK].coverage] == [Group.REGISTER]


def test_a_large_entry_is_several_records_and_a_meter_is_never_torn_from_its_lines() -> None:
    snapshots = [register(f"M{n % 300}", n) for n in range(3_000)]
    lines = [
        CoverageEntry(meter=s.meter, group=Group.REGISTER, slot_at=s.taken_at, status=CoverageStatus.GOT)
        for s in snapshots
    ]
    records = pack(Entry(snapshots=snapshots, coverage=lines))
    assert len(records) == len(snapshots) * 2 // (ROWS_OF_RECORD)
    for record in records:
        part = unpack(record.payload)
        answered = {(line.meter, line.slot_at) for line in part.coverage}
        assert answered == {(s.meter, s.taken_at) for s in part.snapshots}
        assert record.readings == len(part.snapshots)


def test_raw_frames_come_back_in_records_of_their_own_that_are_the_first_to_go() -> None:
    later = AT + timedelta(milliseconds=130)
    frames = (
        RawFrame("0201FF00", AT, later, b"\x68\x16", bytes(range(256))),
        RawFrame("", None, None, b"", b""),
    )
    messages = [
        RawMessage(received_at=later, slot_at=AT, source="母线 1", meters=(MeterId("A"),), frames=frames),
        RawMessage(received_at=AT, tells=(AT, later), source="bus", meters=(), frames=frames[:1]),
    ]
    entry = Entry(snapshots=[register()], raw=messages)
    assert list(through(entry).raw) == messages
    reading, spare = pack(entry)
    assert (reading.rank, spare.rank, spare.readings) == (LAST_RANK, SPARE, 0)
    assert unpack(reading.payload).raw == []


def test_many_raw_frames_are_several_records() -> None:
    frame = RawFrame("", None, AT, b"", b"\x16")
    message = RawMessage(received_at=AT, source="bus", meters=(), frames=(frame,) * (FRAMES_OF_RECORD // 2))
    assert [len(unpack(r.payload).raw) for r in pack(Entry(raw=[message] * 5))] == [2, 2, 1]


def test_an_empty_entry_is_no_record() -> None:
    assert pack(Entry()) == []


@pytest.mark.parametrize("missing", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_missing_as_it_would_be_in_the_table(missing: float) -> None:
    values: dict[Quantity, Value] = {
        Quantity.VOLTAGE_HARMONIC_A: (0.0, missing),
        Quantity.ACTIVE_ENERGY_IMPORT: missing,
    }
    snapshot = Snapshot(meter=MeterId("A"), taken_at=AT, received_at=AT, values=values)
    back = through(Entry(snapshots=[snapshot])).snapshots
    found = {q: value for part in back for q, value in part.values.items()}
    spectrum, energy = found[Quantity.VOLTAGE_HARMONIC_A], found[Quantity.ACTIVE_ENERGY_IMPORT]
    assert isinstance(spectrum, tuple)
    assert isinstance(energy, float)
    assert math.isnan(spectrum[1])
    assert math.isnan(energy)


@given(st.binary(max_size=200))
def test_other_bytes_give_one_named_error(payload: bytes) -> None:
    with pytest.raises(DataError):
        unpack(payload)


@given(st.data())
def test_a_record_with_a_changed_byte_gives_an_entry_or_one_named_error(data: st.DataObject) -> None:
    message = RawMessage(received_at=AT, source="bus", meters=(), frames=(RawFrame("", AT, AT, b"1", b"2"),))
    record = data.draw(st.sampled_from(pack(Entry(snapshots=[register()], raw=[message]))))
    changed = bytearray(record.payload)
    changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    with suppress(DataError):
        assert isinstance(unpack(bytes(changed)), Entry)
