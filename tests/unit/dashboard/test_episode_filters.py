"""What an address asks of episodes, as storage is asked for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from dashboard.episode_filters import ApiEpisodeQuestion, EpisodeQuestion
from dashboard.failures import WrongAddressError
from storage.dashboard_episodes import EpisodeFilter

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_nothing_asked_leaves_everything_open() -> None:
    assert EpisodeQuestion().filter(NOW) == ApiEpisodeQuestion().filter(NOW) == EpisodeFilter()


def test_a_severity_may_be_a_code_or_its_number() -> None:
    assert EpisodeQuestion(severity="major").filter(NOW) == EpisodeQuestion(severity="30").filter(NOW)
    assert EpisodeQuestion(severity="major").filter(NOW).severity == 30


def test_ages_count_back_from_now_and_nobody_is_an_assignee() -> None:
    older = EpisodeQuestion(age="older", assignee="-").filter(NOW)
    assert (older.started_since, older.started_before) == (None, NOW - timedelta(days=30))
    assert older.assignee == ""
    assert EpisodeQuestion(age="7").filter(NOW).started_since == NOW - timedelta(days=7)


def test_programs_may_say_open_in_two_ways() -> None:
    for question in (
        ApiEpisodeQuestion(open=True),
        ApiEpisodeQuestion(open=True, state="open"),
        ApiEpisodeQuestion(state="open"),
    ):
        assert question.filter(NOW).is_open is True


def test_what_contradicts_itself_is_refused() -> None:
    with pytest.raises(WrongAddressError, match="open=True and state=closed contradict"):
        ApiEpisodeQuestion(open=True, state="closed")
