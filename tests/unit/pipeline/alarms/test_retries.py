"""Waiting grows to an hour and ends."""

from __future__ import annotations

from datetime import timedelta

from pipeline.alarms.retries import MOST_ATTEMPTS, next_attempt_after


def test_waiting_doubles_up_to_an_hour_and_ends_after_about_a_day() -> None:
    waits = [next_attempt_after(n) for n in range(1, MOST_ATTEMPTS)]
    known = [wait for wait in waits if wait is not None]
    assert [wait.total_seconds() for wait in known[:4]] == [30, 60, 120, 240]
    assert len(known) == len(waits)
    assert known[-1] == timedelta(hours=1)
    assert timedelta(hours=20) < sum(known, timedelta()) < timedelta(hours=30)
    assert next_attempt_after(MOST_ATTEMPTS) is None
