"""What is planted at a meter's terminals stands in its event records and status words, to the second."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.events import EventKind
from services.ask_meter import ask_events, ask_identifiers
from simulators.dlt645.events import PHASED
from simulators.fleet.build import build_fleet
from simulators.fleet.file import parse_fleet
from tests.integration.served_fleet import one_line, served

NOW = datetime(2024, 6, 15, 7, 33, 20, tzinfo=UTC)
"""15:33:20 local."""
FIRST = datetime(2024, 6, 14, 2, 5, tzinfo=UTC)
"""10:05 local, the day before: for five minutes, between two quarters of an hour."""
PLANTED = {
    "voltage_loss": ('phase = "b"\nfactor = 0.6', 'phase = "b"\nfactor = 0.9', EventKind.VOLTAGE_LOSS, "b"),
    "phase_break": ('phase = "b"', None, EventKind.PHASE_BREAK, "b"),
    "total_voltage_loss": ("", None, EventKind.ALL_VOLTAGE_LOSS, ""),
    "current_loss": ('phase = "c"', 'phase = "c"\nfactor = 0.8', EventKind.CURRENT_LOSS, "c"),
    "reversed_current": ('phase = "a"', None, EventKind.REVERSE_FLOW, "a"),
    "voltage": ("factor = 1.25", "factor = 1.04", EventKind.OVERVOLTAGE, "a"),
    "unbalance_voltage": (
        'phase = "a"\nfactor = 0.65', 'phase = "a"\nfactor = 0.95', EventKind.VOLTAGE_UNBALANCE, "",
    ),
    "unbalance_current": ('phase = "a"\nkw = 60', 'phase = "a"\nkw = 4', EventKind.CURRENT_UNBALANCE, ""),
    "overload": ("factor = 3", "factor = 1.02", EventKind.OVERLOAD, "a"),
    "outage": ("", None, EventKind.POWER_DOWN, ""),
}  # fmt: skip
"""By deed: its keys, those of its twin, and the event that the meter must note."""
LOW = ("UNDER", "voltage", "factor = 0.7", EventKind.UNDERVOLTAGE, "a")
BITS = {
    EventKind.VOLTAGE_LOSS: "B: loss of voltage",
    EventKind.PHASE_BREAK: "B: phase break",
    EventKind.CURRENT_LOSS: "C: loss of current",
    EventKind.REVERSE_FLOW: "A: reverse power flow",
    EventKind.OVERVOLTAGE: "A: overvoltage",
    EventKind.VOLTAGE_UNBALANCE: "unbalance of voltages",
    EventKind.CURRENT_UNBALANCE: "unbalance of currents",
    EventKind.OVERLOAD: "A: overload",
}
METER = """
[[meters]]
id = "{id}"
bus = "line"
address = "{address}"
profile = "dlt645_2007_three_phase"
ct = 40
max_current_a = 6
area = "TQ"
load = "continuous"
peak_kw = 120
{more}
"""
FAULT = """
[[fault]]
deed = "{deed}"
meter = "{meter}"
days_ago = {days_ago}
at = "{at}"
minutes = {minutes}
{keys}
"""


def addresses() -> dict[str, str]:
    names = [f"{deed}{kind}" for deed in PLANTED for kind in ("", "-twin")]
    return {name: f"{n:012d}" for n, name in enumerate([*names, LOW[0], "SHORT"], 1)}


def fleet_file() -> str:
    parts = [one_line(history_days=2)]
    for name, address in addresses().items():
        more = "[meters.traits]\nevent_delay_s = 600.0\n" if name == "SHORT" else ""
        parts.append(METER.format(id=name, address=address, more=more))
    past = {"days_ago": 1, "at": "10:05", "minutes": 5}
    for deed, (keys, twin, _, _) in PLANTED.items():
        parts.append(FAULT.format(deed=deed, meter=deed, keys=keys, **past))
        if deed != "outage":  # a meter that is dark now says nothing
            now = {"days_ago": 0, "at": "15:15", "minutes": 60}
            parts.append(FAULT.format(deed=deed, meter=deed, keys=keys, **now))
        if twin is not None:
            parts.append(FAULT.format(deed=deed, meter=f"{deed}-twin", keys=f"{twin}\ntwin = true", **past))
    name, deed, keys, _, _ = LOW
    parts.append(FAULT.format(deed=deed, meter=name, keys=keys, **past))
    parts.append(FAULT.format(deed="phase_break", meter="SHORT", keys='phase = "b"', **past))
    return "".join(parts)


@pytest.fixture(scope="module")
def line() -> Iterator[str]:
    fleet = build_fleet(parse_fleet(fleet_file(), "events"), NOW)
    with served(fleet, lambda: NOW) as running:
        yield f"dlt645+{running.urls['line']}"


CASES = [*((deed, kind, phase) for deed, (_, _, kind, phase) in PLANTED.items()), (LOW[0], *LOW[3:])]


@pytest.mark.parametrize(("name", "kind", "phase"), CASES, ids=[name for name, *_ in CASES])
def test_five_minutes_of_each_fault_are_in_the_record(
    line: str, name: str, kind: EventKind, phase: str
) -> None:
    told = ask_events(f"{line}/{addresses()[name]}", [kind], newest=2)
    assert told.failures == []
    events = sorted((e for e in told.events if e.part == phase), key=lambda e: e.starts_at)
    assert (events[0].starts_at, events[0].ends_at) == (FIRST, FIRST + timedelta(minutes=5))
    lasts_now = name not in {"outage", LOW[0]}
    assert len(events) == 1 + lasts_now
    if lasts_now:
        assert (events[1].starts_at, events[1].ends_at) == (NOW.replace(minute=15, second=0), None)


@pytest.mark.parametrize("deed", [deed for deed, (_, twin, _, _) in PLANTED.items() if twin])
def test_a_twin_is_no_event(line: str, deed: str) -> None:
    kinds = {*PHASED, *(kind for _, _, kind, _ in PLANTED.values())}
    told = ask_events(f"{line}/{addresses()[f'{deed}-twin']}", sorted(kinds), newest=1)
    assert [(count.kind, count.part, count.count) for count in told.counts if count.count] == []
    assert told.events == []


@pytest.mark.parametrize("deed", [deed for deed, (_, _, kind, _) in PLANTED.items() if kind in BITS])
def test_what_is_wrong_now_is_a_bit_of_the_status_words(line: str, deed: str) -> None:
    _, twin, kind, _ = PLANTED[deed]
    assert BITS[kind] in status(line, deed)
    if twin is not None:
        assert [bit for bit in BITS.values() if bit in status(line, f"{deed}-twin")] == []


def status(line: str, name: str) -> str:
    """Return what the seven words say, one by one; all together they are the same numbers."""
    whole, *words = ask_identifiers(
        f"{line}/{addresses()[name]}", ["040005FF", *(f"0400050{number}" for number in range(1, 8))]
    )
    said = [text for word in words for text in word.fields.values()]
    numbers = [float(int(text.split()[0], 16)) for text in said]
    assert whole.fields["status_words"].strip() == str(tuple(numbers))
    return " ".join(said)


def test_what_is_shorter_than_the_meters_delay_is_not_recorded(line: str) -> None:
    told = ask_events(f"{line}/{addresses()['SHORT']}", [EventKind.PHASE_BREAK], newest=1)
    assert told.events == []
    assert told.failures == []
