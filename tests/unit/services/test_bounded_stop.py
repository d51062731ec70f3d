"""A stop takes so long and no longer."""

from __future__ import annotations

import threading

from services.bounded_stop import CUT_SHORT, stop_by


def test_a_process_that_does_not_end_is_left() -> None:
    left = threading.Event()
    statuses: list[int] = []

    def leave(status: int) -> None:
        statuses.append(status)
        left.set()

    stop_by(0.0, leave)
    assert left.wait(10)
    assert statuses == [CUT_SHORT]


def test_one_that_ends_in_time_is_not() -> None:
    statuses: list[int] = []
    timer = stop_by(60.0, statuses.append)
    timer.cancel()
    timer.join()
    assert statuses == []
