import asyncio

import pytest

from services.benchmarks.skipped_waits import run_skipping
from services.benchmarks.slow_line import SlowLine
from simulators.line import FaultMachine, LineFaults


class Parrot:
    """Answers with ten bytes what is meant for it."""

    def receive(self, data: bytes) -> bytes:
        return b"0123456789" if data == b"parrot" else b""


def test_bytes_take_their_time_both_ways_and_the_meter_thinks_between() -> None:
    async def main() -> tuple[bytes, float, float]:
        line = SlowLine([Parrot()], baudrate=1100, delay_s=0.5)
        await line.open()
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        line.write(b"parrot")
        heard = b""
        while len(heard) < 10:
            heard += await line.read(began_s + 5)
        await line.close()
        return heard, loop.time() - began_s, line.least_s

    heard, took_s, least_s = run_skipping(main())
    assert heard == b"0123456789"
    assert least_s == pytest.approx((6 + 10) / 100 + 0.5)
    assert least_s <= took_s < least_s + 0.1


def test_nobody_answers_what_is_meant_for_nobody() -> None:
    async def main() -> None:
        line = SlowLine([Parrot()], baudrate=1100, delay_s=0.5)
        line.write(b"raven!")
        with pytest.raises(TimeoutError):
            await line.read(asyncio.get_running_loop().time() + 5)
        assert line.drain_input() == b""
        assert line.least_s == pytest.approx(6 / 100)

    run_skipping(main())


def test_an_answer_may_be_lost_on_the_way() -> None:
    async def main() -> None:
        line = SlowLine(
            [Parrot()], baudrate=1100, delay_s=0.5, damage=FaultMachine(LineFaults(drop=1.0), seed=1)
        )
        line.write(b"parrot")
        with pytest.raises(TimeoutError):
            await line.read(asyncio.get_running_loop().time() + 5)

    run_skipping(main())
