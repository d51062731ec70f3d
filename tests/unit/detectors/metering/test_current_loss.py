from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from detectors.engine import run
from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from simulators.physics.window import Window
from tests.fix_planted import FAULT, START, Planted, planted

FOUR, THREE = Wiring.THREE_PHASE_FOUR_WIRE, Wiring.THREE_PHASE_THREE_WIRE
TOLERANCE = 0.02
"""What the energy to be added may be off."""


def blanked(case: Planted, quantity: Quantity, slots: slice) -> Planted:
    """Return the case with values that were not read."""
    column = case.window.values[quantity].copy()
    column[:, slots] = np.nan
    return replace(case, window=replace(case.window, values={**case.window.values, quantity: column}))


@pytest.mark.parametrize(
    ("wiring", "phase"), [(FOUR, "a"), (FOUR, "b"), (FOUR, "c"), (THREE, "a"), (THREE, "c")]
)
def test_a_lost_current_is_found_with_its_phase_and_its_energy(wiring: Wiring, phase: str) -> None:
    case = planted("current_loss", {"phase": phase}, wiring=wiring)
    (episode,) = case.found("current_loss")
    assert episode.parameters["phase"] == phase.upper()
    assert abs(episode.starts_at - FAULT.starts_at) <= timedelta(minutes=15)
    assert episode.ends_at == FAULT.ends_at
    assert episode.energy_kwh == pytest.approx(case.truth.energy_kwh, rel=TOLERANCE)
    metered_kwh: Any = episode.evidence["metered_kwh"]
    assert metered_kwh > 0


@pytest.mark.parametrize(("wiring", "deviation"), [(FOUR, 0.06), (THREE, 0.03)])
def test_without_a_past_the_load_is_taken_as_balanced_behind_a_ct(wiring: Wiring, deviation: float) -> None:
    """The night counts for nothing, in which nothing carries 5 % of the rated current; a is 0.34 of 3P4W."""
    always = Window(starts_at=START, ends_at=START + timedelta(days=2))
    case = planted("current_loss", {"phase": "a"}, wiring=wiring, window=always, days=2)
    (episode,) = case.found("current_loss")
    correction: Any = episode.evidence["correction"]
    assert correction["how"].endswith("nothing is known before")
    assert episode.energy_kwh == pytest.approx(case.truth.energy_kwh, rel=deviation)


def test_without_a_past_a_direct_meter_may_have_an_unused_phase() -> None:
    always = Window(starts_at=START, ends_at=START + timedelta(days=2))
    case = planted("current_loss", window=always, days=2, ct=1.0, peak_kw=8.0)
    assert case.found("current_loss") == []


def test_a_phase_that_often_rests_is_in_use_but_not_lost() -> None:
    case = planted("current_loss", {"phase": "b"}, window=Window(
        starts_at=START + timedelta(days=2, hours=9), ends_at=START + timedelta(days=3)))  # fmt: skip
    current = case.window.values[Quantity.CURRENT_B].copy()
    current[:, 8 * 96 + 36 : 9 * 96] = 0.0
    window = replace(case.window, values={**case.window.values, Quantity.CURRENT_B: current})
    first, *others = replace(case, window=window).found("current_loss")
    assert first.starts_at.astimezone(START.tzinfo).day == 5
    assert others == []


def test_the_correction_by_hand() -> None:
    """3P4W, shares a 0.34, b 0.33, c 0.33: without c the meter counts 0.67 of the energy, K = 1 / 0.67."""
    (episode,) = planted("current_loss", {"phase": "c"}).found("current_loss")
    correction: Any = episode.evidence["correction"]
    assert correction["factor"] == pytest.approx(1 / 0.67, rel=0.003)
    assert correction["usual_share"] == pytest.approx(0.33 / 0.67, rel=0.003)


@pytest.mark.parametrize("wiring", [FOUR, THREE])
@pytest.mark.parametrize(
    ("deed", "values"), [(None, {}), ("current_loss", {"factor": 0.5}), ("outage", {}), ("vacancy", {})]
)
def test_innocent_look_alikes_stay_silent(wiring: Wiring, deed: str | None, values: dict[str, float]) -> None:
    case = planted(deed, values, wiring=wiring)
    assert run(case.window, case.registry, only=["current_loss"]) == []


def test_a_phase_without_voltage_is_the_matter_of_the_voltage_loss() -> None:
    assert planted("phase_break", {"phase": "b"}).found("current_loss") == []


def test_a_single_phase_meter_is_not_judged() -> None:
    assert planted("outage", wiring=Wiring.ONE_PHASE).found("current_loss") == []


def test_a_short_gap_is_bridged_and_a_long_one_ends_the_stretch() -> None:
    case = planted("current_loss", {"phase": "c"})
    first = 8 * 96 + 60
    (episode,) = blanked(case, Quantity.CURRENT_C, slice(first, first + 7)).found("current_loss")
    assert episode.ends_at == FAULT.ends_at
    before, after = blanked(case, Quantity.CURRENT_C, slice(first, first + 8)).found("current_loss")
    assert before.ends_at == START + timedelta(minutes=15 * first)
    assert after.ends_at == FAULT.ends_at


def test_without_the_elements_powers_the_energy_is_unknown() -> None:
    case = planted("current_loss", {"phase": "c"})
    values = {q: v for q, v in case.window.values.items() if "power" not in q.value}
    (episode,) = replace(case, window=replace(case.window, values=values)).found("current_loss")
    assert episode.energy_kwh is None
    assert episode.message == "episode.current_loss_without_powers"


def test_no_voltage_no_verdict() -> None:
    case = blanked(planted("current_loss", {"phase": "c"}), Quantity.VOLTAGE_C, slice(None))
    assert case.found("current_loss") == []
