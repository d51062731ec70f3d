"""Meters on buses whose register never shows the same twice, and who write down each answer that holds it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipeline.quantities import Quantity
from simulators.line import Slave
from tests.chaos.ledger import Answered, Ledger

STEP = timedelta(milliseconds=10)
"""The register grows by 0.01 kWh in this time: an answer bears its instant."""
HISTORY = timedelta(minutes=5)
"""What the meters remember of the time before the run."""
ANSWER = 0x91
"""A normal answer without following frames to a read: DL/T 645-2007, 7.1."""
IMPORT = (bytes.fromhex("00000100"), bytes.fromhex("00FF0100"))
"""Forward active energy (正向有功总电能), alone and as a block: 00010000 and 0001FF00, DI0 first."""


@dataclass(frozen=True, slots=True)
class RisingModel:
    """What such a meter measures; a pure function of time."""

    since: datetime

    def read(self, instant: datetime) -> Mapping[Quantity, float]:
        """Return the register that tells ``instant``, and a load that never changes."""
        return {
            Quantity.ACTIVE_ENERGY_IMPORT: self.counts(instant) / 100,
            Quantity.ACTIVE_ENERGY_EXPORT: 0.0,
            Quantity.VOLTAGE_A: 220.0,
            Quantity.CURRENT_A: 5.0,
            Quantity.ACTIVE_POWER: 1.1,
            Quantity.POWER_FACTOR: 1.0,
            Quantity.FREQUENCY: 50.0,
        }

    def counts(self, instant: datetime) -> int:
        """Return the register in 0.01 kWh."""
        return max(0, (instant - self.since) // STEP)


class NotingMeter:
    """A slave that behaves as a DL/T 645 meter and notes what it answers."""

    def __init__(
        self,
        bus: str,
        meter: str,
        slave: Slave,
        ledger: Ledger,
        clock: Callable[[], datetime],
    ) -> None:
        """Stand between a meter and its line."""
        self._bus, self._meter, self._slave, self._ledger, self._clock = bus, meter, slave, ledger, clock
        self._unconfirmed: Answered | None = None
        """The register was answered, and nothing else was asked since: perhaps it did not arrive."""

    def receive(self, data: bytes) -> bytes:
        """Pass bytes on and note the register in the answer, if there is one."""
        answer = self._slave.receive(data)
        counts = register_in(answer)
        if counts is not None:
            if self._unconfirmed is not None:
                self._ledger.repeated.append(self._unconfirmed)
            self._unconfirmed = Answered(bus=self._bus, meter=self._meter, counts=counts, at=self._clock())
            self._ledger.answers.append(self._unconfirmed)
        elif answer:
            self._unconfirmed = None
        return answer


def register_in(answer: bytes) -> int | None:
    """Return the register of forward active energy in an answer, in 0.01 kWh; None if it holds none.

    Written here once more, apart from the product's decoder: the ledger must not share its faults.
    """
    frame = answer.lstrip(b"\xfe")
    head = 10  # 68, six bytes of address, 68, control, length
    if len(frame) < head or frame[8] != ANSWER:
        return None
    data = bytes((byte - 0x33) & 0xFF for byte in frame[head : head + frame[9]])
    if data[:4] not in IMPORT:
        return None
    return int(data[7:3:-1].hex())
