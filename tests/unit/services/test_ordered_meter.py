"""The one meter of an order, out of its URL and the archive."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from collectors.exchange import Outcome
from pipeline.errors import ConfigError
from pipeline.registry import Bus, Registry
from protocols.session import Answer, Query
from services.ordered_meter import clock_offset_s, parse_ordered_meter
from storage.database import connect
from storage.registry import save_registry

URL = "dlt645+tcp://127.0.0.1:8600/101"
SENT = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)


def test_a_short_address_is_that_of_one_meter() -> None:
    meter = parse_ordered_meter(URL)
    assert (meter.address, meter.version.year, meter.bus.id) == ("000000000101", 2007, "tcp://127.0.0.1:8600")
    assert parse_ordered_meter(f"{URL}?profile=dlt645_1997").version.year == 1997


def test_orders_carry_times_of_the_meter_s_own_zone() -> None:
    assert parse_ordered_meter(URL).zone == ZoneInfo("Asia/Shanghai")
    assert parse_ordered_meter(f"{URL}?zone=Europe/Berlin").zone == ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("dlt645+tcp://127.0.0.1:8600/AAAAAAAA0101", "stands for several"),
        ("dlt645+tcp://127.0.0.1:8600/999999999999", "stands for several"),
        ("dlt645+tcp://127.0.0.1:8600/XYZ", "has 12 digits"),
        ("dlt645+tcp://127.0.0.1:8600/1?profile=nothing", "no profile is called 'nothing'"),
        ("modbus+tcp://127.0.0.1:502/1?profile=eastron_sdm630", "only DL/T 645 meters take orders"),
    ],
)
def test_what_is_no_single_meter_takes_no_order(url: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        parse_ordered_meter(url)


def test_a_line_of_the_archive_is_locked_under_the_collectors_name(
    plain_database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KILOWATCH_DATABASE_URL", plain_database_url)
    monkeypatch.setenv("KILOWATCH_LOCK_DIR", str(tmp_path))
    with connect(plain_database_url) as connection:
        save_registry(connection, Registry(buses=[Bus(id="line-7", url="tcp://127.0.0.1:8600")]))
    assert parse_ordered_meter(URL).bus.id == "line-7"
    assert parse_ordered_meter(URL.replace("8600", "8601")).bus.id == "tcp://127.0.0.1:8601"


def test_only_a_serial_line_has_a_rate_to_change() -> None:
    assert parse_ordered_meter(URL).line_at(9600) is None
    serial = parse_ordered_meter("dlt645+serial:///dev/ttyUSB0/101?baudrate=2400&parity=E")
    assert serial.line_at(9600) == "serial:///dev/ttyUSB0?baudrate=9600&parity=E"


def outcome(clock: str | None) -> Outcome:
    facts = {} if clock is None else {"clock": clock}
    return Outcome(
        event=Answer(query=Query(what="time", body=b"", answer_bytes=1), raw=b"", facts=facts),
        cause=None,
        attempts=1,
        dropped={},
        sent_at=SENT,
        answered_at=SENT + timedelta(seconds=2),
        first_byte_s=1.0,
        raw=b"",
    )


def test_a_clock_is_compared_with_the_middle_of_the_exchange() -> None:
    """It shows 04:00:31 for half a second on average when it is 04:00:01: thirty and a half seconds ahead."""
    assert clock_offset_s([outcome("2026-03-01T04:00:31+00:00")]) == pytest.approx(30.5)
    assert clock_offset_s([outcome(None)]) is None
    assert clock_offset_s([]) is None
