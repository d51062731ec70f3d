"""How fast DL/T 645 answers become values: one by one, in a session, many at once, and by another package."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice, repeat
from pathlib import Path
from typing import Final

from pipeline.errors import ConfigError
from pipeline.model import MeterId, Snapshot
from pipeline.registry import DEFAULT_ZONE, Wiring
from protocols.dlt645.catalogue import Item, lookup
from protocols.dlt645.decoding import Decoder
from protocols.dlt645.frame import FROM_METER, address_bytes, build
from protocols.dlt645.functions import Function2007
from protocols.dlt645.questions import read_query
from protocols.dlt645.replay import read_answer, replay
from protocols.dlt645.session import Dlt645Session
from protocols.dlt645.values import number_to_bcd
from services.benchmarks.rows import BenchRow, benchmarks, cpu_s
from services.settings import load_settings

FRAMES: Final = 20_000
"""In the bulk replay; the slower ways take the first ``SLICE`` of them."""
SLICE: Final = 2_000
ROUNDS: Final = 30
"""Each way takes its turn so often; the best round counts, for the machine has other work too."""
ADDRESS: Final = "201908310042"
TAKEN_AT: Final = datetime(2026, 3, 10, tzinfo=UTC)
PEER: Final = "dlt645"
PEER_START_S: Final = 60.0
ONE_BY_ONE_GOAL: Final = 4.0
BULK_GOAL: Final = 10.0
# What a collector asks most, of the kinds that the other package reads right: single items without a sign.
IDENTIFIERS: Final = ("00010000", "00020000", "00050000", "02010100", "02010200", "02020100", "02800002")
_PROJECT = Path(__file__).parents[2]


@benchmarks.register("decode")
def decode(begin: Callable[[str], None]) -> Sequence[BenchRow]:
    """Measure; the other package runs in an environment of its own, made on first use.

    Raises:
        ConfigError: If that environment cannot be made, or the package reads other values than we do.
    """
    begin("making the other package's environment")
    python = _peer_python()
    begin("writing the frames")
    frames = list(islice(_answers(random.Random(645)), FRAMES))  # noqa: S311 - meters' readings, not secrets
    decoder = Decoder(Wiring.THREE_PHASE_FOUR_WIRE, DEFAULT_ZONE)
    some = frames[:SLICE]
    best = dict.fromkeys(("peer", "single", "snapshot", "session", "bulk"), float("inf"))
    with _peer(python, some) as peer:
        _same_values(peer.total, some, decoder)
        begin(f"{ROUNDS} rounds")
        for _ in range(ROUNDS):
            took = {
                "peer": peer.pass_s() / SLICE,
                "single": cpu_s(lambda: [read_answer(frame, decoder) for frame in some]) / SLICE,
                "snapshot": cpu_s(lambda: [_snapshot(frame, decoder) for frame in some]) / SLICE,
                "session": _session_s(some, decoder) / SLICE,
                "bulk": cpu_s(lambda: replay(frames, decoder)) / FRAMES,
            }
            best = {way: min(seconds, took[way]) for way, seconds in best.items()}
    us = {way: seconds * 1e6 for way, seconds in best.items()}
    return [
        BenchRow(
            what="frame to values, one by one, against PyPI dlt645 3.2.0 (us a frame)",
            value=us["single"],
            limit=us["peer"],
            goal=ONE_BY_ONE_GOAL,
        ),
        BenchRow(
            what="frame to a snapshot of its own, against the same (us a frame)",
            value=us["snapshot"],
            limit=us["peer"],
            goal=ONE_BY_ONE_GOAL,
        ),
        BenchRow(
            what="bytes of the line to an answer in a session, against the same (us a frame)",
            value=us["session"],
            limit=us["peer"],
        ),
        BenchRow(
            what="bulk replay of stored frames, against one by one (us a frame)",
            value=us["bulk"],
            limit=us["single"],
            goal=BULK_GOAL,
        ),
    ]


def _answers(chance: random.Random) -> Iterator[bytes]:
    """Yield answers of one meter; which item follows which is left to chance."""
    items = [_item(di) for di in IDENTIFIERS]
    address = address_bytes(ADDRESS)
    for item in map(chance.choice, repeat(items)):
        form = item.fields[0].form
        value = Decimal(chance.randrange(10 ** (2 * form.length) // 4)).scaleb(-form.decimals)
        content = item.wire + number_to_bcd(value, form)
        yield build(address, Function2007.READ | FROM_METER, content)


def _item(di: str) -> Item:
    item = lookup(bytes.fromhex(di)[::-1])
    assert item is not None, di  # noqa: S101 - our own list
    return item


def _snapshot(frame: bytes, decoder: Decoder) -> Snapshot:
    """Return one frame's values as a snapshot; in service a snapshot gathers all answers of one read."""
    read = read_answer(frame, decoder)
    return Snapshot(
        meter=MeterId(read.address),
        taken_at=TAKEN_AT,
        received_at=TAKEN_AT,
        values=read.values,
        flags=read.flags,
    )


def _session_s(frames: Sequence[bytes], decoder: Decoder) -> float:
    """Return the CPU seconds from the bytes to the answer; the questions are asked before."""
    sessions = []
    queries = {item.wire: read_query(item.wire, item.element_length) for item in map(_item, IDENTIFIERS)}
    for frame in frames:
        session = Dlt645Session(ADDRESS, decoder)
        session.ask(queries[bytes((byte - 0x33) & 0xFF for byte in frame[10:14])])
        sessions.append((session, frame))

    def hear() -> None:
        for session, frame in sessions:
            session.receive_data(frame)
            session.next_event()

    return cpu_s(hear)


def _same_values(total: float, frames: Sequence[bytes], decoder: Decoder) -> None:
    """Make sure that both do the same work."""
    read = [value for frame in frames for value in read_answer(frame, decoder).values.values()]
    ours = sum(value for value in read if isinstance(value, float))
    if abs(ours - total) > abs(ours) * 1e-9:
        raise ConfigError(f"the other package reads other values: their sum is {total:g}, ours {ours:g}")


def _peer_python() -> str:
    """Return the interpreter of an environment that has the other package.

    Raises:
        ConfigError: If none is named and it cannot be made.
    """
    named = load_settings().peer_python
    if named is not None:
        return str(named)
    script = _PROJECT / "scripts" / "peer"
    hint = "run it in a checkout, or name a Python with dlt645 3.2.0 in KILOWATCH_PEER_PYTHON"
    if not script.is_file():
        raise ConfigError(f"there is no {script.name} beside this installation; {hint}")
    made = subprocess.run([script, PEER], capture_output=True, text=True, check=False)  # noqa: S603 - our own script
    if made.returncode:
        raise ConfigError(f"the environment of {PEER} cannot be made: {made.stderr.strip()[-300:]}; {hint}")
    return made.stdout.strip().splitlines()[-1]


class _Peer:
    """The other package at work in its own process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.total = self._answer()

    def pass_s(self) -> float:
        """Return the CPU seconds of one pass over all frames."""
        self._say("again")
        return self._answer()

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None  # noqa: S101 - opened as a pipe
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def _answer(self) -> float:
        assert self._process.stdout is not None  # noqa: S101 - opened as a pipe
        line = self._process.stdout.readline()
        if not line:
            raise ConfigError(f"the other package ended with status {self._process.wait()}; see above")
        return float(json.loads(line))


@contextmanager
def _peer(python: str, frames: Sequence[bytes]) -> Iterator[_Peer]:
    script = Path(__file__).with_name("dlt645_peer.py")
    job = json.dumps({"address": ADDRESS, "frames": [frame.hex() for frame in frames]})
    with subprocess.Popen(  # noqa: S603 - our own script
        [python, "-I", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None  # noqa: S101 - opened as a pipe
        process.stdin.write(job + "\n")
        process.stdin.flush()
        yield _Peer(process)
        process.stdin.close()
