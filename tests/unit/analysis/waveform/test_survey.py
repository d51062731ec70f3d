"""A whole record through the product's path."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.waveform import indices
from analysis.waveform.events import EventKind
from analysis.waveform.followed import follow_stretch
from analysis.waveform.options import Options
from analysis.waveform.record import Recording, Stretch
from analysis.waveform.survey import Survey, survey
from analysis.waveform.systems import systems_of
from analysis.waveform.window_figures import window_figures
from tests.unit.analysis.waveform.signals import RATE_HZ, U_V, recording, three_phases, times_s, wave

EXACT = 1e-6
THREE = ("u_a", "u_b", "u_c")


def surveyed(made: Recording, options: Options | None = None) -> Survey:
    return survey(made, options or Options())


def test_a_known_spectrum_comes_out_to_a_millionth() -> None:
    found = surveyed(recording(wave(times_s(2.0), {5.0: 0.1, 3.5: 0.02}) + 5.0))
    (figures,) = found.windows
    assert figures.plan.frequencies_hz == pytest.approx(50.0, rel=1e-9)
    assert figures.orders[:, 0, 0] == pytest.approx(5.0, rel=EXACT)
    assert figures.orders[:, 0, 1] == pytest.approx(U_V, rel=EXACT)
    assert figures.orders[:, 0, 5] / U_V == pytest.approx(0.1, rel=EXACT)
    assert figures.interharmonics[:, 0, 3] / U_V == pytest.approx(0.02, rel=EXACT)
    assert figures.rms[:, 0] == pytest.approx(np.sqrt(25.0 + U_V**2 * 1.0104), rel=EXACT)
    assert len(figures.plan) == 10
    assert found.events.single == ()


def test_a_pure_sine_at_49_8_hz_shows_no_distortion() -> None:
    (figures,) = surveyed(recording(three_phases(times_s(4.0), frequency_hz=49.8), THREE)).windows
    assert indices.thd_f(figures.orders[..., 1:], 40).max() < 0.0005
    assert figures.plan.frequencies_hz == pytest.approx(49.8, rel=1e-6)


def test_60_hz_gets_twelve_cycles() -> None:
    (figures,) = surveyed(recording(wave(times_s(2.0), {5.0: 0.1}, frequency_hz=60.0))).windows
    assert figures.plan.cycles == 12
    assert figures.orders[:, 0, 5] / U_V == pytest.approx(0.1, rel=EXACT)


@settings(max_examples=15, deadline=None)
@given(st.floats(0.01, 1e5), st.integers(0, 199), st.permutations(range(3)), st.integers(1, 9))
def test_scale_start_order_of_channels_and_batches_make_no_difference(
    scale: float, shift: int, order: list[int], batch: int
) -> None:
    at_s = times_s(1.5)
    samples = three_phases(at_s, {3.0: 0.03, 5.0: 0.05, 7.0: 0.02}, amplitudes=(1.0, 0.95, 1.02))
    made = recording(samples, THREE)
    other = recording(scale * samples[order][:, shift:], tuple(THREE[n] for n in order))
    (one,) = surveyed(made).windows
    systems = systems_of(other.channels)
    two = window_figures(follow_stretch(other.stretches[0], other, systems), other, (), batch=batch)
    assert two is not None
    length = min(len(one.plan), len(two.plan))
    assert two.orders[:length, :, 1:] / scale == pytest.approx(
        one.orders[:length, order, 1:], rel=1e-6, abs=1e-6
    )


def test_a_dip_is_found_and_flags_its_windows() -> None:
    at_s = times_s(3.0)
    samples = three_phases(at_s)
    samples[:, 15_000:16_000] *= 0.7
    found = surveyed(recording(samples, THREE))
    assert [event.kind for event in found.events.single] == [EventKind.DIP] * 3
    assert len(found.events.polyphase) == 1
    assert found.events.declared_v == pytest.approx(dict.fromkeys(THREE, U_V), rel=1e-3)
    (figures,) = found.windows
    # The last cycles that the dip touches reach into the window after it.
    assert np.flatnonzero(figures.flagged).tolist() == [7, 8]


def test_a_lost_phase_does_not_lose_the_windows() -> None:
    samples = three_phases(times_s(1.0), amplitudes=(0.0, 1.0, 1.0))
    (figures,) = surveyed(recording(samples, THREE)).windows
    assert figures.is_synchronised
    assert figures.plan.frequencies_hz == pytest.approx(50.0, rel=1e-6)


def test_less_than_a_window_gives_the_lines_of_whole_cycles_and_says_so() -> None:
    found = surveyed(recording(wave(times_s(0.085), {5.0: 0.1})))
    (figures,) = found.windows
    assert figures.plan.cycles == 4
    assert figures.orders[0, 0, 5] / U_V == pytest.approx(0.1, rel=5e-3)
    assert figures.interharmonics.size == 0
    assert "shorter than a window" in found.notes[0]


def test_less_than_a_cycle_gives_a_note_alone() -> None:
    found = surveyed(recording(wave(times_s(0.015), {})))
    assert found.windows == ()
    assert "no whole cycle" in found.notes[0]


def test_a_dead_line_is_cut_at_the_nominal_frequency() -> None:
    found = surveyed(recording(np.zeros(10_000)), Options(declared_v=U_V))
    (figures,) = found.windows
    assert not figures.is_synchronised
    assert figures.rms.max() == 0.0
    assert found.events.single[0].kind is EventKind.INTERRUPTION
    assert "no fundamental" in found.notes[0]


def test_windows_follow_the_ticks_of_the_clock() -> None:
    made = replace(
        recording(wave(times_s(3.0, 2000.0), {}), rate_hz=2000.0),
        starts_at=datetime(2026, 3, 1, 7, 59, 58, 950_000, tzinfo=UTC),
    )
    (figures,) = surveyed(made).windows
    assert 1.05 in np.round(figures.starts_s, 9)
    assert figures.plan.interval_10min.tolist().count(0) == 15
    assert figures.plan.overlaps.any()


def test_an_event_goes_on_from_one_stretch_into_the_next() -> None:
    slow, fast = times_s(1.0, 5000.0), times_s(1.0)
    first, second = wave(slow, {}), wave(fast, {})
    first[-500:] *= 0.5
    second[:1000] *= 0.5
    made = recording(first, rate_hz=5000.0)
    made = replace(
        made, stretches=(*made.stretches, Stretch(starts_s=1.0, rate_hz=RATE_HZ, samples=second[None]))
    )
    (event,) = surveyed(made).events.single
    assert event.starts_s == pytest.approx(0.9, abs=0.01)
    assert event.ends_s == pytest.approx(1.1, abs=0.02)


@pytest.mark.parametrize("gap_s", [0.02, 0.05, 3600.0])
def test_a_gap_longer_than_a_cycle_parts_an_event(gap_s: float) -> None:
    at_s = times_s(1.0)
    first, second = three_phases(at_s), three_phases(at_s)
    first[:, -1000:] *= 0.5
    second[:, :1000] *= 0.5
    made = recording(first, THREE)
    later = Stretch(starts_s=1.0 + gap_s, rate_hz=RATE_HZ, samples=second)
    events = surveyed(replace(made, stretches=(*made.stretches, later))).events
    for name in (*THREE, None):
        own = [e for e in events.single if e.channels == (name,)] if name else events.polyphase
        if gap_s == 0.02:
            (event,) = own
            assert (event.begins_before, event.ends_after) == (False, False)
            assert event.duration_s == pytest.approx(0.2 + gap_s, abs=0.02)
        else:
            before, after = own
            assert (before.begins_before, before.ends_after) == (False, True)
            assert before.starts_s == pytest.approx(0.9, abs=0.01)
            assert before.ends_s == pytest.approx(1.0, abs=0.01)
            assert (after.begins_before, after.ends_after) == (True, False)
            assert after.starts_s == pytest.approx(1.0 + gap_s, abs=0.021)
            assert after.ends_s == pytest.approx(1.1 + gap_s, abs=0.02)


def test_missing_samples_longer_than_a_cycle_part_an_event() -> None:
    """From 0.9 s to 3.1 s at half the voltage; nothing is known from 1.0 s to 3.0 s."""
    samples = wave(times_s(4.0), {})
    samples[9_000:31_000] *= 0.5
    samples[10_000:30_000] = np.nan
    before, after = surveyed(recording(samples), Options(declared_v=U_V)).events.single
    assert before.ends_after
    assert before.ends_s == pytest.approx(1.0, abs=0.01)
    assert after.begins_before
    assert after.starts_s == pytest.approx(3.0, abs=0.021)
    assert after.ends_s == pytest.approx(3.1, abs=0.02)


def test_eleven_minutes_give_one_severity() -> None:
    at_s = times_s(665.0, 1000.0)
    high = np.floor(at_s * 39.0 / 60.0) % 2 == 0
    samples = wave(at_s, {}) * np.where(high, 1.00447, 0.99553)
    (severity,) = surveyed(recording(samples, rate_hz=1000.0)).severities
    assert severity.pst == pytest.approx(1.0, abs=0.05)
    assert severity.starts_s == pytest.approx(60.0, abs=0.01)


def test_a_sliding_reference_tells_a_step_from_a_slow_sag() -> None:
    at_s = times_s(120.0, 1000.0)
    slow = np.interp(at_s, [0.0, 90.0, 120.0], [1.0, 0.85, 0.85])
    made = recording(slow * wave(at_s, {}), rate_hz=1000.0)
    assert len(surveyed(made, Options(declared_v=U_V)).events.single) == 1
    assert surveyed(made, Options(declared_v=U_V, is_sliding=True)).events.single == ()


def test_a_residual_voltage_has_no_dips() -> None:
    at_s = times_s(2.0)
    noise = np.random.default_rng(3).normal(0.0, 1.0, len(at_s))
    samples = np.vstack([three_phases(at_s), noise])
    found = surveyed(recording(samples, (*THREE, "u_d")))
    assert "u_d" not in found.events.declared_v
    assert found.events.single == ()


def test_every_10_seconds_have_a_frequency() -> None:
    found = surveyed(recording(wave(times_s(21.0, 1000.0), {}, frequency_hz=49.9), rate_hz=1000.0))
    assert [at_s for at_s, _ in found.frequencies] == [0.0, 10.0]
    assert [hertz for _, hertz in found.frequencies] == pytest.approx([49.9, 49.9], rel=1e-7)
