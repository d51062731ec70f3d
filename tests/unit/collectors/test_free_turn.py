import asyncio
from pathlib import Path

import pytest

from collectors.exchange import Outcome
from pipeline.coverage import Cause
from pipeline.errors import TransportError
from tests.unit.collectors.toy import MemoryLine, Reply, ToySession, run_simulated, toy_reply
from tests.unit.collectors.toy_bus import WANTED, owner_of, target


def test_an_order_is_sent_once_and_a_question_again(tmp_path: Path) -> None:
    line = MemoryLine(lambda _question: [])

    async def main() -> tuple[Outcome, Outcome]:
        owner, meter = owner_of(line, tmp_path), target(7)
        query = meter.driver.plan(WANTED)[0]
        async with owner.free_turn(meter) as turn:
            session = ToySession(meter.address)
            ordered = await turn.order(session, query)
            asked = await turn.ask(session, query)
        await owner.close()
        return ordered, asked

    ordered, asked = run_simulated(main())
    assert (ordered.attempts, ordered.cause) == (1, Cause.NO_ANSWER)
    assert asked.attempts == 3


def test_an_order_is_not_sent_again_when_its_line_breaks(tmp_path: Path) -> None:
    def answer_then_cut(question: bytes) -> Reply:
        if len(line.questions) > 1:
            line.cut()
        return toy_reply(question)

    line = MemoryLine(answer_then_cut)

    async def main() -> Outcome:
        owner, meter = owner_of(line, tmp_path), target(7)
        async with owner.free_turn(meter) as turn:
            session = ToySession(meter.address)
            await turn.ask(session, meter.driver.plan(WANTED)[0])  # the line has worked
            ordered = await turn.order(session, meter.driver.plan(WANTED)[1])
        await owner.close()
        return ordered

    assert run_simulated(main()).cause is Cause.LINK
    assert len(line.questions) == 2


def test_the_bus_is_free_again_after_a_turn_that_failed(tmp_path: Path) -> None:
    async def main() -> bool:
        owner, meter = owner_of(MemoryLine(toy_reply), tmp_path), target(7)
        with pytest.raises(ValueError, match="mine"):
            async with owner.free_turn(meter):
                raise ValueError("mine")
        read = await asyncio.wait_for(owner.read_meter(meter, WANTED, None), 60)
        await owner.close()
        return read.snapshot is not None

    assert run_simulated(main())


def test_a_bus_that_is_read_keeps_its_rate(tmp_path: Path) -> None:
    async def main() -> None:
        owner = owner_of(MemoryLine(), tmp_path)
        async with owner.free_turn(target(7)) as turn:
            await turn.switch("serial:///dev/ttyUSB0?baudrate=9600")

    with pytest.raises(TransportError, match="does not change the rate"):
        run_simulated(main())
