"""Dips, swells and interruptions whose depth and length are known, on one phase and on three."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from analysis.waveform.events import Event, EventFinder, EventKind, Thresholds, find_events
from analysis.waveform.followed import follow_stretch
from analysis.waveform.options import Options
from analysis.waveform.record import Stretch
from analysis.waveform.record_events import record_events
from analysis.waveform.systems import systems_of
from tests.unit.analysis.waveform.signals import RATE_HZ, U_V, recording, three_phases, times_s, wave

HALF_S = 0.010
THREE = ("u_a", "u_b", "u_c")


def scaled(
    samples: NDArray[np.float64], at_s: NDArray[np.float64], share: float, span: tuple[float, float]
) -> NDArray[np.float64]:
    # A hair before the sample, for times are rounded.
    inside = (at_s >= span[0] - 1e-9) & (at_s < span[1] - 1e-9)
    return np.where(inside, share * samples, samples)


def halves(count: int) -> dict[str, NDArray[np.float64]]:
    return {"u": np.linspace(0.0, HALF_S * (count - 1), count)}


def found(
    samples: NDArray[np.float64], names: tuple[str, ...] = ("u_a",)
) -> tuple[tuple[Event, ...], tuple[Event, ...]]:
    made = recording(samples, names)
    systems = systems_of(made.channels)
    followed = [follow_stretch(stretch, made, systems) for stretch in made.stretches]
    events = record_events(made, systems, followed, Options(declared_v=U_V))
    return events.single, events.polyphase


@pytest.mark.parametrize(
    ("share", "span", "kind", "duration_s", "residual"),
    [
        (0.70, (0.5, 0.6), EventKind.DIP, 0.110, 70.0),
        (0.00, (0.5, 0.8), EventKind.INTERRUPTION, 0.310, 0.0),
        (1.20, (0.5, 0.7), EventKind.SWELL, 0.210, 120.0),
        (0.00, (0.5, 0.505), EventKind.DIP, 0.020, 100.0 * np.sqrt(0.75)),
    ],
)
def test_one_event_on_one_phase(
    share: float, span: tuple[float, float], kind: EventKind, duration_s: float, residual: float
) -> None:
    at_s = times_s(1.5)
    events, _ = found(scaled(wave(at_s, {}), at_s, share, span))
    assert [event.kind for event in events] == [kind]
    assert events[0].starts_s == pytest.approx(span[0], abs=HALF_S / 10)
    assert events[0].duration_s == pytest.approx(duration_s, abs=HALF_S / 10)
    assert events[0].residual_percent == pytest.approx(residual, abs=0.3)
    assert not events[0].begins_before
    assert not events[0].ends_after


def test_a_return_within_the_hysteresis_does_not_end_a_dip() -> None:
    at_s = times_s(2.0)
    samples = scaled(scaled(wave(at_s, {}), at_s, 0.895, (0.5, 1.0)), at_s, 0.91, (1.0, 9.0))
    (event,), _ = found(samples)
    assert event.ends_after
    assert event.ends_s == pytest.approx(2.0)
    assert event.residual_percent == pytest.approx(89.5, abs=0.1)


def test_a_record_that_begins_below_the_limit_gives_an_event() -> None:
    at_s = times_s(1.0)
    (event,), _ = found(scaled(wave(at_s, {}), at_s, 0.5, (0.0, 0.3)))
    assert event.begins_before
    assert event.ends_s == pytest.approx(0.3, abs=1.5 * HALF_S)


def test_a_voltage_that_never_comes_is_one_interruption() -> None:
    (event,), _ = found(np.zeros(10_000))
    assert event.kind is EventKind.INTERRUPTION
    assert event.begins_before
    assert event.ends_after
    assert event.residual_percent == 0.0


@pytest.mark.parametrize("block", [1, 5, 7, 8, 20, 30, 31])
def test_an_interruption_to_exactly_nothing_ends_wherever_the_blocks_end(block: int) -> None:
    percents = [100.0] * 20 + [0.0] * 30 + [100.0] * 40
    readings = [(HALF_S * n, "u_a", value) for n, value in enumerate(percents)]
    finder = EventFinder(["u_a"])
    events = [
        event
        for first in range(0, len(readings), block)
        for event in finder.feed(readings[first : first + block])
    ]
    assert [(e.kind, e.residual_percent) for e in events] == [(EventKind.INTERRUPTION, 0.0)]
    assert events[0].starts_s == pytest.approx(0.20)
    assert events[0].duration_s == pytest.approx(0.30)
    assert list(finder.finish(0.9)) == []


def test_a_polyphase_dip_lasts_from_the_first_phase_to_the_last() -> None:
    at_s = times_s(1.5)
    samples = three_phases(at_s)
    samples[0] = scaled(samples[0], at_s, 0.6, (0.5, 0.7))
    samples[1] = scaled(samples[1], at_s, 0.4, (0.6, 0.9))
    single, (event,) = found(samples, THREE)
    assert len(single) == 2
    assert event.kind is EventKind.DIP
    assert event.channels == ("u_a", "u_b")
    assert event.starts_s == pytest.approx(0.5, abs=HALF_S)
    assert event.ends_s == pytest.approx(0.9, abs=2.0 * HALF_S)
    assert event.residual_percent == pytest.approx(40.0, abs=0.5)


def test_one_dead_phase_is_a_dip_of_the_system_and_three_are_an_interruption() -> None:
    at_s = times_s(1.5)
    samples = three_phases(at_s)
    one = np.array([scaled(samples[0], at_s, 0.0, (0.5, 0.8)), samples[1], samples[2]])
    single, (event,) = found(one, THREE)
    assert single[0].kind is EventKind.INTERRUPTION
    assert event.kind is EventKind.DIP
    _, (event,) = found(np.array([scaled(s, at_s, 0.0, (0.5, 0.8)) for s in samples]), THREE)
    assert event.kind is EventKind.INTERRUPTION
    assert event.channels == THREE


def test_missing_values_neither_open_nor_close() -> None:
    values = np.array([100.0, 50.0, np.nan, np.nan, 50.0, 100.0])
    events = find_events(halves(6), {"u": values}, ends_s=0.06)
    assert [e.starts_s for e in events] == pytest.approx([0.01])
    assert [e.ends_s for e in events] == pytest.approx([0.05])
    assert find_events(halves(2), {"u": np.full(2, np.nan)}, ends_s=0.02) == []


def readings(**percents: Sequence[float | None]) -> list[tuple[float, str, float]]:
    """Half-cycle values of each channel, those of None left out."""
    return [
        (HALF_S * n, channel, value)
        for n, values in enumerate(zip(*percents.values(), strict=True))
        for channel, value in zip(percents, values, strict=True)
        if value is not None
    ]


@pytest.mark.parametrize("absent", [None, float("nan")])
@pytest.mark.parametrize(("missing", "count"), [(5, 1), (6, 2)])
def test_an_event_is_parted_where_values_lie_more_than_three_cycles_apart(
    absent: float | None, missing: int, count: int
) -> None:
    finder = EventFinder(["u"])
    given = readings(u=[100.0, 50.0, *[absent] * missing, 60.0, 100.0])
    events = [*finder.feed(given), *finder.finish(HALF_S * (missing + 4))]
    assert len(events) == count
    assert [e.starts_s for e in events] == pytest.approx([0.01, 0.08][:count])
    assert [e.ends_s for e in events] == pytest.approx([0.08] if count == 1 else [0.02, 0.09])
    assert [e.residual_percent for e in events] == [50.0, 60.0][:count]
    assert [(e.begins_before, e.ends_after) for e in events] == (
        [(False, False)] if count == 1 else [(False, True), (True, False)]
    )


def test_a_lost_channel_ends_only_what_it_alone_kept_open() -> None:
    low, well, away = [50.0] * 3, [100.0] * 17, [None] * 10
    finder = EventFinder(["a", "b"])
    given = readings(a=[100.0, *low, *away, *[100.0] * 6], b=[100.0, *[60.0] * 14, *[100.0] * 5])
    (event,) = [*finder.feed(given), *finder.finish(0.2)]
    assert (event.channels, event.ends_after, event.residual_percent) == (("a", "b"), False, 50.0)
    assert event.ends_s == pytest.approx(0.15)
    finder = EventFinder(["a", "b"])
    (event,) = [*finder.feed(readings(a=[*low, *away, *[100.0] * 4], b=well)), *finder.finish(0.17)]
    assert (event.channels, event.begins_before, event.ends_after) == (("a",), True, True)
    assert event.ends_s == pytest.approx(0.03)


def test_what_is_open_where_the_values_end_lasts_no_longer_than_they_do() -> None:
    (event,) = find_events(halves(3), {"u": np.array([100.0, 50.0, 50.0])}, ends_s=600.0)
    assert event.ends_after
    assert event.ends_s == pytest.approx(0.03)


def test_thresholds_are_settings() -> None:
    values = np.array([100.0, 88.0, 100.0])
    limits = Thresholds(dip=85.0)
    assert find_events(halves(3), {"u": values}, ends_s=0.03, thresholds=limits) == []


@given(st.lists(st.floats(0.0, 140.0), max_size=60), st.data())
def test_blocks_make_no_difference(percents: list[float], data: st.DataObject) -> None:
    readings = [(HALF_S * n, "u", value) for n, value in enumerate(percents)]
    whole = EventFinder(["u"])
    expected = [*whole.feed(readings), *whole.finish(1.0)]
    finder = EventFinder(["u"])
    cut = data.draw(st.integers(0, len(readings)))
    seen = [*finder.feed(readings[:cut]), *finder.feed(readings[cut:]), *finder.finish(1.0)]
    assert seen == expected
    assert sum(event.ends_after for event in seen) <= 1


@given(st.permutations(range(3)))
def test_the_order_of_the_channels_makes_no_difference(order: list[int]) -> None:
    at_s = times_s(0.6)
    samples = three_phases(at_s)
    samples[1] = scaled(samples[1], at_s, 0.5, (0.2, 0.35))
    _, (expected,) = found(samples, THREE)
    _, (event,) = found(samples[order], tuple(THREE[n] for n in order))
    assert event.starts_s == pytest.approx(expected.starts_s, abs=1e-9)
    assert event.duration_s == pytest.approx(expected.duration_s, abs=1e-9)
    assert event.residual_percent == pytest.approx(expected.residual_percent, rel=1e-9)


@pytest.mark.parametrize("ends_s", [0.5, 0.507, 0.513, 0.5199])
@pytest.mark.parametrize("is_stretch", [True, False], ids=["between stretches", "missing samples"])
def test_an_event_that_a_gap_cuts_lasts_until_its_last_sample(ends_s: float, *, is_stretch: bool) -> None:
    """Wherever in a cycle the samples end: the last whole cycle would end the event up to a cycle early."""
    at_s = times_s(1.5)
    samples = scaled(wave(at_s, {}), at_s, 0.5, (0.4, 0.8))
    first, again = round(ends_s * RATE_HZ), round(0.7 * RATE_HZ)
    if is_stretch:
        made = replace(
            recording(samples[None, :]),
            stretches=tuple(
                Stretch(starts_s=begin / RATE_HZ, rate_hz=RATE_HZ, samples=samples[None, begin:end])
                for begin, end in ((0, first), (again, len(samples)))
            ),
        )
    else:
        samples[first:again] = np.nan
        made = recording(samples[None, :])
    systems = systems_of(made.channels)
    followed = [follow_stretch(stretch, made, systems) for stretch in made.stretches]
    cut, rest = record_events(made, systems, followed, Options(declared_v=U_V)).single
    assert cut.ends_after
    assert cut.ends_s == pytest.approx(first / RATE_HZ, abs=1e-9)
    assert rest.begins_before
    assert rest.ends_s == pytest.approx(0.8, abs=2.0 * HALF_S)
