from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from detectors.engine import run
from pipeline.model import MeterId
from pipeline.quantities import Quantity
from pipeline.registry import Meter, Registry, Wiring
from tests.fix_planted import FAULT, START, Planted, planted
from tests.fix_windows import grid, window

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


def coarse(case: Planted, step_a: float) -> Planted:
    """The same meter without its power factor, and with its currents cut off to steps."""
    values = {q: v for q, v in case.window.values.items() if "power_factor" not in q.value}
    for quantity in (Quantity.CURRENT_A, Quantity.CURRENT_B, Quantity.CURRENT_C):
        if quantity in values:
            values[quantity] = (np.floor(values[quantity] / step_a) * step_a).astype(np.float32)
    return replace(case, window=replace(case.window, values=values))


def test_currents_shown_in_steps_of_two_tenths_of_an_ampere_contradict_nothing() -> None:
    honest = coarse(planted(None, wiring=ONE, ct=1.0, peak_kw=9.0, shape="home"), 0.2)
    assert honest.found("power_identity") == []
    # The same currents without the steps they came in are up to 0.2 A off, and that is no rounding any more.
    blurred = honest.window.values[Quantity.CURRENT_A].copy()
    blurred += np.linspace(0.0, 1e-3, blurred.shape[1], dtype=np.float32)
    assert changed(honest, {Quantity.CURRENT_A: blurred}).found("power_identity") != []


def test_a_current_that_is_shown_wrongly_is_found_in_full_in_such_steps() -> None:
    case = coarse(planted("identity_break", {"phase": "a"}, wiring=ONE, ct=1.0, peak_kw=9.0), 0.2)
    (episode,) = case.found("power_identity")
    assert abs(episode.starts_at - FAULT.starts_at) <= timedelta(minutes=15)
    assert episode.ends_at == FAULT.ends_at


def test_the_rounding_by_hand() -> None:
    """P of 1.15 kW at 230 V is 5 A; a current cut to 4.8 A shows 1.104 kVA: 46 VA less, one step of 0.2 A."""
    slots = np.arange(64)
    amps = np.where(slots % 2 == 0, 4.8, 4.0 + 0.2 * (slots // 2 % 10))[None, :]
    power = np.where(slots % 2 == 0, 1.15, 0.23 * amps)

    def found(extra_kw: float) -> int:
        values = {
            Quantity.VOLTAGE_A: np.full((1, 64), 230.0),
            Quantity.CURRENT_A: amps,
            Quantity.ACTIVE_POWER_A: power + np.where(slots % 2 == 0, extra_kw, 0.0),
            Quantity.REACTIVE_POWER_A: np.zeros((1, 64)),
        }
        case = window(grid(START, 64 / 96), {"m": [np.nan] * 64}, values=values)
        meter = Meter(id=MeterId("m"), wiring=ONE, nominal_voltage_v=230.0, rated_current_a=5.0)
        return len(run(case, Registry(meters=[meter]), only=["power_identity"]))

    # 46 VA of rounding and 5 % of 1.104 kVA are 101.2 VA: 46 + 50 are within them, 46 + 60 are not.
    assert (found(0.0), found(0.050), found(0.060)) == (0, 0, 1)


def test_values_of_a_slot_that_were_not_read_at_once_are_not_compared() -> None:
    case = planted("identity_break", {"phase": "b"})
    apart = np.zeros(case.window.import_kwh.shape, dtype=np.float32)
    for seconds, episodes in ((5.0, 1), (6.0, 0)):
        apart[:] = seconds
        shown = replace(case, window=replace(case.window, apart_s=apart.copy()))
        assert len(shown.found("power_identity")) == episodes
