import pytest

from detectors.precisions import last_of, precision_of, precisions, prior_of
from pipeline.case_records import Outcome
from simulators.faults.detector_numbers import DETECTORS
from tests.unit.detectors.case_episodes import feedback

YES, NO = Outcome.CONFIRMED, Outcome.NOT_CONFIRMED


def test_every_prior_is_of_the_catalogue_and_says_where_it_comes_from() -> None:
    for name in [*DETECTORS, "something new"]:
        prior = prior_of(name)
        assert 0.0 < prior.precision < 1.0
        assert prior.counts > 0
        assert prior.visits > 0
        assert prior.source
        assert prior.tag in {"S", "D", "M", "own"}


def test_without_feedback_the_prior_holds() -> None:
    assert precision_of("voltage_loss", {}).value == prior_of("voltage_loss").precision


def test_feedback_replaces_the_prior_as_it_grows() -> None:
    prior = prior_of("sustained_drop")
    given = [feedback(f"e{n}", "sustained_drop", YES if n < 30 else NO) for n in range(40)]
    found = precisions(given)["sustained_drop"]
    assert (found.confirmed, found.looked_at) == (30, 40)
    # By hand: (0.15 * 10 + 30) / (10 + 40) = 0.63.
    assert (prior.precision, prior.counts) == (0.15, 10)
    assert found.value == pytest.approx(0.63)


def test_of_one_episode_the_last_word_counts() -> None:
    given = [feedback("e", "unbalance", NO, day=5), feedback("e", "unbalance", YES, day=3)]
    assert last_of(given)["e"].outcome is NO
    assert precisions(given)["unbalance"].looked_at == 1
