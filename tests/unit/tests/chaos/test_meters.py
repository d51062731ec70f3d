"""The chaos run's meters write down the register of each answer, read apart from the product's decoder."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.chaos.ledger import Ledger
from tests.chaos.meters import NotingMeter, register_in

# The answer of DL/T 645-2007 to 00010000: 123456.78 kWh, each byte of the data plus 33H.
ANSWER = bytes.fromhex("68 010000000000 68 91 08 33333433 AB896745".replace(" ", "")) + b"\x00\x16"

VOLTAGE = ANSWER.replace(bytes.fromhex("33333433"), bytes.fromhex("33343533"))
START = datetime(2026, 11, 25, 4, tzinfo=UTC)


def test_the_register_of_an_answer_is_read() -> None:
    assert register_in(ANSWER) == 12345678
    assert register_in(b"\xfe\xfe\xfe\xfe" + ANSWER) == 12345678


@pytest.mark.parametrize(
    "other",
    [
        b"",
        ANSWER[:9],
        ANSWER[:8] + b"\xd1" + ANSWER[9:],
        VOLTAGE,
    ],
    ids=["silence", "half a head", "refusal", "voltage"],
)
def test_anything_else_holds_no_register(other: bytes) -> None:
    assert register_in(other) is None


def test_an_answer_counts_as_repeated_when_the_very_same_is_asked_next() -> None:
    answers = iter([ANSWER, ANSWER, VOLTAGE, ANSWER])

    class Scripted:
        def receive(self, data: bytes) -> bytes:  # noqa: ARG002 - the shape of every slave
            return next(answers)

    ledger = Ledger()
    seconds = iter(range(9))
    meter = NotingMeter("bus-1", "M", Scripted(), ledger, lambda: START + timedelta(seconds=next(seconds)))
    for _ in range(4):
        meter.receive(b"a question")
    assert len(ledger.answers) == 3
    assert ledger.repeated == ledger.answers[:1]
