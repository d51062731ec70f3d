import asyncio
from collections.abc import Awaitable, Callable

import pytest

from simulators.line import FaultKind, FaultMachine, LineFaults, LineServer, serve_line


class Echoer:
    """Answers each request that ends in its own letter."""

    def __init__(self, letter: bytes) -> None:
        self.letter = letter
        self.heard = b""
        self._open = b""

    def receive(self, data: bytes) -> bytes:
        self.heard += data
        self._open += data
        if not self._open.endswith(b"\n"):
            return b""
        request, self._open = self._open, b""
        return b"answer of " + self.letter if request.strip().endswith(self.letter) else b""


def on_line(
    faults: LineFaults, talk: Callable[[LineServer, list[Echoer]], Awaitable[bytes]], seed: int = 1
) -> tuple[bytes, LineServer, list[Echoer]]:
    async def run() -> tuple[bytes, LineServer, list[Echoer]]:
        slaves = [Echoer(b"A"), Echoer(b"B")]
        line = await serve_line(slaves, host="127.0.0.1", faults=faults, seed=seed)
        try:
            return await talk(line, slaves), line, slaves
        finally:
            await line.close()

    return asyncio.run(run())


async def ask(line: LineServer, request: bytes, timeout_s: float = 0.3) -> bytes:
    """Return everything that comes until the line falls silent or closes."""
    reader, writer = await asyncio.open_connection(line.host, line.port)
    writer.write(request)
    heard = b""
    try:
        while chunk := await asyncio.wait_for(reader.read(1000), timeout_s):
            heard += chunk
    except TimeoutError:
        pass
    writer.close()
    return heard


def test_every_meter_hears_every_byte_and_only_the_asked_one_answers() -> None:
    async def talk(line: LineServer, _slaves: list[Echoer]) -> bytes:
        return await ask(line, b"to B\n")

    heard, line, slaves = on_line(LineFaults(), talk)
    assert heard == b"answer of B"
    assert [slave.heard for slave in slaves] == [b"to B\n"] * 2
    assert (line.stats.exchanges, line.stats.fault_share) == (1, 0.0)


def test_a_collector_may_come_again() -> None:
    async def talk(line: LineServer, _slaves: list[Echoer]) -> bytes:
        return await ask(line, b"to A\n") + await ask(line, b"to B\n")

    assert on_line(LineFaults(), talk)[0] == b"answer of Aanswer of B"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (FaultKind.DROP, b""),
        (FaultKind.SPLIT, b"answer of A"),
        (FaultKind.ECHO, b"to A\nanswer of A"),
        (FaultKind.DELAY, b"answer of A"),
        (FaultKind.HANG_UP, b""),
        (FaultKind.DUPLICATE, b"answer of Aanswer of A"),
    ],
)
def test_each_fault_does_what_its_name_says(kind: FaultKind, expected: bytes) -> None:
    async def talk(line: LineServer, _slaves: list[Echoer]) -> bytes:
        return await ask(line, b"to A\n")

    heard, line, _ = on_line(LineFaults(**{kind.value: 1.0}, delay_s=0.02), talk)
    assert heard == expected
    assert line.stats.faults == {kind: 1}


def test_noise_comes_before_and_damage_changes_the_answer() -> None:
    machine = FaultMachine(LineFaults(), seed=4)
    (noisy,) = machine.damage(FaultKind.NOISE, b"?", b"answer")
    assert noisy.endswith(b"answer")
    assert len(noisy) > len(b"answer")
    (corrupt,) = machine.damage(FaultKind.CORRUPT, b"?", b"answer")
    assert sum((a ^ b).bit_count() for a, b in zip(corrupt, b"answer", strict=True)) == 1
    (short,) = machine.damage(FaultKind.TRUNCATE, b"?", b"answer")
    assert b"answer".startswith(short)
    assert len(short) < len(b"answer")


def test_faults_hit_their_share_of_the_exchanges_and_the_same_seed_hits_alike() -> None:
    faults = LineFaults(drop=0.02, noise=0.03, split=0.02)
    machines = [FaultMachine(faults, seed) for seed in (9, 9, 10)]
    drawn = [[machine.next_fault() for _ in range(20_000)] for machine in machines]
    assert drawn[0] == drawn[1] != drawn[2]
    stats = machines[0].stats
    assert stats.exchanges == 20_000
    assert stats.fault_share == pytest.approx(0.07, abs=0.006)
    assert stats.faults[FaultKind.NOISE] == pytest.approx(600, abs=80)


@pytest.mark.parametrize("keys", [{"drop": 1.2}, {"noise": -0.1}, {"drop": 0.6, "split": 0.6}])
def test_shares_that_are_no_shares_are_refused(keys: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"share|add up"):
        LineFaults(**keys)
