"""The figures themselves are the benchmark's; here: that all ways ask real meters and get an answer."""

import asyncio

from services.benchmarks.poll import ANSWER, WIRE, by_bus, by_exchange, by_streams, canned_meters
from services.benchmarks.rows import benchmarks


def test_every_way_asks_and_is_answered() -> None:
    with canned_meters() as port:
        for way in (by_streams, by_exchange, by_bus):
            assert 0 < asyncio.run(way(port, 2)) < 1


def test_the_answer_is_one_to_the_question() -> None:
    assert WIRE.hex() == "00000100"
    assert ANSWER[8] == 0x91
    assert "poll" in benchmarks.all()
