from collections.abc import Sequence

import numpy as np

from pipeline.register_falls import Fall, SoundReadings, sound_readings


def _sound(counts: Sequence[int], rank: Sequence[int] | None = None, **bounds: float) -> SoundReadings:
    hours = np.arange(len(counts)) * np.timedelta64(3_600_000_000, "us")
    return sound_readings(
        np.datetime64("2026-01-01", "us") + hours,
        np.array(counts, dtype=np.int64),
        np.array(rank or [0] * len(counts), dtype=np.int64),
        full_scale=1000,
        most_per_hour=bounds.get("most_per_hour"),
    )


def _kinds(sound: SoundReadings) -> list[Fall]:
    return [event.kind for event in sound.events]


def test_a_growing_register_is_left_as_it_is() -> None:
    sound = _sound([1, 1, 5, 900])
    assert sound.counts.tolist() == [1, 1, 5, 900]
    assert sound.events == ()


def test_two_roll_overs_are_unrolled() -> None:
    sound = _sound([950, 20, 500, 990, 10])
    assert sound.counts.tolist() == [950, 1020, 1500, 1990, 2010]
    assert set(sound.segment.tolist()) == {0}
    assert _kinds(sound) == [Fall.ROLL_OVER, Fall.ROLL_OVER]


def test_a_fall_from_the_middle_of_the_scale_is_a_reset() -> None:
    sound = _sound([500, 20, 30])
    assert sound.segment.tolist() == [0, 1, 1]
    assert _kinds(sound) == [Fall.RESET]


def test_a_roll_over_that_the_meter_cannot_have_counted_is_a_reset() -> None:
    assert _kinds(_sound([910, 90, 100], most_per_hour=50.0)) == [Fall.RESET]
    assert _kinds(_sound([980, 10, 20], most_per_hour=50.0)) == [Fall.ROLL_OVER]


def test_of_two_that_disagree_the_worse_origin_is_left_out() -> None:
    # Either 104 or 103 may go; the higher rank is the weaker origin.
    assert _sound([100, 104, 103, 110], [0, 4, 0, 0]).counts.tolist() == [100, 103, 110]
    assert _sound([100, 104, 103, 110], [0, 0, 4, 0]).counts.tolist() == [100, 104, 110]


def test_a_bad_read_is_told_with_what_it_showed() -> None:
    (event,) = _sound([100, 5, 110]).events
    assert (event.kind, event.before, event.after) == (Fall.BAD_READ, 100, 5)


def test_a_high_read_before_a_roll_over_is_still_a_bad_read() -> None:
    sound = _sound([960, 999, 970, 5])
    assert sound.counts.tolist() == [960, 970, 1005]
    assert _kinds(sound) == [Fall.BAD_READ, Fall.ROLL_OVER]


def test_a_repeated_value_before_a_leap_was_stale_and_its_energy_is_spread() -> None:
    sound = _sound([100, 110, 110, 110, 140, 150], most_per_hour=12.0)
    assert sound.counts.tolist() == [100, 110, 140, 150]
    assert set(sound.segment.tolist()) == {0}
    assert _kinds(sound) == [Fall.STALE]


def test_repeated_zeros_before_a_leap_are_no_stale_value() -> None:
    sound = _sound([0, 0, 0, 30, 40], most_per_hour=12.0)
    assert sound.counts.tolist() == [30, 40]
    assert _kinds(sound) == [Fall.BOOT_ZERO]
