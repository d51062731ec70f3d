from collections.abc import Mapping

import numpy as np
import pytest

from detectors.metering.wiring_signs import SlotSigns, slot_signs
from detectors.ratings import ratings
from pipeline.registry import Wiring
from tests.fix_planted import Planted, planted

FIRST, END = 8 * 96 + 36, 11 * 96 + 36
"""The slots of the fault."""
NUMBERS: Mapping[str, np.ndarray] = {
    "reverse_percent": np.array([[0.5]]),
    "fit_ratio": np.array([[3.0]]),
    "least_misfit": np.array([[0.15]]),
    "turned_degrees": np.array([[35.0]]),
    "current_percent": np.array([[5.0]]),
    "restore_percent": np.array([[1.0]]),
}


def signs_of(case: Planted, wiring: Wiring) -> SlotSigns:
    rated = ratings(case.window, case.registry)
    base_kva = rated.nominal_v * rated.rated_a / 1000.0
    return slot_signs(case.window, wiring, rated.rows_of(wiring), base_kva, NUMBERS)


@pytest.mark.parametrize("wiring", list(Wiring))
def test_the_slots_of_a_reversed_current_begin_and_all_others_with_load_restore(wiring: Wiring) -> None:
    signs = signs_of(planted("reversed_current", {"phase": "a"}, wiring=wiring), wiring)
    assert signs.place(0) == 0
    inside = np.zeros(signs.begins.shape[1], dtype=np.bool_)
    inside[FIRST:END] = True
    assert signs.begins[0, inside].sum() > 150
    assert not signs.begins[0, ~inside].any()
    assert not signs.restored[0, inside].any()
    assert signs.restored[0, ~inside].mean() > 0.5
    assert np.degrees(signs.homes[0].radians) == pytest.approx(25.8, abs=1.5)


@pytest.mark.parametrize("wiring", list(Wiring))
def test_an_honest_meter_is_no_suspect(wiring: Wiring) -> None:
    signs = signs_of(planted(None, wiring=wiring), wiring)
    assert len(signs.rows) == 0


def test_masks_stand_where_their_meters_stand_in_the_window() -> None:
    case = planted("reversed_current", {"phase": "a"})
    signs = signs_of(case, Wiring.THREE_PHASE_FOUR_WIRE)
    np.testing.assert_array_equal(signs.on(case.window, signs.begins), signs.begins)


def test_what_feeds_back_in_one_phase_and_keeps_its_reactive_power_is_no_sign() -> None:
    case = planted(None, shape="flat", power_factor=0.8)
    values = case.window.values
    for phase in "bc":
        for name in ("active_power", "reactive_power"):
            values[next(q for q in values if q.value == f"{name}_{phase}")][:, 800:860] *= 0.3
    values[next(q for q in values if q.value == "active_power_a")][:, 800:860] *= -1.0
    signs = signs_of(case, Wiring.THREE_PHASE_FOUR_WIRE)
    assert not signs.begins.any()
