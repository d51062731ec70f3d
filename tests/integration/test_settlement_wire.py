"""A bill out of registers that a meter froze at its settlement days, fetched through the wire."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import SecretStr

from analysis.settlement.billing_month import RegisterSource
from collectors.bus import BusOwner
from pipeline.contracts import BasicCharge
from pipeline.model import Origin, Snapshot
from pipeline.registry import Bus, Meter
from services.settings import Settings
from services.settle_stored import settle_stored
from services.wiring import load_profiles, target_of
from simulators.dlt645_meter import Dlt645Meter
from simulators.line import serve_line
from storage.database import connect
from storage.registry import save_registry
from storage.writer import ReadingWriter
from tests.settled_plants import CT, METER, PLANT, TARIFF, plant
from tests.unit.simulators.dlt645.bench import ADDRESS, ZONE, Load

NOW = datetime.now(UTC).replace(microsecond=0)
CLOSES = NOW.astimezone(ZONE).replace(day=1, hour=0, minute=0, second=0)
OPENS = (CLOSES - timedelta(days=1)).replace(day=1)
LOAD_KW = 2.0
"""At the meter; behind its transformers it is 40 kW."""


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> list[Snapshot]:
    """What the meter kept of its last two settlement days, as the collector's backfill fetches it."""
    meter = Dlt645Meter(
        ADDRESS,
        Load(kw=LOAD_KW),
        lambda: datetime.now(UTC),
        zone=ZONE,
        memory_from=OPENS.astimezone(UTC) - timedelta(days=3),
    )
    with _served(meter) as line:
        target = target_of(Meter(id=METER), ADDRESS, load_profiles()["dlt645_2007_three_phase"], line)
        return asyncio.run(_fetch(line, target, tmp_path_factory.mktemp("locks")))


def test_the_bill_is_of_the_freezes_with_their_demand(frozen: list[Snapshot], any_database_url: str) -> None:
    archive = plant(
        tariffs=[replace(TARIFF, schedules=())],
        contracts=[replace(PLANT.contracts[0], basic_charge=BasicCharge.DEMAND)],
    )
    with connect(any_database_url) as connection:
        save_registry(connection, archive)
        ReadingWriter(connection).write(frozen)
    settings = Settings(database_url=SecretStr(any_database_url))
    (settled,) = settle_stored(f"{OPENS:%Y-%m}", settings=settings, now=NOW)
    bill = settled.bill
    assert bill.is_final, bill.findings
    hours = (CLOSES.astimezone(UTC) - OPENS.astimezone(UTC)) / timedelta(hours=1)
    assert float(bill.energy_kwh) == pytest.approx(LOAD_KW * CT * hours, abs=0.02 * CT)
    sources = {end.source for pair in bill.registers for end in (pair.opening, pair.closing)}
    assert sources == {RegisterSource.SETTLEMENT_FREEZE}
    demand = next(line for line in bill.lines if line.item == "basic_demand")
    assert demand.quantity == Decimal("40.0")
    assert settled.month.demands[0].source is RegisterSource.SETTLEMENT_FREEZE


@contextmanager
def _served(meter: Dlt645Meter) -> Iterator[str]:
    """Serve a line with one meter from a thread of its own; gives the line's URL."""
    opened, over = threading.Event(), threading.Event()
    ports: list[int] = []

    async def serve() -> None:
        server = await serve_line([meter], host="127.0.0.1")
        ports.append(server.port)
        opened.set()
        await asyncio.to_thread(over.wait)
        await server.close()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert opened.wait(10.0)
    try:
        yield f"tcp://127.0.0.1:{ports[0]}"
    finally:
        over.set()
        thread.join(10.0)


async def _fetch(line: str, target: object, lock_dir: Path) -> list[Snapshot]:
    owner = BusOwner(Bus(id="b", url=line), now=lambda: datetime.now(UTC), lock_dir=lock_dir)
    try:
        filled = await owner.backfill_meter(target, OPENS, CLOSES + timedelta(minutes=1))  # type: ignore[arg-type]  # a Target
    finally:
        await owner.close()
    return [s for s in filled.snapshots if s.origin is Origin.SETTLEMENT_FREEZE]
