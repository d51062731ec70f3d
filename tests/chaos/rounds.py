"""Which part of the site is struck in each round, how and for how long; decided by a seed."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice


class Action(StrEnum):
    """What is done to a part."""

    KILL = "kill"
    """-9, and what it started with it; then started again."""
    STOP = "stop"
    """SIGTERM, as a service manager does; then started again."""
    ORPHAN = "orphan"
    """-9, and started again while its way to the database is cut."""
    FREEZE = "freeze"
    """SIGSTOP, then SIGCONT."""
    CUT = "cut"
    """Every connection of a link breaks, and each new one."""
    STALL = "stall"
    """Nothing goes through a link, and nothing breaks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One way to strike one kind of part."""

    action: Action
    peer: str
    hold_s: tuple[float, float]
    """Seconds from the strike until the part may go on: at least, at most."""

    @property
    def name(self) -> str:
        """What the summary calls it."""
        return f"{self.action} {self.peer}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One strike."""

    number: int
    kind: Kind
    victim: str
    wait_s: float
    """From the end of the round before."""
    hold_s: float


SHORT, OUTAGE, LONG = (0.1, 1.5), (0.5, 3.0), (2.0, 7.0)
"""Seconds. The long ones outlast a lease, and what the collectors call a slow commit."""
START = (4.0, 7.0)
"""Seconds in which a process that was started is at work."""
WAIT_S = (0.5, 3.5)
KINDS = (
    Kind(action=Action.KILL, peer="collector", hold_s=SHORT),
    Kind(action=Action.KILL, peer="ingester", hold_s=SHORT),
    Kind(action=Action.KILL, peer="database", hold_s=OUTAGE),
    Kind(action=Action.KILL, peer="broker", hold_s=OUTAGE),
    Kind(action=Action.CUT, peer="bus link", hold_s=OUTAGE),
    Kind(action=Action.CUT, peer="broker link", hold_s=OUTAGE),
    Kind(action=Action.CUT, peer="database link", hold_s=OUTAGE),
    Kind(action=Action.STOP, peer="collector", hold_s=SHORT),
    Kind(action=Action.STOP, peer="ingester", hold_s=SHORT),
    Kind(action=Action.STOP, peer="database", hold_s=OUTAGE),
    Kind(action=Action.STOP, peer="broker", hold_s=OUTAGE),
    Kind(action=Action.ORPHAN, peer="collector", hold_s=START),
    Kind(action=Action.ORPHAN, peer="ingester", hold_s=START),
    Kind(action=Action.FREEZE, peer="collector", hold_s=LONG),
    Kind(action=Action.FREEZE, peer="ingester", hold_s=LONG),
    Kind(action=Action.FREEZE, peer="database", hold_s=LONG),
    Kind(action=Action.FREEZE, peer="broker", hold_s=LONG),
    Kind(action=Action.STALL, peer="database link", hold_s=LONG),
    Kind(action=Action.STALL, peer="broker link", hold_s=LONG),
)


def rounds(count: int, seed: int, victims: Mapping[str, Sequence[str]]) -> list[Round]:
    """Return ``count`` rounds on ``victims`` by kind of part.

    The first rounds strike each kind of part once; every way to strike comes before any comes again.
    """
    dice = random.Random(seed)  # noqa: S311 - a trial, repeatable by its seed
    return [
        Round(
            number=number,
            kind=kind,
            victim=dice.choice(victims[kind.peer]),
            wait_s=dice.uniform(*WAIT_S),
            hold_s=dice.uniform(*kind.hold_s),
        )
        for number, kind in enumerate(islice(_kinds(dice), count), start=1)
    ]


def _kinds(dice: random.Random) -> Iterator[Kind]:
    while True:
        by_peer: dict[str, list[Kind]] = defaultdict(list)
        for kind in KINDS:
            by_peer[kind.peer].append(kind)
        first = [dice.choice(kinds) for kinds in by_peer.values()]
        rest = [kind for kind in KINDS if kind not in first]
        dice.shuffle(first)
        dice.shuffle(rest)
        yield from first
        yield from rest
