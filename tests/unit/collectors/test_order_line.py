"""Orders on a line: sent once whatever becomes of them, by the one owner of the bus."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from collectors.exchange import Outcome
from collectors.host_lock import HostLock
from collectors.order_line import OrderLine
from pipeline.coverage import Cause
from pipeline.errors import BusBusyError, TransportError
from pipeline.registry import Bus
from protocols.session import Answer
from tests.unit.collectors.toy import MemoryLine, ToySession, answer, run_simulated, simulated_now, toy_query

T = TypeVar("T")
BUS = Bus(id="line-1", url="tcp://a:1", timeout_s=1.0, retries=2)


def on(line: MemoryLine, folder: Path, act: Callable[[OrderLine], Awaitable[T]]) -> T:
    """Do something with the line's owner in simulated time."""

    async def main() -> T:
        owner = OrderLine(BUS, now=simulated_now, lock_dir=folder, make_line=lambda _url: line)
        try:
            return await act(owner)
        finally:
            await owner.close()

    return run_simulated(main())


def test_an_order_that_is_not_answered_is_not_sent_again(tmp_path: Path) -> None:
    line = MemoryLine(lambda _: [])
    outcome = on(line, tmp_path, lambda owner: owner.order(ToySession("07"), toy_query("V")))
    assert (outcome.event, outcome.cause, line.asked) == (None, Cause.NO_ANSWER, ["07V"])


def test_a_late_answer_does_not_confirm_the_next_order(tmp_path: Path) -> None:
    late = [[(1.5, answer("07", "V", 230.0))], []]
    line = MemoryLine(lambda _: late.pop(0))

    async def act(owner: OrderLine) -> list[Outcome]:
        session = ToySession("07")
        return [await owner.order(session, toy_query("V")) for _ in range(2)]

    outcomes = on(line, tmp_path, act)
    assert [outcome.event for outcome in outcomes] == [None, None]


def test_what_changes_nothing_is_asked_again(tmp_path: Path) -> None:
    line = MemoryLine(lambda _: [])
    on(line, tmp_path, lambda owner: owner.ask(ToySession("07"), toy_query("V")))
    assert line.asked == ["07V"] * 3


def test_an_order_on_a_line_that_breaks_is_not_sent_on_a_new_one(tmp_path: Path) -> None:
    line = MemoryLine(lambda _: [])

    async def act(owner: OrderLine) -> Outcome:
        await owner.open()
        asyncio.get_running_loop().call_later(0.2, line.cut)
        return await owner.order(ToySession("07"), toy_query("V"))

    outcome = on(line, tmp_path, act)
    assert (outcome.cause, outcome.attempts, line.asked, line.opened) == (Cause.LINK, 1, ["07V"], 1)


def test_a_good_answer_comes_back(tmp_path: Path) -> None:
    outcome = on(MemoryLine(), tmp_path, lambda owner: owner.order(ToySession("07"), toy_query("V")))
    assert isinstance(outcome.event, Answer)


def test_the_bus_of_a_collector_is_left_to_it(tmp_path: Path) -> None:
    collector = HostLock(BUS.id, tmp_path)
    collector.acquire()
    line = MemoryLine()
    with pytest.raises(BusBusyError, match="line-1 belongs to process"):
        on(line, tmp_path, lambda owner: owner.open())
    collector.release()
    assert line.opened == 0
    on(line, tmp_path, lambda owner: owner.open())
    assert line.opened == 1


def test_a_line_that_does_not_open_is_told(tmp_path: Path) -> None:
    line = MemoryLine()
    line.away = True
    with pytest.raises(TransportError, match="nobody is there"):
        on(line, tmp_path, lambda owner: owner.order(ToySession("07"), toy_query("V")))
    assert line.asked == []


def test_another_setting_of_the_line_keeps_the_bus(tmp_path: Path) -> None:
    urls: list[str] = []
    line = MemoryLine()

    def make(url: str) -> MemoryLine:
        urls.append(url)
        return line

    async def main() -> None:
        owner = OrderLine(BUS, now=simulated_now, lock_dir=tmp_path, make_line=make)
        await owner.open()
        await owner.switch("tcp://a:2")
        with pytest.raises(BusBusyError):
            HostLock(BUS.id, tmp_path).acquire()
        await owner.ask(ToySession("07"), toy_query("V"))
        await owner.close()

    run_simulated(main())
    assert urls[-1] == "tcp://a:2"
    assert (line.opened, line.closed) == (2, 2)
    HostLock(BUS.id, tmp_path).acquire()
