"""Which 10 minutes and 2 hours have a flicker severity, and which of them an event touched."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from analysis.waveform.events import Event, EventKind
from analysis.waveform.followed import follow_stretch
from analysis.waveform.record import Recording
from analysis.waveform.severities import Severity, long_term, severities
from tests.unit.analysis.waveform.signals import recording, times_s, wave

RATE_HZ = 800.0
SMOOTH = wave(times_s(1265.0, RATE_HZ), {})


def record(seconds: float, starts_at: datetime | None = None, starts_s: float = 0.0) -> Recording:
    made = recording(SMOOTH[: round(seconds * RATE_HZ)], rate_hz=RATE_HZ)
    (stretch,) = made.stretches
    return replace(made, starts_at=starts_at, stretches=(replace(stretch, starts_s=starts_s),))


def told(made: Recording, *events: Event) -> list[Severity]:
    return list(severities(made, [follow_stretch(part, made, []) for part in made.stretches], events))


def clock(minute: int, second: int, microsecond: int = 0) -> datetime:
    return datetime(2026, 3, 1, 7, minute, second, microsecond, tzinfo=UTC)


@pytest.mark.parametrize(
    ("starts_at", "starts_s", "begins_s"),
    [
        (None, 0.0, 60.0),
        # Settled at 8:00:00, on the tick.
        (clock(59, 0), 0.0, 60.0),
        # The same by a sum that rounding leaves a trifle beside it.
        (clock(58, 59, 900_000), 0.1, 60.1),
        (clock(48, 59, 300_000), 0.7, 60.7),
        (clock(58, 58), 0.0, 62.0),
        # Two seconds after the tick the next one is 598 s away: no whole 10 minutes are left.
        (clock(59, 2), 0.0, None),
    ],
)
def test_ten_minutes_begin_at_the_first_tick_after_settling(
    starts_at: datetime | None, starts_s: float, begins_s: float | None
) -> None:
    found = told(record(665.0, starts_at, starts_s))
    assert [s.starts_s for s in found] == pytest.approx([] if begins_s is None else [begins_s], abs=0.002)


def test_eleven_minutes_from_a_minute_before_a_tick_hold_one_severity() -> None:
    assert len(told(record(660.0, clock(59, 0)))) == 1
    assert told(record(659.9, clock(59, 0))) == []


def test_a_rate_told_by_times_may_be_off_by_rounding() -> None:
    made = record(660.0)
    (stretch,) = made.stretches
    made = replace(made, stretches=(replace(stretch, rate_hz=RATE_HZ * (1.0 + 1e-12)),))
    assert len(told(made)) == 1


@pytest.mark.parametrize(
    ("at_s", "flags"),
    [(30.0, [False, False]), (60.0, [True, False]), (659.95, [True, True]), (1259.9, [False, True])],
)
def test_an_event_flags_the_ten_minutes_that_it_touches(at_s: float, flags: list[bool]) -> None:
    """The severities are those of 60 s to 660 s and of 660 s to 1260 s; the dip lasts 100 ms."""
    dip = Event(kind=EventKind.DIP, channels=("u_a",), starts_s=at_s, duration_s=0.1, residual_percent=70.0)
    found = told(record(1265.0), dip)
    assert [s.flagged for s in found] == flags
    assert [s.flagged for s in told(record(1265.0))] == [False, False]


def short(*starts_s: float, channel: str = "u_a", flagged: bool = False) -> list[Severity]:
    return [Severity(channel=channel, starts_s=s, pst=1.0, flagged=flagged) for s in starts_s]


def ticks(count: int, from_s: float = 60.0) -> list[float]:
    return [from_s + 600.0 * n for n in range(count)]


def test_twelve_that_follow_one_another_make_two_hours() -> None:
    (found,) = long_term(
        [*short(*ticks(11)), Severity(channel="u_a", starts_s=6660.0, pst=2.0, flagged=False)]
    )
    assert (found.channel, found.starts_s, found.flagged) == ("u_a", 60.0, False)
    # The cubic mean of eleven ones and a two: the cube root of 19 / 12.
    assert found.plt == pytest.approx(1.16553, abs=1e-5)
    assert [s.starts_s for s in long_term(short(*ticks(25)))] == [60.0, 7260.0]


def test_six_today_and_six_tomorrow_make_none() -> None:
    assert list(long_term(short(*ticks(6), *ticks(6, 86_400.0)))) == []
    assert list(long_term(short(*ticks(11), 60.0 + 600.0 * 12))) == []


def test_after_a_pause_twelve_are_counted_anew() -> None:
    found = long_term(short(*ticks(5), *ticks(13, 10_000.0)))
    assert [s.starts_s for s in found] == [10_000.0]


def test_the_channels_are_apart_and_one_flag_is_enough() -> None:
    other = short(*ticks(12), channel="u_b")
    other[7] = replace(other[7], flagged=True)
    found = list(long_term([s for pair in zip(short(*ticks(12)), other, strict=True) for s in pair]))
    assert [(s.channel, s.flagged) for s in found] == [("u_a", False), ("u_b", True)]
