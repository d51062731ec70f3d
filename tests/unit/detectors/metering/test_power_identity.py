from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from detectors.engine import run
from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from tests.fix_planted import FAULT, Planted, planted

ONE, THREE, FOUR = Wiring.ONE_PHASE, Wiring.THREE_PHASE_THREE_WIRE, Wiring.THREE_PHASE_FOUR_WIRE
FIRST, END = 8 * 96 + 36, 11 * 96 + 36
"""The slots of the fault."""


def changed(case: Planted, values: dict[Quantity, np.ndarray]) -> Planted:
    return replace(case, window=replace(case.window, values={**case.window.values, **values}))


def scaled(case: Planted, quantity: Quantity, factor: float, slots: slice) -> Planted:
    column = case.window.values[quantity].copy()
    column[:, slots] *= factor
    return changed(case, {quantity: column})


@pytest.mark.parametrize(("wiring", "phase"), [(ONE, "a"), (THREE, "c"), (FOUR, "a"), (FOUR, "b")])
def test_a_current_that_is_shown_wrongly_is_found_with_its_phase(wiring: Wiring, phase: str) -> None:
    case = planted("identity_break", {"phase": phase}, wiring=wiring)
    (episode,) = case.found("power_identity")
    assert episode.parameters["phase"] == phase.upper()
    assert abs(episode.starts_at - FAULT.starts_at) <= timedelta(minutes=15)
    assert episode.ends_at == FAULT.ends_at


def test_the_difference_by_hand() -> None:
    """Half the current: P is twice U I cos(phi), and they are cos(phi) of the shown U I apart."""
    (episode,) = planted("identity_break", {"phase": "b"}).found("power_identity")
    evidence: Any = episode.evidence
    assert evidence["shown_by_due"] == pytest.approx(2.0, rel=0.005)
    assert episode.parameters["most_percent"] == pytest.approx(90.0, abs=4.0)


def test_two_channels_that_are_swapped_are_found_in_both_phases() -> None:
    case = planted("unbalance_current", {"phase": "b", "kw": 20.0})
    swapped = {
        Quantity.CURRENT_A: case.window.values[Quantity.CURRENT_B],
        Quantity.CURRENT_B: case.window.values[Quantity.CURRENT_A],
    }
    found = changed(case, swapped).found("power_identity")
    assert {str(e.parameters["phase"]) for e in found} == {"A", "B"}
    assert all(e.starts_at >= FAULT.starts_at for e in found)


def test_a_total_that_is_not_the_phases_sum_is_found() -> None:
    case = scaled(planted(None), Quantity.ACTIVE_POWER, 0.7, slice(FIRST, END))
    (episode,) = case.found("power_identity")
    assert episode.message == "episode.power_identity_sum"
    assert (episode.starts_at, episode.ends_at) == (FAULT.starts_at, FAULT.ends_at)


def test_without_a_power_factor_apparent_powers_are_compared() -> None:
    case = planted("identity_break", {"phase": "b"})
    values = {q: v for q, v in case.window.values.items() if "power_factor" not in q.value}
    (episode,) = replace(case, window=replace(case.window, values=values)).found("power_identity")
    assert episode.parameters["phase"] == "B"
    alone = {q: v for q, v in values.items() if "reactive" not in q.value}
    assert replace(case, window=replace(case.window, values=alone)).found("power_identity") == []


@pytest.mark.parametrize(("every", "episodes"), [(2, 1), (3, 0)])
def test_four_of_eight_points_must_be_off(every: int, episodes: int) -> None:
    case = scaled(planted(None, shape="continuous"), Quantity.CURRENT_A, 0.5, slice(800, 860, every))
    assert len(case.found("power_identity")) == episodes


@pytest.mark.parametrize("wiring", [ONE, THREE, FOUR])
@pytest.mark.parametrize(
    ("deed", "values"),
    [
        (None, {}),
        ("identity_break", {"factor": 0.97, "phase": "a"}),
        ("outage", {}),
        ("reversed_current", {"phase": "a"}),
        ("harmonics", {}),
        ("voltage", {"factor": 0.7}),
    ],
)
def test_innocent_look_alikes_stay_silent(wiring: Wiring, deed: str | None, values: dict[str, float]) -> None:
    case = planted(deed, values, wiring=wiring)
    assert run(case.window, case.registry, only=["power_identity"]) == []


def test_a_load_below_the_floor_proves_nothing() -> None:
    case = planted("identity_break", {"phase": "b"}, peak_kw=2.0)
    assert case.found("power_identity") == []


def test_missing_values_are_no_contradiction() -> None:
    nothing = np.full_like(planted(None).window.values[Quantity.CURRENT_B], np.nan)
    case = planted("identity_break", {"phase": "b"})
    assert changed(case, {Quantity.CURRENT_B: nothing}).found("power_identity") == []
