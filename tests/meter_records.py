"""What the plant's meter of the tests' city keeps beside its readings: freezes, events, a spectrum."""

from __future__ import annotations

from datetime import timedelta

from pipeline.events import EventKind, MeterEvent
from pipeline.frames import RawFrame, RawMessage
from pipeline.model import Origin, Snapshot
from pipeline.quantities import Quantity
from storage.database import Connection
from storage.events import CountedEvent, write_events
from storage.raw_frames import keep_raw_frames
from storage.writer import ReadingWriter
from tests.fix_dashboard import NOW, PLANT

MIDNIGHT = NOW.replace(hour=16, minute=0, second=0) - timedelta(days=1)
"""Of the present day in Shanghai."""
FREEZES = 6
SPECTRUM_AT = NOW - timedelta(minutes=9, seconds=10)


def add_meter_records(connection: Connection) -> None:
    """Store six daily freezes of 5 kWh a day (3 and 2 by rate), two events and one spectrum."""
    writer = ReadingWriter(connection)
    writer.write([_freeze(days) for days in range(FREEZES)])
    orders = [0.0, 100.0, 0.8, 3.1, 0.2, 5.3, *([0.1] * 15)]
    writer.write(
        [
            Snapshot(
                meter=PLANT,
                taken_at=SPECTRUM_AT,
                received_at=SPECTRUM_AT,
                values={
                    Quantity.VOLTAGE_HARMONIC_A: tuple(orders),
                    Quantity.VOLTAGE_HARMONIC_B: tuple(order / 2 for order in orders),
                    Quantity.CURRENT_HARMONIC_A: tuple(3 * order for order in orders),
                },
            )
        ]
    )
    write_events(
        connection,
        PLANT,
        [
            _event(EventKind.VOLTAGE_LOSS, "b", 3, 2.0, 14),
            _event(EventKind.TERMINAL_COVER_OPEN, "", 40, 0.5, 2),
        ],
    )


def add_raw_frames(connection: Connection) -> None:
    """Store what the plant's meter was asked at 14:00: its voltage, and a question without a sound answer."""
    slot = NOW.replace(minute=0, second=0)
    asked = framed("00 00 20 11 26 20 68 11 04 33 34 34 35")
    answer = framed("00 00 20 11 26 20 68 91 06 33 34 34 35 A6 55")
    frames = (
        RawFrame("02010100", slot + timedelta(seconds=3.9), slot + timedelta(seconds=4), asked, answer),
        RawFrame("0203FF00", slot + timedelta(seconds=5), None, asked, answer[:-2]),
    )
    message = RawMessage(
        received_at=slot + timedelta(seconds=4),
        slot_at=slot,
        source="rs485-01",
        meters=(PLANT,),
        frames=frames,
    )
    keep_raw_frames(connection, [message])


def framed(body: str) -> bytes:
    """Return a DL/T 645 frame of what stands between its first start byte and its checksum (clause 5.2)."""
    frame = bytes.fromhex("68" + body)
    return frame + bytes([sum(frame) % 256, 0x16])


def _freeze(days: int) -> Snapshot:
    at = MIDNIGHT - timedelta(days=days)
    return Snapshot(
        meter=PLANT,
        taken_at=at,
        meter_time=at,
        received_at=at + timedelta(hours=1),
        origin=Origin.DAILY_FREEZE,
        values={
            Quantity.ACTIVE_ENERGY_IMPORT: 5000.0 - 5 * days,
            Quantity.ACTIVE_ENERGY_IMPORT_T1: 3000.0 - 3 * days,
            Quantity.ACTIVE_ENERGY_IMPORT_T2: 2000.0 - 2 * days,
        },
    )


def _event(kind: EventKind, part: str, days: float, hours: float, count: int) -> CountedEvent:
    begin = NOW - timedelta(days=days)
    return CountedEvent(
        event=MeterEvent(
            kind=kind,
            part=part,
            number=1,
            starts_at=begin,
            ends_at=begin + timedelta(hours=hours),
            values={"active energy import": "4990.12 kWh"},
        ),
        count=count,
        received_at=NOW,
    )
