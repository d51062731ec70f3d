from datetime import timedelta

from simulators.dlt645.measuring import Measuring
from simulators.dlt645.traits import STANDARD, Traits
from tests.unit.simulators.dlt645.bench import NOW, Load, Q

HOUR = timedelta(hours=1)


def test_behind_an_open_relay_nothing_flows_and_registers_stand_still() -> None:
    measuring = Measuring(Load(), STANDARD)
    before = measuring.read(NOW)[Q.ACTIVE_ENERGY_IMPORT]
    measuring.open(NOW)
    later = measuring.read(NOW + HOUR)
    assert later[Q.ACTIVE_ENERGY_IMPORT] == before
    assert later[Q.ACTIVE_POWER] == later[Q.CURRENT_A] == 0
    assert later[Q.VOLTAGE_A] == 220
    measuring.close(NOW + HOUR)
    assert measuring.read(NOW + 2 * HOUR)[Q.ACTIVE_ENERGY_IMPORT] - before == 1
    # The past before the order is what it was.
    assert measuring.read(NOW - HOUR)[Q.ACTIVE_ENERGY_IMPORT] == before - 1


def test_a_clear_starts_every_register_at_zero_also_behind_an_open_relay() -> None:
    measuring = Measuring(Load(), STANDARD)
    measuring.open(NOW)
    measuring.clear(NOW + HOUR)
    assert measuring.read(NOW + 2 * HOUR)[Q.ACTIVE_ENERGY_IMPORT] == 0
    measuring.close(NOW + 2 * HOUR)
    assert measuring.read(NOW + 5 * HOUR)[Q.ACTIVE_ENERGY_IMPORT] == 3


def test_a_meter_boots_for_a_while_after_power_came_back() -> None:
    load = Load()
    load.dark = [(NOW - HOUR, NOW)]
    measuring = Measuring(load, Traits(boot_zero_s=20))
    assert measuring.is_booting(NOW + timedelta(seconds=19))
    assert not measuring.is_booting(NOW + timedelta(seconds=20))
    assert not Measuring(load, STANDARD).is_booting(NOW)


def test_one_instant_is_measured_once() -> None:
    load = Load()
    measuring = Measuring(load, STANDARD)
    assert measuring.read(NOW) is measuring.read(NOW)
    assert load.reads == 1
