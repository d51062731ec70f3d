from datetime import timedelta

import pytest

from pipeline.registry import Wiring
from simulators.dlt645.traits import Traits
from tests.unit.simulators.dlt645.bench import (
    MEMORY_FROM,
    NOW,
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

REGISTERS = ("0000", "0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008")


@pytest.mark.parametrize("register", REGISTERS)
def test_a_block_adds_up_in_its_digits_and_agrees_with_its_members(register: str) -> None:
    slave = meter(Load(kw=0.777))
    block = numbers(read(slave, f"{register}FF00"))
    assert len(block) == 5
    assert block[0] == sum(block[1:])
    assert block == [numbers(read(slave, f"{register}{rate:02X}00"))[0] for rate in range(5)]


def test_combined_active_is_import_plus_export_or_what_its_word_says() -> None:
    clock, load = Clock(), Load(kw=2.0, active_energy_export=100.0)
    slave = meter(load, clock)
    imported, exported = (numbers(read(slave, f"000{n}0000"))[0] for n in (1, 2))
    assert numbers(read(slave, "00000000")) == [imported + exported]
    assert write(slave, "04000601", b"\x09") == (0x94, b"")
    assert numbers(read(slave, "00000000")) == [imported - exported]
    load.shown.clear()
    load.shown.update({k: 100.0 if "export" in k else 30.0 for k in load.read(NOW) if "active_energy" in k})
    clock.pass_(seconds=1)
    raw = read(slave, "00000000")
    assert raw[3] & 0x80
    assert numbers(raw[:3] + bytes((raw[3] & 0x7F,))) == [7000]


def test_settlements_go_back_to_where_memory_begins() -> None:
    slave = meter()
    # One settlement lies within the memory: 1 March 00:00 local, 1400 hours and 1 kW after the start.
    assert numbers(read(slave, "00010001")) == [140800]
    assert numbers(read(slave, "0001FF01"))[0] == 140800
    assert ask(slave, 0x11, wire("00010002")) == (0xD1, b"\x02")
    assert numbers(read(slave, "000100FF")) == [163433, 140800]


def test_demand_has_its_time_and_a_rate_that_never_ran_has_none() -> None:
    clock = Clock(MEMORY_FROM + timedelta(hours=6))
    slave = meter(clock=clock)
    block = read(slave, "0101FF00")
    assert len(block) == 5 * 8
    assert block[:3] == digits("010000")
    assert block[8:16] == bytes(8)  # rate 1 runs in the evening


@pytest.mark.parametrize(
    ("di", "error"),
    [("00010500", 2), ("000B0000", 2), ("02010500", 2), ("DEADBEEF", 2), ("00013F00", 2), ("04000C01", 2)],
)
def test_what_the_meter_does_not_have_is_no_such_data(di: str, error: int) -> None:
    assert ask(meter(), 0x11, wire(di)) == (0xD1, bytes((error,)))


def test_a_short_identifier_is_another_error() -> None:
    assert ask(meter(), 0x11, b"\x00\x00") == (0xD1, b"\x01")


def test_a_family_of_parameters_is_one_block_with_clock_and_names() -> None:
    slave = meter()
    assert read(slave, "040004FF")[:12] == 2 * digits("123456789012")
    assert read(slave, "040001FF")[:7] == digits("26031002") + digits("102000")
    assert len(read(slave, "040100FF")) == 9 * 42
    assert read(slave, "040006FF") == b"\x05\x05\x50"


def test_the_freeze_mode_word_says_what_is_frozen() -> None:
    slave = meter()
    assert numbers(read(slave, "05060101"))[0] == 162400
    assert write(slave, "04000902", b"\x01") == (0x94, b"")
    assert len(read(slave, "05060101")) == 20
    assert ask(slave, 0x11, wire("05060501")) == (0xD1, b"\x02")
    assert read(slave, "05060001") == digits("2603100000")


def test_an_hour_is_frozen_without_its_rates() -> None:
    assert numbers(read(meter(), "05040101")) == [163400]


def test_registers_are_zero_while_it_boots() -> None:
    load, clock = Load(), Clock()
    load.dark = [(NOW - timedelta(hours=1), NOW)]
    slave = meter(load, clock, traits=Traits(boot_zero_s=10))
    assert numbers(read(slave, "0001FF00")) == [0] * 5
    assert numbers(read(slave, "00010000")) == [0]
    clock.pass_(seconds=10)
    assert numbers(read(slave, "00010000")) == [163434]


def test_registers_of_fewer_digits_roll_over_earlier() -> None:
    slave = meter(Load(kw=10.0), traits=Traits(register_digits=6))
    assert numbers(read(slave, "00010000")) == [634333]  # 16343.33 kWh


def test_statistics_of_the_month_have_their_nine_fields() -> None:
    content = read(meter(Load(voltage_a=240.0)), "03100000")
    assert len(content) == 27
    assert content[:3] == digits("013575")
    assert content[3:6] == digits("000000")  # no minute within the limits
    assert content[9:12] == digits("013575")
    assert content[15:17] == digits("2400")


def test_a_single_phase_meter_has_no_other_phases() -> None:
    slave = meter(wiring=Wiring.ONE_PHASE)
    assert read(slave, "0201FF00").hex() == "0022ffffffff"
    assert ask(slave, 0x11, wire("02010200")) == (0xD1, b"\x02")


def test_an_outage_is_in_the_records_when_power_is_back() -> None:
    load = Load()
    load.dark = [(NOW - timedelta(hours=2), NOW - timedelta(hours=1))]
    slave = meter(load)
    assert read(slave, "03110000") == digits("000001")
    assert read(slave, "03110001") == digits("260310082000") + digits("260310092000")
