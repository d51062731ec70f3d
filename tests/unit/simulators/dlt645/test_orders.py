from datetime import timedelta

import pytest

from pipeline.events import EventKind
from protocols.dlt645.frame import Frame
from simulators.dlt645_meter import Dlt645Meter
from tests.unit.simulators.dlt645.bench import (
    ADDRESS,
    CLEAR_KEY,
    MASTER_KEY,
    NOW,
    OPERATOR,
    Clock,
    Load,
    ask,
    digits,
    meter,
    numbers,
    read,
    wire,
    write,
)

ALL = "AAAAAAAAAAAA"
EVERYBODY = "999999999999"
DONE = b""


def relay_order(order: int, deadline: str = "000000000000", delay: int = 0) -> bytes:
    return CLEAR_KEY + OPERATOR + bytes((order, delay)) + digits(deadline)


# ---- 14 write ------------------------------------------------------------


def test_a_write_as_the_standard_draws_it_is_obeyed() -> None:
    # Vector: write demand period 15 with PA = 04; the address and the password made up there.
    slave = Dlt645Meter("123456789012", Load(), Clock())
    frame = bytes.fromhex("68 12 90 78 56 34 12 68 14 0D 36 34 33 37 37 89 67 45 AB 89 67 45 48 0F 16")
    assert slave.receive(frame)[-5:-2] == bytes((0xD4, 0x01, 0x04 + 0x33))  # another password
    assert write(slave, "04000103", b"\x15", bytes.fromhex("04000000")) == (0x94, DONE)


def test_a_written_parameter_is_read_back_and_recorded() -> None:
    slave = meter()
    assert write(slave, "04000301", b"\x09") == (0x94, DONE)
    assert read(slave, "04000301") == b"\x09"
    [event] = slave.core.events.last(EventKind.PROGRAMMING)
    assert event.values == {"operator": OPERATOR, "identifier": wire("04000301")}
    assert read(slave, "03300000") == b"\x01\x00\x00"


def test_address_and_number_are_written_apart() -> None:
    slave = meter()
    assert write(slave, "04000402", digits("000000000777")) == (0x94, DONE)
    assert read(slave, "040004FF")[:12] == digits(ADDRESS) + digits("000000000777")
    assert write(slave, "04000401", digits("000000000778")) == (0x94, DONE)
    assert ask(slave, 0x13, b"", ALL) == (0x93, digits("000000000778"))


@pytest.mark.parametrize(
    ("di", "content", "key", "error"),
    [
        ("04000301", b"\x09", b"\x04\x11\x11\x11", 0x04),
        ("04000301", b"\x09", b"\x05\x00\x00\x00", 0x04),
        ("04000409", b"\x00\x00\x00", MASTER_KEY, 0x04),
        ("04000401", b"\x0a" + bytes(5), MASTER_KEY, 0x01),
        ("00010000", bytes(4), MASTER_KEY, 0x02),
        ("04000301", b"", MASTER_KEY, 0x01),
        ("04010001", bytes(51), MASTER_KEY, 0x01),
        ("04000201", b"\x15", MASTER_KEY, 0x10),
    ],
)
def test_a_write_that_may_not_be_is_refused_with_the_standards_bit(
    di: str, content: bytes, key: bytes, error: int
) -> None:
    assert write(meter(), di, content, key) == (0xD4, bytes((error,)))


def test_three_wrong_passwords_lock_even_the_right_one_out() -> None:
    clock = Clock()
    slave = meter(clock=clock)
    for _ in range(3):
        write(slave, "04000301", b"\x09", b"\x04\x11\x11\x11")
    assert write(slave, "04000301", b"\x09") == (0xD4, b"\x04")
    clock.pass_(hours=24)
    assert write(slave, "04000301", b"\x09") == (0x94, DONE)


def test_written_periods_move_the_energy_to_another_rate() -> None:
    clock = Clock()
    slave = meter(clock=clock)
    before = numbers(read(slave, "0001FF00"))
    assert write(slave, "04010001", digits("000001") * 14) == (0x94, DONE)
    clock.pass_(hours=2)
    after = numbers(read(slave, "0001FF00"))
    assert [b - a for a, b in zip(before, after, strict=True)] == [200, 200, 0, 0, 0]
    assert read(slave, "03300500") == b"\x01\x00\x00"
    record = read(slave, "03300501")  # 682 bytes in four frames
    assert record[6:10] == OPERATOR
    assert record[10:16] == digits("000004") + digits("070003")  # as the first table was


def test_more_rates_make_longer_blocks() -> None:
    clock = Clock()
    slave = meter(clock=clock)
    assert write(slave, "04000204", b"\x06") == (0x94, DONE)
    assert write(slave, "04010001", digits("000006") * 14) == (0x94, DONE)
    clock.pass_(hours=1)
    block = numbers(read(slave, "0001FF00"))
    assert len(block) == 7
    assert block[0] == sum(block[1:])
    assert block[6] == 100


def test_the_clock_is_set_by_date_time_or_both() -> None:
    slave = meter()
    assert write(slave, "04000101", digits("26031102")) == (0x94, DONE)
    assert read(slave, "0400010C") == digits("26031103102000")
    assert write(slave, "04000102", digits("235958")) == (0x94, DONE)
    assert read(slave, "0400010C") == digits("26031103235958")
    assert write(slave, "0400010C", digits("26031002102000")) == (0x94, DONE)
    assert slave.core.clock.now() == NOW
    assert slave.core.events.count(EventKind.CLOCK_SET) == 3
    assert write(slave, "04000102", digits("256000")) == (0xD4, b"\x01")


# ---- 08 broadcast ------------------------------------------------------------


def test_a_broadcast_time_is_obeyed_in_silence() -> None:
    slave = meter()
    assert ask(slave, 0x08, digits("260310102230"), EVERYBODY) == (0, b"")
    assert slave.core.clock.now() == NOW + timedelta(seconds=150)
    [event] = slave.core.events.last(EventKind.CLOCK_SET)
    assert event.values["clock before"] == digits("260310102000")
    assert event.values["clock after"] == digits("260310102230")


@pytest.mark.parametrize("sent", ["260310103000", "260310102230FF", "991399999999"])
def test_a_broadcast_out_of_reach_or_out_of_sense_changes_nothing(sent: str) -> None:
    slave = meter()
    assert ask(slave, 0x08, digits(sent), EVERYBODY) == (0, b"")
    assert slave.core.clock.now() == NOW


# ---- 15 16 17 18 ------------------------------------------------------------


def test_a_new_address_answers_from_then_on() -> None:
    slave = meter()
    raw = slave.receive(bytes.fromhex("68 AA AA AA AA AA AA 68 15 06 45 C3 AB 89 67 45 CF 16"))  # vector
    assert Frame.decode(raw[4:]) == Frame("123456789012", 0x95, b"")
    moved = "000000000777"
    assert ask(slave, 0x15, digits(moved), ADDRESS)[0] == 0x95
    assert ask(slave, 0x13, b"", ADDRESS) == (0, b"")
    assert ask(slave, 0x13, b"", ALL) == (0x93, digits(moved))


@pytest.mark.parametrize("new", [b"\x0a\x00\x00\x00\x00\x00", b"\x01", b""])
def test_what_is_no_address_is_met_with_silence(new: bytes) -> None:
    assert ask(meter(), 0x15, new, ALL) == (0, b"")


def test_a_freeze_at_once_keeps_what_is_shown_now() -> None:
    clock = Clock()
    slave = meter(clock=clock)
    assert ask(slave, 0x16, b"\x99" * 4) == (0x96, DONE)
    assert ask(slave, 0x16, bytes.fromhex("00009999"), EVERYBODY) == (0, b"")  # vector: daily at 00:00
    assert slave.core.freezes.instant(1, 1) == NOW
    clock.pass_(days=1)
    assert read(slave, "05000001") == digits("2603110000")
    assert ask(slave, 0x16, b"\x00\x99\x00\x99") == (0xD6, b"\x01")


@pytest.mark.parametrize(("z", "bps"), [(0x02, 600), (0x08, 2400), (0x40, 19200)])
def test_the_rate_changes_after_the_answer(z: int, bps: int) -> None:
    slave = meter()
    assert ask(slave, 0x17, bytes((z,))) == (0x97, bytes((z,)))
    assert slave.bits_per_second == bps
    assert read(slave, "04000703") == bytes((z,))


@pytest.mark.parametrize("z", [b"\x0c", b"\x00", b"\x80", b"", b"\x08\x08"])
def test_a_rate_that_is_none_is_refused(z: bytes) -> None:
    assert ask(meter(), 0x17, z) == (0xD7, b"\x08")


def test_a_password_is_changed_by_who_knows_it() -> None:
    slave = meter()
    new = bytes.fromhex("04332211")
    order = wire("04000C05") + bytes.fromhex("04000000") + new
    assert ask(slave, 0x18, order) == (0x98, new)
    assert ask(slave, 0x18, order) == (0xD8, b"\x04")
    assert write(slave, "04000301", b"\x09", new) == (0x94, DONE)
    assert ask(slave, 0x18, wire("04000C04") + new + new) == (0xD8, b"\x02")
    assert ask(slave, 0x18, order[:-1]) == (0xD8, b"\x01")


# ---- 19 1A 1B ------------------------------------------------------------


def test_demand_begins_again_after_its_reset() -> None:
    clock = Clock()
    slave = meter(clock=clock)
    assert read(slave, "01010000")[:3] == digits("010000")
    assert ask(slave, 0x19, MASTER_KEY + OPERATOR) == (0x99, DONE)
    assert read(slave, "01010000") == bytes(8)
    [event] = slave.core.events.last(EventKind.DEMAND_RESET)
    assert event.values["total maximum forward active demand before"] == pytest.approx(1.0)
    clock.pass_(minutes=25)
    assert read(slave, "01010000") == digits("010000") + digits("2603101030")
    assert ask(slave, 0x19, MASTER_KEY) == (0xD9, b"\x01")


def test_a_clear_sets_everything_to_zero() -> None:
    clock = Clock()
    slave = meter(clock=clock)
    assert ask(slave, 0x1A, bytes.fromhex("04000000") + OPERATOR) == (0xDA, b"\x04")
    assert ask(slave, 0x1A, CLEAR_KEY + OPERATOR) == (0x9A, DONE)
    assert numbers(read(slave, "0001FF00")) == [0] * 5
    assert ask(slave, 0x11, wire("05060001"))[0] == 0xD1
    clock.pass_(hours=2)
    # 10:20 to 12:20: rate 2 up to 11:00, then rate 3.
    assert numbers(read(slave, "0001FF00")) == [200, 0, 67, 133, 0]
    assert slave.core.events.count(EventKind.METER_CLEAR) == 1


def test_events_are_cleared_all_or_by_kind() -> None:
    slave = meter()
    write(slave, "04000301", b"\x09")
    write(slave, "04000102", digits("102100"))
    only_clock = bytes.fromhex("ff043003")
    assert ask(slave, 0x1B, CLEAR_KEY + OPERATOR + only_clock) == (0x9B, DONE)
    kinds = (EventKind.CLOCK_SET, EventKind.PROGRAMMING)
    assert [slave.core.events.count(kind) for kind in kinds] == [0, 1]
    assert ask(slave, 0x1B, CLEAR_KEY + OPERATOR + b"\xff" * 4) == (0x9B, DONE)
    assert [slave.core.events.count(kind) for kind in kinds] == [0, 0]
    assert slave.core.events.count(EventKind.EVENT_CLEAR) == 2
    assert ask(slave, 0x1B, CLEAR_KEY + OPERATOR + bytes.fromhex("ff00ff09")) == (0xDB, b"\x02")


# ---- 1C 1D 03 ------------------------------------------------------------


def test_an_open_relay_stops_the_registers_and_shows_in_word_3() -> None:
    clock = Clock()
    slave = meter(clock=clock)
    before = numbers(read(slave, "00010000"))
    assert ask(slave, 0x1C, relay_order(0x1A, "260310103000")) == (0x9C, DONE)
    clock.pass_(hours=5)
    assert numbers(read(slave, "00010000")) == before
    assert read(slave, "02030000") == bytes(3)
    assert read(slave, "04000503") == b"\x10\x00"
    assert read(slave, "1D000001") == b"\x01\x00\x00"
    assert read(slave, "1D000101") == digits("260310102000")
    assert ask(slave, 0x1C, relay_order(0x1C)) == (0x9C, DONE)
    assert read(slave, "04000503") == b"\x00\x00"
    clock.pass_(hours=1)
    assert numbers(read(slave, "00010000")) == [before[0] + 100]


@pytest.mark.parametrize(
    ("order", "error"),
    [
        (relay_order(0x1A, "260310101959"), "0100"),  # too late
        (relay_order(0x77), "0100"),
        (relay_order(0x1A)[:-1], "0100"),
        (b"\x02\x11\x11\x11" + relay_order(0x1A)[4:], "0800"),
    ],
)
def test_a_relay_order_that_may_not_be_is_refused_with_two_bytes(order: bytes, error: str) -> None:
    assert ask(meter(), 0x1C, order) == (0xDC, bytes.fromhex(error))


def test_outputs_are_repeated_and_authentication_is_refused() -> None:
    assert ask(meter(), 0x1D, b"\x01") == (0x9D, b"\x01")
    assert ask(meter(), 0x1D, b"\x09") == (0xDD, b"\x01")
    assert ask(meter(), 0x03, bytes(16)) == (0xC3, b"\x08\x00")
    assert ask(meter(), 0x1F) == (0xDF, b"\x01")


def test_a_threshold_that_is_written_judges_from_then_on_only() -> None:
    """What was a loss of voltage under the old trigger stays one, also for whoever asks later."""
    clock = Clock()
    slave = meter(Load(voltage_b=140.0), clock)
    write(slave, "04090101", digits("0000"))
    clock.pass_(hours=2)
    _ = slave.core.past
    (loss,) = slave.core.events.last(EventKind.VOLTAGE_LOSS, "b")
    assert loss.ends_at is not None
    assert loss.ends_at <= NOW + timedelta(minutes=15)
