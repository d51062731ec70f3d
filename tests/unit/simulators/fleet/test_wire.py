"""The wire side of a fleet's meters."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipeline.errors import ConfigError
from simulators.dlt645_meter import Dlt645Meter
from simulators.dlt645_meter_1997 import Dlt645Meter1997
from simulators.fleet.build import build_fleet
from simulators.fleet.file import parse_fleet
from simulators.fleet.wire import slave_maker
from simulators.modbus_meter import ModbusMeter
from simulators.sunspec_meter import SunSpecMeter

NOW = datetime(2024, 6, 15, 7, 33, 20, tzinfo=UTC)
FLEET = """
[fleet]
history_days = 1
[[area]]
id = "TQ"
[[bus]]
id = "line"
protocol = "modbus"
[[meters]]
count = 1
id = "M{n}"
bus = "line"
address = "{n}"
profile = "PROFILE"
area = "TQ"
load = "office"
peak_kw = 10
"""


def slave_of(profile: str, fleet_file: str = FLEET) -> object:
    fleet = build_fleet(parse_fleet(fleet_file.replace("PROFILE", profile), "f"), NOW)
    (bus,) = fleet.plan.buses
    (meter,) = fleet.meters
    return slave_maker(fleet, lambda: NOW)(bus, meter)


@pytest.mark.parametrize(
    ("profile", "kind"), [("eastron_sdm630", ModbusMeter), ("sunspec_meter", SunSpecMeter)]
)
def test_a_meter_on_a_modbus_line_speaks_as_its_profile_says(profile: str, kind: type) -> None:
    assert type(slave_of(profile)) is kind


@pytest.mark.parametrize(
    ("profile", "kind"), [("dlt645_2007_three_phase", Dlt645Meter), ("dlt645_1997", Dlt645Meter1997)]
)
def test_a_meter_on_a_dlt645_line_speaks_the_edition_of_its_profile(profile: str, kind: type) -> None:
    slave = slave_of(profile, FLEET.replace('"modbus"', '"dlt645"'))
    assert type(slave) is kind
    assert isinstance(slave, Dlt645Meter | Dlt645Meter1997)
    assert slave.core.parameters.content("04000406")[::-1] == b"60A\0\0\0"


def test_a_profile_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(ConfigError, match=r"no profile 'sdm'; known: .*sunspec_meter"):
        slave_of("sdm")
