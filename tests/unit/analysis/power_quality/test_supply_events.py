"""What events are called, and what equipment bears."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from analysis.power_quality.supply_events import (
    SupplyKind,
    event_limits,
    named,
    of_waveform,
    ride_through_curves,
    sarfi_percents,
)
from analysis.waveform.events import Event, EventKind


@pytest.mark.parametrize(
    ("residual", "duration", "kind"),
    [
        (70.0, 0.11, SupplyKind.DIP),
        (89.9, 0.11, SupplyKind.DIP),
        (90.0, 0.11, SupplyKind.UNDERVOLTAGE),
        (99.9, 0.11, SupplyKind.UNDERVOLTAGE),
        (100.1, 0.21, SupplyKind.OVERVOLTAGE),
        (110.0, 0.21, SupplyKind.OVERVOLTAGE),
        (110.1, 0.21, SupplyKind.SWELL),
        (10.0, 60.0, SupplyKind.DIP),
        (9.9, 0.31, SupplyKind.SHORT_INTERRUPTION),
        (0.0, 60.1, SupplyKind.INTERRUPTION),
        (0.0, None, SupplyKind.INTERRUPTION),
        (85.0, 3600.0, SupplyKind.UNDERVOLTAGE),
        (120.0, 0.21, SupplyKind.SWELL),
        (112.0, 600.0, SupplyKind.OVERVOLTAGE),
        (None, 5.0, SupplyKind.UNKNOWN),
    ],
)
def test_residual_voltage_and_duration_make_the_name(
    residual: float | None, duration: float | None, kind: SupplyKind
) -> None:
    assert named(residual, duration, is_high=residual is not None and residual > 100.0) is kind


@pytest.mark.parametrize("duration", [0.2, 600.0, None])
@pytest.mark.parametrize("residual", [0.0, 50.0, 99.5, 100.0, 120.0])
def test_no_residual_voltage_makes_an_event_one_of_the_other_side(
    residual: float, duration: float | None
) -> None:
    high = {SupplyKind.SWELL, SupplyKind.OVERVOLTAGE}
    assert named(residual, duration, is_high=True) in high
    assert named(residual, duration, is_high=False) not in high


@pytest.mark.parametrize(
    ("residual", "duration", "bears"),
    [
        (0.0, 0.02, {"ITIC": True, "SEMI F47": False}),
        (0.0, 0.021, {"ITIC": False, "SEMI F47": False}),
        (50.0, 0.2, {"ITIC": False, "SEMI F47": True}),
        (70.0, 0.5, {"ITIC": True, "SEMI F47": True}),
        (69.9, 0.5, {"ITIC": False, "SEMI F47": False}),
        (80.0, 1.0, {"ITIC": True, "SEMI F47": True}),
        (80.0, 10.0, {"ITIC": True, "SEMI F47": None}),
        (85.0, 30.0, {"ITIC": False, "SEMI F47": None}),
        (90.0, 30.0, {"ITIC": True, "SEMI F47": None}),
        (120.0, 0.5, {"ITIC": True, "SEMI F47": None}),
        (120.1, 0.5, {"ITIC": False, "SEMI F47": None}),
        (139.0, 0.003, {"ITIC": True, "SEMI F47": None}),
        (110.5, 5.0, {"ITIC": False, "SEMI F47": None}),
    ],
)
def test_the_curves_have_the_points_that_the_field_quotes(
    residual: float, duration: float, bears: Mapping[str, bool | None]
) -> None:
    assert {curve.name: curve.bears(residual, duration) for curve in ride_through_curves()} == bears


def test_every_number_has_its_source_and_is_to_be_confirmed() -> None:
    for reference in (event_limits().reference, *(curve.reference for curve in ride_through_curves())):
        assert reference.source
        assert not reference.confirmed
    assert sarfi_percents() == (90.0, 80.0, 70.0, 50.0, 10.0)


def test_an_event_of_a_waveform_is_one_of_the_supply() -> None:
    """Case T14: a dip to 70 % lasts 110 ms on the grid of half cycles."""
    found = Event(
        kind=EventKind.DIP, channels=("u_a", "u_b"), starts_s=0.5, duration_s=0.11, residual_percent=70.0
    )
    at = datetime(2026, 9, 1, tzinfo=UTC)
    phases = {"u_a": "a", "u_b": "b"}
    event = of_waveform(found, at, phases)
    assert (event.kind, event.phases, event.source) == (SupplyKind.DIP, ("A", "B"), "waveform")
    assert event.starts_at == at + timedelta(seconds=0.5)
    assert event.ends_at == at + timedelta(seconds=0.61)
    assert of_waveform(found, at, {"u_a": "a", "u_b": ""}).phases == ("A", "u_b")
    cut_short = of_waveform(replace(found, ends_after=True), at, phases)
    assert (cut_short.kind, cut_short.duration_s) == (SupplyKind.DIP, None)


@pytest.mark.parametrize(
    ("kind", "duration_s", "name"),
    [
        (EventKind.INTERRUPTION, 0.3, SupplyKind.SHORT_INTERRUPTION),
        (EventKind.INTERRUPTION, 60.1, SupplyKind.INTERRUPTION),
        (EventKind.DIP, 0.3, SupplyKind.DIP),
        (EventKind.DIP, 60.1, SupplyKind.UNDERVOLTAGE),
    ],
)
def test_one_dead_phase_is_a_dip_of_the_system_whatever_is_left_of_it(
    kind: EventKind, duration_s: float, name: SupplyKind
) -> None:
    """The waveform's finder calls an event of three phases a dip unless all of them were gone at once."""
    found = Event(kind=kind, channels=("u_a",), starts_s=0.5, duration_s=duration_s, residual_percent=0.0)
    assert of_waveform(found, datetime(2026, 9, 1, tzinfo=UTC), {"u_a": "a"}).kind is name
