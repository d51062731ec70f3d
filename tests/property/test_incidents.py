"""Whatever signals come in whatever order: each is in one incident, and looking again changes nothing."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from pipeline.alarms.grouping import grouped
from pipeline.alarms.incidents import reconciled
from pipeline.alarms.model import Incident, IncidentState, Signal, Told
from pipeline.alarms.planning import Book, planned
from pipeline.alarms.records import AlarmRoute
from tests.alarm_signals import BEGIN, mail, minutes, signal

WHAT = ("meter_silent", "bus_down", "voltage_deviation", "voltage_loss")


@st.composite
def signals(draw: st.DrawFn) -> list[Signal]:
    found = []
    for number in range(draw(st.integers(0, 40))):
        start = draw(st.integers(0, 600))
        length = draw(st.none() | st.integers(0, 400))
        found.append(
            signal(
                f"{number}",
                start,
                None if length is None else start + length,
                what=draw(st.sampled_from(WHAT)),
                bus=draw(st.sampled_from([None, "B1", "B2", "B3"])),
                area=draw(st.sampled_from([None, "A1", "A2"])),
                point=draw(st.sampled_from([None, "SP1"])),
            )
        )
    return found


@given(signals(), st.randoms(use_true_random=False))
def test_the_order_of_signals_does_not_matter(found: list[Signal], chance: random.Random) -> None:
    mixed = list(found)
    chance.shuffle(mixed)
    assert grouped(mixed) == grouped(found)
    now = BEGIN + minutes(700)
    assert reconciled(mixed, (), {}, now) == reconciled(found, (), {}, now)


@given(signals())
def test_each_signal_is_in_one_group(found: list[Signal]) -> None:
    ids = [s.id for group in grouped(found) for s in group.signals]
    assert sorted(ids) == sorted(s.id for s in found)


@given(signals(), st.lists(st.integers(0, 900), min_size=1, max_size=6))
def test_looking_again_changes_nothing_and_nothing_is_told_twice(
    found: list[Signal], looks: list[int]
) -> None:
    book = Book(routes=[AlarmRoute(id="all", channels=("duty",))], channels=[mail()])
    known: dict[str, Incident] = {}
    members: dict[str, str] = {}
    told: list[Told] = []
    for at in sorted(looks):
        now = BEGIN + minutes(at)
        # At a look nobody knows of what begins later, nor of an end that is still to come.
        seen = [
            s if s.ends_at is None or s.ends_at <= now else signal_without_end(s)
            for s in found
            if s.starts_at <= now
        ]
        first = reconciled(seen, list(known.values()), members, now)
        standing = [i for i in first.incidents if i.state is not IncidentState.MERGED]
        assert reconciled(seen, standing, first.member_of, now) == reconciled(
            seen, list(reversed(standing)), first.member_of, now
        )
        again = reconciled(seen, standing, first.member_of, now)
        assert list(again.incidents) == standing
        # Whoever was a member before still is, if only of what its incident merged into.
        assert set(members) <= set(first.member_of)
        known, members = {i.id: i for i in standing}, dict(first.member_of)
        due = planned(standing, {}, book, told, now).due
        told += [one for message in due for one in message.about]
        assert planned(standing, {}, book, told, now).due == []
    keys = [(t.incident, t.channel, t.occasion, t.reopened, t.severity) for t in told]
    assert len(keys) == len(set(keys))


def signal_without_end(ended: Signal) -> Signal:
    start = (ended.starts_at - BEGIN) / minutes(1)
    return signal(
        str(ended.meter), start, what=ended.what, bus=ended.bus, area=ended.area, point=ended.service_point
    )
