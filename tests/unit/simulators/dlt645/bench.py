"""A meter on the test bench: a clock that the test moves, a load that it chooses, questions and answers."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pipeline.quantities import Quantity
from protocols.dlt645.frame import Frame
from simulators.dlt645.core import MeterCore
from simulators.dlt645_meter import Dlt645Meter

ZONE = ZoneInfo("Asia/Shanghai")
START = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 3, 10, 2, 20, tzinfo=UTC)
"""10:20 local."""
MEMORY_FROM = datetime(2026, 2, 1, tzinfo=UTC)
ADDRESS = "123456789012"
MASTER_KEY = bytes(4)
"""Class 00, the factory's digits."""
CLEAR_KEY = bytes.fromhex("02563412")
"""Class 02, 123456."""
OPERATOR = bytes.fromhex("78563412")
Q = Quantity


class Load:
    """A constant load that a test may change from an instant on; no power in the given stretches."""

    def __init__(self, kw: float = 1.0, **others: float) -> None:
        self.kw = kw
        self.shown = {Q(name): value for name, value in others.items()}
        self.dark: list[tuple[datetime, datetime]] = []
        self.reads = 0

    def read(self, instant: datetime) -> Mapping[Quantity, float]:
        self.reads += 1
        if any(start <= instant < end for start, end in self.dark):
            return {}
        hours = (instant - START).total_seconds() / 3600
        imported, exported = max(self.kw, 0.0) * hours, max(-self.kw, 0.0) * hours
        return {
            Q.ACTIVE_ENERGY_IMPORT: imported,
            Q.ACTIVE_ENERGY_EXPORT: exported,
            Q.REACTIVE_ENERGY_Q1: imported / 2,
            Q.REACTIVE_ENERGY_Q2: 0.0,
            Q.REACTIVE_ENERGY_Q3: exported / 2,
            Q.REACTIVE_ENERGY_Q4: imported / 8,
            **{Q(f"voltage_{phase}"): 220.0 for phase in "abc"},
            **{Q(f"current_{phase}"): abs(self.kw) * 1000 / 660 for phase in "abc"},
            **{Q(f"active_power_{phase}"): self.kw / 3 for phase in "abc"},
            Q.ACTIVE_POWER: self.kw,
            Q.REACTIVE_POWER: self.kw / 2,
            Q.POWER_FACTOR: 0.894,
            Q.FREQUENCY: 50.0,
            Q.VOLTAGE_THD_A: 3.0,
            **self.shown,
        }


class Clock:
    """True time, moved by the test."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **span: float) -> None:
        self.now += timedelta(**span)


def core(
    load: object = None, clock: Callable[[], datetime] | None = None, **settings: Any
) -> MeterCore:  # Any: as handed on
    """Return a meter without its wire."""
    settings = {"memory_from": MEMORY_FROM, "zone": ZONE} | settings
    return MeterCore(ADDRESS, load or Load(), clock or Clock(), **settings)  # type: ignore[arg-type]  # any model


def meter(
    load: object = None, clock: Callable[[], datetime] | None = None, **settings: Any
) -> Dlt645Meter:  # Any: as handed on
    """Return a meter of 2007."""
    settings = {"memory_from": MEMORY_FROM, "zone": ZONE} | settings
    return Dlt645Meter(ADDRESS, load or Load(), clock or Clock(), **settings)  # type: ignore[arg-type]  # any model


def ask(
    slave: Any, function: int, data: bytes = b"", to: str = ADDRESS
) -> tuple[int, bytes]:  # Any: of either edition
    """Return control code and data of the answer; (0, b"") for silence."""
    raw = slave.receive(Frame(to, function, data).encode())
    if not raw:
        return 0, b""
    answer = Frame.decode(raw.lstrip(b"\xfe"))
    return answer.control, answer.data


def wire(di: str) -> bytes:
    """Return an identifier as it is sent."""
    return bytes.fromhex(di)[::-1]


def read(slave: Any, di: str, arguments: bytes = b"") -> bytes:  # Any: of either edition
    """Return the content of a sound answer to a read of 2007, all of its frames joined."""
    control, data = ask(slave, 0x11, wire(di) + arguments)
    assert control in (0x91, 0xB1), f"{di}: {control:02X} {data.hex()}"
    assert data[:4] == wire(di)
    content, number = data[4:], 0
    while control & 0x20:
        number = number % 255 + 1
        control, data = ask(slave, 0x12, wire(di) + bytes((number,)))
        assert control in (0x92, 0xB2)
        assert data[:4] == wire(di)
        assert data[-1] == number
        content += data[4:-1]
    return content


def numbers(content: bytes, width: int = 4) -> list[int]:
    """Return packed BCD items as numbers."""
    return [int(content[at : at + width][::-1].hex()) for at in range(0, len(content), width)]


def write(
    slave: Any, di: str, content: bytes, key: bytes = MASTER_KEY
) -> tuple[int, bytes]:  # Any: of either edition
    """Write a parameter."""
    return ask(slave, 0x14, wire(di) + key + OPERATOR + content)


def digits(text: str) -> bytes:
    """Return digits as they are sent, last pair first."""
    return bytes.fromhex(text)[::-1]


def told(local: datetime) -> bytes:
    """Return a local time as YYMMDDhhmmss on the wire."""
    return digits(f"{local:%y%m%d%H%M%S}")
