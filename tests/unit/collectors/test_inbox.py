import asyncio

import pytest

from collectors.inbox import INBOX_BYTES, Inbox
from pipeline.errors import TransportError
from tests.unit.collectors.toy import run_simulated


def test_bytes_that_came_before_are_read_at_once() -> None:
    async def main() -> None:
        inbox = Inbox()
        inbox.feed(b"ab")
        inbox.feed(b"c")
        assert await inbox.read(0.0) == b"abc"

    run_simulated(main())


def test_a_reader_is_woken_by_the_next_bytes() -> None:
    async def main() -> None:
        inbox = Inbox()
        asyncio.get_running_loop().call_later(2.0, inbox.feed, b"x")
        assert await inbox.read(3.0) == b"x"
        assert asyncio.get_running_loop().time() == pytest.approx(2.0)

    run_simulated(main())


def test_nothing_until_the_deadline_is_a_time_out() -> None:
    async def main() -> None:
        with pytest.raises(TimeoutError):
            await Inbox().read(3.0)
        assert asyncio.get_running_loop().time() == pytest.approx(3.0)

    run_simulated(main())


def test_each_read_keeps_its_own_deadline_whichever_came_before() -> None:
    async def main() -> None:
        inbox = Inbox()
        loop = asyncio.get_running_loop()
        loop.call_at(1.0, inbox.feed, b"x")
        assert await inbox.read(3.0) == b"x"
        with pytest.raises(TimeoutError):
            await inbox.read(4.0)
        assert loop.time() == pytest.approx(4.0)
        loop.call_at(5.0, inbox.feed, b"y")
        assert await inbox.read(60.0) == b"y"
        with pytest.raises(TimeoutError):
            await inbox.read(6.0)
        assert loop.time() == pytest.approx(6.0)

    run_simulated(main())


def test_the_deadline_of_a_read_that_was_given_up_ends_no_other() -> None:
    async def main() -> None:
        inbox = Inbox()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.0):
                await inbox.read(3.0)
        asyncio.get_running_loop().call_at(5.0, inbox.feed, b"x")
        assert await inbox.read(9.0) == b"x"

    run_simulated(main())


def test_a_closed_line_ends_the_read_that_waits() -> None:
    async def main() -> None:
        inbox = Inbox()
        asyncio.get_running_loop().call_later(1.0, inbox.fail, TransportError("cut"))
        with pytest.raises(TransportError, match="cut"):
            await inbox.read(3.0)
        assert asyncio.get_running_loop().time() == pytest.approx(1.0)

    run_simulated(main())


def test_a_closed_line_gives_its_last_bytes_before_its_error() -> None:
    async def main() -> None:
        inbox = Inbox()
        inbox.feed(b"last")
        inbox.fail(TransportError("cut"))
        assert await inbox.read(1.0) == b"last"
        with pytest.raises(TransportError, match="cut"):
            await inbox.read(1.0)

    run_simulated(main())


def test_a_line_that_babbles_unread_keeps_a_bounded_tail() -> None:
    inbox = Inbox()
    for _ in range(10):
        inbox.feed(bytes(INBOX_BYTES // 4))
    inbox.feed(b"end")
    kept = inbox.drain()
    assert len(kept) == INBOX_BYTES
    assert kept.endswith(b"end")
