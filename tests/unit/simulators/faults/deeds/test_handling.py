"""What hands do to a meter: what is planted beside the label, and what the archive has of it."""

from datetime import UTC, datetime, timedelta

import pytest

from pipeline.events import EventKind
from pipeline.model import MeterId
from pipeline.registry import Wiring
from simulators.faults.deed import deeds
from simulators.faults.planting import PlantedFault, plant
from simulators.faults.truth import Truth
from simulators.physics.handling import Bridged, DemandReset, Opened, Programmed
from simulators.physics.loads import LoadCurve
from simulators.physics.model import MeterConfig
from simulators.physics.window import Window
from simulators.physics.world import World, honest_world

START = datetime(2024, 6, 2, 16, tzinfo=UTC)
CURVE = LoadCurve.of(START, 15, [100.0] * 192, [20.0] * 192)
WINDOW = Window(starts_at=START + timedelta(hours=10), ends_at=START + timedelta(hours=20))


def done(deed: str, **values: float | str) -> tuple[World, Truth]:
    usual = {key.name: key.default for key in deeds.get(deed).keys if key.default is not None}
    config = MeterConfig(id=MeterId("M1"), wiring=Wiring.THREE_PHASE_FOUR_WIRE, ct=40)
    fault = PlantedFault(
        meter=MeterId("M1"), service_point="SP", deed=deed, windows=[WINDOW], values=usual | values
    )
    world, (label,) = plant(honest_world(config, CURVE), [fault], START + timedelta(days=2))
    return world, label


def test_an_opened_meter_counts_a_share_and_the_label_says_how_much_is_missing() -> None:
    world, label = done("meter_opened", factor=0.6)
    (opened,) = world.handlings
    assert isinstance(opened, Opened)
    assert opened.kind is EventKind.COVER_OPEN
    assert opened.window.ends_at - opened.window.starts_at == timedelta(minutes=10)
    assert label.number == "D12"
    assert label.energy_kwh == pytest.approx(0.4 * 100 * 10)
    assert world.work_orders == ()


def test_without_a_drop_of_use_nothing_is_missing() -> None:
    _, label = done("meter_opened", factor=1.0)
    assert label.energy_kwh == pytest.approx(0)


@pytest.mark.parametrize("deed", ["meter_opened", "parameter_changed", "demand_reset"])
def test_what_was_ordered_has_a_work_order_around_its_beginning(deed: str) -> None:
    world, _ = done(deed, ordered="yes")
    assert world.work_orders[0].starts_at < WINDOW.starts_at < world.work_orders[0].ends_at


def test_who_sets_a_parameter_right_has_an_order_though_who_changed_it_had_none() -> None:
    world, label = done("parameter_changed", parameter="ct_ratio")
    (order,) = world.work_orders
    assert order.starts_at < WINDOW.ends_at < order.ends_at
    (written,) = world.handlings
    assert isinstance(written, Programmed)
    assert (written.identifier, written.content, label.number) == ("04000306", "000001", "D13")


def test_a_demand_reset_is_one_instant_and_a_bridged_relay_lasts() -> None:
    assert done("demand_reset")[0].handlings == (DemandReset(window=WINDOW),)
    world, label = done("bridged_relay", kw=2.0, power_factor=1.0)
    assert world.handlings == (Bridged(window=WINDOW),)
    assert label.energy_kwh == pytest.approx(20)
