from datetime import timedelta

from pipeline.events import EventKind
from simulators.dlt645.events import Event, EventLog
from tests.unit.simulators.dlt645.bench import NOW

MINUTE = timedelta(minutes=1)


def dip(number: int, phase: str = "a") -> Event:
    start = NOW + number * 10 * MINUTE
    return Event(
        kind=EventKind.UNDERVOLTAGE, phase=phase, starts_at=start, ends_at=start + timedelta(seconds=90)
    )


def test_the_last_ten_are_kept_newest_first_and_all_are_counted() -> None:
    log = EventLog()
    for number in range(12):
        log.add(dip(number))
    records = log.last(EventKind.UNDERVOLTAGE, "a")
    assert [r.starts_at for r in records] == [dip(n).starts_at for n in range(11, 1, -1)]
    assert log.count(EventKind.UNDERVOLTAGE, "a") == 12
    assert log.minutes(EventKind.UNDERVOLTAGE, "a") == 18
    assert log.count(EventKind.UNDERVOLTAGE, "b") == 0


def test_what_lasts_is_ended_once() -> None:
    log = EventLog()
    log.add(Event(kind=EventKind.OVERLOAD, phase="c", starts_at=NOW, ends_at=None))
    assert log.minutes(EventKind.OVERLOAD, "c") == 0
    for minutes in (5, 9):
        log.end(EventKind.OVERLOAD, "c", NOW + minutes * MINUTE)
    assert log.minutes(EventKind.OVERLOAD, "c") == 5
    assert log.last(EventKind.OVERLOAD, "c")[0].ends_at == NOW + 5 * MINUTE


def test_a_clear_forgets_its_kinds_only() -> None:
    log = EventLog()
    log.add(dip(1))
    log.add(Event(kind=EventKind.PROGRAMMING, starts_at=NOW, ends_at=NOW))
    log.clear({EventKind.UNDERVOLTAGE})
    assert (log.count(EventKind.UNDERVOLTAGE, "a"), log.count(EventKind.PROGRAMMING)) == (0, 1)
    assert log.last(EventKind.UNDERVOLTAGE, "a") == ()
