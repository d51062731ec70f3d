"""Schedules are told in the reader's words; a form that nobody uses is shown as it is."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from dashboard.flow_words import FLOWS, schedule_words
from dashboard.formats import Formats
from flows.schedule import FLOWS as FILED

ENGLISH = Formats("en", ZoneInfo("Asia/Shanghai"))


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        ("* * * * *", "every minute"),
        ("12 * * * *", "every hour at minute 12"),
        ("7,22 * * * *", "every hour at minute 7, 22"),
        ("42 2,6 * * *", "every day at 02:42, 06:42"),
        ("52 7 2,6 * *", "every month on day 2, 6 at 07:52"),
        ("*/5 * * * *", "*/5 * * * *"),
        ("0 3 * * 1", "0 3 * * 1"),
        ("", ""),
    ],
)
def test_a_schedule_in_words(cron: str, words: str) -> None:
    assert schedule_words([cron], ENGLISH) == words


def test_every_flow_has_a_name_for_people() -> None:
    assert set(FILED.all()) <= set(FLOWS)
