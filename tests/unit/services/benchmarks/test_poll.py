"""The figures themselves are the benchmark's; here: that all ways ask real meters and get an answer."""

import asyncio

from services.benchmarks.poll import ANSWER, WIRE, by_bus, by_exchange, by_streams, canned_meters, cpu_s_by
from services.benchmarks.rows import benchmarks


def test_every_way_asks_and_is_answered() -> None:
    with canned_meters() as port:
        ways = (by_streams, by_exchange, by_bus)
        figures = asyncio.run(cpu_s_by(ways, port, connections=2, rounds=2))
    assert len(figures) == len(ways)
    assert all(0 < figure < 1 for figure in figures)


def test_the_answer_is_one_to_the_question() -> None:
    assert WIRE.hex() == "00000100"
    assert ANSWER[8] == 0x91
    assert "poll" in benchmarks.all()
