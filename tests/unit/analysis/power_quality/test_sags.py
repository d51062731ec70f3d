"""Events out of meters' logs: merged, counted, grid-wide or local."""

from dataclasses import replace
from datetime import timedelta

import pytest

from analysis.power_quality.point_month import Neighbour
from analysis.power_quality.recorded import Recorded
from analysis.power_quality.sags import extent, logged_events, merged, sarfi, supply_events
from analysis.power_quality.supply_events import SupplyEvent, SupplyKind
from pipeline.events import EventKind, MeterEvent
from tests.quality_months import BEGIN, END, SINGLE_PHASE, THREE_WIRE, month

HOUR = timedelta(hours=1)


def record(
    kind: EventKind, part: str = "", volts: str = "", *, starts_s: float = 0.0, lasts_s: float | None = 30.0
) -> MeterEvent:
    begin = BEGIN + HOUR + timedelta(seconds=starts_s)
    return MeterEvent(
        kind=kind,
        part=part,
        number=1,
        starts_at=begin,
        ends_at=None if lasts_s is None else begin + timedelta(seconds=lasts_s),
        values={f"phase {part.upper()} voltage": volts} if volts else {},
    )


def told(*events: MeterEvent, nominal_v: float = 220.0) -> list[tuple[SupplyKind, float | None]]:
    return [(e.kind, e.residual_percent) for e in logged_events(events, nominal_v)]


@pytest.mark.parametrize(
    ("event", "kind", "residual"),
    [
        (record(EventKind.UNDERVOLTAGE, "a", "154.0 V"), SupplyKind.DIP, 70.0),
        (record(EventKind.UNDERVOLTAGE, "a", "154.0 V", lasts_s=90), SupplyKind.UNDERVOLTAGE, 70.0),
        (record(EventKind.UNDERVOLTAGE, "a"), SupplyKind.UNDERVOLTAGE, None),
        (record(EventKind.UNDERVOLTAGE, "a", "-"), SupplyKind.UNDERVOLTAGE, None),
        (record(EventKind.UNDERVOLTAGE, "a", "209.0 V"), SupplyKind.UNDERVOLTAGE, pytest.approx(95.0)),
        (record(EventKind.UNDERVOLTAGE, "a", "231.0 V"), SupplyKind.UNDERVOLTAGE, pytest.approx(105.0)),
        (record(EventKind.OVERVOLTAGE, "b", "264.0 V"), SupplyKind.SWELL, 120.0),
        (record(EventKind.OVERVOLTAGE, "b", "235.4 V"), SupplyKind.OVERVOLTAGE, pytest.approx(107.0)),
        (
            record(EventKind.OVERVOLTAGE, "b", "219.0 V"),
            SupplyKind.OVERVOLTAGE,
            pytest.approx(99.545, abs=1e-3),
        ),
        (record(EventKind.OVERVOLTAGE, "b"), SupplyKind.OVERVOLTAGE, None),
        (record(EventKind.PHASE_BREAK, "c", "0.0 V", lasts_s=None), SupplyKind.INTERRUPTION, 0.0),
        (
            record(EventKind.VOLTAGE_LOSS, "c", "100.0 V"),
            SupplyKind.CIRCUIT_FAULT,
            pytest.approx(45.4545, abs=1e-4),
        ),
        (record(EventKind.POWER_DOWN), SupplyKind.SHORT_INTERRUPTION, 0.0),
        (record(EventKind.ALL_VOLTAGE_LOSS, lasts_s=3600), SupplyKind.INTERRUPTION, 0.0),
    ],
)
def test_a_record_has_its_name(event: MeterEvent, kind: SupplyKind, residual: float | None) -> None:
    assert told(event) == [(kind, residual)]


def test_what_is_no_voltage_is_left_out() -> None:
    assert told(record(EventKind.COVER_OPEN), record(EventKind.CURRENT_LOSS, "a")) == []


def test_phases_that_go_together_are_one_event() -> None:
    phases = [
        record(EventKind.UNDERVOLTAGE, "a", "176.0 V", lasts_s=10),
        record(EventKind.UNDERVOLTAGE, "b", "154.0 V", starts_s=5, lasts_s=20),
        record(EventKind.UNDERVOLTAGE, "c", "187.0 V", starts_s=26, lasts_s=4),
    ]
    (event,) = merged(logged_events(phases, 220.0))
    assert (event.kind, event.phases, event.duration_s) == (SupplyKind.DIP, ("A", "B", "C"), 30.0)
    assert event.residual_percent == pytest.approx(70.0)
    assert merged(logged_events(phases[::-1], 220.0)) == [event]


def test_long_after_or_on_the_other_side_is_another_event() -> None:
    events = [
        record(EventKind.UNDERVOLTAGE, "a", "176.0 V", lasts_s=10),
        record(EventKind.OVERVOLTAGE, "b", "264.0 V", lasts_s=10),
        record(EventKind.VOLTAGE_LOSS, "c", "22.0 V", lasts_s=10),
        record(EventKind.UNDERVOLTAGE, "a", "176.0 V", starts_s=13, lasts_s=10),
    ]
    assert len(merged(logged_events(events, 220.0))) == 4


def test_what_has_no_end_takes_in_only_what_begins_with_it() -> None:
    days = [
        record(EventKind.UNDERVOLTAGE, phase, "154.0 V", starts_s=86400.0 * day, lasts_s=0.5)
        for day, phase in ((1, "b"), (3, "c"), (6, "b"))
    ]
    broken = record(EventKind.PHASE_BREAK, "a", "0.0 V", lasts_s=None)
    found = merged(logged_events([broken, *days], 220.0))
    assert [(e.kind, e.phases, e.duration_s) for e in found] == [
        (SupplyKind.INTERRUPTION, ("A",), None),
        (SupplyKind.DIP, ("B",), 0.5),
        (SupplyKind.DIP, ("C",), 0.5),
        (SupplyKind.DIP, ("B",), 0.5),
    ]
    for starts_s, count in ((2.0, 1), (2.1, 2)):
        near = record(EventKind.PHASE_BREAK, "b", "0.0 V", starts_s=starts_s)
        assert len(merged(logged_events([broken, near], 220.0))) == count


def test_what_has_no_end_does_not_part_those_that_overlap() -> None:
    phases = [
        record(EventKind.PHASE_BREAK, "a", "0.0 V", lasts_s=30),
        record(EventKind.PHASE_BREAK, "b", "0.0 V", starts_s=5, lasts_s=None),
        record(EventKind.PHASE_BREAK, "c", "0.0 V", starts_s=10, lasts_s=15),
        record(EventKind.PHASE_BREAK, "c", "0.0 V", starts_s=33, lasts_s=15),
    ]
    found = merged(logged_events(phases, 220.0))
    assert [(e.phases, e.duration_s) for e in found] == [(("A", "B", "C"), None), (("C",), 15.0)]


def test_a_dark_meter_takes_its_phases_in() -> None:
    events = [record(EventKind.PHASE_BREAK, "a", "20.0 V", lasts_s=None), record(EventKind.POWER_DOWN)]
    (event,) = merged(logged_events(events, 220.0))
    assert (event.phases, event.duration_s, event.residual_percent) == ((), None, 0.0)


def test_sarfi_counts_short_events_below_each_residual() -> None:
    residuals = [5.0, 45.0, 65.0, 70.0, 89.9, 90.0, None]
    events = [_event(residual) for residual in residuals]
    events += [replace(_event(20.0), duration_s=61.0), replace(_event(20.0), kind=SupplyKind.CIRCUIT_FAULT)]
    events += [replace(_event(85.0), kind=SupplyKind.OVERVOLTAGE)]
    assert [sarfi(events, x) for x in (90.0, 80.0, 70.0, 50.0, 10.0)] == [5, 4, 3, 2, 1]


def _event(residual: float | None) -> SupplyEvent:
    return SupplyEvent(
        kind=SupplyKind.DIP,
        phases=("A",),
        starts_at=BEGIN + HOUR,
        duration_s=0.2,
        residual_percent=residual,
        source="waveform",
    )


def neighbours(*had: int, kind: EventKind = EventKind.UNDERVOLTAGE) -> list[Neighbour]:
    near, far = record(kind, "b", starts_s=100), record(kind, "b", starts_s=9000)
    return [Neighbour(service_point=f"N{n}", events=[near if one else far]) for n, one in enumerate(had)]


@pytest.mark.parametrize(
    ("had", "where"),
    [((), "unknown"), ((0, 0), "local"), ((1, 0), "grid"), ((1, 0, 0), "some")],
)
def test_neighbours_tell_grid_wide_from_local(had: tuple[int, ...], where: str) -> None:
    assert extent(_event(70.0), neighbours(*had)) == where


def test_a_neighbours_record_without_an_end_stands_for_its_beginning() -> None:
    for starts_s, where in ((-700 * 86400.0, "local"), (-121.0, "local"), (-120.0, "grid")):
        beside = Neighbour(
            service_point="N", events=[record(EventKind.PHASE_BREAK, "b", starts_s=starts_s, lasts_s=None)]
        )
        assert extent(_event(70.0), [beside]) == where


def test_a_neighbours_swell_or_circuit_fault_is_no_dip() -> None:
    assert extent(_event(70.0), neighbours(1, kind=EventKind.OVERVOLTAGE)) == "local"
    assert extent(_event(70.0), neighbours(1, kind=EventKind.VOLTAGE_LOSS)) == "local"
    swell = replace(_event(120.0), kind=SupplyKind.SWELL)
    assert extent(swell, neighbours(1, kind=EventKind.OVERVOLTAGE)) == "grid"


def test_a_month_has_its_own_events_by_the_secondary_side() -> None:
    """Records hold secondary volts: 70 V of 100 V behind a transformer of 100."""
    inside = record(EventKind.UNDERVOLTAGE, "a", "70.0 V")
    late = replace(inside, starts_at=END, ends_at=END + HOUR)
    given = month(point=THREE_WIRE, events=[inside, late], recorded=Recorded(events=[_event(60.0)]))
    (event,) = supply_events(given)
    assert event.residual_percent == pytest.approx(60.0)
    assert event.duration_s == pytest.approx(30.0)


@pytest.mark.parametrize(
    ("parts", "kind"),
    [("a", SupplyKind.DIP), ("ab", SupplyKind.DIP), ("abc", SupplyKind.SHORT_INTERRUPTION)],
)
def test_a_supply_is_interrupted_when_all_its_phases_are_gone(parts: str, kind: SupplyKind) -> None:
    broken = [record(EventKind.PHASE_BREAK, part, "0.0 V") for part in parts]
    (event,) = supply_events(month(events=broken))
    assert (event.kind, event.residual_percent, "".join(event.phases).lower()) == (kind, 0.0, parts)


def test_the_one_phase_of_a_single_phase_supply_is_all_of_it() -> None:
    broken = [record(EventKind.PHASE_BREAK, "a", "0.0 V")]
    (event,) = supply_events(month(point=SINGLE_PHASE, events=broken))
    assert event.kind is SupplyKind.SHORT_INTERRUPTION


def test_a_phase_that_is_gone_beside_lower_ones_interrupts_nothing() -> None:
    low = [record(EventKind.UNDERVOLTAGE, part, "110.0 V") for part in "bc"]
    (event,) = supply_events(month(events=[record(EventKind.PHASE_BREAK, "a", "0.0 V"), *low]))
    assert (event.kind, event.phases) == (SupplyKind.DIP, ("A", "B", "C"))
