"""A line's URL, taken apart, and the meters of simulated lines, found."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from pipeline.errors import ConfigError, NoAnswerError
from pipeline.quantities import Quantity
from services.scan import require_meters, scan
from services.scan_line import parse_line_url
from services.wiring import load_profiles
from simulators.dlt645_meter import Dlt645Meter
from simulators.modbus_meter import ModbusMeter
from simulators.sunspec_meter import SunSpecMeter
from tests.threads import line_of

NOW = datetime(2026, 3, 1, tzinfo=UTC)


class Steady:
    def read(self, instant: datetime) -> Mapping[Quantity, float]:  # noqa: ARG002 - the shape of every model
        return {
            Quantity.VOLTAGE_A: 230.0,
            Quantity.VOLTAGE_B: 231.0,
            Quantity.VOLTAGE_C: 229.0,
            Quantity.FREQUENCY: 50.0,
            Quantity.ACTIVE_ENERGY_IMPORT: 12.5,
        }


def test_dlt645_meters_are_found_with_their_profile() -> None:
    slaves = [Dlt645Meter(address, Steady(), lambda: NOW) for address in ("202400010001", "202400010002")]
    news: list[str] = []
    with line_of(slaves) as peer:
        report = scan(f"dlt645+tcp://{peer}?timeout_s=0.2", tell=news.append)
    assert [(m.address, m.version, m.profile) for m in report.meters] == [
        ("202400010001", 2007, "dlt645_2007_three_phase"),
        ("202400010002", 2007, "dlt645_2007_three_phase"),
    ]
    assert report.meters[0].url == f"dlt645+tcp://{peer}/202400010001"
    assert news


def test_a_modbus_meter_is_named_by_the_one_profile_that_fits() -> None:
    profile = load_profiles()["abb_b23_b24"]
    with line_of([ModbusMeter(3, profile, Steady(), lambda: NOW)]) as peer:
        report = scan(f"modbus+tcp://{peer}?timeout_s=0.1", units=(2, 4), tell=lambda _news: None)
    assert [(m.address, m.profile) for m in report.meters] == [("3", "abb_b23_b24")]


def test_a_sunspec_meter_names_itself() -> None:
    with line_of([SunSpecMeter(3, Steady(), lambda: NOW)]) as peer:
        report = scan(f"modbus+tcp://{peer}?timeout_s=0.1", units=(3, 3), tell=lambda _news: None)
    (meter,) = report.meters
    assert (meter.profile, meter.remark) == (
        "sunspec_meter",
        "Kilowatch Simulated meter, serial 202400010001, version 1.0",
    )
    assert meter.facts["sunspec_model"] == "203"
    assert meter.url == f"modbus+tcp://{peer}/3?profile=sunspec_meter"


MAPS = {profile.name: profile for profile in load_profiles().values() if profile.protocol == "modbus"}
WITHOUT_PROBE = {"acrel_adw300": "no source gives its frequency, so there is nothing to ask"}


def test_each_shipped_map_is_named_or_left_to_a_person_with_the_reason() -> None:
    """All models on one line: what a scan cannot tell apart is what the profiles say, and nothing else."""
    units = {name: unit for unit, name in enumerate(MAPS, 1)}
    slaves = [ModbusMeter(unit, MAPS[name], Steady(), lambda: NOW) for name, unit in units.items()]
    with line_of(slaves) as peer:
        report = scan(f"modbus+tcp://{peer}?timeout_s=0.2", units=(1, len(units)), tell=lambda _news: None)
    found = {
        name: meter for meter in report.meters for name, unit in units.items() if meter.address == str(unit)
    }
    assert set(found) == set(MAPS)
    for name, profile in MAPS.items():
        meter = found[name]
        if name in WITHOUT_PROBE:
            assert not profile.probe
            assert (meter.profile, "no profile fits" in meter.remark) == (None, True)
        elif profile.lookalikes:
            assert meter.profile is None
            assert f"several profiles fit: {', '.join(sorted({name, *profile.lookalikes}))};" in meter.remark
            assert all(why in meter.remark for why in profile.lookalikes.values())
        else:
            assert (meter.profile, meter.remark) == (name, "")


def test_who_looks_like_another_is_named_by_it_with_the_same_reason() -> None:
    for name, profile in MAPS.items():
        for other, why in profile.lookalikes.items():
            assert MAPS[other].lookalikes[name] == why


def test_what_a_profile_covers_has_no_register_of_its_own() -> None:
    for profile in MAPS.values():
        own = {(p.function, p.address, p.type) for p in profile.points}
        for other in profile.covers:
            assert {(p.function, p.address, p.type) for p in MAPS[other].points} <= own
            assert profile.identity


@pytest.mark.parametrize(
    "variant", ["chint_dtsu666", "chint_dtsu666_401e", "chint_dtsu666_4000", "chint_dtsu666h"]
)
def test_of_the_maps_sold_under_one_name_only_the_right_one_is_named(variant: str) -> None:
    with line_of([ModbusMeter(3, load_profiles()[variant], Steady(), lambda: NOW)]) as peer:
        report = scan(f"modbus+tcp://{peer}?timeout_s=0.1", units=(3, 3), tell=lambda _news: None)
    assert [(m.address, m.profile) for m in report.meters] == [("3", variant)]


def test_a_line_without_meters_ends_with_a_diagnosis() -> None:
    with line_of([]) as peer:
        report = scan(f"dlt645+tcp://{peer}?timeout_s=0.05", tell=lambda _news: None)
    with pytest.raises(NoAnswerError, match="not one byte came back"):
        require_meters(report)


@pytest.mark.parametrize(
    "url",
    ["nonsense", "tcp://127.0.0.1:1", "dlt645+tcp://127.0.0.1:1?timeout_s=0", "dlt645+udp://127.0.0.1:1"],
)
def test_a_url_that_names_no_line_is_refused(url: str) -> None:
    with pytest.raises(ConfigError):
        scan(url, tell=lambda _news: None)


def test_a_serial_line_keeps_its_path_and_settings() -> None:
    where = parse_line_url("dlt645+serial:///dev/ttyUSB0?baudrate=9600")
    assert where.url == "serial:///dev/ttyUSB0?baudrate=9600"
    assert where.meter_url("12", profile="x") == "dlt645+serial:///dev/ttyUSB0/12?baudrate=9600&profile=x"
