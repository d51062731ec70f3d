"""The archive joined to drivers: every mistake is told before a line is opened."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from pipeline.errors import ConfigError
from pipeline.model import MeterId
from pipeline.registry import Bus, Installation, Meter, Registry, Schedule, Wiring
from services.settings import Settings
from services.wiring import (
    bus_groups,
    bus_plans,
    driver_of,
    load_profiles,
    primary_profiles,
    profile_of,
    station_of,
)

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
DLT645 = Installation(
    meter=MeterId("M1"), bus="b1", address="000000000101", profile="dlt645_2007_three_phase"
)
MODBUS = Installation(meter=MeterId("M2"), bus="b2", address="1", profile="eastron_sdm630")
REGISTRY = Registry(
    meters=[Meter(id=MeterId("M1")), Meter(id=MeterId("M2"))],
    installations=[DLT645, MODBUS],
    buses=[Bus(id="b1", url="tcp://127.0.0.1:1"), Bus(id="b2", url="tcp://127.0.0.1:2")],
    schedules=[Schedule(group="register", every_s=900), Schedule(group="statistics", every_s=3600)],
)
PROFILE = """
protocol = "modbus"
description = "one register"
side = "primary"
source = "test"
[[points]]
quantity = "voltage_a"
address = 0
function = 4
type = "float32"
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(lock_dir=tmp_path / "locks")


def test_each_bus_has_its_meters_and_the_schedules_they_can_serve(settings: Settings) -> None:
    first, second = bus_plans(REGISTRY, settings, NOW)
    assert [(p.owner.bus.id, [t.meter for t in p.targets]) for p in (first, second)] == [
        ("b1", ["M1"]),
        ("b2", ["M2"]),
    ]
    (target,) = second.targets
    assert [schedule.group for schedule in target.schedules] == ["register"]
    assert not target.linger
    assert not settings.lock_dir.exists()


def test_an_archive_without_schedules_is_read_by_default_and_only_then(settings: Settings) -> None:
    def groups(registry: Registry) -> dict[str, int]:
        (target,) = bus_plans(registry, settings, NOW)[0].targets
        return {schedule.group: schedule.every_s for schedule in target.schedules}

    bare = groups(replace(REGISTRY, schedules=[]))
    assert (bare["register"], bare["electrical"], bare["device"]) == (900, 300, 3600)
    assert groups(replace(REGISTRY, schedules=[Schedule(group="event", every_s=60)])) == bare
    assert "electrical" not in groups(REGISTRY)


def test_a_bus_without_meters_and_a_meter_without_a_bus_are_no_mistake(settings: Settings) -> None:
    registry = replace(REGISTRY, installations=[MODBUS, replace(DLT645, bus=None)])
    assert [len(plan.targets) for plan in bus_plans(registry, settings, NOW)] == [0, 1]


def test_only_installations_in_force_are_read(settings: Settings) -> None:
    registry = replace(REGISTRY, installations=[replace(DLT645, ends_at=NOW), replace(MODBUS, starts_at=NOW)])
    assert [len(plan.targets) for plan in bus_plans(registry, settings, NOW)] == [0, 1]


def test_meters_alike_share_a_driver_and_others_do_not() -> None:
    profile = load_profiles()["dlt645_2007_three_phase"]
    meter = Meter(id=MeterId("M1"), wiring=Wiring.THREE_PHASE_FOUR_WIRE)
    shared = driver_of(meter, profile)
    assert driver_of(replace(meter, id=MeterId("M3")), profile) is shared
    assert driver_of(replace(meter, wiring=Wiring.ONE_PHASE), profile) is not shared
    assert driver_of(meter, replace(profile, daily_freeze_days=1)) is not shared


@pytest.mark.parametrize("name", ["sdm", None])
def test_an_unknown_profile_is_told_with_the_meter_and_those_there_are(
    settings: Settings, name: str | None
) -> None:
    registry = replace(REGISTRY, installations=[replace(MODBUS, profile=name)])
    with pytest.raises(ConfigError, match=rf"meter M2: profile {name!r} is not known; there are: .*sdm630"):
        bus_plans(registry, settings, NOW)


def test_a_station_refuses_an_unknown_profile_as_clearly(settings: Settings) -> None:
    registry = replace(REGISTRY, installations=[replace(MODBUS, profile="sdm")])
    named = settings.model_copy(update={"database_url": SecretStr("postgresql://x")})
    with pytest.raises(ConfigError, match="meter M2: profile 'sdm' is not known"):
        station_of(named, registry)


def test_a_meter_on_an_unknown_bus_is_told(settings: Settings) -> None:
    registry = replace(REGISTRY, buses=REGISTRY.buses[:1])
    with pytest.raises(ConfigError, match="meter M2: its bus 'b2' is not in the archive"):
        bus_plans(registry, settings, NOW)


def test_an_address_that_is_no_line_is_told_with_its_bus(settings: Settings) -> None:
    registry = replace(REGISTRY, buses=[Bus(id="b1", url="carrier-pigeon"), REGISTRY.buses[1]])
    with pytest.raises(ConfigError, match="carrier-pigeon"):
        bus_plans(registry, settings, NOW)


def test_the_projects_own_profiles_are_found() -> None:
    assert {"dlt645_2007_single_phase", "dlt645_2007_three_phase", "eastron_sdm630"} <= set(load_profiles())


def test_further_profiles_come_from_a_folder_and_may_be_primary(tmp_path: Path) -> None:
    (tmp_path / "own_meter.toml").write_text(PROFILE, encoding="utf-8")
    (tmp_path / "notes.txt").write_text("no profile", encoding="utf-8")
    assert "own_meter" in load_profiles(tmp_path)
    assert primary_profiles(Settings(profile_dir=tmp_path)) == primary_profiles(Settings()) | {"own_meter"}


def test_two_profiles_of_one_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "eastron_sdm630.toml").write_text(PROFILE, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"two profiles are called 'eastron_sdm630': rename .*sdm630.toml"):
        load_profiles(tmp_path)


def test_a_folder_of_profiles_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"KILOWATCH_PROFILE_DIR.*nowhere"):
        load_profiles(tmp_path / "nowhere")


def test_a_wrong_profile_is_told_by_name(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text(PROFILE.replace("voltage_a", "tension"), encoding="utf-8")
    with pytest.raises(
        ConfigError, match=r"profile bad: point tension \(entry 1\): 'tension' is not a valid Quantity"
    ):
        load_profiles(tmp_path)


def test_the_profile_of_an_installation_is_looked_up() -> None:
    assert profile_of(MODBUS, load_profiles()).name == "eastron_sdm630"


def test_buses_are_read_in_groups() -> None:
    assert bus_groups(["a", "b", "c"], 2) == [["a", "b"], ["c"]]
    assert bus_groups([], 2) == []


def test_a_collector_may_be_given_some_of_the_buses(settings: Settings) -> None:
    (plan,) = bus_plans(REGISTRY, settings, NOW, only="a*, ?2")
    assert (plan.owner.bus.id, [target.meter for target in plan.targets]) == ("b2", ["M2"])


def test_patterns_that_fit_no_bus_are_refused_by_name(settings: Settings) -> None:
    with pytest.raises(ConfigError, match=r"KILOWATCH_BUSES=north-\*: fits none of the 2 buses .* 'b1'"):
        bus_plans(REGISTRY, settings, NOW, only="north-*")
