from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from dashboard.spans import span_of

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)  # 21 November, 01:00, in Shanghai


def test_a_span_is_whole_local_days_up_to_today() -> None:
    span = span_of(7, None, now=NOW, zone=SHANGHAI)
    assert span.since == datetime(2026, 11, 14, 16, tzinfo=UTC)
    assert span.until == datetime(2026, 11, 21, 16, tzinfo=UTC)
    assert span.later is None


def test_one_goes_back_by_the_span_and_forward_no_further_than_today() -> None:
    span = span_of(7, date(2026, 11, 17), now=NOW, zone=SHANGHAI)
    assert (span.earlier, span.later) == (date(2026, 11, 10), date(2026, 11, 21))


def test_a_day_in_the_future_is_today() -> None:
    assert span_of(1, date(2030, 1, 1), now=NOW, zone=SHANGHAI).last == date(2026, 11, 21)


def test_the_day_on_which_clocks_change_has_twenty_five_hours() -> None:
    span = span_of(1, date(2026, 10, 25), now=NOW, zone=ZoneInfo("Europe/Berlin"))
    assert (span.until - span.since).total_seconds() == 25 * 3600
