"""Who is told what, when; nothing twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from pipeline.alarms.model import HeldBy, Incident, IncidentState, Occasion, Signal, Told
from pipeline.alarms.planning import Book, Plan, planned
from pipeline.alarms.records import AlarmRoute, Grade
from pipeline.archive_records import WorkOrder
from pipeline.model import Severity
from tests.alarm_signals import BEGIN, incident, mail, minutes, signal

DUTY = AlarmRoute(id="duty", channels=("duty",))
CHANNELS = [mail("duty"), mail("chief", team="chiefs")]


def plan(
    incidents: Sequence[Incident],
    *routes: AlarmRoute,
    told: Sequence[Told] = (),
    at: float = 0,
    signals: Sequence[Signal] = (),
    orders: Sequence[WorkOrder] = (),
) -> Plan:
    book = Book(
        routes=routes or (DUTY,),
        channels=CHANNELS,
        orders={order.service_point: [order] for order in orders},
    )
    return planned(incidents, {i.id: signals for i in incidents}, book, told, BEGIN + minutes(at))


def said(found: Plan) -> list[tuple[str, Occasion]]:
    return [(m.channel, t.occasion) for m in found.due for t in m.about]


def heard(found: Plan) -> list[Told]:
    return [t for m in found.due for t in m.about]


@pytest.mark.parametrize(
    ("changed", "fits"),
    [
        ({}, True),
        ({"at_least": Grade.CRITICAL}, False),
        ({"areas": ("A1", "A9")}, True),
        ({"areas": ("A9",)}, False),
        ({"causes": ("communication",)}, True),
        ({"causes": ("meter_silent",)}, True),
        ({"causes": ("line_loss",)}, False),
        ({"enabled": False}, False),
        ({"channels": (), "teams": ("chiefs",)}, True),
        ({"channels": ("gone",)}, False),
    ],
)
def test_a_route_takes_what_it_names(changed: dict[str, Any], fits: bool) -> None:  # noqa: FBT001 - parametrized
    found = plan([incident()], replace(DUTY, **changed), signals=[signal("1")])
    assert bool(found.due) is fits


def test_two_routes_to_one_channel_tell_it_once() -> None:
    assert said(plan([incident()], DUTY, replace(DUTY, id="also"))) == [("duty", Occasion.OPENED)]


def test_what_was_told_is_told_again_only_when_it_is_worse_or_over_or_back() -> None:
    first = plan([incident()])
    known = heard(first)
    assert plan([incident()], told=known).due == []
    worse = incident(severity=Severity.CRITICAL)
    known += heard(plan([worse], told=known))
    over = replace(worse, state=IncidentState.CLOSED, ends_at=BEGIN)
    known += heard(plan([over], told=known))
    assert [t.occasion for t in known] == [Occasion.OPENED, Occasion.WORSE, Occasion.ENDED]
    assert plan([over], told=known).due == []
    back = replace(worse, reopened=1)
    assert [t.occasion for t in heard(plan([back], told=known))] == [Occasion.REOPENED]


def test_the_end_is_told_only_to_those_who_heard_of_it() -> None:
    over = incident(state=IncidentState.CLOSED, ends_at=BEGIN)
    assert plan([over]).due == []
    known = heard(plan([incident()]))
    assert plan([over], replace(DUTY, tell_end=False), told=known).due == []


def test_an_escalation_waits_for_its_time_and_ends_with_an_acknowledgement() -> None:
    chief = AlarmRoute(id="chief", teams=("chiefs",), after_min=30)
    early = plan([incident()], chief, at=29)
    assert (early.due, early.held[0].by) == ([], HeldBy.ESCALATION)
    assert early.held[0].until == BEGIN + minutes(30)
    assert said(plan([incident()], chief, at=30)) == [("chief", Occasion.OPENED)]
    assert plan([incident(acknowledged_at=BEGIN)], chief, at=60).due == []


def test_an_acknowledged_incident_that_grows_critical_is_told_to_those_who_hear_of_critical_ones() -> None:
    critical = AlarmRoute(id="chief", teams=("chiefs",), at_least=Grade.CRITICAL)
    minor = incident(severity=Severity.MINOR)
    known = heard(plan([minor], DUTY, critical))
    assert [t.channel for t in known] == ["duty"]
    grown = incident(severity=Severity.CRITICAL, acknowledged_at=BEGIN + minutes(5))
    found = plan([grown], DUTY, critical, told=known, at=10)
    assert sorted(said(found)) == [("chief", Occasion.OPENED), ("duty", Occasion.WORSE)]


def test_quiet_hours_hold_back_and_a_critical_incident_breaks_through() -> None:
    quiet = replace(DUTY, quiet_from="11:00", quiet_to="13:00")
    found = plan([incident()], quiet)
    assert (found.due, [h.by for h in found.held]) == ([], [HeldBy.QUIET_HOURS])
    assert found.held[0].until == BEGIN + minutes(60)
    assert said(plan([incident()], quiet, at=60)) == [("duty", Occasion.OPENED)]
    assert said(plan([incident(severity=Severity.CRITICAL)], quiet)) == [("duty", Occasion.OPENED)]
    over = incident(state=IncidentState.CLOSED, ends_at=BEGIN)
    assert plan([over], quiet, at=60).due == []


def test_maintenance_holds_back_while_it_explains_everything_that_goes_on() -> None:
    order = WorkOrder(
        id="W1", service_point="SP-1", starts_at=BEGIN - minutes(10), ends_at=BEGIN + minutes(90)
    )
    found = plan([incident()], signals=[signal("1")], orders=[order])
    assert (found.due, found.held[0].by) == ([], HeldBy.MAINTENANCE)
    assert found.held[0].until == order.ends_at
    both = [signal("1"), signal("2")]
    assert said(plan([incident()], signals=both, orders=[order])) == [("duty", Occasion.OPENED)]
    after = plan([incident()], signals=[signal("1")], orders=[order], at=90)
    assert said(after) == [("duty", Occasion.OPENED)]


def test_many_incidents_at_once_are_one_digest_a_channel() -> None:
    few = plan([incident(f"I{n}") for n in range(5)])
    assert [len(m.about) for m in few.due] == [1] * 5
    many = plan([incident(f"I{n}") for n in range(300)])
    assert [len(m.about) for m in many.due] == [300]
