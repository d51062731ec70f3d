"""What hands did to a meter happens at its time, whenever anybody looks, in both editions."""

from datetime import timedelta

from pipeline.events import EventKind
from simulators.dlt645_meter_1997 import Dlt645Meter1997
from simulators.physics.handling import Bridged, DemandReset, Handling, Opened, Programmed, by_clock
from simulators.physics.window import Window
from tests.unit.simulators.dlt645.bench import ADDRESS, MEMORY_FROM, NOW, ZONE, Clock, Load, ask, meter, read

HOUR = timedelta(hours=1)
PAST = Window(starts_at=NOW - 5 * HOUR, ends_at=NOW - 3 * HOUR)
TO_COME = Window(starts_at=NOW + HOUR, ends_at=NOW + 2 * HOUR)
DISPLAY = "04000302"


def programmed(window: Window) -> Programmed:
    return Programmed(identifier=DISPLAY, content="09", entry_bytes=1, window=window)


def test_a_parameter_is_as_before_again_once_the_window_is_over() -> None:
    slave = meter(handlings=[programmed(PAST)])
    assert read(slave, DISPLAY) == b"\x05"
    first, second = reversed(slave.core.events.last(EventKind.PROGRAMMING))
    assert (first.starts_at, second.starts_at) == (PAST.starts_at, PAST.ends_at)


def test_what_is_to_come_happens_when_it_is_due_and_not_before() -> None:
    clock = Clock()
    slave = meter(clock=clock, handlings=[programmed(TO_COME)])
    assert read(slave, DISPLAY) == b"\x05"
    clock.pass_(minutes=90)
    assert read(slave, DISPLAY) == b"\x09"
    clock.pass_(minutes=60)
    assert read(slave, DISPLAY) == b"\x05"


def test_acts_are_done_in_the_order_of_time_whatever_their_order_in_the_list() -> None:
    later = Window(starts_at=NOW - 2 * HOUR, ends_at=NOW - HOUR)
    opened = [Opened(kind=EventKind.COVER_OPEN, window=window) for window in (later, PAST)]
    slave = meter(handlings=opened)
    read(slave, DISPLAY)
    newest, oldest = slave.core.events.last(EventKind.COVER_OPEN)
    assert (oldest.starts_at, oldest.ends_at) == (PAST.starts_at, PAST.ends_at)
    assert (newest.starts_at, newest.ends_at) == (later.starts_at, later.ends_at)


def test_the_clock_runs_on_after_an_act_and_wrong_passwords_are_not_counted() -> None:
    clock = Clock()
    slave = meter(clock=clock, handlings=[DemandReset(window=PAST)], memory_from=MEMORY_FROM)
    read(slave, DISPLAY)
    assert slave.core.clock.true_now() == clock.now
    (reset,) = slave.core.events.last(EventKind.DEMAND_RESET)
    assert reset.starts_at == PAST.starts_at
    assert slave.core.past.demand.was_reset


def test_a_bridged_relay_is_open_while_it_lasts_and_the_registers_go_on() -> None:
    clock = Clock()
    slave = meter(Load(kw=2.0), clock, handlings=[Bridged(window=TO_COME)])
    before = read(slave, "00010000")
    clock.pass_(minutes=90)
    assert read(slave, "00010000") > before
    assert slave.core.relay.is_open
    clock.pass_(minutes=90)
    read(slave, DISPLAY)
    assert not slave.core.relay.is_open


def test_a_meter_of_1997_is_opened_and_reset_too() -> None:
    handlings: list[Handling] = [Opened(kind=EventKind.COVER_OPEN, window=PAST), DemandReset(window=PAST)]
    slave = Dlt645Meter1997(ADDRESS, Load(), Clock(), memory_from=MEMORY_FROM, zone=ZONE, handlings=handlings)
    ask(slave, 0x01, bytes.fromhex("1090"))
    assert slave.core.events.count(EventKind.COVER_OPEN) == 1
    assert slave.core.past.demand.was_reset


def test_a_meter_with_a_wrong_clock_notes_by_the_times_that_it_shows() -> None:
    seen = by_clock(programmed(PAST), lambda true: true + HOUR)
    assert seen.window == Window(starts_at=PAST.starts_at + HOUR, ends_at=PAST.ends_at + HOUR)
    assert isinstance(seen, Programmed)
    assert seen.content == "09"
