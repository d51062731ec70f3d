from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from detectors.engine import run
from pipeline.model import Episode, MeterId
from pipeline.quantities import Quantity
from pipeline.registry import Installation, Registry, ServicePoint, Wiring
from simulators.physics.window import Window
from tests.fix_planted import FAULT, METER, POINT, START, Planted, planted

ONE = Wiring.ONE_PHASE
TOLERANCE = 0.02
"""What the energy to be added may be off."""
DAYS = slice(8 * 96 + 36, 11 * 96 + 36)


def with_neutral(case: Planted, more_a: float, slots: slice = DAYS) -> Planted:
    """Return the case with another current in the neutral: something constant, as from a neighbour."""
    neutral = case.window.values[Quantity.CURRENT_N].copy()
    neutral[:, slots] = np.maximum(neutral[:, slots] + more_a, 0.0)
    values = {**case.window.values, Quantity.CURRENT_N: neutral}
    return replace(case, window=replace(case.window, values=values))


def found(*cases: Planted, area: str | None = "T1") -> list[Episode]:
    """Return what is found at meters that hang in one area."""
    windows = [case.window for case in cases]
    meters = [MeterId(f"M{n}") for n in range(len(cases))]
    joined = replace(
        windows[0],
        meters=meters,
        values={q: np.concatenate([w.values[q] for w in windows]) for q in windows[0].values},
        import_kwh=np.concatenate([w.import_kwh for w in windows]),
        quality=np.concatenate([w.quality for w in windows]),
        step_kwh=np.concatenate([w.step_kwh for w in windows]),
        power_kw=np.concatenate([w.power_kw for w in windows]),
        import_kvarh=None,
        energies={},
        registers={},
    )
    known, ratio = cases[0].registry.meters[0], cases[0].registry.ratios[0]
    registry = Registry(
        meters=[replace(known, id=meter) for meter in meters],
        ratios=[replace(ratio, meter=meter) for meter in meters],
        installations=[Installation(meter=meter, service_point=f"P{meter}") for meter in meters],
        service_points=[ServicePoint(id=f"P{meter}", area=area) for meter in meters],
    )
    return run(joined, registry, only=["line_neutral_difference"])


@pytest.mark.parametrize("factor", [0.0, 0.2, 0.4, 0.7])
def test_a_bypass_is_found_with_its_energy(factor: float) -> None:
    case = planted("bypass", {"factor": factor}, wiring=ONE)
    (episode,) = case.found("line_neutral_difference")
    assert episode.message == "episode.line_neutral_bypass"
    assert abs(episode.starts_at - FAULT.starts_at) <= timedelta(minutes=30)
    assert episode.ends_at == FAULT.ends_at
    assert episode.energy_kwh == pytest.approx(case.truth.energy_kwh, rel=TOLERANCE)


def test_the_correction_by_hand() -> None:
    """0.4 of the current passes: K = 1 / 0.4."""
    (episode,) = planted("bypass", {"factor": 0.4}, wiring=ONE).found("line_neutral_difference")
    correction: Any = episode.evidence["correction"]
    assert correction["factor"] == pytest.approx(2.5, rel=0.005)


def test_a_smaller_difference_must_come_on_two_days() -> None:
    first = FAULT.starts_at
    one_day = Window(starts_at=first, ends_at=first + timedelta(hours=8))
    case = planted("bypass", {"factor": 0.65}, wiring=ONE, window=one_day)
    assert case.found("line_neutral_difference") == []
    two_days = Window(starts_at=first, ends_at=first + timedelta(days=1, hours=6))
    case = planted("bypass", {"factor": 0.65}, wiring=ONE, window=two_days)
    assert len(case.found("line_neutral_difference")) == 1


@pytest.mark.parametrize(
    ("deed", "values"), [(None, {}), ("bypass", {"factor": 0.9}), ("outage", {}), ("vacancy", {})]
)
def test_innocent_look_alikes_stay_silent(deed: str | None, values: dict[str, float]) -> None:
    case = planted(deed, values, wiring=ONE)
    assert run(case.window, case.registry, only=["line_neutral_difference"]) == []


def test_a_neutral_that_two_neighbours_share_is_silent_at_both() -> None:
    honest = planted(None, wiring=ONE)
    more, less = with_neutral(honest, 3.0), with_neutral(honest, -3.0)
    assert found(more, honest, honest) != []
    assert found(more, less, honest) == []
    assert found(more, with_neutral(honest, -1.5), with_neutral(honest, -1.5)) == []


def test_a_thief_among_honest_neighbours_is_found_all_the_same() -> None:
    honest, thief = planted(None, wiring=ONE), planted("bypass", wiring=ONE)
    (episode,) = found(honest, thief, honest)
    assert episode.meter == "M1"
    neighbours: Any = episode.evidence["neighbours"]
    assert neighbours["compared"] == 2


def test_meters_of_other_areas_explain_nothing() -> None:
    honest = planted(None, wiring=ONE)
    pair = with_neutral(honest, 3.0), with_neutral(honest, -3.0)
    assert {episode.meter for episode in found(*pair, area=None)} >= {"M0"}


def test_a_current_that_returns_by_another_way_has_no_energy_to_add() -> None:
    honest = planted(None, wiring=ONE)
    values = dict(honest.window.values)
    values[Quantity.CURRENT_N] = values[Quantity.CURRENT_N].copy()
    values[Quantity.CURRENT_N][:, DAYS] = 0.0
    (episode,) = replace(honest, window=replace(honest.window, values=values)).found(
        "line_neutral_difference"
    )
    assert episode.message == "episode.line_neutral_return"
    assert episode.energy_kwh is None
    assert (episode.meter, episode.service_point) == (METER, POINT)


def test_three_phase_meters_and_missing_neutral_currents_are_not_judged() -> None:
    assert planted(None).found("line_neutral_difference") == []
    case = planted("bypass", wiring=ONE, window=Window(starts_at=START, ends_at=FAULT.ends_at))
    values = dict(case.window.values)
    del values[Quantity.CURRENT_N]
    assert replace(case, window=replace(case.window, values=values)).found("line_neutral_difference") == []
