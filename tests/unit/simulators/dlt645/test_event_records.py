from datetime import timedelta

import pytest

from pipeline.events import EventKind
from protocols.dlt645.catalogue import Item, lookup
from protocols.dlt645.events import counter_queries, counts_of, event_of
from simulators.dlt645.core import MeterCore
from simulators.dlt645.event_records import demands_noted, registers_noted
from simulators.dlt645.events import Event
from tests.unit.simulators.dlt645.bench import NOW, OPERATOR, ZONE, Load, core, told, wire

START = NOW - timedelta(hours=2)


def item(di: str) -> Item:
    found = lookup(wire(di))
    assert found is not None
    return found


def with_event(kind: EventKind, phase: str = "", hours: float = 1.0, **load: float) -> MeterCore:
    meter = core(Load(kw=3.0, **load))
    end = START + timedelta(hours=hours)
    meter.events.add(Event(kind=kind, phase=phase, starts_at=START, ends_at=end))
    return meter


@pytest.mark.parametrize(
    ("di", "length"),
    [
        ("03010101", 131),
        ("03040301", 131),
        ("03050001", 15),
        ("03070001", 76),
        ("030A0001", 78),
        ("030B0201", 115),
        ("030E0101", 76),
        ("03110001", 12),
        ("03120101", 20),
        ("03300001", 50),
        ("03300101", 106),
        ("03300201", 202),
        ("03300301", 14),
        ("03300401", 16),
        ("03300501", 682),
        ("03300D01", 60),
        ("03010000", 18),
        ("03050000", 6),
        ("03300000", 3),
    ],
)
def test_contents_are_as_long_as_the_standard_says(di: str, length: int) -> None:
    assert len(core().records.content(item(di))) == length


def test_a_loss_of_voltage_tells_times_growth_and_what_was_measured() -> None:
    meter = with_event(EventKind.VOLTAGE_LOSS, "a", voltage_a=150.0)
    content = meter.records.content(item("03010101"))
    local = START.astimezone(ZONE)
    assert content[:12] == told(local) + told(local + timedelta(hours=1))
    assert content[12:16].hex() == "00030000"  # 3.00 kWh in
    assert content[16:20].hex() == "00000000"  # nothing out
    assert content[20:24].hex() == "50010000"  # QI and QII together 1.50 kvarh
    phase_a = content[12 + 16 + 16 :]
    assert phase_a[:2].hex() == "0015"  # 150.0 V
    assert phase_a[5:8].hex() == "000001"  # 1 kW


def test_what_our_master_reads_is_what_was_remembered() -> None:
    meter = with_event(EventKind.VOLTAGE_LOSS, "b", hours=0.5)
    record, counter = item("03010201"), item("03010000")
    event = event_of(record, meter.records.content(record), ZONE)
    assert event is not None
    assert (event.kind, event.part) == (EventKind.VOLTAGE_LOSS, "b")
    assert (event.starts_at, event.ends_at) == (START, START + timedelta(minutes=30))
    counts = counts_of(counter, meter.records.content(counter))
    assert [(c.part, c.count, c.minutes) for c in counts] == [("a", 0, 0), ("b", 1, 30), ("c", 0, 0)]


@pytest.mark.parametrize(
    ("di", "content"),
    [
        ("10020001", "010000"),
        ("10020002", "600000"),
        ("10010001", "000000"),
        ("10020101", told(START.astimezone(ZONE)).hex()),
        ("10022501", told((START + timedelta(hours=1)).astimezone(ZONE)).hex()),
        ("10020102", "00" * 6),
    ],
)
def test_the_family_of_2013_mirrors_the_same_events(di: str, content: str) -> None:
    meter = with_event(EventKind.VOLTAGE_LOSS, "b")
    assert meter.records.content(item(di)).hex() == content


def test_every_counter_of_the_catalogue_is_answered_in_full() -> None:
    meter = core()
    asked = [lookup(query.body[1:5]) for query in counter_queries()]
    assert len(asked) > 30
    for found in asked:
        assert found is not None
        assert len(meter.records.content(found)) == found.element_length


def test_what_lasts_has_no_end_and_no_growth_yet() -> None:
    meter = core()
    meter.events.add(Event(kind=EventKind.REVERSE_FLOW, phase="c", starts_at=START, ends_at=None))
    content = meter.records.content(item("030E0301"))
    assert content[:6] == told(START.astimezone(ZONE))
    assert content[6:] == bytes(70)


def test_the_greatest_unbalance_is_told_in_per_cent() -> None:
    meter = with_event(EventKind.VOLTAGE_UNBALANCE, voltage_a=110.0)
    # 110, 220, 220: the smallest lacks 50.00 % of the greatest.
    assert meter.records.content(item("03090001"))[12:14].hex() == "0050"


def test_what_was_noted_by_an_order_stands_in_its_record() -> None:
    meter = core()
    before, after = told(START.astimezone(ZONE)), told(NOW.astimezone(ZONE))
    noted = {"operator": OPERATOR, "clock before": before, "clock after": after}
    meter.events.add(Event(kind=EventKind.CLOCK_SET, starts_at=NOW, ends_at=NOW, values=noted))
    assert meter.records.content(item("03300401")) == OPERATOR + before + after


def test_a_list_is_noted_in_one_piece_and_told_field_by_field() -> None:
    meter = core()
    noted = {"operator": OPERATOR, "identifier": wire("04000103") + wire("04000104")}
    meter.events.add(Event(kind=EventKind.PROGRAMMING, starts_at=NOW, ends_at=NOW, values=noted))
    content = meter.records.content(item("03300001"))
    assert content[6:18] == OPERATOR + wire("04000103") + wire("04000104")
    assert content[18:] == bytes(32)


def test_a_clear_and_a_reset_note_what_stood_before() -> None:
    noted = registers_noted(core(Load(active_energy_import_a=12.34)).registers, NOW)
    assert noted["total forward active energy before"] == pytest.approx(1634.33)
    assert noted["phase A forward active energy before"] == pytest.approx(12.34)
    assert "phase B forward active energy before" not in noted
    peaks = {(0x01, 0): (1.5, NOW), (0x01, 3): (1.0, NOW), (0x05, 0): (0.7, START)}
    assert demands_noted(peaks) == {
        "total maximum forward active demand before": 1.5,
        "total maximum forward active demand at": NOW,
        "total maximum reactive demand quadrant I before": 0.7,
        "total maximum reactive demand quadrant I at": START,
    }
