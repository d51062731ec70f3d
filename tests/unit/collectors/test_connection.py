import asyncio
from itertools import pairwise
from pathlib import Path

import pytest

from collectors.connection import BACK_OFF_MOST_S, Connection
from collectors.host_lock import HostLock
from collectors.transports import line_for
from pipeline.errors import BusBusyError, ConfigError, TransportError
from tests.unit.collectors.toy import MemoryLine, run_simulated


def connect(tmp_path: Path, line: MemoryLine) -> Connection:
    return Connection("memory", HostLock("b1", tmp_path), lambda _url: line)


def test_a_wrong_url_shows_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        Connection("nonsense", HostLock("b1", tmp_path), line_for)


def test_the_line_is_opened_once_and_kept(tmp_path: Path) -> None:
    line = MemoryLine()

    async def main() -> None:
        connection = connect(tmp_path, line)
        assert await connection.line() is await connection.line()
        await connection.close()

    run_simulated(main())
    assert (line.opened, line.closed) == (1, 1)


def test_a_line_that_stays_away_is_tried_less_and_less_often_but_never_given_up(tmp_path: Path) -> None:
    line = MemoryLine()
    line.away = True
    tries: list[float] = []

    async def main() -> None:
        connection = connect(tmp_path, line)
        loop = asyncio.get_running_loop()
        while loop.time() < 200:
            with pytest.raises(TransportError) as caught:
                await connection.line()
            if "next attempt" not in str(caught.value):
                tries.append(loop.time())
            await asyncio.sleep(0.1)
        line.away = False
        await asyncio.sleep(BACK_OFF_MOST_S)
        assert await connection.line() is line
        await connection.close()

    run_simulated(main())
    gaps = [after - before for before, after in pairwise(tries)]
    assert gaps == sorted(gaps)
    assert gaps[0] <= 1.0
    assert gaps[-1] <= BACK_OFF_MOST_S


def test_a_line_that_has_worked_is_worth_an_attempt_at_once(tmp_path: Path) -> None:
    async def main() -> None:
        connection = connect(tmp_path, MemoryLine())
        await connection.line()
        assert not await connection.drop("cut before any answer")
        await connection.line()
        connection.prove()
        assert await connection.drop("cut")
        await connection.close()

    run_simulated(main())


def test_the_bus_s_lock_comes_before_its_line(tmp_path: Path) -> None:
    line = MemoryLine()
    other = HostLock("b1", tmp_path)
    other.acquire()

    async def main() -> None:
        connection = connect(tmp_path, line)
        with pytest.raises(BusBusyError):
            await connection.line()
        other.release()
        await connection.line()
        await connection.close()
        other.acquire()
        other.release()

    run_simulated(main())
    assert line.opened == 1


def test_a_line_is_closed_when_the_bus_has_gone_to_another_host(tmp_path: Path) -> None:
    line = MemoryLine()

    class Lost(HostLock):
        def acquire(self) -> None:
            if line.opened:
                raise BusBusyError("the lease has run out")

    async def main() -> None:
        connection = Connection("memory", Lost("b1", tmp_path), lambda _url: line)
        await connection.line()
        with pytest.raises(BusBusyError, match="run out"):
            await connection.line()
        assert line.closed == 1

    run_simulated(main())
