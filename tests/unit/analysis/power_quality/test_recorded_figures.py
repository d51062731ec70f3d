"""What a record of known signals tells: interharmonics of T6, unbalance of T10, P_lt of T21."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from analysis.power_quality.recorded_figures import recorded_in
from analysis.waveform.events import Event, EventKind
from analysis.waveform.options import Options
from analysis.waveform.record import Recording
from analysis.waveform.record_events import RecordEvents
from analysis.waveform.severities import Severity
from analysis.waveform.survey import Survey, survey
from pipeline.timegrid import to_numpy
from tests.unit.analysis.waveform.signals import recording, three_phases, times_s

RATE_HZ = 1000.0
BEGAN = datetime(2026, 9, 1, 0, 10, tzinfo=UTC)
THREE = ("u_a", "u_b", "u_c")


def made(samples: np.ndarray) -> Recording:
    return replace(recording(samples, THREE, RATE_HZ), starts_at=BEGAN)


def test_ten_minutes_have_their_interharmonics_and_unbalance_without_what_an_event_touched() -> None:
    """Phases 1, 1, 0.95 have 0.05 / 2.95 of both sequences; 2 % at 175 Hz (T6); half a second at 50 %."""
    samples = three_phases(times_s(601.0, RATE_HZ), {3.5: 0.02}, amplitudes=(1.0, 1.0, 0.95))
    samples[0, round(400.0 * RATE_HZ) : round(400.5 * RATE_HZ)] *= 0.5
    record = made(samples)
    told = recorded_in("a.cfg", record, BEGAN, survey(record, Options()))
    assert (told.names, told.flicker) == (["a.cfg"], {})
    (dip,) = told.events
    assert abs(dip.starts_at - BEGAN - timedelta(seconds=400)) <= timedelta(milliseconds=20)
    assert set(told.interharmonics) == {"A", "B", "C"}
    for timed in told.interharmonics.values():
        assert timed.at.tolist() == [to_numpy(BEGAN).item()]
        assert timed.values[0, 3] == pytest.approx(2.0, rel=1e-3)
        assert np.delete(timed.values[0], 3).max() < 0.01
    for sequence in ("negative", "zero"):
        assert told.unbalance[sequence].values == pytest.approx([100.0 * 0.05 / 2.95], rel=1e-4)


def test_two_hours_of_flicker_that_no_event_touched_have_a_plt() -> None:
    """Case T21: eleven of 0.5 and one of 2.0 make 0.921008."""
    record = made(np.zeros((3, 10)))

    def severity(channel: str, number: int, *, flagged: bool) -> Severity:
        pst = 2.0 if number == 11 else 0.5
        return Severity(channel=channel, starts_s=300.0 + 600.0 * number, pst=pst, flagged=flagged)

    found = Survey(
        systems=(),
        windows=(),
        events=RecordEvents(declared_v=dict.fromkeys(THREE, 220.0), single=(), polyphase=()),
        severities=tuple(
            severity(channel, number, flagged=channel == "u_b" and number == 4)
            for channel in THREE
            for number in range(12)
        ),
        frequencies=(),
        notes=(),
    )
    told = recorded_in("a.cfg", record, BEGAN, found)
    assert set(told.flicker) == {"A", "C"}
    assert told.flicker["A"].values == pytest.approx([0.921008], rel=1e-6)
    assert told.flicker["A"].at.tolist() == [to_numpy(BEGAN + timedelta(minutes=5)).item()]


def test_events_of_the_system_go_before_those_of_its_phases() -> None:
    alone = Event(kind=EventKind.DIP, channels=("u_a",), starts_s=1.0, duration_s=0.1, residual_percent=60.0)
    events = RecordEvents(declared_v={"u_a": 220.0}, single=(alone, alone), polyphase=(alone,))
    found = Survey(systems=(), windows=(), events=events, severities=(), frequencies=(), notes=())
    record = made(np.zeros((3, 10)))
    assert len(recorded_in("a.cfg", record, BEGAN, found).events) == 1
    assert (
        len(recorded_in("a.cfg", record, BEGAN, replace(found, events=replace(events, polyphase=()))).events)
        == 2
    )
