"""Incidents open late, close late, open again, merge, and keep their ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from pipeline.alarms.incidents import Found, reconciled
from pipeline.alarms.model import Incident, IncidentState, Signal
from pipeline.model import Severity
from tests.alarm_signals import BEGIN, minutes, signal, storm


def look(signals: Sequence[Signal], at: float, before: Found | None = None) -> Found:
    known: Sequence[Incident] = () if before is None else before.incidents
    members = {} if before is None else before.member_of
    standing = [i for i in known if i.state is not IncidentState.MERGED]
    return reconciled(signals, standing, members, BEGIN + minutes(at))


def only(found: Found) -> Incident:
    (incident,) = found.incidents
    return incident


def test_300_meters_off_are_one_incident() -> None:
    incident = only(look(storm(), 60))
    assert (incident.signals, incident.meters, incident.place) == (300, 300, "")
    assert incident.areas == ("A0", "A1", "A2", "A3", "A4")
    assert incident.state is IncidentState.OPEN


def test_it_opens_only_when_something_has_lasted() -> None:
    assert look([signal("1")], 29).incidents == []
    assert only(look([signal("1")], 30)).opened_at == BEGIN + minutes(30)


def test_it_closes_when_nothing_has_gone_on_for_a_while() -> None:
    first = look([signal("1")], 40)
    ended = [signal("1", 0, 50)]
    still = look(ended, 60, first)
    assert (only(still).state, only(still).ends_at) == (IncidentState.OPEN, BEGIN + minutes(50))
    closed = only(look(ended, 65, still))
    assert (closed.state, closed.closed_at) == (IncidentState.CLOSED, BEGIN + minutes(65))
    assert closed.id == only(first).id


def test_what_was_over_when_it_was_found_stays_open_for_a_while_to_be_told() -> None:
    over = [signal("1", 0, 50)]
    found = look(over, 87)
    assert (only(found).state, only(found).ends_at) == (IncidentState.OPEN, BEGIN + minutes(50))
    assert only(look(over, 101, found)).state is IncidentState.OPEN
    assert only(look(over, 102, found)).closed_at == BEGIN + minutes(102)


def test_what_came_back_and_was_over_when_it_was_found_opens_the_incident_again() -> None:
    first = look([signal("1", 0, 50)], 65, look([signal("1")], 40))
    back = look([signal("1", 0, 50), signal("2", 100, 140)], 170, first)
    assert (only(back).state, only(back).reopened) == (IncidentState.OPEN, 1)
    closed = look([signal("1", 0, 50), signal("2", 100, 140)], 185, back)
    assert (only(closed).state, only(closed).reopened) == (IncidentState.CLOSED, 1)
    # Too short, or another view of what was over already, is no news; what is graver is.
    assert only(look([signal("1", 0, 50), signal("2", 100, 129)], 170, first)).state is IncidentState.CLOSED
    assert only(look([signal("1", 0, 50), signal("2", 5, 45)], 70, first)).state is IncidentState.CLOSED
    graver = signal("2", 5, 45, severity=Severity.CRITICAL)
    assert only(look([signal("1", 0, 50), graver], 70, first)).reopened == 1


def test_what_the_first_look_of_all_finds_over_is_history() -> None:
    now = BEGIN + minutes(87)
    first = reconciled([signal("1", 0, 50), signal("2", 0, 80, bus="B2")], (), {}, now, began_at=now)
    assert [(i.place, i.state.value) for i in sorted(first.incidents, key=lambda i: i.place)] == [
        ("bus B1", "closed"),
        ("bus B2", "open"),
    ]
    # The other one's wait of 15 minutes is counted from its end, minute 80.
    later = reconciled(
        [signal("2", 0, 80, bus="B2")], first.incidents, first.member_of, BEGIN + minutes(95), now
    )
    assert only(later).state is IncidentState.CLOSED


def test_what_comes_back_opens_the_same_incident_again_and_wants_a_new_acknowledgement() -> None:
    first = look([signal("1", 0, 50)], 65, look([signal("1")], 40))
    seen = replace(first, incidents=[replace(only(first), acknowledged_at=BEGIN)])
    back = [signal("1", 0, 50), signal("2", 100)]
    waiting = only(look(back, 110, seen))
    assert waiting.state is IncidentState.CLOSED
    again = only(look(back, 131, seen))
    assert (again.id, again.state, again.reopened) == (only(first).id, IncidentState.OPEN, 1)
    assert (again.acknowledged_at, again.opened_at) == (None, BEGIN + minutes(131))


def test_what_comes_back_much_later_is_another_incident() -> None:
    first = look([signal("1", 0, 50)], 65, look([signal("1")], 40))
    later = look([signal("1", 0, 50), signal("2", 300)], 340, first)
    assert len({i.id for i in later.incidents}) == 2


def test_an_incident_that_becomes_a_storm_keeps_its_id_and_others_merge_into_it() -> None:
    first = look(storm()[:2], 33)
    assert {i.place for i in first.incidents} == {"bus B0", "bus B1"}
    whole = look(storm(), 60, first)
    kept = [i for i in whole.incidents if i.state is IncidentState.OPEN]
    merged = [i for i in whole.incidents if i.state is IncidentState.MERGED]
    assert [i.signals for i in kept] == [300]
    assert [i.merged_into for i in merged] == [kept[0].id]
    assert kept[0].id in {i.id for i in first.incidents}
    assert set(whole.member_of.values()) == {kept[0].id}


def test_an_open_incident_stays_as_people_know_it_when_late_data_bridges_it_with_a_closed_one() -> None:
    closed = look([signal("1", 0, 50)], 65, look([signal("1")], 40))
    apart = look([signal("1", 0, 50), signal("2", 300)], 340, closed)
    former, present = sorted(apart.incidents, key=lambda i: i.starts_at)
    assert (former.state, present.state) == (IncidentState.CLOSED, IncidentState.OPEN)
    seen = replace(apart, incidents=[former, replace(present, acknowledged_at=BEGIN + minutes(341))])
    late = signal("3", 60, 290)  # close enough to both
    bridged = look([signal("1", 0, 50), late, signal("2", 300)], 350, seen)
    kept = next(i for i in bridged.incidents if i.id == present.id)
    assert (kept.state, kept.reopened, kept.starts_at, kept.signals) == (IncidentState.OPEN, 0, BEGIN, 3)
    assert (kept.acknowledged_at, kept.opened_at) == (BEGIN + minutes(341), present.opened_at)
    merged = next(i for i in bridged.incidents if i.id == former.id)
    assert (merged.state, merged.merged_into) == (IncidentState.MERGED, present.id)
    assert set(bridged.member_of.values()) == {present.id}


def test_an_incident_never_falls_apart() -> None:
    found = look(storm(), 60)
    few = [s for s in storm() if s.bus in ("B0", "B1", "B2")][:8]
    assert only(look(few, 70, found)).id == only(found).id


def test_severity_rises_with_its_signals_and_does_not_fall() -> None:
    first = look([signal("1")], 40)
    worse = look([signal("1"), signal("2", 45, severity=Severity.CRITICAL)], 50, first)
    assert only(worse).severity is Severity.CRITICAL
    better = look([signal("1"), signal("2", 45, 55, severity=Severity.CRITICAL)], 60, worse)
    assert only(better).severity is Severity.CRITICAL


@pytest.mark.parametrize(
    ("meters", "severity"), [(31, Severity.MINOR), (32, Severity.MAJOR), (1000, Severity.CRITICAL)]
)
def test_many_meters_at_once_are_graver_than_each_alone(meters: int, severity: Severity) -> None:
    assert only(look(storm(meters), 60)).severity is severity


def test_meters_that_are_heard_again_do_not_count() -> None:
    some = [signal(f"{n}", 0, 31) for n in range(20)]
    others = [signal(f"{n}", 35) for n in range(20, 40)]
    assert only(look([*some, *others], 70)).severity is Severity.MINOR


@pytest.mark.parametrize("at", [40, 65, 200])
def test_a_second_look_at_the_same_changes_nothing(at: float) -> None:
    signals = [*storm(), signal("x", 0, 45, bus="B77"), signal("y", 3, what="voltage_loss")]
    first = look(signals, at)
    assert look(signals, at, first) == first
