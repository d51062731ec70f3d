"""A meter of the archive by its URL: what ``kilowatch control`` takes, on the line that a collector owns."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from pipeline.errors import ConfigError
from services.order_address import order_url
from services.ordered_meter import parse_ordered_meter
from storage.order_meters import OrderPlace

PLACE = OrderPlace(
    meter="M1",
    wiring="3P4W",
    zone="Asia/Urumqi",
    address="000000000101",
    profile="dlt645_2007_three_phase",
    line_url="tcp://10.0.0.7:8600",
)


@pytest.mark.parametrize(
    "line_url", ["tcp://10.0.0.7:8600", "serial:///dev/ttyUSB0?baudrate=2400&parity=E", "serial:///dev/ttyS1"]
)
def test_the_meter_and_its_line_come_back_out_of_the_url(line_url: str) -> None:
    meter = parse_ordered_meter(order_url(replace(PLACE, line_url=line_url)))
    assert (meter.address, meter.bus.url, meter.zone) == ("000000000101", line_url, ZoneInfo("Asia/Urumqi"))


def test_what_the_archive_does_not_say_is_the_usual() -> None:
    meter = parse_ordered_meter(order_url(replace(PLACE, wiring=None, zone=None)))
    assert meter.zone == ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize("lacking", ["address", "profile", "line_url"])
def test_a_meter_without_a_line_address_or_profile_takes_no_order(lacking: str) -> None:
    without = replace(PLACE, **{lacking: None})  # type: ignore[arg-type]  # one of the fields above
    with pytest.raises(ConfigError, match="M1 has no bus, address or profile"):
        order_url(without)


def test_only_meters_of_dlt645_take_orders() -> None:
    with pytest.raises(ConfigError, match="only DL/T 645 meters"):
        parse_ordered_meter(order_url(replace(PLACE, profile="eastron_sdm630", address="1")))
