"""The chain behind a slot over a real database: registers read, energy derived, a person's edit on top."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import orjson
import pytest

from collectors.deliveries import Message
from pipeline.coverage import CoverageEntry, CoverageStatus
from pipeline.errors import DataError
from pipeline.frames import RawFrame, RawMessage
from pipeline.model import EVERYTHING, MeterId, Quality, Scope, Snapshot
from pipeline.quantities import Group
from pipeline.registry import Ratio
from protocols.mqtt.dialects import Parsed
from services.derive import derive
from services.ingest import raw_messages
from services.slot_chain import SlotChain, flags_of, slot_chain
from services.slot_chain_document import chain_document
from storage.coverage import CoverageLedger
from storage.database import Connection
from storage.final_edits import SlotOfEnergy, edit_final
from storage.raw_frames import keep_raw_frames
from storage.registry import save_registry
from storage.writer import ReadingWriter
from tests.fix_filed_archive import END, M1, M2, NORTH, REGISTRY, SLOT, START, Q

FACTOR = 80.0
ARCHIVE = replace(REGISTRY, ratios=[Ratio(meter=M1, ct=80.0)])
REGISTERS = (1000.0, 1000.5, 1000.75, 1002.0, 1002.25)
"""At the edges of four slots, kWh on the meter's side."""


@pytest.fixture
def read(database: Connection) -> Connection:
    save_registry(database, ARCHIVE)
    writer = ReadingWriter(database)
    for n, kwh in enumerate(REGISTERS):
        at = START + n * SLOT
        writer.write(
            [
                Snapshot(
                    meter=M1,
                    taken_at=at,
                    received_at=at + timedelta(seconds=3),
                    slot_at=at,
                    values={Q.ACTIVE_ENERGY_IMPORT: kwh, Q.VOLTAGE_A: 230.0},
                    flags={Q.VOLTAGE_A: Quality.OUT_OF_RANGE},
                )
            ]
        )
    return database


def chain(connection: Connection, slot: int, primary: frozenset[str] = frozenset()) -> SlotChain:
    at = START + slot * SLOT + timedelta(minutes=7)
    return slot_chain(connection, M1, at, scope=EVERYTHING, primary=primary)


def test_the_registers_at_the_edges_times_the_ratio_are_the_derived_energy(read: Connection) -> None:
    derive(read, ARCHIVE, [ARCHIVE.meter_by_id[M1]], (START, END), frozenset())
    for slot in range(4):
        (energy,) = chain(read, slot).energies
        assert energy.opening is not None
        assert energy.closing is not None
        assert (energy.opening.value, energy.closing.value) == REGISTERS[slot : slot + 2]
        assert energy.by_edges == pytest.approx((REGISTERS[slot + 1] - REGISTERS[slot]) * FACTOR)
        assert energy.agrees is True
        assert energy.stored is not None
        assert (energy.stored.raw_method, energy.stored.quality) == ("present", "A")


def test_a_persons_edit_stands_over_the_raw_energy_with_its_author(read: Connection) -> None:
    derive(read, ARCHIVE, [ARCHIVE.meter_by_id[M1]], (START, END), frozenset())
    slot = SlotOfEnergy(meter=M1, starts_at=START, minutes=15, energy="import_kwh")
    edit_final(read, slot, 41.0, author="li", note="seal broken", made_at=END)
    (energy,) = chain(read, 0).energies
    assert energy.stored is not None
    assert (energy.stored.raw_value, energy.stored.value) == (40.0, 41.0)
    assert (energy.stored.author, energy.stored.note, energy.stored.reason) == ("li", "seal broken", "edit")


def test_a_reading_beside_its_edge_is_said_to_be_moved_and_not_compared(read: Connection) -> None:
    read.execute("DELETE FROM register_reading WHERE taken_at = %s", (START + SLOT,))
    late = START + SLOT + timedelta(seconds=20)
    snapshot = Snapshot(meter=M1, taken_at=late, received_at=late, values={Q.ACTIVE_ENERGY_IMPORT: 1000.6})
    ReadingWriter(read).write([snapshot])
    derive(read, ARCHIVE, [ARCHIVE.meter_by_id[M1]], (START, END), frozenset())
    (energy,) = chain(read, 0).energies
    assert energy.closing is not None
    assert (energy.closing.off_s, energy.is_moved, energy.agrees) == (20.0, True, None)


def test_an_energy_that_is_not_derived_yet_is_told_by_its_registers(read: Connection) -> None:
    (energy,) = chain(read, 2).energies
    assert energy.stored is None
    assert energy.agrees is None
    assert energy.by_edges == pytest.approx(1.25 * FACTOR)


def test_values_that_are_primary_already_are_not_multiplied(read: Connection) -> None:
    found = chain(read, 0, primary=frozenset({"dlt645_2007"}))
    assert found.factor == 1.0
    assert found.energies[0].by_edges == pytest.approx(0.5)


def test_a_register_that_fell_tells_no_energy(read: Connection) -> None:
    at = END + SLOT
    snapshot = Snapshot(meter=M1, taken_at=at, received_at=at, values={Q.ACTIVE_ENERGY_IMPORT: 3.0})
    ReadingWriter(read).write([snapshot])
    (energy,) = chain(read, 4).energies
    assert (energy.opening is not None, energy.closing is not None, energy.by_edges) == (True, True, None)


def test_readings_come_with_their_flags_and_the_ledger_with_its_line(read: Connection) -> None:
    CoverageLedger(read).record(
        [CoverageEntry(meter=M1, group=Group.REGISTER, slot_at=START, status=CoverageStatus.GOT, attempts=2)]
    )
    found = chain(read, 0)
    assert [(line.slot_at, line.attempts) for line in found.coverage] == [(START, 2)]
    electrical = next(r for r in found.readings if Q.VOLTAGE_A in r.values)
    assert flags_of(electrical.flags["voltage_a"]) == ["out of range"]


def test_the_frames_of_the_slot_and_of_its_readings_are_told_and_no_others(read: Connection) -> None:
    def message(at: datetime, slot_at: datetime | None, meter: MeterId = M1) -> RawMessage:
        frame = RawFrame("0201FF00", at, at, b"?", b"!")
        return RawMessage(received_at=at, slot_at=slot_at, source="B1", meters=(meter,), frames=(frame,))

    of_reading = message(START + timedelta(seconds=3), None)
    unanswered = message(START + timedelta(seconds=40), START)
    others = [message(START + 3 * SLOT, START + 3 * SLOT), message(START + timedelta(seconds=41), START, M2)]
    keep_raw_frames(read, [of_reading, unanswered, *others])
    assert [m.received_at for m in chain(read, 0).raw] == [of_reading.received_at, unanswered.received_at]
    assert chain(read, 0).raw[0].frames == list(of_reading.frames)
    keep_raw_frames(read, [])


def test_a_payload_that_tells_of_a_meter_of_another_area_as_well_is_for_who_sees_both(
    read: Connection,
) -> None:
    def payload(at: datetime, text: bytes, *meters: MeterId) -> tuple[Message, Parsed]:
        told = tuple(Snapshot(meter=meter, taken_at=START, received_at=at, values={}) for meter in meters)
        return Message(topic="a/gateway", payload=text, received_at=at), Parsed(snapshots=told)

    came_at = START + timedelta(seconds=3)
    sent = [
        payload(came_at, b"both", M1, M2),
        payload(came_at, b"own", M1),
        payload(came_at, b"stranger", M1, MeterId("of no archive")),
    ]
    kept = raw_messages([message for message, _ in sent], [parsed for _, parsed in sent])
    in_slot = [replace(message, slot_at=START, received_at=came_at + SLOT / 2) for message in kept]
    keep_raw_frames(read, [*kept, *in_slot])

    def seen(scope: Scope) -> list[bytes]:
        found = slot_chain(read, M1, START, scope=scope, primary=frozenset())
        return sorted(message.frames[0].answered for message in found.raw)

    assert seen(NORTH) == [b"own"] * 2
    assert seen(Scope(frozenset({"north", "south"}))) == [b"both"] * 2 + [b"own"] * 2
    assert seen(EVERYTHING) == [b"both"] * 2 + [b"own"] * 2 + [b"stranger"] * 2


def test_a_slot_of_which_nothing_is_known_is_an_empty_chain(read: Connection) -> None:
    found = chain(read, -40)
    assert (found.readings, found.energies, found.coverage) == ([], [], [])
    assert found.minutes == 15


def test_a_meter_that_is_not_there_or_not_to_be_seen_is_told_alike(read: Connection) -> None:
    for meter, scope in ((MeterId("none"), EVERYTHING), (M1, Scope(frozenset({"elsewhere"})))):
        with pytest.raises(DataError, match="no meter"):
            slot_chain(read, meter, START, scope=scope, primary=frozenset())


def test_the_document_is_json_in_the_order_of_the_chain(read: Connection) -> None:
    derive(read, ARCHIVE, [ARCHIVE.meter_by_id[M1]], (START, END), frozenset())
    document = orjson.loads(orjson.dumps(chain_document(chain(read, 0))))
    assert list(document) == [
        *("meter", "from", "to", "minutes", "place", "coverage", "raw", "readings", "contradictions"),
        *("ratio", "energies", "findings"),
    ]
    assert document["ratio"]["factor"] == FACTOR
    assert document["energies"][0]["final"]["value"] == 40.0
    assert document["readings"][0]["values"] == {"active_energy_import": 1000.0}
