"""The figures themselves are the benchmark's; here: that fleets are what the figures are said to be of."""

from collections import Counter

from services.benchmarks.rows import benchmarks, growing
from services.benchmarks.scale import GROUPS, METERS_OF_BUS, fleet_registry
from services.settings import Settings
from services.wiring import bus_plans, utc_now


def test_a_fleet_hangs_on_buses_of_32_meters_each_with_an_address_of_its_own() -> None:
    registry = fleet_registry(100, 5000, 10)
    on_bus = Counter(installation.bus for installation in registry.installations)
    assert sorted(on_bus.values()) == [4, METERS_OF_BUS, METERS_OF_BUS, METERS_OF_BUS]
    assert len({installation.address for installation in registry.installations}) == 100
    assert {bus.url for bus in registry.buses} == {"tcp://127.0.0.1:5000"}


def test_both_groups_of_every_meter_are_due_in_each_slot() -> None:
    plans = bus_plans(fleet_registry(33, 5000, 10), Settings(), utc_now())
    assert [len(plan.targets) for plan in plans] == [32, 1]
    due = {schedule.group for plan in plans for target in plan.targets for schedule in target.schedules}
    assert due == set(GROUPS)


def test_what_takes_numbers_of_meters_also_has_usual_ones() -> None:
    assert set(growing.all()) == {"api", "archive", "scale"}
    assert set(growing.all()) < set(benchmarks.all())
