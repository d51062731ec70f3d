"""A register that nobody read at an instant: from intervals, between reads, by profile, by history."""

import numpy as np

from pipeline.register_estimates import RegisterReads, register_at

START = np.datetime64("2026-01-01T00:00", "us")
HOUR = np.timedelta64(1, "h")


def _reads(
    registers: dict[int, int],
    slots: list[float] | None = None,
    factors: list[float] | None = None,
) -> RegisterReads:
    """Registers by hour since the start, and hourly slots."""
    energy = np.array(slots if slots is not None else [])
    return RegisterReads(
        taken_at=np.array([START + hour * HOUR for hour in registers], dtype="datetime64[us]"),
        counts=np.array(list(registers.values()), dtype=np.int64),
        slots_at=START + np.arange(len(energy)) * HOUR,
        slot_minutes=60,
        slot_counts=energy,
        factors=None if factors is None else np.array(factors),
    )


def _at(reads: RegisterReads, hour: int) -> tuple[int, str] | None:
    found = register_at(reads, START + hour * HOUR)
    return None if found is None else (found.counts, found.method)


def test_a_read_at_the_instant_stands() -> None:
    assert _at(_reads({0: 100, 5: 150}), 5) == (150, "read")


def test_few_missing_slots_on_either_side_share_what_lies_between_two_reads() -> None:
    # 100 hours of 1 count, one of them missing, then 100 of 3: 100 + 500 x 100 / 400 at the hundredth hour.
    slots = [1.0] * 100 + [3.0] * 100
    slots[40] = float("nan")
    assert _at(_reads({0: 100, 200: 600}, slots), 100) == (225, "from intervals")
    slots[140] = float("nan")
    assert _at(_reads({0: 100, 200: 600}, slots), 100) == (225, "from intervals")
    # Two of a hundred are too many, and so is a side that nobody knows, or one without any energy.
    slots[141] = float("nan")
    assert _at(_reads({0: 100, 200: 600}, slots), 100) == (350, "prorated")
    assert _at(_reads({0: 100, 200: 600}, [float("nan"), *slots[1:100]]), 100) == (350, "prorated")
    assert _at(_reads({0: 100, 200: 600}, [float("nan")] + [0.0] * 199), 100) == (350, "prorated")


def test_intervals_since_the_last_read_are_added() -> None:
    assert _at(_reads({0: 100, 10: 500}, [7.0, 8.0, 9.0]), 3) == (124, "from intervals")


def test_with_a_slot_missing_the_register_lies_on_the_line_between_the_reads() -> None:
    assert _at(_reads({0: 100, 10: 200}, [7.0, np.nan, 9.0]), 3) == (130, "prorated")


def test_after_the_last_read_the_profile_of_the_class_carries_on() -> None:
    # 40 counts while the profile's factors added up to 4; 6 more factors ahead.
    reads = _reads({0: 100, 4: 140}, [np.nan] * 8, [1.0] * 4 + [3.0, 1.0, 1.0, 1.0])
    assert _at(reads, 8) == (200, "class profile")


def test_without_a_profile_the_mean_use_carries_on() -> None:
    # 24 a day for one day, 12 a day for two: 16 a day on average.
    assert _at(_reads({0: 0, 24: 24, 72: 48}), 96) == (64, "mean use")


def test_nothing_is_said_without_a_read_before_or_of_long_ago() -> None:
    assert _at(_reads({10: 5, 20: 9}), 3) is None
    assert _at(_reads({0: 5, 10: 9}), 24 * 80) is None
    assert _at(_reads({0: 5}), 3) is None


def test_a_register_that_fell_is_not_drawn_a_line_through() -> None:
    assert _at(_reads({0: 500, 10: 20}), 5) is None
    assert _at(_reads({0: 500, 10: 20}), 15) is None
