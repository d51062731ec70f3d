"""Faults planted into a world: what is drawn and metered, and the label that says so."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from pipeline.model import MeterId
from pipeline.registry import Wiring
from simulators.faults.deed import deeds
from simulators.faults.planting import PlantedFault, max_demand_kw, plant
from simulators.faults.truth import Truth
from simulators.physics.loads import LoadCurve
from simulators.physics.model import MeterConfig
from simulators.physics.window import Window
from simulators.physics.world import World, honest_world, model_of

START = datetime(2024, 6, 2, 16, tzinfo=UTC)
LATER = START + timedelta(days=2)
BUSY = LoadCurve.of(START, 5, np.linspace(100, 200, 288), np.linspace(50, 100, 288))


def world(wiring: Wiring = Wiring.THREE_PHASE_FOUR_WIRE) -> World:
    return honest_world(MeterConfig(id=MeterId("M1"), wiring=wiring, ct=40, base_kwh=1000), BUSY, seed=3)


def night(hours: float = 3, after: float = 2) -> Window:
    start = START + timedelta(hours=after)
    return Window(starts_at=start, ends_at=start + timedelta(hours=hours))


def fault(deed: str, *windows: Window, twin: bool = False, **values: float | str) -> PlantedFault:
    usual = {key.name: key.default for key in deeds.get(deed).keys if key.default is not None}
    return PlantedFault(
        meter=MeterId("M1"),
        service_point="SP-M1",
        deed=deed,
        windows=windows or (night(),),
        values=usual | values,
        twin=twin,
        why="for a test",
    )


def labelled(planted: PlantedFault, wiring: Wiring = Wiring.THREE_PHASE_FOUR_WIRE) -> Truth:
    _, (label,) = plant(world(wiring), [planted], LATER)
    return label


def test_the_label_of_a_load_is_measured_on_the_curve() -> None:
    after, (label,) = plant(world(), [fault("load", kw=80.0)], LATER)
    assert (label.deed, label.detector, label.number) == ("load", "suspended_load", "D15")
    assert label.max_kw == pytest.approx(80)
    assert label.energy_kwh == pytest.approx(240)
    assert (label.starts_at, label.ends_at) == (night().starts_at, night().ends_at)
    drawn = after.drawn.total
    assert drawn.power_kw(night().starts_at) == pytest.approx(80)
    for outside in (night().starts_at - timedelta(seconds=1), night().ends_at):
        assert drawn.power_kw(outside) == pytest.approx(BUSY.power_kw(outside))


def test_a_fault_that_goes_on_has_no_end_and_counts_up_to_now() -> None:
    _, (label,) = plant(world(), [fault("load", kw=80.0)], night().starts_at + timedelta(hours=1))
    assert label.ends_at is None
    assert label.energy_kwh == pytest.approx(80)


def test_a_fault_that_lies_ahead_has_no_label() -> None:
    assert plant(world(), [fault("load", kw=80.0)], START)[1] == []


def test_each_window_has_a_label_of_its_own() -> None:
    _, labels = plant(world(), [fault("voltage", night(), night(after=9), factor=0.84)], LATER)
    assert [label.starts_at for label in labels] == [night().starts_at, night(after=9).starts_at]
    assert {(label.energy_kwh, label.number) for label in labels} == {(None, None)}


def energy_kwh(window: Window) -> float:
    return BUSY.energy_kwh(window.ends_at) - BUSY.energy_kwh(window.starts_at)


@pytest.mark.parametrize(
    ("planted", "wiring", "share"),
    [
        # One current of a balanced four-wire meter carries its phase's share: 0.34, 0.33, 0.33 here.
        (fault("current_loss", phase="c"), Wiring.THREE_PHASE_FOUR_WIRE, 0.33),
        (fault("reversed_current", phase="a"), Wiring.THREE_PHASE_FOUR_WIRE, 2 * 0.34),
        (fault("voltage_loss", phase="b", factor=0.6), Wiring.THREE_PHASE_FOUR_WIRE, 0.4 * 0.33),
        (fault("total_voltage_loss"), Wiring.THREE_PHASE_FOUR_WIRE, 1.0),
        (fault("bypass", factor=0.4), Wiring.ONE_PHASE, 0.6),
        (fault("theft_h1", factor=0.3), Wiring.THREE_PHASE_FOUR_WIRE, 0.7),
        (fault("stopped_register"), Wiring.THREE_PHASE_FOUR_WIRE, 1.0),
        (fault("runaway_register", factor=20.0), Wiring.THREE_PHASE_FOUR_WIRE, -19.0),
        # Without b each element of a three-wire meter has half of Uac: together they count half (K = 2).
        (fault("voltage_loss", phase="b", factor=0.0), Wiring.THREE_PHASE_THREE_WIRE, 0.5),
    ],
    ids=lambda value: value.deed if isinstance(value, PlantedFault) else None,
)
def test_the_energy_at_stake_is_what_the_register_does_not_count(
    planted: PlantedFault, wiring: Wiring, share: float
) -> None:
    assert labelled(planted, wiring).energy_kwh == pytest.approx(share * energy_kwh(night()), rel=1e-9)


def test_a_load_that_goes_round_the_meter_is_at_stake_whole() -> None:
    assert labelled(fault("bypass_load", kw=3.0)).energy_kwh == pytest.approx(9.0)


def test_faults_of_one_meter_are_done_one_after_the_other() -> None:
    half = fault("theft_h1", factor=0.5)
    after, labels = plant(world(), [half, half], LATER)
    assert [label.energy_kwh for label in labels] == pytest.approx(
        [0.5 * energy_kwh(night()), 0.25 * energy_kwh(night())]
    )
    counted = [model_of(after).register_kwh(edge) * 40 for edge in (night().starts_at, night().ends_at)]
    assert counted[1] - counted[0] == pytest.approx(0.25 * energy_kwh(night()))


def test_maximum_demand_is_a_mean_over_a_quarter_of_an_hour() -> None:
    spike = LoadCurve.of(START, 5, [0.0, 60.0, 0.0, 9.0, 9.0, 9.0])
    assert max_demand_kw(spike, Window(starts_at=START, ends_at=START + timedelta(minutes=30))) == 20.0
