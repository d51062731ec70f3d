"""Finds every meter on a DL/T 645 line: a search down the tree of shortened addresses (缩位寻址).

A question may keep the low pairs of an address and fill the others with AA; every meter that they fit
answers, and answers at the same time collide. So silence empties a branch, a clean answer names a meter, and
a collision is a reason to look at the hundred branches below. A disturbed line breaks answers, too, but not
each time: a call that was answered by broken bytes is made again before it counts as a collision. And whole
addresses cannot collide: where they are answered by broken bytes as well, somebody babbles, and the search
is given up. Nothing here waits or sends: the search says what to ask and takes what was heard.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from protocols.dlt645.frame import (
    ADDRESS_DIGITS,
    BROADCAST,
    FROM_METER,
    FUNCTION,
    PREAMBLE,
    WILDCARD,
    Frame,
    address_bytes,
    build,
)
from protocols.dlt645.framer import Framer
from protocols.dlt645.functions import Function1997, Function2007
from protocols.dlt645.version import VERSION_1997, VERSION_2007
from protocols.session import NEED_DATA, Dropped

PAIRS: Final = tuple(f"{number:02d}" for number in range(100))
FORWARD_ENERGY_2007: Final = bytes.fromhex("00000100")
"""00010000, which every meter has."""
FORWARD_ENERGY_1997: Final = bytes.fromhex("1090")
CALLS_BEFORE_COLLISION: Final = 3
"""So often a call is made while nothing but broken bytes, or silence after them, comes back."""
NOBODY: Final = ("000000000000", "000000000001", "000000000010")
"""Addresses that are asked after a first collision: hardly a meter has one of them, and not all three."""
BABBLE_ENOUGH: Final = len(NOBODY)
"""So many whole addresses are answered by nothing but broken bytes: those are no answers."""
ASKED_MOST: Final = 20_000
"""Questions of one search: some hundred meters whose addresses share their low pairs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One question to whoever fits a shortened address."""

    address: str
    year: int
    body: bytes
    """Function code and data."""

    @property
    def frame(self) -> bytes:
        """The bytes to send, preamble included."""
        return PREAMBLE + build(address_bytes(self.address), self.body[0], self.body[1:])


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What came after a call."""

    frames: Sequence[Frame]
    """Sound frames of meters, our own echo left out."""
    broken_bytes: int
    """Bytes that belong to no sound frame."""
    echoed: bool
    """The line gave our question back, as two-wire adapters do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundMeter:
    """A meter that answered."""

    address: str
    year: int
    echoes_wildcard: bool
    """It answers with the wildcard instead of its own address."""


def hear(raw: bytes) -> Heard:
    """Take the bytes after a call apart."""
    framer = Framer()
    framer.receive_data(raw)
    frames: list[Frame] = []
    echoed, broken, rest = False, 0, raw
    while (event := framer.next_event()) is not NEED_DATA:
        piece = event.raw if isinstance(event, Dropped) else event
        rest = rest[rest.find(piece) + len(piece) :]
        if isinstance(event, Dropped):
            broken += len(piece)
        elif (frame := Frame.decode(event)).control & FROM_METER:
            frames.append(frame)
        else:
            echoed = True
    # What still waits for more bytes is broken, too: nothing more comes.
    return Heard(frames=frames, broken_bytes=broken + len(rest.strip(b"\xfe")), echoed=echoed)


@dataclass(slots=True)
class Discovery:
    """One search of one line: take the next call, send it, give back what was heard."""

    thorough: bool = False
    """Look below a clean answer too: a strong meter may drown a weak one."""
    found: dict[str, FoundMeter] = field(default_factory=dict)
    collisions: int = 0
    asked: int = 0
    echoed: bool = False
    broken_bytes: int = 0
    _open: Call | None = None
    _babbled: int = 0
    """How many whole addresses were answered by nothing but broken bytes."""
    _broken: int = 0
    """How often the open call was answered by broken bytes so far."""
    _left: list[Call] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin with everyone: meters of 2007, then of 1997, then those of 1997 that only hear 99.

        Meters of 2007 are called twice. Two addresses may collide to one of the two; two registers hardly do.
        """
        everyone_2007 = Call(address=WILDCARD, year=2007, body=bytes((Function2007.READ_ADDRESS,)))
        self._left = [_call(BROADCAST, 1997), _call(WILDCARD, 1997), _call(WILDCARD, 2007), everyone_2007]

    def next_call(self) -> Call | None:
        """Return what to ask next; None when the search is over."""
        if not (self._left or self._broken) or self.asked >= ASKED_MOST or self.is_babbled_at:
            return None
        if self._broken == 0:
            self._open = self._left.pop()
        if self._open is None:
            return None
        if self._open.address == BROADCAST and self.found:
            return self.next_call()  # only a line that is silent to AA is asked with 99
        self.asked += 1
        return self._open

    @property
    def is_complete(self) -> bool:
        """Tell whether every branch was looked at."""
        return not self._left and not self._broken

    @property
    def is_babbled_at(self) -> bool:
        """Tell whether bytes come whomever one asks: another master, a wrong rate, a disturbed line."""
        return self._babbled >= BABBLE_ENOUGH

    def take(self, heard: Heard) -> None:
        """Take what came after the call."""
        call = self._open
        if call is None:
            return
        self.echoed = self.echoed or heard.echoed
        self.broken_bytes += heard.broken_bytes
        answers = [frame for frame in heard.frames if _answers(frame, call)]
        for frame in answers:
            self._note(frame, call)
        # Several sound answers one after the other hide nobody; broken bytes may, when they come every time.
        may_hide = call.address != BROADCAST and (
            heard.broken_bytes > 0 or (self._broken > 0 and not answers)
        )
        self._broken = self._broken + 1 if may_hide else 0
        if 0 < self._broken < CALLS_BEFORE_COLLISION:
            return
        collided = self._broken > 0
        self._broken = 0
        self.collisions += collided
        digits = call.address.lstrip("A")
        if len(digits) == ADDRESS_DIGITS and collided and call.address not in self.found:
            self._babbled += 1
        if len(digits) < ADDRESS_DIGITS and (collided or (answers and self.thorough)):
            self._left += [
                _call((pair + digits).rjust(ADDRESS_DIGITS, "A"), call.year) for pair in PAIRS[::-1]
            ]
        if collided and self.collisions == 1:
            self._left += [_call(nobody, call.year) for nobody in NOBODY]

    def _note(self, frame: Frame, call: Call) -> None:
        is_address = call.body[0] == Function2007.READ_ADDRESS and call.year == VERSION_2007.year
        address = frame.data[::-1].hex().upper() if is_address and len(frame.data) == 6 else frame.address  # noqa: PLR2004 - an address
        if not address.isdecimal() or address in self.found:
            return
        echoes = frame.address == WILDCARD
        self.found[address] = FoundMeter(address=address, year=call.year, echoes_wildcard=echoes)


def _call(address: str, year: int) -> Call:
    if year == VERSION_1997.year:
        return Call(address=address, year=year, body=bytes((Function1997.READ,)) + FORWARD_ENERGY_1997)
    return Call(address=address, year=year, body=bytes((Function2007.READ,)) + FORWARD_ENERGY_2007)


def _answers(frame: Frame, call: Call) -> bool:
    """Tell whether a frame answers a call; a refusal does, too: somebody is there."""
    if frame.control & FUNCTION != call.body[0]:
        return False
    fits = zip(call.address, frame.address, strict=True)
    return frame.address == WILDCARD or call.address == BROADCAST or all(a in ("A", b) for a, b in fits)
