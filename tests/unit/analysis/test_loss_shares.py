import numpy as np
import pytest

from analysis.loss_shares import alone, loss_shares

HOURS, MEMBERS = 240, 12


def _reported(seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).gamma(2.0, 0.4, (MEMBERS, HOURS))


def _signs(reported: np.ndarray) -> np.ndarray:
    return np.stack([reported, np.zeros_like(reported), np.zeros_like(reported)])


def test_a_constant_share_that_is_missing_is_given_to_its_member() -> None:
    reported = _reported()
    # Metered is 0.4 of what is drawn: 1.5 times what is reported is lost.
    found = loss_shares(1.5 * reported[4], _signs(reported), 3)
    assert found.chosen == [4]
    assert found.share[4] == pytest.approx(1.0, abs=0.01)
    assert found.explained == pytest.approx(1.0, abs=0.01)


def test_two_thieves_share_the_loss_as_they_caused_it() -> None:
    reported = _reported()
    found = loss_shares(1.5 * reported[4] + 0.5 * reported[7], _signs(reported), 3)
    assert found.chosen[:2] == [4, 7]
    assert found.share[4] == pytest.approx(0.75, abs=0.05)
    assert found.share[7] == pytest.approx(0.25, abs=0.05)


def test_unknown_hours_do_not_count() -> None:
    reported = _reported()
    loss = 1.5 * reported[4]
    loss[:50] = np.nan
    found = loss_shares(loss, _signs(reported), 3)
    assert found.chosen == [4]
    assert found.loss_kwh == pytest.approx(1.5 * reported[4, 50:].sum())


def test_a_loss_that_nobody_explains_leaves_its_squares() -> None:
    loss = np.random.default_rng(8).normal(0.0, 1.0, HOURS)
    assert loss_shares(loss, _signs(_reported()), 3).explained < 0.2


def test_no_members_and_no_hours_explain_nothing() -> None:
    assert loss_shares(np.full(HOURS, np.nan), _signs(_reported()), 3).loss_kwh == 0.0
    assert loss_shares(np.ones(4), np.zeros((3, 0, 4)), 3).chosen == []


def test_alone_the_thief_explains_his_share_and_makes_it_surer_than_anybody_else() -> None:
    reported = _reported()
    kwh, gain = alone(1.5 * reported[4], _signs(reported))
    assert kwh[4] == pytest.approx(1.5 * reported[4].sum(), rel=0.01)
    assert gain.argmax() == 4
    assert gain[4] > 5 * np.sort(gain)[-2]
