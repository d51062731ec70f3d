"""Tasks that read buses of one group wait for each other, at a real Prefect server."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError, Lock

import pytest
from prefect import get_client

from flows.limits import at_most, make_limits
from pipeline.errors import FlowServerError

pytestmark = pytest.mark.usefixtures("prefect_server")
GROUPS = {"kilowatch-test-one": 1, "kilowatch-test-two": 2}
MEETS_WITHIN_S = 3.0


@pytest.fixture(scope="module", autouse=True)
def limits(prefect_server: str) -> Iterator[None]:
    """A group of which one bus is read at a time, and one of which two are."""
    assert prefect_server
    with get_client(sync_client=True) as client:
        for group, limit in GROUPS.items():
            make_limits(client, [group], limit)
        yield
        for group in GROUPS:
            client.delete_global_concurrency_limit_by_name(group)


def most_at_once(group: str, tasks: int) -> int:
    """Return how many of so many tasks were ever inside at once; each waits there for another."""
    inside, most, lock = 0, 0, Lock()
    met = Barrier(2)

    def reads() -> None:
        nonlocal inside, most
        with at_most(group):
            with lock:
                inside += 1
                most = max(most, inside)
            with suppress(BrokenBarrierError):
                met.wait(MEETS_WITHIN_S)
            with lock:
                inside -= 1

    with ThreadPoolExecutor(tasks) as threads:
        for done in [threads.submit(reads) for _ in range(tasks)]:
            done.result(120)
    return most


@pytest.mark.parametrize(("group", "limit"), GROUPS.items())
def test_no_more_tasks_of_a_group_read_at_a_time_than_its_limit(group: str, limit: int) -> None:
    assert most_at_once(group, limit + 1) == limit


def test_a_group_without_a_limit_is_not_read_without_one() -> None:
    with pytest.raises(FlowServerError, match="flows deploy"), at_most("kilowatch-nobody-made-it"):
        pass
