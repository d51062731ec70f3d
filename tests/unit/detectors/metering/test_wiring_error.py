from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import numpy as np
import pytest

from detectors.engine import run
from detectors.metering.wiring_cases import WiringState, right_state, states
from pipeline.contracts import Contract
from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from simulators.faults.deeds.electrical import ORDERS, SIGNS
from simulators.physics.loads import LoadCurve
from simulators.physics.shapes import LoadPlan, synthetic
from simulators.physics.window import Window
from tests.fix_planted import FAULT, POINT, START, Planted, planted
from tests.fix_windows import steel_kva

ONE, THREE, FOUR = Wiring.ONE_PHASE, Wiring.THREE_PHASE_THREE_WIRE, Wiring.THREE_PHASE_FOUR_WIRE
TOLERANCE = 0.02
"""What the energy to be added may be off."""
DAYS = 4
SHORT = Window(starts_at=START + timedelta(days=2, hours=9), ends_at=START + timedelta(days=3, hours=12))
KINDS = [(wiring, state) for wiring in (FOUR, THREE) for state in states(wiring).values()]
DEEDS = [
    (wiring, volts, currents, signs)
    for wiring in (FOUR, THREE)
    for volts, currents, signs in product(ORDERS, ORDERS, SIGNS)
    if wiring is FOUR or signs[1] == "+"
]
"""Every wiring that the simulator can make; current b of a three-wire meter goes nowhere."""


def curve(degrees: float) -> LoadCurve:
    """A plant in two shifts whose angle stays within some degrees of one."""
    usual = synthetic(
        LoadPlan(shape="two_shift", peak_kw=60.0), START, START + timedelta(days=DAYS), 15, seed=7
    )
    angles = np.radians(degrees + 3.0 * np.random.default_rng(5).standard_normal(usual.active_kw.size))
    return LoadCurve.of(START, 15, usual.active_kw * np.cos(angles), usual.active_kw * np.sin(angles))


def steel(days: int) -> LoadCurve:
    """The steel plant from a Monday on: it idles far on the leading side, with its capacitors on."""
    first = 4 * 96
    kva = steel_kva()[first : first + days * 96]
    return LoadCurve.of(START, 15, kva.real, kva.imag)


def miswired(state: WiringState, load: LoadCurve, window: Window, days: int, ct: float = 40.0) -> Planted:
    case = state.cases[0]
    currents, signs = case.currents, case.signs
    if state.wiring is THREE:
        (missing,) = set("abc") - set(currents)
        currents, signs = f"{currents[0]}{missing}{currents[1]}", f"{signs[0]}+{signs[1]}"
    values = {"voltages": case.volts, "currents": currents, "polarity": signs}
    return planted("miswired", values, wiring=state.wiring, window=window, days=days, curve=load, ct=ct)


def agrees(case: Planted, state: WiringState) -> None:
    """Hold the episode against the truth: state, time and energy."""
    found = case.found("wiring_error")
    if state is right_state(state.wiring):
        assert found == []
        assert case.truth.energy_kwh == pytest.approx(0.0, abs=1.0)
        return
    (episode,) = found
    assert episode.parameters["wiring"] == state.cases[0].name
    assert abs(episode.starts_at - case.truth.starts_at) <= timedelta(minutes=15)
    assert episode.ends_at == case.truth.ends_at
    # A step of the register is 0.4 kWh; where hardly anything is missing that is what may be off.
    assert episode.energy_kwh == pytest.approx(case.truth.energy_kwh, rel=TOLERANCE, abs=1.0)


@pytest.mark.parametrize("degrees", [-20.0, 45.0, 65.0])
def test_every_state_is_named_and_corrected_at_every_load_angle(degrees: float) -> None:
    load = curve(degrees)
    for _, state in KINDS:
        agrees(miswired(state, load, SHORT, DAYS), state)


@pytest.mark.parametrize("wiring", [FOUR, THREE])
def test_every_state_is_named_and_corrected_on_a_real_steel_plant(wiring: Wiring) -> None:
    load = steel(12)
    for state in states(wiring).values():
        agrees(miswired(state, load, FAULT, 12, ct=160.0), state)


@pytest.mark.parametrize("volts", ORDERS)
def test_every_wiring_of_the_simulator_is_corrected(volts: str) -> None:
    load = curve(25.0)
    for wiring, own, currents, signs in DEEDS:
        if own == volts:
            values = {"voltages": volts, "currents": currents, "polarity": signs}
            case = planted("miswired", values, wiring=wiring, window=SHORT, days=DAYS, curve=load)
            missing = [episode.energy_kwh for episode in case.found("wiring_error")] or [0.0]
            assert missing == [pytest.approx(case.truth.energy_kwh, rel=TOLERANCE, abs=1.0)], values


@pytest.mark.parametrize(("wiring", "phase"), [(ONE, "a"), (THREE, "a"), (THREE, "c"), (FOUR, "b")])
def test_a_reversed_current_is_found_with_its_energy(wiring: Wiring, phase: str) -> None:
    case = planted("reversed_current", {"phase": phase}, wiring=wiring)
    (episode,) = case.found("wiring_error")
    assert f"-I{phase}" in str(episode.parameters["wiring"])
    assert (episode.starts_at, episode.ends_at) == (FAULT.starts_at, FAULT.ends_at)
    assert episode.energy_kwh == pytest.approx(case.truth.energy_kwh, rel=TOLERANCE)


def test_a_reversed_current_by_hand() -> None:
    """3P4W, shares 0.34, 0.33, 0.33: with a reversed the meter counts 0.32 of the energy, K = 1 / 0.32."""
    (episode,) = planted("reversed_current", {"phase": "a"}).found("wiring_error")
    correction: Any = episode.evidence["correction"]
    assert correction["factor"] == pytest.approx(1 / 0.32, rel=0.003)
    assert correction["formula"] == "K = 3.000 cos φ / (1.000 cos(φ +0°))"
    twins: Any = episode.evidence["twins_in_all"]
    assert twins == episode.parameters["twins"] == 5


def test_an_unbalanced_load_with_a_reversed_current_is_found_by_its_negative_power() -> None:
    case = planted("unbalance_current", {"phase": "b", "kw": 60.0}, window=Window(
        starts_at=START, ends_at=START + timedelta(days=14)))  # fmt: skip
    values = dict(case.window.values)
    slots = slice(800, 900)
    for quantity in (Quantity.ACTIVE_POWER_A, Quantity.REACTIVE_POWER_A):
        values[quantity] = values[quantity].copy()
        values[quantity][:, slots] *= -1.0
    (episode,) = replace(case, window=replace(case.window, values=values)).found("wiring_error")
    assert episode.parameters["wiring"] == "Ua -Ia, Ub Ib, Uc Ic"


@pytest.mark.parametrize("wiring", [ONE, THREE, FOUR])
@pytest.mark.parametrize(
    ("deed", "values"),
    [
        (None, {}),
        ("outage", {}),
        ("vacancy", {}),
        ("capacitor_lost", {"factor": 2.0}),
        ("hidden_pv", {"kw": 50.0}),
        ("hidden_pv", {"kw": 150.0}),
        ("replayed_curve", {}),
    ],
)
def test_innocent_look_alikes_stay_silent(wiring: Wiring, deed: str | None, values: dict[str, float]) -> None:
    case = planted(deed, values, wiring=wiring)
    assert run(case.window, case.registry, only=["wiring_error"]) == []


@pytest.mark.parametrize("deed", ["unbalance_current", "voltage_loss", "current_loss", "phase_break"])
def test_what_others_explain_is_no_wiring_error(deed: str) -> None:
    assert planted(deed, {"kw": 40.0} if deed == "unbalance_current" else {}).found("wiring_error") == []


def test_declared_generation_may_flow_back() -> None:
    case = planted("reversed_current", wiring=ONE)
    declared = replace(case.registry, contracts=[Contract(service_point=POINT, generation=True)])
    assert case.found("wiring_error", declared) == []


@pytest.mark.parametrize("wiring", [ONE, THREE, FOUR])
def test_the_real_steel_plant_itself_stays_silent(wiring: Wiring) -> None:
    case = planted(None, wiring=wiring, days=28, curve=steel(28), ct=160.0)
    assert run(case.window, case.registry, only=["wiring_error"]) == []


def test_a_whole_window_that_runs_backwards_is_found_with_an_assumed_angle() -> None:
    always = Window(starts_at=START, ends_at=START + timedelta(days=DAYS))
    case = planted("reversed_current", wiring=ONE, window=always, days=DAYS)
    (episode,) = case.found("wiring_error")
    fit: Any = episode.evidence["fit"]
    assert fit["usual_angle_is"] == "assumed"
    assert episode.ends_at is None
    assert episode.score < 1.0


def test_values_that_were_not_read_are_no_sign() -> None:
    case = planted("reversed_current", {"phase": "a"})
    values = dict(case.window.values)
    values[Quantity.REACTIVE_POWER_A] = np.full_like(values[Quantity.REACTIVE_POWER_A], np.nan)
    assert replace(case, window=replace(case.window, values=values)).found("wiring_error") == []


def test_a_gap_of_less_than_a_day_is_bridged() -> None:
    case = planted("reversed_current", {"phase": "a"})
    values = dict(case.window.values)
    for quantity in (Quantity.ACTIVE_POWER_A, Quantity.REACTIVE_POWER_A):
        values[quantity] = values[quantity].copy()
        values[quantity][:, 850:930] = np.nan
    (episode,) = replace(case, window=replace(case.window, values=values)).found("wiring_error")
    assert episode.ends_at == FAULT.ends_at
    assert episode.energy_kwh == pytest.approx(case.truth.energy_kwh, rel=TOLERANCE)
