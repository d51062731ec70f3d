import numpy as np

from detectors.catalogue import Needs
from detectors.engine import run
from pipeline.quantities import Quantity
from services.benchmarks.fleet_areas import areas

VOLTAGE = Quantity.VOLTAGE_A


def test_voltages_of_one_phase_move_together_and_apart_from_the_others() -> None:
    fleet = areas(120, 3)
    volts = fleet.window(Needs(quantities=(VOLTAGE,))).values[VOLTAGE]
    known = np.isfinite(volts[[3, 51, 4]]).all(axis=0)
    own, same, other = volts[[3, 51, 4]][:, known].astype(np.float64)
    alike = float(np.corrcoef(own, same)[0, 1])
    assert alike > 0.9
    assert float(np.corrcoef(own, other)[0, 1]) < alike


def test_the_supply_meter_counts_its_members_and_what_the_line_takes() -> None:
    fleet = areas(30, 1)
    np.testing.assert_allclose(fleet.kw[:, 0].sum(axis=0), 1.02 * fleet.kw[:, 1:].sum(axis=(0, 1)))


def test_members_are_parted_into_areas() -> None:
    registry = areas(450, 1).registry
    assert [area.id for area in registry.areas] == ["A0", "A1", "A2"]
    assert len(registry.area_members) == 450


def test_nobody_of_the_areas_is_accused() -> None:
    fleet = areas(60, 30)
    needs = Needs(quantities=(*(Quantity(f"voltage_{phase}") for phase in "abc"), Quantity.ACTIVE_POWER))
    assert run(fleet.window(needs), fleet.registry, only=["topology"]) == []
