"""The DL/T 645 driver on a dirty multi-drop line: values come right or not at all."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from collectors.bus import BusOwner
from collectors.targets import MeterRead, Target
from pipeline.model import MeterId
from pipeline.quantities import Quantity
from pipeline.registry import Bus, Wiring
from protocols.dlt645.driver import Dlt645Driver
from protocols.dlt645.frame import Frame
from protocols.dlt645.framer import Framer
from protocols.profile import Profile, Side
from protocols.session import NEED_DATA
from simulators.line import LineFaults, LineServer, serve_line

WANTED = frozenset({Quantity.ACTIVE_ENERGY_IMPORT, Quantity.VOLTAGE_A, Quantity.FREQUENCY})
PROFILE = Profile(
    name="test", protocol="dlt645-2007", description="", side=Side.SECONDARY, source="test", quantities=WANTED
)
FAULTS = LineFaults(
    drop=0.05, corrupt=0.05, truncate=0.05, noise=0.05, split=0.05, echo=0.05, delay=0.05, hang_up=0.02,
    delay_s=0.15,
)  # fmt: skip


class Slave:
    """A meter that shows its own number in every item, coded by hand after DL/T 645-2007 appendix A."""

    def __init__(self, number: int) -> None:
        self.number = number
        self._address = f"{number:012}"
        self._framer = Framer()

    def receive(self, data: bytes) -> bytes:
        self._framer.receive_data(data)
        answer = b""
        while (event := self._framer.next_event()) is not NEED_DATA:
            if isinstance(event, bytes):
                frame = Frame.decode(event)
                if frame.address == self._address:
                    answer += self._answer(frame.data[:4])
        return answer

    def _answer(self, identifier: bytes) -> bytes:
        low = bytes.fromhex(f"{self.number:02}")
        items = {
            "00010000": low + b"\x00\x00\x00",  # kWh: four bytes, two decimals
            "02010100": low + b"\x22",  # V: two bytes, one decimal
            "02800002": low + b"\x50",  # Hz: two bytes, two decimals
        }
        content = items.get(identifier[::-1].hex())
        if content is None:
            return Frame(self._address, 0xD1, b"\x02").encode()
        return b"\xfe\xfe" + Frame(self._address, 0x91, identifier + content).encode()


def target(number: int) -> Target:
    return Target(
        meter=MeterId(str(number)),
        address=f"{number:012}",
        driver=Dlt645Driver(PROFILE, Wiring.ONE_PHASE, ZoneInfo("Asia/Shanghai")),
    )


def test_a_third_of_damaged_answers_costs_attempts_but_never_a_wrong_value(tmp_path: Path) -> None:
    async def main() -> tuple[list[MeterRead], LineServer]:
        line = await serve_line([Slave(n) for n in range(1, 9)], host="127.0.0.1", faults=FAULTS, seed=7)
        bus = Bus(id="b1", url=f"tcp://{line.host}:{line.port}", timeout_s=0.1, retries=3)
        owner = BusOwner(bus, now=lambda: datetime.now(UTC), lock_dir=tmp_path)
        targets = [target(number) for number in range(1, 9)]
        reads = [await owner.read_meter(each, WANTED, None) for _ in range(5) for each in targets]
        await owner.close()
        await line.close()
        return reads, line

    reads, line = asyncio.run(main())
    assert line.stats.fault_share > 0.25
    assert sum(read.cause is None for read in reads) >= 0.95 * len(reads)
    for read in reads:
        assert read.snapshot is not None
        number = int(read.meter)
        expected = {
            Quantity.ACTIVE_ENERGY_IMPORT: number / 100,
            Quantity.VOLTAGE_A: 220 + number / 10,
            Quantity.FREQUENCY: 50 + number / 100,
        }
        for quantity, value in read.snapshot.values.items():
            assert value == expected[quantity]
