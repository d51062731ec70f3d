from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import pytest

from pipeline.events import EventKind
from pipeline.quantities import Quantity
from simulators.dlt645.traits import Traits
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


class Dipping(Load):
    """Phase b at 50 V in one stretch, of which the load tells when it begins and ends."""

    def __init__(self, start: datetime, length: timedelta) -> None:
        super().__init__()
        self.start, self.end = start, start + length

    def read(self, instant: datetime) -> Mapping[Quantity, float]:
        shown = super().read(instant)
        return {**shown, Quantity.VOLTAGE_B: 50.0} if shown and self.start <= instant < self.end else shown

    def changes(self, starts_at: datetime, ends_at: datetime) -> Iterable[datetime]:
        return [at for at in (self.start, self.end) if starts_at <= at < ends_at]


@pytest.mark.parametrize(("length_s", "counts"), [(59, 0), (60, 1), (300, 1)])
def test_what_is_shorter_than_the_delay_is_no_event(length_s: int, counts: int) -> None:
    load = Dipping(NOW - timedelta(hours=2, seconds=333), timedelta(seconds=length_s))
    meter = core(load)
    assert meter.past is not None
    events = meter.events.last(EventKind.VOLTAGE_LOSS, "b")
    assert [(e.starts_at, e.ends_at) for e in events] == [(load.start, load.end)] * counts


def test_the_delay_is_a_trait_of_the_meter() -> None:
    load = Dipping(NOW - timedelta(hours=2), timedelta(seconds=20))
    meter = core(load, traits=Traits(event_delay_s=5.0))
    assert meter.past is not None
    assert meter.events.count(EventKind.VOLTAGE_LOSS, "b") == 1


def test_the_status_word_waits_for_the_delay_too() -> None:
    clock = Clock()
    meter = core(Dipping(NOW - timedelta(seconds=30), HOUR), clock)
    assert meter.status_words()[4] & 1 == 0
    clock.pass_(seconds=31)
    assert meter.status_words()[4] & 1 == 1


def test_an_outage_ends_what_lasted_when_the_power_went() -> None:
    load = Dipping(NOW - timedelta(hours=5), 4 * HOUR)
    dark_from = NOW - timedelta(hours=3, seconds=41)
    load.dark = [(dark_from, NOW - timedelta(hours=2))]
    meter = core(load)
    assert meter.past is not None
    latest, first = meter.events.last(EventKind.VOLTAGE_LOSS, "b")
    assert (first.starts_at, first.ends_at) == (load.start, dark_from)
    assert (latest.starts_at, latest.ends_at) == (NOW - timedelta(hours=2), load.end)
