from datetime import timedelta

from pipeline.events import EventKind
from tests.unit.simulators.dlt645.bench import NOW, Clock, Load, core

HOUR = timedelta(hours=1)


def test_an_outage_is_found_to_the_second() -> None:
    load = Load()
    began, ended = NOW - timedelta(hours=5, seconds=77), NOW - timedelta(hours=3, seconds=5)
    load.dark = [(began, ended)]
    meter = core(load)
    assert meter.past.history is not None
    [event] = meter.events.last(EventKind.POWER_DOWN)
    assert (event.starts_at, event.ends_at) == (began, ended)
    assert meter.events.minutes(EventKind.POWER_DOWN) == 121


def test_what_lasts_has_no_end_until_it_is_over() -> None:
    load, clock = Load(kw=-2.0), Clock()
    meter = core(load, clock)
    assert meter.past is not None
    assert [e.ends_at for e in meter.events.last(EventKind.REVERSE_FLOW, "a")] == [None]
    load.kw = 2.0
    clock.now = NOW + HOUR
    assert meter.past is not None
    [event] = meter.events.last(EventKind.REVERSE_FLOW, "a")
    assert event.ends_at is not None
    assert meter.events.count(EventKind.REVERSE_FLOW, "a") == 1


def test_a_healthy_meter_has_no_events() -> None:
    meter = core(Load(kw=3.0))
    assert meter.past is not None
    assert [
        kind for kind in EventKind for phase in ("", "a", "b", "c") if meter.events.count(kind, phase)
    ] == []
