"""A register that stands lower than before: a roll-over, or a reset, a misread, an unfiled meter."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.roll_overs import RegisterBehind, RegisterStand, rolled_over

START = np.datetime64("2026-03-01T00:00", "us")
DAY = np.timedelta64(24, "h")
FIVE, SIX = 100_000_00, 1_000_000_00
"""Full scales of registers of five and of six digits, in steps of 0.01 kWh."""
CT_METER, DIRECT, PRIMARY = 792.0, 7_920.0, 20_000_00.0
"""Most counts an hour: 3 x 220 V x 6 A x 2 = 7.92 kWh, tenfold at 60 A; 10 kV, 600 A with primary values."""


def judged(  # noqa: PLR0913 - one register with all that is known of it
    opening: float,
    closing: float,
    *,
    scale: int = FIVE,
    most: float = DIRECT,
    days: int = 31,
    reads: dict[int, float] | None = None,
    by_intervals: float | None = None,
) -> bool:
    """Judge a register in kWh; ``reads`` by day of the month, below 0 before it."""
    known = sorted((reads or {}).items())
    return rolled_over(
        RegisterStand(at=START, counts=round(opening * 100)),
        RegisterStand(at=START + days * DAY, counts=round(closing * 100)),
        RegisterBehind(
            taken_at=np.array([START + day * DAY for day, _ in known], dtype="datetime64[us]"),
            counts=np.array([round(register * 100) for _, register in known], dtype=np.int64),
            full_scale=scale,
            most_per_hour=most,
            by_intervals=None if by_intervals is None else by_intervals * 100,
        ),
    )


@pytest.mark.parametrize(
    ("opening", "closing", "scale", "most"),
    [
        (99_850.0, 120.0, FIVE, DIRECT),
        (99_999.9, 0.05, FIVE, DIRECT),  # a rate register that hardly counts
        (999_700.0, 40.0, SIX, CT_METER),
        (950_000.0, 90_000.0, SIX, PRIMARY),
    ],
)
def test_two_monthly_reads_near_the_end_and_the_beginning_are_a_roll_over(
    opening: float, closing: float, scale: int, most: float
) -> None:
    assert judged(opening, closing, scale=scale, most=most)
    # The month before it used as much: 270, 0.15, 340 or 140 000 kWh.
    used = opening - closing
    past = {-31: opening - (scale / 100 - used)}
    assert judged(opening, closing, scale=scale, most=most, reads=past)


def test_a_fall_that_the_meter_cannot_have_counted_is_none() -> None:
    # 400 288 kWh; 7.92 kWh an hour are 5 900 in the month.
    assert not judged(600_000.0, 288.0, scale=SIX, most=CT_METER)
    assert not judged(990_000.0, 288.0, scale=SIX, most=CT_METER)
    assert judged(995_000.0, 288.0, scale=SIX, most=CT_METER)


def test_a_direct_meter_far_from_its_end_was_reset_or_changed() -> None:
    # 40 288 kWh, of 58 900 that 60 A can make of a month.
    assert not judged(60_000.0, 288.0)
    assert not judged(60_000.0, 288.0, reads={-31: 59_800.0})
    assert not judged(60_000.0, 288.0, by_intervals=230.0)


def test_a_small_customer_that_would_have_used_many_times_as_much_had_its_meter_changed() -> None:
    # 5 288 kWh after 200 in the month before.
    assert not judged(95_000.0, 288.0, reads={-31: 94_800.0})
    assert judged(95_000.0, 288.0, reads={-31: 93_500.0})
    # Up to a hundredth of the scale a change of habits is no wonder: 600 kWh after 5.
    assert judged(99_500.0, 100.0, reads={-31: 99_495.0})


def test_a_register_of_primary_values_may_pass_a_fifth_of_its_scale_in_a_month() -> None:
    def large(**known: object) -> bool:
        return judged(880_000.0, 80_000.0, scale=SIX, most=PRIMARY, **known)  # type: ignore[arg-type]  # as given

    assert not large()
    assert large(reads={-31: 700_000.0})
    assert not large(reads={-31: 860_000.0})
    assert large(by_intervals=199_000.0)
    # A read by hand shortly before it turned.
    assert large(reads={20: 985_000.0})


def test_daily_reads_narrow_the_fall_down_to_a_day() -> None:
    rolling = {day: (99_900.0 + 10.0 * day) % 100_000.0 for day in range(1, 31)}
    assert judged(99_900.0, 210.0, reads=rolling)
    # Changed on the 14th at 99 030; by the month's edges alone it might have counted 1 280 kWh.
    changed = {day: 98_900.0 + 10.0 * day if day < 14 else 10.0 * (day - 13) for day in range(1, 31)}
    assert judged(98_900.0, 180.0)
    assert not judged(98_900.0, 180.0, reads=changed)


def test_a_register_that_fell_twice_or_jumped_has_no_roll_over() -> None:
    assert not judged(99_900.0, 210.0, reads={10: 50.0, 11: 60.0, 20: 10.0, 21: 11.0})
    assert not judged(99_900.0, 60_210.0, reads={10: 50.0, 11: 60_000.0})


def test_a_single_bad_read_in_between_spoils_nothing() -> None:
    assert judged(99_850.0, 120.0, reads={5: 99_900.0, 6: 12_345.0, 7: 99_910.0})
    assert judged(99_850.0, 120.0, reads={5: 99_900.0, 6: 0.0, 7: 99_910.0})


def test_reads_after_the_closing_one_tell_whether_that_is_sound() -> None:
    # A misread of 50 between 99 999 and 99 999.5; without the read after it nobody knows.
    assert judged(99_990.0, 50.0, reads={20: 99_995.0})
    assert not judged(99_990.0, 50.0, reads={20: 99_995.0, 32: 99_999.5})
    assert judged(99_990.0, 50.0, reads={20: 99_995.0, 32: 51.0})
    # What happens later is of no account: a reset on the 5th of the month after.
    assert judged(99_990.0, 50.0, reads={20: 99_995.0, 32: 51.0, 36: 3.0, 37: 4.0})
    # Zeros with nothing behind them may be those of a meter that starts.
    assert not judged(99_999.99, 0.0)
    assert judged(99_999.99, 0.0, reads={32: 0.02})
    assert not judged(99_999.99, 0.0, reads={32: 99_999.99})
