import numpy as np
import pytest

from detectors.hysteresis import Stretch
from detectors.metering.wiring_cases import Turns, states
from detectors.metering.wiring_fit import HomeAngle
from detectors.metering.wiring_verdict import WiringVerdict, comes_and_goes
from pipeline.registry import Wiring

FOUR = Wiring.THREE_PHASE_FOUR_WIRE


def stretch(first: int, hours: float, *, is_open: bool = False) -> Stretch:
    return Stretch(row=0, first=first, end=first + int(4 * hours), is_open=is_open, known_end=2000)


def found(turns: Turns, degrees: float, *, is_known: bool = True) -> WiringVerdict:
    state, load = states(FOUR)[turns], np.exp(1j * np.radians(degrees))
    return WiringVerdict(
        state=state,
        load_angle=float(np.radians(degrees)),
        home=HomeAngle(radians=float(np.radians(20.0)), is_known=is_known),
        misfit=0.02,
        right_misfit=0.9,
        powers=state.vectors[:, None] * np.full((1, 8), load),
    )


def test_what_comes_again_and_ends_within_the_light_of_a_day_is_generation() -> None:
    noons = [stretch(40, 6.0), stretch(136, 6.0), stretch(400, 60.0)]
    assert [comes_and_goes(one, noons, 15) for one in noons] == [True, True, False]


def test_one_short_stretch_or_one_that_goes_on_is_a_wire() -> None:
    assert not comes_and_goes(stretch(40, 6.0), [stretch(40, 6.0)], 15)
    last = stretch(136, 6.0, is_open=True)
    assert not comes_and_goes(last, [stretch(40, 6.0), last], 15)


def test_alternatives_are_the_states_of_other_importing_angles() -> None:
    """A turn of 60 degrees back or forth is explained as well by a load at 20 + 60 or 20 - 60 degrees."""
    alternatives = found((6, 0, 0), 20.0).alternatives()
    angles = sorted(row["load_angle_degrees"] for row in alternatives if isinstance(row, dict))
    assert angles == [-40.0, 80.0]


@pytest.mark.parametrize(("is_known", "score"), [(True, 0.98), (False, 0.686)])
def test_an_assumed_angle_is_less_sure(is_known: bool, score: float) -> None:  # noqa: FBT001 - a parameter of the test
    verdict = found((6, 0, 0), 20.0, is_known=is_known)
    assert verdict.score == score
    assert verdict.fit()["unexplained_share"] == 0.02
