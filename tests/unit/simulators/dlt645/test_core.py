from simulators.dlt645.conditions import Ratings
from tests.unit.simulators.dlt645.bench import NOW, Load, core, digits


def test_ratings_stand_on_the_plate_and_set_the_voltage_band() -> None:
    meter = core(ratings=Ratings(voltage_v=57.7, basic_current_a=1.5, max_current_a=6))
    assert meter.parameters.content("04000404")[::-1] == b"57.7V\0"
    assert meter.parameters.content("04000406")[::-1] == b"6A\0\0\0\0"
    assert meter.parameters.content("04000E03") == digits("0617")
    assert meter.parameters.content("04000E04") == digits("0519")


def test_the_period_of_the_load_record_is_a_parameter() -> None:
    assert core(load_record_minutes=60).parameters.number("04000A05") == 60


def test_a_meter_that_nobody_asks_works_nothing_out() -> None:
    load = Load()
    meter = core(load)
    assert load.reads == 0
    meter.registers.total(0x01, NOW)
    assert load.reads == 1


def test_the_past_is_gone_through_once() -> None:
    load = Load()
    meter = core(load)
    assert meter.past is not None
    reads = load.reads
    assert meter.past is not None
    assert load.reads == reads
