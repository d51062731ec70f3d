"""Turns what is to be stored into the records of a spool and back: electrical values apart from registers."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson

from collectors.spool import SPARE, Record
from pipeline.coverage import Cause, CoverageEntry, CoverageStatus
from pipeline.errors import DataError
from pipeline.frames import RawFrame, RawMessage
from pipeline.model import MeterId, Origin, Quality, Snapshot, Value
from pipeline.ports import Unmatched
from pipeline.quantities import Group, Quantity
from services.entry import Entry, merged
from storage.columns import GROUPS_OF_TABLE, TABLE_OF_GROUP
from storage.unmatched import PAYLOAD_KEPT_BYTES, printable

RANKS: Final = ("spectrum_reading", "electrical_reading", "register_reading")
"""What goes first when a spool is full: spectra, then electrical values, registers and demand at last."""
LAST_RANK: Final = len(RANKS) - 1
"""Also of messages that fit nothing."""
ROWS_OF_RECORD: Final = 500
"""A record is closed after the meter that brings it to so many rows."""
FRAMES_OF_RECORD: Final = 1000
"""The same for raw frames, which have records of their own: 60 to 500 bytes each."""

_VERSION: Final = 1
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_US: Final = timedelta(microseconds=1)
_NAN: Final = float("nan")
_GROUPS: Final = tuple(GROUPS_OF_TABLE[table] for table in RANKS)
_RANK_OF_GROUP: Final = {group: RANKS.index(table) for group, table in TABLE_OF_GROUP.items()}


def pack(entry: Entry) -> list[Record]:
    """Return an entry as records, the dearest first; a dropped one takes its lines of the ledger along.

    Raw frames are spare: they come last, and the first to go.
    """
    ranks = reversed(range(len(RANKS)))
    records = [_record(part, rank) for rank in ranks for part in _chunks(_part(entry, rank))]
    return records + [_record(Entry(raw=messages), SPARE) for messages in _chunks_of_raw(entry.raw)]


def unpack(payload: bytes) -> Entry:
    """Return the entry of a record.

    Raises:
        DataError: If these are not the bytes of a record of ours.
    """
    try:
        content = orjson.loads(payload)
        if content["version"] != _VERSION:
            raise DataError(f"a spooled record of version {content['version']}; known is {_VERSION}")
        return Entry(
            snapshots=[_snapshot_of(row) for row in content["snapshots"]],
            coverage=[_line_of(row) for row in content["coverage"]],
            unmatched=[_unmatched_of(row) for row in content["unmatched"]],
            raw=[_message_of(row) for row in content.get("raw", ())],
        )
    except (ValueError, KeyError, TypeError, OverflowError) as error:
        raise DataError(f"a spooled record cannot be read: {type(error).__name__}: {error}") from error


def _part(entry: Entry, rank: int) -> Entry:
    """Return what an entry holds of one rank."""
    groups = _GROUPS[rank]
    parts = (_snapshot_part(snapshot, groups) for snapshot in entry.snapshots)
    return Entry(
        snapshots=[part for part in parts if part is not None],
        coverage=[line for line in entry.coverage if _RANK_OF_GROUP[line.group] == rank],
        unmatched=entry.unmatched if rank == LAST_RANK else (),
    )


def _snapshot_part(snapshot: Snapshot, groups: frozenset[Group]) -> Snapshot | None:
    values = {q: value for q, value in snapshot.values.items() if q.group in groups}
    flags = {q: flag for q, flag in snapshot.flags.items() if q.group in groups}
    return snapshot._replace(values=values, flags=flags) if values or flags else None


def _chunks(entry: Entry) -> Iterator[Entry]:
    """Split an entry so that no record grows large; the readings of a meter and its lines stay together."""
    if entry.unmatched:
        yield Entry(unmatched=entry.unmatched)
    snapshots: dict[MeterId, list[Snapshot]] = defaultdict(list)
    coverage: dict[MeterId, list[CoverageEntry]] = defaultdict(list)
    for snapshot in entry.snapshots:
        snapshots[snapshot.meter].append(snapshot)
    for line in entry.coverage:
        coverage[line.meter].append(line)
    together: list[Entry] = []
    for meter in dict.fromkeys((*snapshots, *coverage)):
        together.append(Entry(snapshots=snapshots.get(meter, ()), coverage=coverage.get(meter, ())))
        if sum(map(len, together)) >= ROWS_OF_RECORD:
            yield merged(together)
            together = []
    if together:
        yield merged(together)


def _chunks_of_raw(messages: Sequence[RawMessage]) -> Iterator[Sequence[RawMessage]]:
    together: list[RawMessage] = []
    frames = 0
    for message in messages:
        together.append(message)
        frames += len(message.frames)
        if frames >= FRAMES_OF_RECORD:
            yield together
            together, frames = [], 0
    if together:
        yield together


def _record(entry: Entry, rank: int) -> Record:
    content: dict[str, object] = {
        "version": _VERSION,
        "snapshots": [_snapshot_row(snapshot) for snapshot in entry.snapshots],
        "coverage": [_line_row(line) for line in entry.coverage],
        "unmatched": [_unmatched_row(message) for message in entry.unmatched],
    }
    if entry.raw:
        content["raw"] = [_message_row(message) for message in entry.raw]
    payload = orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS)
    return Record(payload=payload, readings=len(entry.snapshots), rank=rank)


def _snapshot_row(snapshot: Snapshot) -> Sequence[object]:
    return (
        printable(snapshot.meter),
        _us(snapshot.taken_at),
        _us(snapshot.received_at),
        snapshot.origin,
        None if snapshot.slot_at is None else _us(snapshot.slot_at),
        None if snapshot.meter_time is None else _us(snapshot.meter_time),
        int(snapshot.quality),
        snapshot.values,
        {quantity: int(flag) for quantity, flag in snapshot.flags.items()},
    )


def _snapshot_of(row: Sequence[Any]) -> Snapshot:  # Any: what JSON holds
    meter, taken_at, received_at, origin, slot_at, meter_time, quality, values, flags = row
    return Snapshot(
        meter=MeterId(meter),
        taken_at=_instant(taken_at),
        received_at=_instant(received_at),
        origin=Origin(origin),
        slot_at=None if slot_at is None else _instant(slot_at),
        meter_time=None if meter_time is None else _instant(meter_time),
        quality=Quality(quality),
        values={Quantity(name): _value(value) for name, value in values.items()},
        flags={Quantity(name): Quality(flag) for name, flag in flags.items()},
    )


def _line_row(line: CoverageEntry) -> Sequence[object]:
    return printable(line.meter), line.group, _us(line.slot_at), line.status, line.cause, line.attempts


def _line_of(row: Sequence[Any]) -> CoverageEntry:  # Any: what JSON holds
    meter, group, slot_at, status, cause, attempts = row
    return CoverageEntry(
        meter=MeterId(meter),
        group=Group(group),
        slot_at=_instant(slot_at),
        status=CoverageStatus(status),
        cause=None if cause is None else Cause(cause),
        attempts=attempts,
    )


def _unmatched_row(message: Unmatched) -> Sequence[object]:
    return (
        _us(message.received_at),
        printable(message.source),
        printable(message.reason),
        printable(message.key),
        b64encode(message.payload[:PAYLOAD_KEPT_BYTES]).decode(),
    )


def _unmatched_of(row: Sequence[Any]) -> Unmatched:  # Any: what JSON holds
    received_at, source, reason, key, payload = row
    return Unmatched(
        received_at=_instant(received_at), source=source, reason=reason, key=key, payload=b64decode(payload)
    )


def _message_row(message: RawMessage) -> Sequence[object]:
    return (
        _us(message.received_at),
        None if message.slot_at is None else _us(message.slot_at),
        printable(message.source),
        [printable(meter) for meter in message.meters],
        [_frame_row(frame) for frame in message.frames],
        *(_us(at) for at in message.tells or ()),
    )


def _message_of(row: Sequence[Any]) -> RawMessage:  # Any: what JSON holds
    received_at, slot_at, source, meters, frames, *tells = row
    return RawMessage(
        received_at=_instant(received_at),
        slot_at=None if slot_at is None else _instant(slot_at),
        tells=_span(tells) if tells else None,
        source=source,
        meters=tuple(MeterId(meter) for meter in meters),
        frames=tuple(_frame_of(frame) for frame in frames),
    )


def _span(edges: Sequence[Any]) -> tuple[datetime, datetime]:  # Any: what JSON holds
    first, last = edges
    return _instant(first), _instant(last)


def _frame_row(frame: RawFrame) -> Sequence[object]:
    return (
        printable(frame.what),
        None if frame.sent_at is None else _us(frame.sent_at),
        None if frame.answered_at is None else _us(frame.answered_at),
        b64encode(frame.asked).decode(),
        b64encode(frame.answered).decode(),
    )


def _frame_of(row: Sequence[Any]) -> RawFrame:  # Any: what JSON holds
    what, sent_at, answered_at, asked, answered = row
    return RawFrame(
        what,
        None if sent_at is None else _instant(sent_at),
        None if answered_at is None else _instant(answered_at),
        b64decode(asked),
        b64decode(answered),
    )


def _value(value: float | list[float | None] | None) -> Value:
    """JSON knows neither NaN nor infinity; the tables hold both as missing."""
    if isinstance(value, list):
        return tuple(_NAN if element is None else element for element in value)
    return _NAN if value is None else value


def _us(instant: datetime) -> int:
    return (instant - _EPOCH) // _US


def _instant(microseconds: int) -> datetime:
    return _EPOCH + microseconds * _US
