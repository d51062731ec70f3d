"""Whether a register that stands lower than before has rolled over: by its pace, other reads and its past."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.block import Times
from pipeline.register_falls import HIDING, HIGH_SHARE, LOW_SHARE, Fall, SoundReadings, sound_readings
from pipeline.scalar_estimation import Counts

HOUR = np.timedelta64(3_600_000_000, "us")
SLACK_H = 1.0
"""Hours by which an edge that somebody wrote down may be off."""
LEAST_PAST = 5 * 24 * HOUR
"""Reads over a shorter time tell no usual pace."""
MOST_USUAL = 2.0
"""A register that was not near its end, or is not near its beginning, grew at most so many times as usual."""
MOST_UNUSUAL = 10.0
"""One that was near both grew at most so many times as usual, or by as little as follows."""
LITTLE_A_DAY, LITTLE = 0.001, 0.01
"""Parts of the scale, a day and in all, that are always taken for a change of habits. Own defaults, all."""
AGREES = 0.10
"""Intervals that come within this part of the growth confirm it: as far as a bill's tie-out lets them be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterStand:
    """What a register showed at one instant, in whole counts."""

    at: np.datetime64
    counts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterBehind:
    """What is known of a register besides the two stands that are compared."""

    taken_at: Times
    """Its other reads, rising: before the opening stand, between both, and some after the closing one."""
    counts: Counts
    full_scale: int
    """Its range in counts (:func:`pipeline.intervals.full_scale`)."""
    most_per_hour: float
    """Counts that it cannot pass (:func:`pipeline.intervals.most_per_hour`)."""
    by_intervals: float | None = None
    """Counts by the intervals from the opening stand to the closing one; None where too many are missing."""


def rolled_over(opening: RegisterStand, closing: RegisterStand, behind: RegisterBehind) -> bool:
    """Tell whether a register that stands lower at its closing than at its opening has rolled over once.

    It has not where it would have grown faster than its meter can measure. Reads in between narrow the fall
    down to two of them. What remains is judged by intervals, by where the register stood (above 90 % of its
    scale, then below 10 %), and by the pace that it usually had: a register of primary values may pass a
    fifth of its scale in a month, one of a small customer a thousandth.
    """
    growth = closing.counts - opening.counts + behind.full_scale
    if not _is_possible(growth, closing.at - opening.at, behind):
        return False
    taken_at, counts = _with_both(opening, closing, behind)
    month = taken_at >= opening.at
    fall = _narrowed(taken_at[month], counts[month], closing.at, behind)
    if fall is None:
        return False
    if behind.by_intervals is not None and abs(growth - behind.by_intervals) <= AGREES * growth + 1:
        return True
    past = taken_at <= fall[0].at
    return _looks_like_one(*fall, _usual_per_hour(taken_at[past], counts[past], behind), behind)


def _is_possible(growth: int, time: np.timedelta64, behind: RegisterBehind) -> bool:
    return 0 <= growth <= behind.most_per_hour * (float(time / HOUR) + SLACK_H) + 1


def _with_both(
    opening: RegisterStand, closing: RegisterStand, behind: RegisterBehind
) -> tuple[Times, Counts]:
    """Return all reads, both stands among them."""
    others = (behind.taken_at != closing.at) & (behind.taken_at != opening.at)
    taken_at = np.array([*behind.taken_at[others], opening.at, closing.at], dtype="datetime64[us]")
    counts = np.array([*behind.counts[others], opening.counts, closing.counts], dtype=np.int64)
    order = np.argsort(taken_at)
    return taken_at[order], counts[order]


def _narrowed(
    taken_at: Times, counts: Counts, closing_at: np.datetime64, behind: RegisterBehind
) -> tuple[RegisterStand, RegisterStand] | None:
    """Return the two reads between which the register fell; None if it did not, or twice, until it closed.

    Reads after the closing one tell whether that is sound; what happened later is of no account.
    """
    sound = _sound(taken_at, counts, behind)
    breaks = {Fall.ROLL_OVER, *HIDING}
    falls = [event for event in sound.events if event.kind in breaks and event.at <= closing_at]
    edges_stand = sound.taken_at[0] == taken_at[0] and closing_at in sound.taken_at
    if len(falls) != 1 or falls[0].kind is Fall.JUMP or not edges_stand:
        return None
    (event,) = falls
    earlier = sound.taken_at[np.searchsorted(sound.taken_at, event.at) - 1]
    before = RegisterStand(at=earlier, counts=event.before)
    after = RegisterStand(at=event.at, counts=event.after)
    possible = _is_possible(after.counts - before.counts + behind.full_scale, after.at - before.at, behind)
    return (before, after) if possible else None


def _looks_like_one(
    before: RegisterStand, after: RegisterStand, usual_per_hour: float | None, behind: RegisterBehind
) -> bool:
    growth = after.counts - before.counts + behind.full_scale
    is_near = before.counts > HIGH_SHARE * behind.full_scale and after.counts < LOW_SHARE * behind.full_scale
    if usual_per_hour is None:
        return is_near
    hours = float((after.at - before.at) / HOUR)
    usual = usual_per_hour * hours
    if is_near:
        little = min(LITTLE, LITTLE_A_DAY * hours / 24.0) * behind.full_scale
        return growth <= max(MOST_UNUSUAL * usual, little)
    return growth <= MOST_USUAL * usual and growth < behind.full_scale / 2


def _usual_per_hour(taken_at: Times, counts: Counts, behind: RegisterBehind) -> float | None:
    """Return what the register counted in an hour up to the last read; None where too few reads tell."""
    sound = _sound(taken_at, counts, behind)
    first = int(np.argmax(sound.segment == sound.segment[-1]))
    time = sound.taken_at[-1] - sound.taken_at[first]
    if time < LEAST_PAST:
        return None
    return float(sound.counts[-1] - sound.counts[first]) / float(time / HOUR)


def _sound(taken_at: Times, counts: Counts, behind: RegisterBehind) -> SoundReadings:
    return sound_readings(
        taken_at,
        counts,
        np.zeros(len(counts), dtype=np.int64),
        full_scale=behind.full_scale,
        most_per_hour=behind.most_per_hour,
    )
