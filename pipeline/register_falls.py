"""Why a register fell: roll-over, reset, a single bad read or a boot zero, told apart reading by reading."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from pipeline.block import Times

HIGH_SHARE = 0.9
LOW_SHARE = 0.1
"""A roll-over falls from above 90 % of the full scale to below 10 % of it (terminal firmware practice)."""


class Fall(StrEnum):
    """What a register that did not simply grow has done."""

    ROLL_OVER = "roll-over"
    """It passed its full scale and began at zero again."""
    RESET = "reset"
    """It fell and stayed low; the energy in between is unknown."""
    BAD_READ = "bad read"
    """One value that its neighbours contradict; it is left out."""
    BOOT_ZERO = "boot zero"
    """Zeros between two plausible values, as meters give while they start; they are left out."""
    STALE = "stale repeat"
    """Its source repeated an old value, then caught up; the repeats are left out and the energy is spread."""
    JUMP = "jump"
    """It grew faster than the meter can measure; the energy in between is unknown."""


HIDING = frozenset({Fall.RESET, Fall.JUMP})
"""What makes the energy in between unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterEvent:
    """One place where a register did not simply grow."""

    kind: Fall
    at: np.datetime64
    """Time of the reading that shows it."""
    before: int
    """Counts of the last sound reading before."""
    after: int
    """Counts of the reading that shows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundReadings:
    """Readings in order, without the bad ones, unrolled so that counts never fall within a segment."""

    taken_at: Times
    counts: NDArray[np.int64]
    segment: NDArray[np.int64]
    """Grows by one where energy is unknown: at a reset or a jump."""
    rank: NDArray[np.int64]
    events: tuple[RegisterEvent, ...]


def sound_readings(
    taken_at: Times,
    counts: NDArray[np.int64],
    rank: NDArray[np.int64],
    *,
    full_scale: int | None,
    most_per_hour: float | None,
) -> SoundReadings:
    """Return readings (sorted by time, one a time) with every fall explained.

    ``full_scale`` is the register's range in counts, ``most_per_hour`` the most it can grow; None if unknown.
    """
    hours = np.diff(taken_at) / np.timedelta64(3_600_000_000, "us")
    growth = np.diff(counts)
    too_fast = growth > most_per_hour * hours + 1 if most_per_hour is not None else growth > np.inf
    if not (growth < 0).any() and not too_fast.any():
        segment = np.zeros(len(counts), dtype=np.int64)
        return SoundReadings(taken_at=taken_at, counts=counts, segment=segment, rank=rank, events=())
    walk = _Walk(taken_at, counts, rank, full_scale, most_per_hour)
    walk.run()
    kept = np.array(walk.kept, dtype=np.int64)
    return SoundReadings(
        taken_at=taken_at[kept],
        counts=counts[kept] + np.array(walk.added, dtype=np.int64),
        segment=np.array(walk.segments, dtype=np.int64),
        rank=rank[kept],
        events=tuple(walk.events),
    )


class _Walk:
    """One pass over the readings of a register that fell somewhere; such registers are rare."""

    def __init__(
        self,
        taken_at: Times,
        counts: NDArray[np.int64],
        rank: NDArray[np.int64],
        full_scale: int | None,
        most_per_hour: float | None,
    ) -> None:
        self._taken_at = taken_at
        self._hours = (taken_at - taken_at[0]) / np.timedelta64(3_600_000_000, "us")
        self._counts = counts.tolist()
        self._rank = rank.tolist()
        self._full_scale = full_scale
        self._most_per_hour = most_per_hour
        self.kept: list[int] = []
        self.segments: list[int] = []
        self.added: list[int] = []
        """What roll-overs so far add to each kept reading."""
        self.events: list[RegisterEvent] = []

    def run(self) -> None:
        """Take every reading in turn."""
        at = 0
        while at < len(self._counts):
            at = self._take(at)

    def _take(self, at: int) -> int:
        """Keep or leave out the reading ``at``; return the next one to look at."""
        if not self.kept:
            self._keep(at, 0, 0)
            return at + 1
        last = self.kept[-1]
        if self._grows(last, at):
            self._keep(at, self.segments[-1], self.added[-1])
            return at + 1
        stories = (
            self._zeros_of_a_start,
            self._catching_up,
            self._zeros_between,
            self._bad_before,
            self._bad_here,
        )
        for story in stories:
            following = story(last, at)
            if following is not None:
                return following
        self._break_or_roll_over(last, at)
        return at + 1

    # Each story explains the reading `at` and returns the next to look at; None if it does not fit.

    def _zeros_of_a_start(self, last: int, at: int) -> int | None:
        """All readings so far were the zeros of a starting meter."""
        if self._counts[last] != 0 or self._first_of_run() != 0 or self._counts[at] <= 0:
            return None
        self._note(Fall.BOOT_ZERO, last, at)
        self.kept, self.segments, self.added = [], [], []
        return at

    def _catching_up(self, _last: int, at: int) -> int | None:
        """The rise is too fast only because the value before it had been repeated for a while.

        Zeros are no such repeats: a meter that starts gives them too, and behind it the energy is unknown.
        """
        first = self._first_of_run()
        repeats = self.kept[first + 1 :]
        if not repeats or self._counts[self.kept[first]] == 0 or not self._grows(self.kept[first], at):
            return None
        for _ in repeats:
            self._drop_last()
        self._note(Fall.STALE, repeats[-1], at)
        return at

    def _zeros_between(self, last: int, at: int) -> int | None:
        """Zeros before a return to the old level: neither a roll-over nor a reset.

        Zeros with nothing behind them are not decided yet: taken for a roll-over they would add energy.
        """
        after = self._after_zeros(at)
        if after == at or not (after == len(self._counts) or self._returns(last, after)):
            return None
        self._note(Fall.BOOT_ZERO, last, at)
        return after

    def _bad_before(self, last: int, at: int) -> int | None:
        """Without the reading before, this one fits the one before that: three points of which one is bad."""
        if not self._last_was_bad(at):
            return None
        if self._returns(last, at + 1) and self._rank[last] <= self._rank[at]:
            return None
        self._drop_last()
        self._note(Fall.BAD_READ, self.kept[-1], last)
        return at

    def _bad_here(self, last: int, at: int) -> int | None:
        """Without this reading, the next one fits the one before."""
        if not self._returns(last, at + 1):
            return None
        self._note(Fall.BAD_READ, last, at)
        return at + 1

    def _first_of_run(self) -> int:
        """Return the place in ``kept`` of the first of the readings that repeat the last one."""
        first = len(self.kept) - 1
        while first > 0 and self._repeats(first):
            first -= 1
        return first

    def _repeats(self, place: int) -> bool:
        before, this = self.kept[place - 1], self.kept[place]
        same_run = self.segments[place - 1] == self.segments[place]
        return same_run and self._counts[before] == self._counts[this]

    def _break_or_roll_over(self, last: int, at: int) -> None:
        segment, added = self.segments[-1], self.added[-1]
        if self._rolls_over(last, at):
            self._note(Fall.ROLL_OVER, last, at)
            self._keep(at, segment, added + (self._full_scale or 0))
            return
        self._note(Fall.RESET if self._counts[at] < self._counts[last] else Fall.JUMP, last, at)
        self._keep(at, segment + 1, 0)

    def _keep(self, at: int, segment: int, added: int) -> None:
        self.kept.append(at)
        self.segments.append(segment)
        self.added.append(added)

    def _drop_last(self) -> None:
        for column in (self.kept, self.segments, self.added):
            column.pop()

    def _note(self, kind: Fall, last: int, at: int) -> None:
        event = RegisterEvent(
            kind=kind, at=self._taken_at[at], before=self._counts[last], after=self._counts[at]
        )
        self.events.append(event)

    def _grows(self, last: int, at: int) -> bool:
        """Tell whether the register could have gone from ``last`` to ``at`` by counting alone."""
        growth = self._counts[at] - self._counts[last]
        return growth >= 0 and self._is_slow_enough(growth, last, at)

    def _is_slow_enough(self, growth: int, last: int, at: int) -> bool:
        if self._most_per_hour is None:
            return True
        hours = float(self._hours[at] - self._hours[last])
        return growth <= self._most_per_hour * hours + 1  # one count: both readings are cut to whole counts

    def _returns(self, last: int, at: int) -> bool:
        return at < len(self._counts) and self._grows(last, at)

    def _after_zeros(self, at: int) -> int:
        while at < len(self._counts) and self._counts[at] == 0:
            at += 1
        return at

    def _last_was_bad(self, at: int) -> bool:
        """Tell whether leaving out the reading before makes this one fit the one before that."""
        if len(self.kept) < 2:  # noqa: PLR2004 - a reading and the one before it
            return False
        before, last = self.kept[-2], self.kept[-1]
        same_run = self.segments[-2] == self.segments[-1] and self.added[-2] == self.added[-1]
        return same_run and self._grows(before, at) and self._counts[at] < self._counts[last]

    def _rolls_over(self, last: int, at: int) -> bool:
        if self._full_scale is None:
            return False
        before, after = self._counts[last], self._counts[at]
        fits = before > HIGH_SHARE * self._full_scale and after < LOW_SHARE * self._full_scale
        return fits and self._is_slow_enough(after + self._full_scale - before, last, at)
