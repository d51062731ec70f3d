"""``make fuzz``: mutated frames and messages go through everything that takes bytes; ends with a summary.

What must hold for each: no exception but the named ones, no hang, no memory that grows; one flipped bit of a
frame with a checksum never becomes another value; stored frames read alike one by one and many at once. A
failure names the seed of its batch, so that ``--seed`` shows it again.
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import os
import random
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from typing import NamedTuple

from pipeline.registry import DEFAULT_ZONE, Wiring
from protocols.dlt645.decoding import Decoder
from protocols.mqtt.dialects import Receive
from tests.fuzz.messages import heard, listener, messages
from tests.fuzz.mutations import MUTATIONS
from tests.fuzz.subjects import (
    Subject,
    Talk,
    UnexpectedError,
    captured_frames,
    chunked,
    explain,
    hear,
    read_alike,
    subjects,
)

BATCH = 1_000
"""Mutated frames that share a seed; a batch that takes longer than ``HANG_S`` has hung."""
HANG_S = 60
WITH_CHECKSUM = ("DL/T 645", "Modbus rtu")
ONE_BIT = "one bit"
_DECODER = Decoder(Wiring.THREE_PHASE_FOUR_WIRE, DEFAULT_ZONE)


@dataclass(slots=True)
class Summary:
    """What became of the frames, counted."""

    frames: int = 0
    heard: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """By subject, mutation and what a session made of it."""
    explained: Counter[str] = field(default_factory=Counter)
    replayed: int = 0
    """Mutated frames that still had values, alike both ways."""
    meters_answered: int = 0
    """Mutated questions that a simulated meter still answered."""
    messages: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Mutated MQTT messages by dialect and what became of them."""
    failures: list[str] = field(default_factory=list)

    def add(self, other: Summary) -> None:
        """Add another summary to this one."""
        self.frames += other.frames
        self.heard += other.heard
        self.explained += other.explained
        self.replayed += other.replayed
        self.meters_answered += other.meters_answered
        self.messages += other.messages
        self.failures += other.failures


class Trial(NamedTuple):
    """One mutated answer to one question."""

    subject: Subject
    talk: Talk
    kind: str
    raw: bytes


def fuzz(seeds: Iterable[int], size: int = BATCH) -> Iterator[Summary]:
    """Yield the summary of each seed's batch."""
    for seed in seeds:
        yield _batch(seed, size)


def _batch(seed: int, size: int) -> Summary:
    chance = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
    summary = Summary(frames=size)
    mutated: list[bytes] = []
    listeners = {dialect: listener(dialect) for dialect in _messages()}
    for _ in range(size):
        _one_message(chance, summary, listeners, seed)
        subject = chance.choice(_subjects())
        talk, other = chance.choice(subject.talks), chance.choice(subject.talks)
        kind = chance.choice(tuple(MUTATIONS))
        sound = talk.answer if chance.random() < 0.8 else chance.choice(_captured())
        raw = MUTATIONS[kind](chance, sound, other.answer)
        mutated.append(raw)
        try:
            _one(chance, summary, Trial(subject, talk, kind, raw))
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what we look for
            summary.failures.append(
                f"seed {seed}, {subject.name}, {kind}: {type(error).__name__} {error}: {raw.hex(' ')}"
            )
    try:
        summary.replayed = read_alike([raw.lstrip(b"\xfe") for raw in mutated], _DECODER)
    except Exception as error:  # noqa: BLE001 - likewise
        summary.failures.append(f"seed {seed}, replay: {type(error).__name__} {error}")
    return summary


def _one(chance: random.Random, summary: Summary, trial: Trial) -> None:
    subject, talk, kind, raw = trial
    word, values = hear(subject.session(), talk.query, chunked(chance, raw))
    summary.heard[subject.name, kind, word] += 1
    if kind == ONE_BIT and subject.name in WITH_CHECKSUM and word == "answer":
        _, told = hear(subject.session(), talk.query, [talk.answer])
        if repr(values) != repr(told):
            raise UnexpectedError("one flipped bit became another value")
    summary.explained[explain(raw)] += 1
    question = MUTATIONS[kind](chance, subject.session().ask(talk.query), raw or b"\x68")
    summary.meters_answered += bool(subject.meter()(question))


def _one_message(
    chance: random.Random, summary: Summary, listeners: Mapping[str, Receive], seed: int
) -> None:
    """Let a session, which remembers what it heard before, hear one mutated MQTT message."""
    dialect = chance.choice(tuple(listeners))
    sound, other = (chance.choice(_messages()[dialect]) for _ in range(2))
    kind = chance.choice(tuple(MUTATIONS))
    raw = MUTATIONS[kind](chance, sound, other)
    try:
        summary.messages[dialect, heard(listeners[dialect], dialect, raw)] += 1
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what we look for
        summary.failures.append(
            f"seed {seed}, MQTT {dialect}, {kind}: {type(error).__name__} {error}: {raw.hex(' ')}"
        )


@cache
def _messages() -> Mapping[str, Sequence[bytes]]:
    return messages()


@cache
def _subjects() -> Sequence[Subject]:
    return subjects()


@cache
def _captured() -> Sequence[bytes]:
    return captured_frames()


def _work(seeds: Sequence[int]) -> Summary:
    """Fuzz some batches in a process of its own."""
    total = Summary()
    batches = fuzz(seeds)
    for _ in seeds:
        faulthandler.dump_traceback_later(HANG_S, exit=True)
        total.add(next(batches))
    faulthandler.cancel_dump_traceback_later()
    return total


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz, print the summary, and return 1 when something failed."""
    parser = argparse.ArgumentParser(
        prog="make fuzz", description=__doc__.splitlines()[0] if __doc__ else None
    )
    parser.add_argument("--frames", type=int, default=1_000_000, help="how many mutated frames")
    parser.add_argument("--seed", type=int, default=1, help="the first batch's seed")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    chosen = parser.parse_args(arguments)
    seeds = iter(range(chosen.seed, chosen.seed + -(-chosen.frames // BATCH)))
    shares = list(iter(lambda: list(islice(seeds, 20)), []))
    total = Summary()
    with ProcessPoolExecutor(max_workers=os.cpu_count()) as pool:
        for number, part in enumerate(pool.map(_work, shares), start=1):
            total.add(part)
            if sys.stderr.isatty():
                print(f"\r{number / len(shares):4.0%}", end="", file=sys.stderr)  # noqa: T201 - a command
    print(json.dumps(_as_json(total)) if chosen.json else _as_text(total))  # noqa: T201 - a command
    return 1 if total.failures else 0


def _as_json(total: Summary) -> dict[str, object]:
    heard: dict[str, dict[str, dict[str, int]]] = {}
    for (subject, kind, word), count in sorted(total.heard.items()):
        heard.setdefault(subject, {}).setdefault(kind, {})[word] = count
    return {
        "frames": total.frames,
        "heard": heard,
        "explained": dict(total.explained),
        "replayed": total.replayed,
        "meters_answered": total.meters_answered,
        "messages": {
            f"{dialect}: {word}": count for (dialect, word), count in sorted(total.messages.items())
        },
        "failures": total.failures[:20],
        "failed": len(total.failures),
    }


def _as_text(total: Summary) -> str:
    lines = [f"{total.frames} mutated frames, {len(total.failures)} failures"]
    by_word: Counter[tuple[str, str]] = Counter()
    for (subject, _, word), count in total.heard.items():
        by_word[subject, word] += count
    lines += [f"  {subject:14} {word:26} {count:9}" for (subject, word), count in sorted(by_word.items())]
    lines += [f"  decode         {word:26} {count:9}" for word, count in sorted(total.explained.items())]
    lines.append(f"  replay         with values                {total.replayed:9}")
    lines += [
        f"  {dialect:14} {word:26} {count:9}" for (dialect, word), count in sorted(total.messages.items())
    ]
    lines.append(f"  meters         answered                   {total.meters_answered:9}")
    return "\n".join([*lines, *total.failures[:20]])


if __name__ == "__main__":
    sys.exit(main())
