"""A meter on the wire that speaks DL/T 645-2007 as the standard says: bytes in, bytes or silence out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from pipeline.quantities import Kind as QuantityKind
from pipeline.quantities import Quantity
from pipeline.registry import DEFAULT_ZONE, Wiring
from protocols.dlt645.catalogue import Field, Item, lookup
from protocols.dlt645.decoding import BLOCK_TRAILER, on_wiring
from protocols.dlt645.frame import (
    ABNORMAL,
    FROM_METER,
    PREAMBLE,
    address_bytes,
    build,
    padded_address,
    payload,
)
from protocols.dlt645.framer import Framer
from protocols.dlt645.functions import Function2007
from protocols.dlt645.memory import DAILY_FREEZE, FREEZE_TIME, FREEZES_KEPT, LOAD_RECORD
from protocols.dlt645.records import (
    ALL_CLASSES,
    CLASSES,
    LoadBlock,
    blocks_per_answer,
    encode_block,
    section_fields,
)
from protocols.dlt645.session import ANY_ADDRESS
from protocols.dlt645.values import (
    Kind,
    bytes_to_instant,
    digits_to_bytes,
    number_to_bcd,
    parse_format,
    time_to_bytes,
)
from protocols.dlt645.version import VERSION_2007
from protocols.session import NEED_DATA, Dropped

ANY: Final = ANY_ADDRESS[0]
IDENTIFIER: Final = VERSION_2007.identifier_bytes
_CLOCK: Final = (VERSION_2007.date, VERSION_2007.time, VERSION_2007.date_and_time)
ALL: Final = 0xFF
"""In an identifier: every item of that code."""
NO_SUCH_DATA: Final = 0x02
OTHER_ERROR: Final = 0x01
SLOTS_REMEMBERED: Final = 1000
"""Slots of the load record that need not be worked out again."""
FROM_TIME: Final = 0x01
LATEST: Final = 0x02
_NAMES: Final = (digits_to_bytes("04000401"), digits_to_bytes("04000402"))
_STATUS_WORDS: Final = b"\x05\x00\x04"
_COMBINED: Final = {
    # The factory's combination words: combined reactive 1 = QI + QII (05H), 2 = QIII + QIV (50H).
    digits_to_bytes("00030000"): Quantity.REACTIVE_ENERGY_IMPORT,
    digits_to_bytes("00040000"): Quantity.REACTIVE_ENERGY_EXPORT,
}
_COMBINED_SECTION: Final = {8: Quantity.REACTIVE_ENERGY_IMPORT, 12: Quantity.REACTIVE_ENERGY_EXPORT}
"""The same two in the energy section of a load record, by their place."""


class Model(Protocol):
    """What the meter measures."""

    def read(self, instant: datetime) -> Mapping[Quantity, float]:
        """Return everything the meter shows at ``instant``, secondary side; empty while it had no power."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """In what a meter differs from the standard or from its neighbours."""

    preamble: int = 4
    """FE bytes before an answer, 0 to 4."""
    clock_offset_s: float = 0.0
    """Meter minus true time."""
    refuses_blocks: bool = False
    """Answers single identifiers only."""
    echoes_wildcard: bool = False
    """Answers with the asked AA address instead of its own."""
    trailing_aa: bool = False
    """Closes blocks with AA."""
    refuses_load_records: bool = False
    refuses_freezes: bool = False
    missing_freezes: frozenset[date] = frozenset()
    """Local days at whose beginning it had no power."""
    status_words: tuple[int, ...] = (0, 0, 0, 0, 0, 0, 0)


STANDARD = Traits()


class Dlt645Meter:
    """One slave on a line; many may share it, each is silent unless it is meant."""

    def __init__(  # noqa: PLR0913 - a meter is all of this
        self,
        address: str,
        model: Model,
        clock: Callable[[], datetime],
        *,
        wiring: Wiring = Wiring.THREE_PHASE_FOUR_WIRE,
        zone: ZoneInfo = DEFAULT_ZONE,
        load_record_minutes: int = 15,
        memory_from: datetime | None = None,
        traits: Traits = STANDARD,
    ) -> None:
        """Set the meter up.

        Args:
            address: Up to twelve digits.
            model: What it measures.
            clock: The true time, aware.
            wiring: How it is connected.
            zone: Zone of its clock.
            load_record_minutes: Period of its load record.
            memory_from: When its memory begins; None for one that stores nothing.
            traits: Where it deviates.
        """
        self._address = address_bytes(padded_address(address))
        self._model = model
        self._clock = clock
        self._lately_asked: dict[datetime, Mapping[Quantity, float]] = {}
        self._wiring = wiring
        self._zone = zone
        self._period = timedelta(minutes=load_record_minutes)
        self._memory_from = memory_from
        self._traits = traits
        self._offset = timedelta(seconds=traits.clock_offset_s)
        self._framer = Framer()

    def receive(self, data: bytes) -> bytes:
        """Take bytes from the line and return what the meter sends; empty for silence."""
        self._framer.receive_data(data)
        answer = b""
        while (found := self._framer.next_event()) is not NEED_DATA:
            if not isinstance(found, Dropped) and self._is_meant(found):
                answer += self._answer(found)
        return answer

    def _is_meant(self, raw: bytes) -> bool:
        """Tell whether a frame is a question to this meter: its address, or one shortened with AA (5.2.2)."""
        asked = raw[1:7]
        if raw[8] & FROM_METER:
            return False
        if asked == self._address:
            return True
        return ANY in asked and all(a in (ANY, own) for a, own in zip(asked, self._address, strict=True))

    def _answer(self, raw: bytes) -> bytes:
        control, data = raw[8], payload(raw)
        if control == Function2007.READ_ADDRESS:
            content: bytes | int = self._address
        elif control == Function2007.READ and len(data) >= IDENTIFIER:
            content = self._read(data[:IDENTIFIER], data[IDENTIFIER:])
        else:
            content = OTHER_ERROR
        wild = raw[1:7] == ANY_ADDRESS and self._traits.echoes_wildcard
        address = ANY_ADDRESS if wild else self._address
        if isinstance(content, int):
            frame = build(address, control | FROM_METER | ABNORMAL, bytes((content,)))
        else:
            frame = build(address, control | FROM_METER, content)
        return PREAMBLE[: self._traits.preamble] + frame

    def _read(self, wire: bytes, arguments: bytes) -> bytes | int:
        """Return the data of the answer, identifier included, or an error byte."""
        if self._traits.refuses_blocks and ALL in wire[:2]:
            return NO_SUCH_DATA
        if wire[3] == LOAD_RECORD:
            return self._load_records(wire, arguments)
        item = lookup(wire)
        if item is None:
            return NO_SUCH_DATA
        is_freeze = wire[2:] == DAILY_FREEZE
        content = self._freeze(item) if is_freeze else self._present(item, self._clock())
        if not content:
            return NO_SUCH_DATA
        trailer = bytes((BLOCK_TRAILER,)) if item.is_block and self._traits.trailing_aa else b""
        return wire + content + trailer

    def _present(self, item: Item, now: datetime) -> bytes:
        """Return the content of an item as the meter shows it now; empty when it has no such data."""
        if item.wire in _NAMES:
            return self._address
        if item.wire in _CLOCK:
            return time_to_bytes((now + self._offset).astimezone(self._zone), item.row.parts[0].form)
        if item.wire[1:] == _STATUS_WORDS:
            words = [word.to_bytes(2, "little") for word in self._traits.status_words]
            return b"".join(words) if item.is_block else words[item.wire[0] - 1]
        shown = self._model.read(now)
        if item.wire in _COMBINED:
            combined = shown.get(_COMBINED[item.wire])
            form = item.fields[0].form
            return b"" if combined is None else number_to_bcd(combined, form, rolls_over=True)
        return self._measured(item, shown)

    def _measured(self, item: Item, shown: Mapping[Quantity, float]) -> bytes:
        """Return the elements that exist: absent phases are FF inside a block, absent rates are left out."""
        width = item.width
        content = b""
        found = False
        for start in range(0, len(item.fields), width):
            fields = item.fields[start : start + width]
            exists = any(self._value(field, shown) is not None for field in fields)
            if not exists and item.axis not in ("phase", "total_phase"):
                break
            found = found or exists
            content += b"".join(self._encoded(field, shown) for field in fields)
        return content if found else b""

    def _value(self, field: Field, shown: Mapping[Quantity, float]) -> float | None:
        quantity = field.quantity and on_wiring(field.quantity, self._wiring)
        return shown.get(quantity) if quantity else None

    def _encoded(self, field: Field, shown: Mapping[Quantity, float]) -> bytes:
        """Return one field; FF when absent, zeros for a time that never was and a 3P3W meter's phase B."""
        value = self._value(field, shown)
        if field.form.kind is Kind.TIME:
            if value is None:
                return bytes(field.form.length)
            return time_to_bytes(datetime.fromtimestamp(value, self._zone) + self._offset, field.form)
        if value is None:
            three_wire = self._wiring is Wiring.THREE_PHASE_THREE_WIRE
            has_place = field.quantity is not None and field.quantity.endswith("_b")
            return bytes(field.form.length) if three_wire and has_place else b"\xff" * field.form.length
        return _number(value, field)

    def _freeze(self, item: Item) -> bytes:
        """Return an item of a daily freeze; empty when the meter does not hold that one."""
        midnight = self._midnight(item.wire[0])
        if midnight is None or self._traits.refuses_freezes:
            return b""
        if item.wire[1] == FREEZE_TIME:
            return time_to_bytes(midnight, item.row.parts[0].form)
        return self._measured(item, self._model.read(midnight.astimezone(UTC) - self._offset))

    def _midnight(self, number: int) -> datetime | None:
        """Return the local midnight of a freeze by its number: 1 is the newest; missing ones do not count."""
        if self._memory_from is None:
            return None
        day = (self._clock() + self._offset).astimezone(self._zone).date()
        for _ in range(FREEZES_KEPT + len(self._traits.missing_freezes)):
            midnight = datetime(day.year, day.month, day.day, tzinfo=self._zone)
            if midnight < self._memory_from:
                return None
            if day not in self._traits.missing_freezes:
                number -= 1
                if number == 0:
                    return midnight
            day -= timedelta(days=1)
        return None

    def _load_records(self, wire: bytes, arguments: bytes) -> bytes | int:
        """Return load record blocks, as many as asked and as fit; only the identifier when there are none."""
        mode, zero, load_class = wire[0], wire[1], wire[2]
        known = zero == 0 and mode <= LATEST and load_class in (ALL_CLASSES, *CLASSES) and arguments
        if not known or self._traits.refuses_load_records or self._memory_from is None:
            return NO_SUCH_DATA
        count = min(arguments[0], blocks_per_answer(load_class))
        begin = self._memory_from + self._offset
        if mode == FROM_TIME:
            asked = bytes_to_instant(arguments[1:6], self._zone)
            if asked is None:
                return NO_SUCH_DATA
            begin = max(begin, asked)
        elif mode == LATEST:
            begin = max(begin, self._clock() + self._offset - count * self._period)
        blocks = islice(self._blocks(begin, CLASSES if load_class == ALL_CLASSES else (load_class,)), count)
        return wire + b"".join(encode_block(block, load_class) for block in blocks)

    def _blocks(self, begin: datetime, classes: Iterable[int]) -> Iterator[LoadBlock]:
        """Yield what is stored of some classes from a time of the meter's clock on, up to its present."""
        form = parse_format("YYMMDDhhmm")
        for slot in self._slots(begin, self._clock() + self._offset):
            shown = self._stored(slot)
            if shown:
                stored_at = time_to_bytes(slot.astimezone(self._zone), form)
                sections = {number: self._section(section_fields(number), shown) for number in classes}
                yield LoadBlock(stored_at=stored_at, sections=sections)

    def _stored(self, slot: datetime) -> Mapping[Quantity, float]:
        """Return what was measured at a slot of the load record; masters ask for the classes one by one."""
        shown = self._lately_asked.get(slot)
        if shown is None:
            shown = self._lately_asked[slot] = self._model.read(slot - self._offset)
            if len(self._lately_asked) > SLOTS_REMEMBERED:
                del self._lately_asked[next(iter(self._lately_asked))]
        return shown

    def _slots(self, begin: datetime, end: datetime) -> Iterable[datetime]:
        local = begin.astimezone(self._zone)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        slot = (midnight - (midnight - local) // self._period * self._period).astimezone(UTC)
        while slot <= end:
            yield slot
            slot += self._period

    def _section(self, fields: Iterable[Field], shown: Mapping[Quantity, float]) -> bytes:
        return b"".join(self._recorded(field, shown) for field in fields)

    def _recorded(self, field: Field, shown: Mapping[Quantity, float]) -> bytes:
        if field.quantity is not None:
            return self._encoded(field, shown)
        quantity = _COMBINED_SECTION.get(field.start)
        value = shown.get(quantity, 0.0) if quantity else 0.0
        return number_to_bcd(value, field.form, rolls_over=True)


def _number(value: float, field: Field) -> bytes:
    """Return a number in its field's digits; one that does not fit them is absent."""
    counter = field.quantity is not None and field.quantity.kind is QuantityKind.COUNTER
    try:
        return number_to_bcd(value, field.form, rolls_over=counter)
    except ValueError:
        return b"\xff" * field.form.length
