from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from detectors.engine import run
from pipeline.model import Episode, Severity
from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from simulators.physics.window import Window
from tests.fix_planted import FAULT, START, Planted, planted

ONE, THREE, FOUR = Wiring.ONE_PHASE, Wiring.THREE_PHASE_THREE_WIRE, Wiring.THREE_PHASE_FOUR_WIRE
ALWAYS = Window(starts_at=START + timedelta(days=8), ends_at=START + timedelta(days=14))


def with_values(case: Planted, values: dict[Quantity, np.ndarray]) -> Planted:
    return replace(case, window=replace(case.window, values={**case.window.values, **values}))


def of_voltages(episodes: list[Episode]) -> list[Episode]:
    """Leave out the currents: a load that keeps its power draws less where the voltage is high."""
    return [episode for episode in episodes if episode.message == "episode.unbalance_voltage"]


@pytest.mark.parametrize("phase", list("abc"))
def test_a_phase_that_a_broken_neutral_lifts_is_found_in_its_time(phase: str) -> None:
    (episode,) = of_voltages(planted("unbalance_voltage", {"phase": phase}).found("unbalance"))
    assert episode.severity is Severity.MAJOR
    assert (episode.starts_at, episode.ends_at) == (FAULT.starts_at, FAULT.ends_at)


def test_the_share_by_hand() -> None:
    """One phase at 1.5 times the others: 0.5 of 1.5, a third, and a little for the supply's own offsets."""
    (episode,) = of_voltages(planted("unbalance_voltage", {"phase": "a"}).found("unbalance"))
    assert episode.parameters["most_percent"] == pytest.approx(33.3, abs=1.0)


def test_a_single_phase_load_is_found_and_a_day_between_does_not_cut_it() -> None:
    (episode,) = planted("unbalance_current", {"phase": "b", "kw": 20.0}).found("unbalance")
    assert episode.message == "episode.unbalance_current"
    assert episode.severity in {Severity.MINOR, Severity.MAJOR}
    assert (episode.starts_at, episode.ends_at) == (FAULT.starts_at, FAULT.ends_at)


def test_a_load_that_is_nearly_all_on_one_phase_is_severe() -> None:
    case = planted(None)
    current = case.window.values[Quantity.CURRENT_A].copy()
    slots = slice(800, 840)
    few = {q: case.window.values[q].copy() for q in (Quantity.CURRENT_B, Quantity.CURRENT_C)}
    for column in few.values():
        column[:, slots] = 0.04 * current[:, slots]
    (episode,) = with_values(case, few).found("unbalance")
    assert episode.severity is Severity.MAJOR
    assert episode.parameters["most_percent"] == pytest.approx(96.0, abs=0.1)


def test_a_three_wire_meter_has_two_elements_and_no_phase_b() -> None:
    case = planted(None, wiring=THREE)
    phase_b = np.full_like(case.window.values[Quantity.CURRENT_A], 0.05)
    assert with_values(case, {Quantity.CURRENT_B: phase_b}).found("unbalance") == []
    current = case.window.values[Quantity.CURRENT_C].copy()
    current[:, 800:900] *= 0.5
    (episode,) = with_values(case, {Quantity.CURRENT_C: current}).found("unbalance")
    assert str(episode.parameters["values"]).count("/") == 1


@pytest.mark.parametrize("deed", ["voltage_loss", "phase_break", "current_loss"])
@pytest.mark.parametrize("wiring", [THREE, FOUR])
def test_a_missing_phase_is_no_unbalance(deed: str, wiring: Wiring) -> None:
    if deed != "phase_break" or wiring is FOUR:
        assert planted(deed, wiring=wiring).found("unbalance") == []


@pytest.mark.parametrize(
    ("deed", "values"),
    [
        (None, {}),
        ("outage", {}),
        ("vacancy", {}),
        ("voltage", {"factor": 0.7}),
        ("unbalance_voltage", {"factor": 0.95}),
        ("unbalance_current", {"phase": "b", "kw": 0.3}),
    ],
)
def test_innocent_look_alikes_stay_silent(deed: str | None, values: dict[str, float]) -> None:
    case = planted(deed, values)
    assert run(case.window, case.registry, only=["unbalance"]) == []


def test_small_currents_and_single_phase_meters_are_not_compared() -> None:
    small = planted("unbalance_current", {"phase": "b", "kw": 1.0}, peak_kw=2.0, window=ALWAYS)
    assert small.found("unbalance") == []
    assert planted("voltage", {"factor": 0.5}, wiring=ONE).found("unbalance") == []


def test_57_volt_meters_are_judged_by_their_own_nominal_voltage() -> None:
    case = planted("unbalance_voltage", {"phase": "a"})
    volts = {q: case.window.values[q] * np.float32(57.7 / 220.0)
             for q in (Quantity.VOLTAGE_A, Quantity.VOLTAGE_B, Quantity.VOLTAGE_C)}  # fmt: skip
    meters = [replace(m, rated_voltage_v=57.7, nominal_voltage_v=57.7) for m in case.registry.meters]
    found = with_values(case, volts).found("unbalance", replace(case.registry, meters=meters))
    (episode,) = of_voltages(found)
    assert episode.starts_at == FAULT.starts_at


def test_a_missing_phase_value_is_unknown() -> None:
    case = planted("unbalance_voltage", {"phase": "a"})
    gone = np.full_like(case.window.values[Quantity.VOLTAGE_B], np.nan)
    assert of_voltages(with_values(case, {Quantity.VOLTAGE_B: gone}).found("unbalance")) == []
