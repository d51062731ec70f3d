"""The answers of real meters, replayed on a TCP line, are read by the collector into TimescaleDB."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import pytest
from psycopg import sql

from collectors.bus import BusOwner
from collectors.targets import MeterRead
from pipeline.model import MeterId
from pipeline.quantities import Quantity
from pipeline.registry import Bus, Installation, Meter, Registry
from protocols.dlt645.frame import Frame
from protocols.dlt645.framer import Framer
from protocols.session import NEED_DATA
from services.store import Entry, commit
from services.wiring import load_profiles, target_of, utc_now
from storage.database import connect
from storage.registry import save_registry

VECTORS = Path(__file__).parents[1] / "data" / "dlt645_vectors.json"

QUANTITIES_OF: Mapping[str, tuple[str, ...]] = {
    # Identifier -> the quantities of its values in order, by DL/T 645-2007 appendix A, written down by hand.
    "00000000": ("active_energy_combined",),
    "00010000": ("active_energy_import",),
    "00010100": ("active_energy_import_t1",),
    "00010200": ("active_energy_import_t2",),
    "00010300": ("active_energy_import_t3",),
    "00010400": ("active_energy_import_t4",),
    "0001FF00": (
        "active_energy_import", "active_energy_import_t1", "active_energy_import_t2",
        "active_energy_import_t3", "active_energy_import_t4",
    ),
    "00020000": ("active_energy_export",),
    "02010100": ("voltage_a",),
    "02010300": ("voltage_c",),
    "0201FF00": ("voltage_a", "voltage_b", "voltage_c"),
    "02020100": ("current_a",),
    "0202FF00": ("current_a", "current_b", "current_c"),
    "02030000": ("active_power",),
    "02040000": ("reactive_power",),
    "02050000": ("apparent_power",),
    "02060000": ("power_factor",),
}  # fmt: skip
REFUSAL = bytes((0x02,))
"""ERR bit 1: no such data."""


def captured() -> dict[str, dict[str, tuple[bytes, str | list[str]]]]:
    """Return the captured read answers of real 2007 meters: address -> identifier -> bytes, decoded value."""
    found: dict[str, dict[str, tuple[bytes, str | list[str]]]] = defaultdict(dict)
    for vector in json.loads(VECTORS.read_text("utf-8"))["vectors"]:
        told = vector["decoded"]
        real = vector["provenance"] in {"real-meter", "probably-real"}
        answer = told["version"] == 2007 and told["control"] == "91"
        if real and answer and told["di"] in QUANTITIES_OF and set(told["address"]) != {"A"}:
            found[told["address"]][told["di"]] = (bytes.fromhex(vector["hex"]), told["value"])
    return dict(found)


CAPTURED = captured()


def expected(answers: Mapping[str, tuple[bytes, str | list[str]]]) -> dict[Quantity, float]:
    values: dict[Quantity, float] = {}
    for di, (_, value) in answers.items():
        texts = value if isinstance(value, list) else [value]
        values |= {Quantity(q): float(t) for q, t in zip(QUANTITIES_OF[di], texts, strict=True)}
    return values


async def answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        await replay(reader, writer)
    finally:
        writer.close()


async def replay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer as the captured meters did; refuse what was not captured; stay silent for strangers."""
    framer = Framer()
    while data := await reader.read(256):
        framer.receive_data(data)
        while (event := framer.next_event()) is not NEED_DATA:
            if not isinstance(event, bytes):
                continue
            frame = Frame.decode(event)
            answers = CAPTURED.get(frame.address)
            if answers is None:
                continue
            di = frame.data[3::-1].hex().upper()
            raw = answers[di][0] if di in answers else Frame(frame.address, 0xD1, REFUSAL).encode()
            writer.write(raw)


async def read_all(registry: Registry, locks: Path) -> list[MeterRead]:
    conversations: list[asyncio.Task[None]] = []

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversations.append(asyncio.create_task(answering(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    profile = load_profiles()["dlt645_2007_three_phase"]
    bus = Bus(id="captures", url=f"tcp://127.0.0.1:{port}", timeout_s=1.0)
    owner = BusOwner(bus, now=utc_now, lock_dir=locks)
    try:
        return [
            await owner.read_meter(
                target_of(meter, str(meter.id), profile, bus.url),
                expected(CAPTURED[str(meter.id)]).keys(),
                None,
            )
            for meter in registry.meters
        ]
    finally:
        await owner.close()
        await asyncio.gather(*conversations, return_exceptions=True)
        server.close()
        await server.wait_closed()


def test_real_answers_are_stored_with_the_values_that_the_meters_showed(
    database_url: str, tmp_path: Path
) -> None:
    registry = Registry(
        meters=[Meter(id=MeterId(address)) for address in CAPTURED],
        installations=[Installation(meter=MeterId(address)) for address in CAPTURED],
    )
    reads = asyncio.run(read_all(registry, tmp_path))
    assert len(reads) == len(CAPTURED) >= 14
    with connect(database_url) as connection:
        save_registry(connection, registry)
        entries = [Entry(snapshots=[r.snapshot]) for r in reads if r.snapshot is not None]
        report = commit(connection, registry, entries)
        assert report.unmatched == report.conflicts == 0
        for address, answers in CAPTURED.items():
            for quantity, value in expected(answers).items():
                table = "register_reading" if quantity.group == "register" else "electrical_reading"
                query = sql.SQL("SELECT r.{} FROM {} r JOIN meter m USING (meter_id) WHERE m.id = %s")
                row = connection.execute(
                    query.format(sql.Identifier(quantity.value), sql.Identifier(table)), (address,)
                ).fetchone()
                assert row is not None, f"{address} {quantity}"
                assert row[0] == pytest.approx(value, rel=1e-6), f"{address} {quantity}"
