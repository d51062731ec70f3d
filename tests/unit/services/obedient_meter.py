"""A meter for tests that obeys orders as the tables of the standard's clause 7 say: bytes in, bytes out.

It stands on our framer alone and shares no code with what builds the orders.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from protocols.dlt645.frame import Frame
from protocols.dlt645.framer import Framer
from protocols.session import NEED_DATA

ZONE = ZoneInfo("Asia/Shanghai")
WRONG_PASSWORD = b"\x04"
NO_SUCH_DATA = b"\x02"


class ObedientMeter:
    """Items, a clock with an offset, passwords and a relay."""

    def __init__(self, address: str, now: Callable[[], datetime] = lambda: datetime.now(ZONE)) -> None:
        self.address = address
        self.offset = timedelta()
        self._right = now
        self.mute: frozenset[int] = frozenset()
        """Functions that it obeys without answering, as a lost answer looks."""
        self.passwords = {2: b"\x56\x34\x12", 4: b"\x56\x34\x12"}
        self.items = {"04000103": b"\x15", "04000503": b"\x00\x00"}
        self.heard: list[Frame] = []
        self.cleared: list[str] = []
        self.frozen: list[bytes] = []
        self.takes_time = True
        """False for one that has had its time today."""
        self.stuck = False
        """The relay does not move, whatever it is told."""
        self._framer = Framer()

    def receive(self, data: bytes) -> bytes:
        self._framer.receive_data(data)
        answer = b""
        while (found := self._framer.next_event()) is not NEED_DATA:
            if isinstance(found, bytes):
                answer += self._answer(Frame.decode(found))
        return answer

    def _answer(self, asked: Frame) -> bytes:
        if asked.address not in (self.address, "AAAAAAAAAAAA", "999999999999"):
            return b""
        self.heard.append(asked)
        handler = getattr(self, f"_f{asked.control:02x}", None)
        said = handler(asked.data) if handler is not None else None
        if said is None or asked.control in self.mute or not self._is_heard(asked):
            return b""
        control, content = said
        return Frame(self.address, control, content).encode()

    def _is_heard(self, asked: Frame) -> bool:
        return asked.address != "999999999999"

    @property
    def now(self) -> datetime:
        return self._right() + self.offset

    def _f11(self, data: bytes) -> tuple[int, bytes]:
        di = data[:4][::-1].hex().upper()
        clocks = {
            "04000101": f"{self.now:%y%m%d}0{self.now.isoweekday() % 7}",
            "04000102": f"{self.now:%H%M%S}",
        }
        if di in clocks:
            return 0x91, data[:4] + bytes.fromhex(clocks[di])[::-1]
        if di in self.items:
            return 0x91, data[:4] + self.items[di]
        return 0xD1, NO_SUCH_DATA

    def _f13(self, _data: bytes) -> tuple[int, bytes]:
        return 0x93, bytes.fromhex(self.address)[::-1]

    def _f08(self, data: bytes) -> None:
        ss, mm, hh, day, month, year = (int(f"{byte:02x}") for byte in data)
        told = datetime(2000 + year, month, day, hh, mm, ss, tzinfo=ZONE)
        if self.takes_time and abs(told - self.now) <= timedelta(minutes=5):
            self.offset += told - self.now

    def _f14(self, data: bytes) -> tuple[int, bytes]:
        if data[5:8] != self.passwords.get(data[4]):
            return 0xD4, WRONG_PASSWORD
        di, content = data[:4][::-1].hex().upper(), data[12:]
        if di == "04000102":
            hh, mm, ss = (int(f"{byte:02x}") for byte in reversed(content))
            self.offset += self.now.replace(hour=hh, minute=mm, second=ss, microsecond=0) - self.now
        elif di == "04000101":
            day, month, year = (int(f"{byte:02x}") for byte in content[1:])
            self.offset += self.now.replace(year=2000 + year, month=month, day=day) - self.now
        elif di in self.items:
            self.items[di] = content
        else:
            return 0xD4, NO_SUCH_DATA
        return 0x94, b""

    def _f15(self, data: bytes) -> tuple[int, bytes]:
        self.address = data[::-1].hex().upper()
        return 0x95, b""

    def _f16(self, data: bytes) -> tuple[int, bytes]:
        self.frozen.append(data)
        return 0x96, b""

    def _f17(self, data: bytes) -> tuple[int, bytes]:
        return 0x97, data

    def _f18(self, data: bytes) -> tuple[int, bytes]:
        if data[5:8] != self.passwords.get(data[4]):
            return 0xD8, WRONG_PASSWORD
        self.passwords[data[8]] = data[9:12]
        return 0x98, data[8:12]

    def _f19(self, data: bytes) -> tuple[int, bytes]:
        return self._clear(0x99, data, "demand")

    def _f1a(self, data: bytes) -> tuple[int, bytes]:
        return self._clear(0x9A, data, "meter")

    def _f1b(self, data: bytes) -> tuple[int, bytes]:
        return self._clear(0x9B, data, f"events {data[:7:-1].hex().upper()}")

    def _clear(self, control: int, data: bytes, what: str) -> tuple[int, bytes]:
        if data[1:4] != self.passwords.get(data[0]):
            return control | 0x40, WRONG_PASSWORD
        self.cleared.append(what)
        return control, b""

    def _f1c(self, data: bytes) -> tuple[int, bytes]:
        if data[1:4] != self.passwords.get(data[0]):
            return 0xDC, b"\x08\x00"
        if not self.stuck and data[8] in (0x1A, 0x1D, 0x1E):
            self.items["04000503"] = b"\x50\x00"
        if not self.stuck and data[8] == 0x1C:
            self.items["04000503"] = b"\x00\x00"
        return 0x9C, b""


class ObedientMeter1997(ObedientMeter):
    """The same of 1997: identifiers of two bytes, no operator code."""

    def _f01(self, data: bytes) -> tuple[int, bytes]:
        clocks = {
            b"\x10\xc0": f"{self.now:%y%m%d}0{self.now.isoweekday() % 7}",
            b"\x11\xc0": f"{self.now:%H%M%S}",
        }
        if data in clocks:
            return 0x81, data + bytes.fromhex(clocks[data])[::-1]
        di = data[::-1].hex().upper()
        return (0x81, data + self.items[di]) if di in self.items else (0xC1, NO_SUCH_DATA)

    def _f04(self, data: bytes) -> tuple[int, bytes]:
        di, content = data[1::-1].hex().upper(), data[6:]
        if data[3:6] != self.passwords.get(data[2]):
            return 0xC4, WRONG_PASSWORD
        if di == "C011":
            hh, mm, ss = (int(f"{byte:02x}") for byte in reversed(content))
            self.offset += self.now.replace(hour=hh, minute=mm, second=ss, microsecond=0) - self.now
        elif di == "C010":
            day, month, year = (int(f"{byte:02x}") for byte in content[1:])
            self.offset += self.now.replace(year=2000 + year, month=month, day=day) - self.now
        else:
            self.items[di] = content
        return 0x84, b""

    def _f0a(self, data: bytes) -> tuple[int, bytes]:
        self.address = data[::-1].hex().upper()
        return 0x8A, b""

    def _f0c(self, data: bytes) -> tuple[int, bytes]:
        return 0x8C, data

    def _f0f(self, data: bytes) -> tuple[int, bytes]:
        if data[1:4] != self.passwords.get(data[0]):
            return 0xCF, WRONG_PASSWORD
        self.passwords[data[4]] = data[5:8]
        return 0x8F, data[4:8]

    def _f10(self, data: bytes) -> tuple[int, bytes]:
        return self._clear(0x90, data, "demand")

    def _is_heard(self, asked: Frame) -> bool:
        """Meters of 1997 answer also to 99..99 (captured)."""
        return asked.control != 0x08
