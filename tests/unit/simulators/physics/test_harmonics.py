import math

import pytest

from simulators.physics.harmonics import DISTORTIONS, LAST_ORDER, contents, thd_of


@pytest.mark.parametrize("name", sorted(DISTORTIONS))
@pytest.mark.parametrize("thd", [0.5, 4.6, 28.0])
def test_a_spectrum_has_the_distortion_that_it_was_made_for(name: str, thd: float) -> None:
    content = contents(DISTORTIONS[name].weights, thd)
    assert len(content) == LAST_ORDER + 1
    assert content[:2] == (0.0, 100.0)
    assert thd_of(content) == pytest.approx(thd)


def test_a_six_pulse_bridge_has_its_characteristic_orders_at_one_over_h() -> None:
    content = contents(DISTORTIONS["six_pulse"].weights, 28.0)
    present = [order for order, part in enumerate(content) if part and order > 1]
    assert present == [5, 7, 11, 13, 17, 19]
    assert all(content[5] * 5 == pytest.approx(content[order] * order) for order in present)
    # The ideal bridge: 100 / h, which up to order 19 is this much.
    ideal = math.sqrt(sum((100 / order) ** 2 for order in present))
    assert contents(DISTORTIONS["six_pulse"].weights, ideal)[5] == pytest.approx(20.0)


def test_distortion_moves_from_idle_to_full_load() -> None:
    home = DISTORTIONS["electronics"]
    assert (home.voltage_percent(0), home.voltage_percent(1)) == home.voltage_thd
    assert home.current_percent(0.5) == pytest.approx(sum(home.current_thd) / 2)
