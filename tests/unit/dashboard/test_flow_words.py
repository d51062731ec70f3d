"""Schedules are told in the reader's words; a form that nobody uses is shown as it is."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import httpx
import pytest

from dashboard.flow_words import FLOWS, away_words, schedule_words
from dashboard.formats import Formats
from flows.schedule import FLOWS as FILED
from pipeline.errors import FlowServerError
from services import flow_server

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


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (flow_server.not_named(), "未设置 PREFECT_API_URL。"),
        (flow_server.away("http://h:4200/api", OSError("refused")), "http://h:4200/api 无应答。"),
        (
            flow_server.refused("http://h/api", httpx.Response(401)),
            "http://h/api 需要用户名和密码：请设置 PREFECT_API_AUTH_STRING=用户:密码。",
        ),
        (
            flow_server.refused(
                "http://h/api",
                httpx.Response(500, text="broken", request=httpx.Request("GET", "http://h/api/flows")),
            ),
            "http://h/api 以状态 500 应答：GET /api/flows: broken",
        ),
        (FlowServerError("something else"), "something else"),
    ],
)
def test_why_prefect_does_not_tell_is_told_in_the_readers_language(
    error: FlowServerError, words: str
) -> None:
    assert away_words(str(error), Formats("zh", ZoneInfo("Asia/Shanghai"))) == words
