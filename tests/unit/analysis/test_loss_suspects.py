"""Whom to look at: the loss tells a thief from an empty home, and what others found is added."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analysis.loss_suspects import MOST_CHANGE, MOST_GAIN, Hint, MemberDays, suspects

MEMBERS, BEFORE, SINCE, SLOTS = 24, 28, 14, 96


def _days(thief: int | None = 5, empty: int | None = 9, seed: int = 1) -> MemberDays:
    """Return members with habits of their own; the thief meters 40 %, the empty home uses 15 %."""
    random = np.random.default_rng(seed)
    clock = random.gamma(3.0, 0.05, (MEMBERS, 1, SLOTS))
    used = clock * random.gamma(4.0, 0.25, (MEMBERS, BEFORE + SINCE, SLOTS))
    metered = used.copy()
    if empty is not None:
        used[empty, BEFORE:] *= 0.15
        metered[empty, BEFORE:] *= 0.15
    if thief is not None:
        metered[thief, BEFORE:] *= 0.4
    lost = (used - metered)[:, BEFORE:].sum(axis=0) + random.normal(0.0, 0.02, (SINCE, SLOTS))
    return MemberDays(
        members=[f"P{n:02d}" for n in range(MEMBERS)],
        before_kwh=metered[:, :BEFORE],
        since_kwh=metered[:, BEFORE:],
        unexplained_kwh=lost,
    )


def test_the_thief_is_first_and_the_empty_home_explains_nothing() -> None:
    days = _days()
    found = suspects(days)
    assert [found[0].service_point, found[1].service_point] == ["P05", "P09"]
    thief, empty = found[:2]
    assert thief.explained_kwh == pytest.approx(float(days.unexplained_kwh.sum()), rel=0.1)
    assert thief.loss_score > 10 * empty.loss_score
    assert thief.less_kwh > 0
    assert thief.changes
    assert thief.score == pytest.approx(thief.change_score + thief.loss_score)
    assert max(s.change_score for s in found) <= MOST_CHANGE
    assert max(s.loss_score for s in found) <= MOST_GAIN


def test_too_few_neighbours_leave_the_loss_itself() -> None:
    days = _days(empty=None)
    few = replace(
        days, members=days.members[:8], before_kwh=days.before_kwh[:8], since_kwh=days.since_kwh[:8]
    )
    found = suspects(few)
    assert found[0].service_point == "P05"
    assert {s.change_score for s in found} == {0.0}
    assert found[0].changes == ()


def test_what_other_rules_found_is_added_as_it_is_given() -> None:
    hint = Hint(message="episode.voltage_without_load", parameters={"area": "T"}, weight=12.0)
    days = replace(_days(thief=None, empty=None), hints={"P20": [hint], "P99": [hint]})
    plain, told = (
        {s.service_point: s for s in suspects(each)} for each in (_days(thief=None, empty=None), days)
    )
    assert told["P20"].score == pytest.approx(plain["P20"].score + 12.0)
    assert told["P20"].hints == (hint,)
    assert told["P03"] == replace(plain["P03"], rank=told["P03"].rank)


def test_gaps_and_what_is_fed_in_are_borne() -> None:
    days = _days()
    since, before = days.since_kwh.copy(), days.before_kwh.copy()
    since[3, 2:4], before[7, :, 40:44], since[11, :, 30:50] = np.nan, np.nan, -0.5
    found = suspects(replace(days, since_kwh=since, before_kwh=before))
    assert found[0].service_point == "P05"
    assert len(found) == MEMBERS
    assert all(np.isfinite(s.score) for s in found)


def test_only_the_first_are_returned_where_asked_and_nobody_where_there_is_nobody() -> None:
    assert [s.rank for s in suspects(_days(), 3)] == [1, 2, 3]
    nothing = np.empty((0, 1, SLOTS))
    empty = MemberDays(
        members=(), before_kwh=nothing, since_kwh=nothing, unexplained_kwh=np.zeros((1, SLOTS))
    )
    assert suspects(empty) == []
