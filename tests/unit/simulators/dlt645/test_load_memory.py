from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from protocols.dlt645.records import decode_blocks
from protocols.dlt645.values import bytes_to_instant
from simulators.dlt645.replies import ErrorBit
from tests.unit.simulators.dlt645.bench import MEMORY_FROM, NOW, Clock, Load, core, digits, wire

ZONE = ZoneInfo("Asia/Shanghai")
LATEST, EARLIEST, FROM_TIME = "06000002", "06000000", "06000001"


def stored(meter: object, di: str, arguments: bytes) -> list[tuple[datetime | None, set[int]]]:
    content = meter.load_memory.answer(wire(di), arguments)  # type: ignore[attr-defined]  # a core
    assert isinstance(content, bytes)
    assert not isinstance(content, ErrorBit)
    blocks = decode_blocks(content, int(di[2:4], 16))
    return [(bytes_to_instant(b.stored_at, ZONE), set(b.sections)) for b in blocks]


def test_the_latest_come_in_the_order_of_time() -> None:
    times = [at for at, _ in stored(core(), "06040002", b"\x03")]
    assert times == [NOW - timedelta(minutes=minutes) for minutes in (35, 20, 5)]


def test_the_earliest_is_where_memory_begins_or_what_the_ring_still_holds() -> None:
    assert stored(core(), "06040000", b"\x01")[0][0] == MEMORY_FROM
    ring = core(load_record_blocks=8)
    assert stored(ring, "06040000", b"\x01")[0][0] == NOW - timedelta(minutes=110)


def test_a_given_time_is_rounded_up_to_the_next_slot() -> None:
    times = [at for at, _ in stored(core(), "06010001", b"\x02" + digits("2603090707"))]
    assert times[0] == datetime(2026, 3, 9, 7, 15, tzinfo=ZONE)


def test_classes_have_intervals_of_their_own() -> None:
    clock = Clock()
    meter = core(clock=clock)
    assert not meter.parameters.write(wire("04000A02"), digits("0060"))
    blocks = stored(meter, LATEST, b"\x04")
    assert [sections for _, sections in blocks] == [
        {2, 3, 4, 5, 6},
        {2, 3, 4, 5, 6},
        {1, 2, 3, 4, 5, 6},
        {2, 3, 4, 5, 6},
    ]
    assert [at for at, _ in stored(meter, "06010002", b"\x02")] == [
        NOW - timedelta(minutes=80),
        NOW - timedelta(minutes=20),
    ]


def test_intervals_that_do_not_divide_each_other_have_all_their_slots() -> None:
    meter = core()
    for di, minutes in (("04000A02", "0010"), ("04000A05", "0045")):
        assert not meter.parameters.write(wire(di), digits(minutes))
    assert not meter.parameters.write(wire("04000901"), b"\x09")
    slots = stored(meter, "06000001", b"\x05" + digits("2603090000"))
    midnight = datetime(2026, 3, 9, tzinfo=ZONE)
    assert [((at - midnight).total_seconds() / 60, classes) for at, classes in slots if at] == [
        (0, {1, 4}),
        (10, {1}),
        (20, {1}),
        (30, {1}),
        (40, {1}),
    ]
    later = stored(meter, "06040001", b"\x03" + digits("2603090001"))
    assert [(at - midnight).total_seconds() / 60 for at, _ in later if at] == [45, 90, 135]


def test_the_mode_word_leaves_classes_out() -> None:
    meter = core()
    assert not meter.parameters.write(wire("04000901"), b"\x08")
    assert [sections for _, sections in stored(meter, LATEST, b"\x01")] == [{4}]
    assert stored(meter, "06010002", b"\x01") == []


def test_nothing_is_stored_without_power() -> None:
    load = Load()
    load.dark = [(NOW - timedelta(minutes=30), NOW - timedelta(minutes=10))]
    times = [at for at, _ in stored(core(load), "06040002", b"\x02")]
    assert times == [NOW - timedelta(minutes=35), NOW - timedelta(minutes=5)]


def test_no_match_is_an_empty_answer() -> None:
    assert stored(core(), "06040001", b"\x02" + digits("2612310000")) == []


@pytest.mark.parametrize(
    ("di", "arguments", "wrong"),
    [
        ("06070000", b"\x01", ErrorBit.NO_SUCH_DATA),
        ("06000003", b"\x01", ErrorBit.NO_SUCH_DATA),
        ("06000100", b"\x01", ErrorBit.NO_SUCH_DATA),
        ("06000000", b"", ErrorBit.OTHER),
        ("06000001", b"\x01\xff\xff", ErrorBit.NO_SUCH_DATA),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(di: str, arguments: bytes, wrong: ErrorBit) -> None:
    assert core().load_memory.answer(wire(di), arguments) == wrong


def test_a_restart_forgets() -> None:
    clock = Clock()
    meter = core(clock=clock)
    meter.load_memory.restart()
    assert stored(meter, "06040000", b"\x01") == []
    clock.pass_(hours=1)
    assert stored(meter, "06040000", b"\x01")[0][0] == NOW + timedelta(minutes=10)
