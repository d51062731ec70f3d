"""What faults of registers show: the energy around them, and that rates and total belong together."""

from datetime import UTC, datetime, timedelta

import pytest

from pipeline.model import MeterId
from pipeline.quantities import Quantity
from simulators.faults.deed import deeds
from simulators.faults.planting import PlantedFault, plant
from simulators.physics.loads import LoadCurve
from simulators.physics.model import MeterConfig, MeterModel
from simulators.physics.window import Window
from simulators.physics.world import honest_world, model_of

START = datetime(2024, 6, 2, 16, tzinfo=UTC)
AT = START + timedelta(hours=5)
UNTIL = AT + timedelta(minutes=30)
CURVE = LoadCurve.of(START, 15, [8.0] * 96, [2.0] * 96)
IMPORT = Quantity.ACTIVE_ENERGY_IMPORT
RATES = [Quantity(f"active_energy_import_t{n}") for n in (1, 2, 3, 4)]
PHASES = [Quantity(f"active_energy_import_{p}") for p in "abc"]


def meter(deed: str | None = None, **values: float | str) -> MeterModel:
    world = honest_world(MeterConfig(id=MeterId("M"), base_kwh=4321.0), CURVE)
    if deed is not None:
        usual = {key.name: key.default for key in deeds.get(deed).keys if key.default is not None}
        fault = PlantedFault(
            meter=MeterId("M"),
            service_point="SP",
            deed=deed,
            windows=[Window(starts_at=AT, ends_at=UNTIL)],
            values=usual | values,
        )
        world, _ = plant(world, [fault], START + timedelta(days=1))
    return model_of(world)


def shown(model: MeterModel, minutes: float, quantity: Quantity = IMPORT) -> float:
    """Return a register so many minutes after the fault's start."""
    return model.read(AT + timedelta(minutes=minutes))[quantity]


def test_a_register_rolls_over_at_the_end_of_its_digits_and_the_energy_adds_up() -> None:
    rolling = meter("roll_over", digits=5.0)
    assert shown(rolling, -3) == pytest.approx(100_000 - 0.4)
    assert shown(rolling, 3) == pytest.approx(0.4)
    for parts in (RATES, PHASES):
        for minutes in (-3, 3):
            parted = sum(shown(rolling, minutes, part) for part in parts)
            assert parted % 100_000 == pytest.approx(shown(rolling, minutes) % 100_000)


def test_a_reset_begins_at_zero_and_lasts() -> None:
    reset = meter("register_reset")
    assert shown(reset, -3) == shown(meter(), -3)
    assert shown(reset, 0) == 0.0
    assert shown(reset, 90) == pytest.approx(12.0)
    assert sum(shown(reset, 90, rate) for rate in RATES) == pytest.approx(12.0)


def test_a_stopped_register_stands_still_and_counts_on_from_there() -> None:
    stopped = meter("stopped_register")
    assert shown(stopped, 20) == pytest.approx(shown(stopped, 0))
    assert shown(stopped, 60) - shown(stopped, 0) == pytest.approx(4.0)


def test_a_bad_read_and_zero_after_a_restart_leave_no_trace() -> None:
    assert shown(meter("bad_read", kwh=40.0), 10) == pytest.approx(shown(meter(), 10) - 40)
    assert shown(meter("boot_zero"), 10) == 0.0
    for deed in ("bad_read", "boot_zero"):
        assert shown(meter(deed), 31) == shown(meter(), 31)


def test_rates_that_do_not_add_up_are_off_by_just_so_much() -> None:
    off = meter("tie_out", kwh=0.5, rate=3.0)
    assert sum(shown(off, 10, rate) for rate in RATES) - shown(off, 10) == pytest.approx(0.5)
    assert shown(off, 10, RATES[2]) == pytest.approx(shown(meter(), 10, RATES[2]) + 0.5)


def test_a_new_meter_begins_at_its_opening_register() -> None:
    swapped = meter("meter_swap", opening_kwh=0.4)
    assert shown(swapped, -3) == shown(meter(), -3)
    assert shown(swapped, 60) == pytest.approx(8.4)
    assert sum(shown(swapped, 60, rate) for rate in RATES) == pytest.approx(8.4)
