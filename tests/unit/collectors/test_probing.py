import pytest

from collectors.probing import first_byte_s


def test_a_silent_meter_is_given_half_as_much_again_as_the_slowest_of_its_bus() -> None:
    assert first_byte_s(0.4, 3, probe=True) == pytest.approx(0.6)
    assert first_byte_s(0.001, 3, probe=True) == 0.02


def test_the_whole_time_out_is_for_living_meters_and_now_and_then_for_silent_ones() -> None:
    assert first_byte_s(0.4, 3, probe=False) is None
    assert first_byte_s(0.4, 10, probe=True) is None
    assert first_byte_s(0.0, 3, probe=True) is None
