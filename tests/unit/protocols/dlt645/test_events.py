from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from pipeline.events import EventCount, EventKind, MeterEvent
from protocols.dlt645.catalogue import Item, lookup
from protocols.dlt645.events import counter_queries, counts_of, event_of, record_queries

ZONE = ZoneInfo("Asia/Shanghai")


def item(di: str) -> Item:
    found = lookup(bytes.fromhex(di)[::-1])
    assert found is not None
    return found


def test_a_power_down_record_of_the_vectors_is_an_event() -> None:
    content = bytes.fromhex("00 00 12 25 09 25 30 15 12 25 09 25")
    assert event_of(item("03110001"), content, ZONE) == MeterEvent(
        kind=EventKind.POWER_DOWN,
        number=1,
        starts_at=datetime(2025, 9, 25, 4, tzinfo=UTC),
        ends_at=datetime(2025, 9, 25, 4, 15, 30, tzinfo=UTC),
    )


def test_a_loss_of_voltage_names_its_phase_and_keeps_what_stood_beside_it() -> None:
    start, increments = "000012250925", "01000000" * 4
    variables = "0022 005000 345612 000000 9909".replace(" ", "")
    content = bytes.fromhex(start + "00" * 6 + increments + increments + variables)
    event = event_of(item("03010203"), content, ZONE)
    assert event is not None
    assert (event.kind, event.part, event.number) == (EventKind.VOLTAGE_LOSS, "b", 3)
    assert event.ends_at is None  # it goes on: the end is unset
    assert event.values["phase A voltage"] == "220.0 V"
    assert event.values["phase A current"] == "5.000 A"
    assert event.values["phase A active power"] == "12.5634 kW"
    assert event.values["total forward active energy increment"] == "0.01 kWh"
    assert "phase B voltage" not in event.values  # the record ended before


def test_a_clock_setting_has_the_time_before_as_its_time_and_the_operator_beside_it() -> None:
    content = bytes.fromhex("78563412 000012250925 300012250925")
    event = event_of(item("03300401"), content, ZONE)
    assert event is not None
    assert event.starts_at == datetime(2025, 9, 25, 4, tzinfo=UTC)
    assert event.values == {"operator": "12345678", "clock after": "2025-09-25 12:00:30"}


@pytest.mark.parametrize("content", ["", "0000", "00" * 12, "ff" * 12, "0000122513 25" + "00" * 6])
def test_a_record_without_a_time_is_no_event(content: str) -> None:
    assert event_of(item("03110001"), bytes.fromhex(content), ZONE) is None


def test_counters_are_told_by_phase_with_their_minutes() -> None:
    content = bytes.fromhex("030000 100000 000000 000000 120000 000100")
    assert counts_of(item("03010000"), content) == (
        EventCount(kind=EventKind.VOLTAGE_LOSS, part="a", count=3, minutes=10),
        EventCount(kind=EventKind.VOLTAGE_LOSS, part="b", count=0, minutes=0),
        EventCount(kind=EventKind.VOLTAGE_LOSS, part="c", count=12, minutes=100),
    )


def test_counters_of_demands_are_told_by_direction_and_quadrant() -> None:
    content = bytes.fromhex("010000 020000 030000 040000 050000 060000")
    counts = counts_of(item("03120000"), content)
    assert [(count.part, count.count) for count in counts] == [
        ("forward", 1),
        ("reverse", 2),
        ("q1", 3),
        ("q2", 4),
        ("q3", 5),
        ("q4", 6),
    ]


def test_an_absent_counter_costs_only_its_own_phase() -> None:
    counts = counts_of(item("03010000"), bytes.fromhex("ffffff ffffff 010000 020000"))
    assert [(count.part, count.count) for count in counts] == [("b", 1)]


def test_only_the_records_that_the_counters_promise_are_asked_newest_first() -> None:
    counts = [
        EventCount(kind=EventKind.VOLTAGE_LOSS, part="c", count=2),
        EventCount(kind=EventKind.POWER_DOWN, count=4711),
        EventCount(kind=EventKind.COVER_OPEN, count=0),
        EventCount(kind=EventKind.DEMAND_OVER_LIMIT, part="q4", count=1),
        EventCount(kind=EventKind.PROGRAMMING, count=1),
    ]
    whats = [query.what for query in record_queries(counts)]
    assert whats[:2] == ["03010301", "03010302"]
    assert whats[2:12] == [f"031100{number:02X}" for number in range(1, 11)]
    assert whats[12:] == ["03120601", "03300001"]
    assert [query.what for query in record_queries(counts, newest=1)].count("03110001") == 1


def test_counters_can_be_asked_for_some_kinds_only() -> None:
    assert [query.what for query in counter_queries([EventKind.COVER_OPEN])] == ["03300D00"]
    asked = [query.what for query in counter_queries()]
    assert len(asked) == len(set(asked)) == len(EventKind)
    assert [what for what in asked if what[:2] != "03"] == ["1D000001", "1E000001", "1F000001"]


def test_a_trip_of_the_relay_is_told_by_the_family_of_2013() -> None:
    assert counts_of(item("1D000001"), bytes.fromhex("020000")) == (
        EventCount(kind=EventKind.RELAY_TRIP, count=2),
    )
    asked = record_queries([EventCount(kind=EventKind.RELAY_TRIP, count=2)])
    assert [query.what for query in asked] == ["1D000101", "1D000102"]
    assert event_of(item("1D000102"), bytes.fromhex("000012250925"), ZONE) == MeterEvent(
        kind=EventKind.RELAY_TRIP, number=2, starts_at=datetime(2025, 9, 25, 4, tzinfo=UTC)
    )


def test_both_families_tell_the_same_kind_and_phase() -> None:
    found = event_of(item("10020103"), bytes.fromhex("000012250925"), ZONE)
    assert found is not None
    assert (found.kind, found.part, found.number) == (EventKind.VOLTAGE_LOSS, "b", 3)
    assert counts_of(item("13030001"), bytes.fromhex("070000")) == (
        EventCount(kind=EventKind.PHASE_BREAK, part="c", count=7),
    )
    assert event_of(item("10022503"), bytes.fromhex("000012250925"), ZONE) is None  # an end alone
    assert counts_of(item("10020002"), bytes.fromhex("070000")) == ()  # minutes alone


def test_a_block_of_all_phases_is_told_by_phase_where_it_counts_and_is_no_single_event() -> None:
    counted = counts_of(item("10FF0001"), bytes.fromhex("010000 020000 030000"))
    assert [(count.part, count.count) for count in counted] == [("a", 1), ("b", 2), ("c", 3)]
    assert event_of(item("0301FF01"), bytes.fromhex("000012250925") * 22, ZONE) is None
    assert event_of(item("10FF0101"), bytes.fromhex("000012250925") * 3, ZONE) is None
