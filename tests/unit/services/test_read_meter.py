"""A meter's URL, taken apart; each mistake is told with an example to copy."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from pipeline.errors import ConfigError
from pipeline.model import MeterId, Quality, Snapshot
from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from services.read_meter import (
    EXAMPLE,
    MeterAddress,
    ReadNow,
    parse_meter_url,
    quantities_named,
    read_as_json,
    read_meter_at,
)


def test_dlt645_on_tcp_needs_only_an_address() -> None:
    assert parse_meter_url("dlt645+tcp://127.0.0.1:8600/000000000101") == MeterAddress(
        line_url="tcp://127.0.0.1:8600",
        address="000000000101",
        profile="dlt645_2007_three_phase",
        wiring=Wiring.THREE_PHASE_FOUR_WIRE,
        timeout_s=2.0,
    )


def test_dlt645_on_a_serial_port_keeps_the_port_and_its_options() -> None:
    found = parse_meter_url("dlt645+serial:///dev/ttyUSB0/000000000101?baudrate=2400&parity=E&wiring=1P2W")
    assert found.line_url == "serial:///dev/ttyUSB0?baudrate=2400&parity=E"
    assert found.address == "000000000101"
    assert found.wiring is Wiring.ONE_PHASE


def test_modbus_names_its_profile_and_time_limit() -> None:
    found = parse_meter_url("modbus+tcp://[::1]:502/1?profile=eastron_sdm630&timeout_s=0.5")
    assert (found.line_url, found.address, found.profile) == ("tcp://[::1]:502", "1", "eastron_sdm630")
    assert found.timeout_s == 0.5


def test_a_meter_s_clock_is_of_the_zone_that_the_url_names() -> None:
    found = parse_meter_url("dlt645+tcp://127.0.0.1:8600/000000000101?zone=Europe/Berlin")
    assert (found.zone, found.line_url) == (ZoneInfo("Europe/Berlin"), "tcp://127.0.0.1:8600")
    assert parse_meter_url("dlt645+tcp://127.0.0.1:8600/000000000101").zone == ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("tcp://127.0.0.1:8600/000000000101", "no transport"),
        ("dlt645://127.0.0.1:8600/000000000101", "no transport"),
        ("127.0.0.1", "no transport"),
        ("", "no transport"),
        ("dlt645+tcp://127.0.0.1:8600", "no address"),
        ("dlt645+tcp://127.0.0.1:8600/", "no address"),
        ("modbus+tcp://127.0.0.1:502/1", "no ?profile="),
        ("modbus+tcp://127.0.0.1:502/1?profile=", "no ?profile="),
        ("dlt645+tcp://127.0.0.1:8600/1?timeout_s=inf", "timeout_s"),
        ("klingon+tcp://127.0.0.1:502/1", "no protocol 'klingon'"),
        ("dlt645+tcp://127.0.0.1:8600/1?wiring=5P6W", "wiring is one of 1P2W, 3P3W, 3P4W, not '5P6W'"),
        ("dlt645+tcp://127.0.0.1:8600/1?wring=1P2W", "unknown option 'wring'; 'wiring' is one"),
        ("dlt645+tcp://127.0.0.1:8600/1?zone=Europe/Berlun", "no time zone is called 'Europe/Berlun'"),
        ("dlt645+tcp://127.0.0.1:8600/1?zone=../x", "no time zone is called '../x'"),
        ("dlt645+tcp://127.0.0.1:8600/1?timeout_s=soon", "could not convert string to float: 'soon'"),
        ("dlt645+tcp://127.0.0.1:8600/1?timeout_s=-1", "timeout_s"),
        ("dlt645+tcp://127.0.0.1:8600/1?timeout_s=nan", "timeout_s"),
        ("dlt645+tcp://[::1:8600/1", "Invalid IPv6 URL"),
    ],
)
def test_a_wrong_url_says_what_is_missing(url: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_meter_url(url)
    assert said in str(caught.value)
    assert repr(url) in str(caught.value)
    assert EXAMPLE in str(caught.value)


def test_quantities_are_found_by_name() -> None:
    assert quantities_named([]) == frozenset()
    assert quantities_named(["voltage_a", "frequency"]) == {Quantity.VOLTAGE_A, Quantity.FREQUENCY}


def test_an_unknown_quantity_is_told_with_its_neighbours() -> None:
    with pytest.raises(
        ConfigError, match="unknown quantities: voltage_x; near: voltage_a, voltage_b"
    ) as caught:
        quantities_named(["voltage_x", "frequency"])
    assert "frequency" not in str(caught.value)


def test_a_quantity_like_no_other_has_no_neighbours() -> None:
    with pytest.raises(ConfigError, match=r"unknown quantities: , xyz; near: -$"):
        quantities_named(["xyz", ""])


def test_an_unknown_profile_lists_those_there_are() -> None:
    with pytest.raises(ConfigError, match=r"no profile is called 'sdm'; there are: .*eastron_sdm630"):
        read_meter_at("modbus+tcp://127.0.0.1:502/1?profile=sdm", frozenset())


def test_a_profile_of_another_protocol_is_refused() -> None:
    with pytest.raises(ConfigError, match="eastron_sdm630 speaks modbus"):
        read_meter_at("dlt645+tcp://127.0.0.1:502/1?profile=eastron_sdm630", frozenset())


@pytest.mark.parametrize("address", ["XYZ", "1234567890123", "一二三"])
def test_an_address_that_no_meter_can_have_is_refused(address: str) -> None:
    with pytest.raises(ConfigError, match=r"meter URL .*DL/T 645 address has 12 digits"):
        read_meter_at(f"dlt645+tcp://127.0.0.1:1/{address}", frozenset())


@pytest.mark.parametrize("unit", ["0", "248", "one"])
def test_a_unit_that_modbus_does_not_have_is_refused(unit: str) -> None:
    with pytest.raises(ConfigError, match="meter URL"):
        read_meter_at(f"modbus+tcp://127.0.0.1:1/{unit}?profile=eastron_sdm630", frozenset())


def test_a_quantity_that_the_profile_lacks_is_told_before_anything_is_sent() -> None:
    with pytest.raises(ConfigError, match="eastron_sdm630 has no temperature"):
        read_meter_at(
            "modbus+tcp://127.0.0.1:1/1?profile=eastron_sdm630",
            frozenset({Quantity.TEMPERATURE, Quantity.VOLTAGE_A}),
        )


def test_the_json_form_has_values_units_and_flags_by_name() -> None:
    at = datetime(2026, 11, 22, tzinfo=UTC)
    snapshot = Snapshot(
        meter=MeterId("M"),
        taken_at=at,
        received_at=at,
        values={Quantity.VOLTAGE_A: 220.5},
        quality=Quality.PARTIAL,
        flags={Quantity.VOLTAGE_B: Quality.NOT_BCD | Quality.OUT_OF_RANGE},
    )
    read = ReadNow(snapshot=snapshot, deviations=("closes blocks with AA",), failure="no answer: 0201FF00 #1")
    assert read_as_json(read) == {
        "meter_id": "M",
        "taken_at": at,
        "quality": ["partial"],
        "flags": {"voltage_b": ["out_of_range", "not_bcd"]},
        "values": {"voltage_a": 220.5},
        "units": {"voltage_a": "V"},
        "missing": "no answer: 0201FF00 #1",
        "not_told": [],
        "deviations": ["closes blocks with AA"],
    }
