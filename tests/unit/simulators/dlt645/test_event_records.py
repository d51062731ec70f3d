from datetime import timedelta

import pytest

from protocols.dlt645.catalogue import Field, Item, lookup, parse_row
from protocols.dlt645.values import parse_format
from simulators.dlt645.event_records import LAYOUTS, registers_noted
from simulators.dlt645.events import Event, EventKind
from tests.unit.simulators.dlt645.bench import NOW, OPERATOR, ZONE, Load, core, told, wire

FORMATS = {
    # How the standard writes the fields of records (annex A.4), by the first word of their names.
    "starts": "YYMMDDhhmmss",
    "ends": "YYMMDDhhmmss",
    "growth": "XXXXXX.XX",
    "register": "XXXXXX.XX",
    "ampere": "XXXXXX.XX",
    "voltage": "XXX.X",
    "current": "SXXX.XXX",
    "active": "SXX.XXXX",
    "reactive": "SXX.XXXX",
    "power": "SX.XXX",
    "rate": "XX.XX",
    "operator": "N08",
    "identifier": "N08",
    "demand": "XX.XXXX",
    "before": "XXXXXX.XX",
    "after": "XXXXXX.XX",
}


def notation(kind: EventKind, name: str) -> str:
    if name.startswith("demand") and name.endswith("_at"):
        return "YYMMDDhhmm"
    return (
        "YYMMDDhhmmss" if kind is EventKind.CLOCK_SET and name != "operator" else FORMATS[name.split("_")[0]]
    )


def laid_out(kind: EventKind, identifier: str) -> Item:
    """Return the item that a catalogue has which knows the whole record."""
    formats = [notation(kind, name) for name in LAYOUTS[kind]]
    row = parse_row(
        {"di": "03 01 01 01", "name": "x", "zh": "x", "format": formats, "unit": [""], "source": "x"}, "test"
    )
    fields, at = [], 0
    for text in formats:
        form = parse_format(text)
        fields.append(Field(at, at + form.length, form, "", None))
        at += form.length
    return Item(
        wire=wire(identifier), row=row, axis="", is_block=False, suffixes=("",), fields=tuple(fields),
        element_length=at, spectrum=None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "length"),
    [
        (EventKind.LOSS_OF_VOLTAGE, 131),
        (EventKind.PHASE_BREAK, 131),
        (EventKind.CURRENT_LOSS, 115),
        (EventKind.ALL_PHASE_LOSS, 15),
        (EventKind.VOLTAGE_SEQUENCE, 76),
        (EventKind.CURRENT_UNBALANCE, 78),
        (EventKind.REVERSE_FLOW, 76),
        (EventKind.POWER_DOWN, 12),
        (EventKind.PROGRAMMING, 50),
        (EventKind.METER_CLEAR, 106),
        (EventKind.DEMAND_RESET, 202),
        (EventKind.EVENT_CLEAR, 14),
        (EventKind.CLOCK_SET, 16),
        (EventKind.COVER_OPEN, 60),
    ],
)
def test_records_are_as_long_as_the_standard_says(kind: EventKind, length: int) -> None:
    assert sum(parse_format(notation(kind, name)).length for name in LAYOUTS[kind]) == length


def test_a_loss_of_voltage_tells_times_growth_and_what_was_measured() -> None:
    meter = core(Load(kw=3.0, voltage_a=150.0))
    start = NOW - timedelta(hours=2)
    meter.events.add(
        Event(kind=EventKind.LOSS_OF_VOLTAGE, phase="a", starts_at=start, ends_at=start + timedelta(hours=1))
    )
    item = laid_out(EventKind.LOSS_OF_VOLTAGE, "03010101")
    content = meter.records.content(item)
    assert len(content) == 131
    local = start.astimezone(ZONE)
    assert content[:12] == told(local) + told(local + timedelta(hours=1))
    assert content[12:16].hex() == "00030000"  # 3.00 kWh in
    assert content[16:20].hex() == "00000000"  # nothing out
    assert content[20:24].hex() == "50010000"  # QI and QII together 1.50 kvarh
    a = content[12 + 16 + 16 :]
    assert a[:2].hex() == "0015"  # 150.0 V
    assert a[5:8].hex() == "000001"  # 1 kW in phase A


def test_a_record_that_never_was_is_zeros_and_an_unknown_layout_is_nothing() -> None:
    records = core().records
    item = laid_out(EventKind.LOSS_OF_VOLTAGE, "03010102")
    assert records.content(item) == bytes(131)
    short = lookup(wire("03110001"))
    assert short is not None
    assert records.content(short) == bytes(12)


def test_counters_tell_counts_and_where_there_is_room_minutes() -> None:
    meter = core()
    for number in range(2):
        start = NOW + number * timedelta(hours=1)
        meter.events.add(
            Event(kind=EventKind.POWER_DOWN, starts_at=start, ends_at=start + timedelta(minutes=7))
        )
    item = lookup(wire("03110000"))
    assert item is not None
    assert meter.records.content(item).hex() == "020000"


def test_what_was_noted_by_an_order_stands_in_its_record() -> None:
    meter = core()
    noted = {"operator": OPERATOR, "before": told(NOW.astimezone(ZONE)), "after": told(NOW.astimezone(ZONE))}
    meter.events.add(Event(kind=EventKind.CLOCK_SET, starts_at=NOW, ends_at=NOW, values=noted))
    content = meter.records.content(laid_out(EventKind.CLOCK_SET, "03300401"))
    assert content == OPERATOR + 2 * told(NOW.astimezone(ZONE))


def test_a_clear_notes_the_registers_as_they_stood() -> None:
    noted = registers_noted(core(Load(active_energy_import_a=12.34)).registers, NOW)
    assert noted["register_01"] == pytest.approx(1634.33)
    assert noted["register_15"] == pytest.approx(12.34)
    assert "register_29" not in noted
