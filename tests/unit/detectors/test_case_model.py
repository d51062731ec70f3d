import numpy as np
import pytest

from detectors.case_model import FEWEST_RESULTS, probability_model
from detectors.cases import Budget, cases_of
from pipeline.case_records import Case, Outcome
from pipeline.registry import Registry
from tests.unit.detectors.case_episodes import episode, feedback

BUDGET = Budget(cases_a_day=10, meters=100)


def _looked_at(count: int, seed: int) -> list[Case]:
    """Cases that are true the more often the surer the voltage loss is."""
    random = np.random.default_rng(seed)
    scores = random.uniform(0.0, 1.0, count)
    true = random.random(count) < scores
    episodes = [
        episode(f"e{n:04d}", "voltage_loss", f"P{n}", score=float(score)) for n, score in enumerate(scores)
    ]
    given = [
        feedback(f"e{n:04d}", "voltage_loss", Outcome.CONFIRMED if yes else Outcome.NOT_CONFIRMED)
        for n, yes in enumerate(true)
    ]
    return cases_of(episodes, Registry(), given, BUDGET)


def _new(score: float) -> Case:
    (case,) = cases_of([episode("new", "voltage_loss", score=score)], Registry(), [], BUDGET)
    return case


def test_fewer_results_than_needed_give_no_model() -> None:
    assert probability_model(_looked_at(FEWEST_RESULTS - 1, 1)) is None


def test_the_model_is_calibrated_on_what_people_found() -> None:
    model = probability_model(_looked_at(600, 1))
    assert model is not None
    for score in (0.2, 0.5, 0.8):
        assert model(_new(score)) == pytest.approx(score, abs=0.12)


def test_the_order_of_the_results_changes_nothing() -> None:
    cases = _looked_at(300, 2)
    one, other = probability_model(cases), probability_model(cases[::-1])
    assert one is not None
    assert other is not None
    assert one(_new(0.4)) == other(_new(0.4))


def test_results_of_one_kind_only_give_no_model() -> None:
    episodes = [episode(f"e{n:04d}", "voltage_loss", f"P{n}") for n in range(250)]
    given = [feedback(e.id, e.detector, Outcome.CONFIRMED) for e in episodes]
    assert probability_model(cases_of(episodes, Registry(), given, BUDGET)) is None
