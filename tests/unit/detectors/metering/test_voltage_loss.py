from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from detectors.engine import run
from pipeline.model import Verdict
from pipeline.registry import Wiring
from pipeline.timegrid import to_numpy
from tests.fix_planted import FAULT, planted

FOUR, THREE = Wiring.THREE_PHASE_FOUR_WIRE, Wiring.THREE_PHASE_THREE_WIRE
TOLERANCE = 0.02
"""What the energy to be added may be off."""


@pytest.mark.parametrize("phase", list("abc"))
@pytest.mark.parametrize("factor", [0.0, 0.3, 0.6])
def test_a_lost_voltage_is_found_with_its_phase_and_its_energy(phase: str, factor: float) -> None:
    case = planted("voltage_loss", {"phase": phase, "factor": factor})
    (episode,) = case.found("voltage_loss")
    assert episode.message == "episode.voltage_loss"
    assert episode.parameters["phase"] == phase.upper()
    assert abs(episode.starts_at - FAULT.starts_at) <= timedelta(minutes=15)
    assert episode.ends_at == FAULT.ends_at
    assert episode.energy_kwh == pytest.approx(case.truth.energy_kwh, rel=TOLERANCE)


@pytest.mark.parametrize("phase", list("ac"))
@pytest.mark.parametrize("factor", [0.0, 0.6])
def test_a_three_wire_element_is_found_and_phase_b_never_named(phase: str, factor: float) -> None:
    case = planted("voltage_loss", {"phase": phase, "factor": factor}, wiring=THREE)
    (episode,) = case.found("voltage_loss")
    assert episode.parameters["phase"] == phase.upper()
    assert episode.energy_kwh == pytest.approx(case.truth.energy_kwh, rel=TOLERANCE)


def test_without_phase_b_both_elements_of_a_three_wire_meter_are_low() -> None:
    case = planted("voltage_loss", {"phase": "b", "factor": 0.0}, wiring=THREE)
    (episode,) = case.found("voltage_loss")
    assert "phase" not in episode.parameters
    assert episode.message == "episode.total_voltage_loss"
    assert episode.energy_kwh == pytest.approx(case.truth.energy_kwh, rel=TOLERANCE)


@pytest.mark.parametrize("wiring", [FOUR, THREE])
def test_a_total_loss_ends_the_single_ones_and_takes_its_energy_from_the_currents(wiring: Wiring) -> None:
    case = planted("total_voltage_loss", wiring=wiring)
    (episode,) = case.found("voltage_loss")
    assert episode.message == "episode.total_voltage_loss"
    assert episode.energy_kwh == pytest.approx(case.truth.energy_kwh, rel=TOLERANCE)


def test_a_broken_phase_without_current_has_no_energy_to_add() -> None:
    (episode,) = planted("phase_break", {"phase": "b"}).found("voltage_loss")
    assert episode.message == "episode.phase_break"
    assert episode.energy_kwh is None


@pytest.mark.parametrize("wiring", [FOUR, THREE])
@pytest.mark.parametrize(
    ("deed", "values"),
    [
        (None, {}),
        ("voltage_loss", {"factor": 0.9}),
        ("outage", {}),
        ("voltage", {"factor": 0.7}),
    ],
)
def test_innocent_look_alikes_stay_silent(wiring: Wiring, deed: str | None, values: dict[str, float]) -> None:
    case = planted(deed, values, wiring=wiring)
    assert run(case.window, case.registry, only=["voltage_loss"]) == []


def test_a_single_phase_meter_is_not_judged() -> None:
    assert planted("voltage", {"factor": 0.5}, wiring=Wiring.ONE_PHASE).found("voltage_loss") == []


def test_what_is_lost_is_no_voltage_deviation() -> None:
    case = planted("voltage_loss", {"phase": "a", "factor": 0.7})
    alone = run(case.window, case.registry, only=["voltage_deviation"])
    assert [e for e in alone if e.verdict is Verdict.ABNORMAL] == []


@pytest.mark.parametrize(("deed", "values"), [("voltage_loss", {"phase": "a"}), ("total_voltage_loss", {})])
def test_transformers_exchanged_afterwards_do_not_raise_the_missing_energy(
    deed: str, values: dict[str, float | str]
) -> None:
    case = planted(deed, values)
    (before,) = case.found("voltage_loss")
    slots = case.window.starts_at
    later = slots >= to_numpy(FAULT.ends_at)
    window = replace(
        case.window, ratios=np.where(later, 160.0, 40.0)[None], step_kwh=4.0 * case.window.step_kwh
    )
    (after,) = [e for e in run(window, case.registry, only=["voltage_loss"]) if e.verdict is Verdict.ABNORMAL]
    assert after.energy_kwh == before.energy_kwh == pytest.approx(case.truth.energy_kwh, rel=TOLERANCE)
