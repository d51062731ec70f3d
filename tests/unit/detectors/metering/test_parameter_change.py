from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from detectors.engine import run
from pipeline.archive_records import WorkOrder
from pipeline.events import EventKind, MeterEvent
from pipeline.messages import PARAMETER_NAMES, render
from pipeline.model import Episode, Severity
from pipeline.records import EventRecord, MeterOrder, OrderKind, ParameterReading, Records
from pipeline.registry import Registry
from simulators.physics.window import Window
from tests.fix_planted import FAULT, METER, POINT, START, Planted, planted

CASE = planted(None)
TRIGGER, RATIO, TABLE, COUNT = "voltage_loss_trigger", "ct_ratio", "day_table_1", "programming_count"


def _found(
    name: str,
    values: list[float],
    *,
    events: list[float] | None = None,
    registry: Registry = CASE.registry,
    kind: EventKind = EventKind.PROGRAMMING,
) -> list[Episode]:
    """A parameter read at each noon from the first day on, and programmings at hours from the start."""
    noons = [START + timedelta(days=day, hours=12) for day in range(len(values))]
    records = Records(
        parameters=[
            ParameterReading(meter=METER, name=name, taken_at=at, value=value)
            for at, value in zip(noons, values, strict=True)
        ],
        events=[
            EventRecord(
                meter=METER, event=MeterEvent(kind=kind, number=1, starts_at=START + timedelta(hours=hour))
            )
            for hour in events or []
        ],
    )
    return run(replace(CASE.window, records=records), registry, only=["parameter_change"])


def _ordered(first: float, last: float) -> Registry:
    """Work from one hour to another, counted from the start."""
    order = WorkOrder(
        id="W1",
        service_point=POINT,
        starts_at=START + timedelta(hours=first),
        ends_at=START + timedelta(hours=last),
    )
    return replace(CASE.registry, work_orders=[order])


def _messages(episodes: list[Episode]) -> list[str]:
    return [episode.message.removeprefix("episode.") for episode in episodes]


@pytest.mark.parametrize(
    ("parameter", "message"),
    [
        ("voltage_loss_trigger", "threshold_disabled"),
        ("tariff_table", "table_changed"),
        ("ct_ratio", "ratio_wrong"),
        ("display", "programmed"),
    ],
)
def test_what_is_planted_is_found_from_the_programming_on(parameter: str, message: str) -> None:
    (episode,) = planted("parameter_changed", {"parameter": parameter}).found("parameter_change")
    assert _messages([episode]) == [message]
    assert episode.starts_at == FAULT.starts_at
    if message != "programmed":
        assert episode.ends_at == FAULT.ends_at
    assert episode.severity is Severity.MAJOR
    assert episode.evidence["events"]


@pytest.mark.parametrize("parameter", ["voltage_loss_trigger", "tariff_table", "ct_ratio", "display"])
def test_a_work_order_makes_it_innocent(parameter: str) -> None:
    case = planted("parameter_changed", {"parameter": parameter, "ordered": "yes"})
    assert case.found("parameter_change") == []


SHOWN_AS = {"voltage_loss_trigger": TRIGGER, "tariff_table": TABLE, "ct_ratio": RATIO, "display": "04000302"}
PLANTED_AS = {TRIGGER: 0.0, RATIO: 1.0}
"""What the deed makes of them; of a table nobody knows the checksum that a write leaves."""


def _with_our_order(
    case: Planted, parameter: str, late: timedelta = timedelta(), value: float | None = None
) -> list[Episode]:
    """What is said where we wrote a parameter ourselves, a while after the deed."""
    order = MeterOrder(
        id="a1b2c3d4e5",
        meter=METER,
        kind=OrderKind.WRITE,
        parameter=parameter,
        value=value,
        sent_at=FAULT.starts_at + late,
    )
    records = replace(case.window.records, orders=[order])
    return replace(case, window=replace(case.window, records=records)).found("parameter_change")


@pytest.mark.parametrize("parameter", SHOWN_AS)
def test_what_we_ordered_ourselves_is_innocent(parameter: str) -> None:
    case = planted("parameter_changed", {"parameter": parameter})
    shown = SHOWN_AS[parameter]
    assert _with_our_order(case, shown, value=PLANTED_AS.get(shown)) == []


def test_another_value_than_we_wrote_is_not_ours() -> None:
    case = planted("parameter_changed", {"parameter": "voltage_loss_trigger"})
    (episode,) = _with_our_order(case, TRIGGER, value=160.0)
    assert episode.message == "episode.threshold_disabled"
    near: Any = episode.evidence["own_orders_near"]
    assert [order["value"] for order in near] == [160.0]
    # A write of nobody knows what does not explain that the event is switched off.
    assert _messages(_with_our_order(case, TRIGGER)) == ["threshold_disabled"]


def test_an_order_for_something_else_or_of_another_day_explains_nothing() -> None:
    case = planted("parameter_changed", {"parameter": "voltage_loss_trigger"})
    (episode,) = _with_our_order(case, TABLE)
    near: Any = episode.evidence["own_orders_near"]
    assert [order["parameter"] for order in near] == [TABLE]
    assert len(_with_our_order(case, TRIGGER, timedelta(days=2))) == 1


@pytest.mark.parametrize("name", sorted(PARAMETER_NAMES.keys() - {COUNT, RATIO, "pt_ratio"}))
def test_every_parameter_is_held_against_its_own_earlier_value(name: str) -> None:
    assert _found(name, [171.6, 171.6, 171.6]) == [] or "voltage_loss" in name
    found = _found(name, [180.0, 180.0, 190.0])
    (episode,) = [
        e for e in found if e.message in {"episode.parameter_changed", "episode.table_changed"}
    ] or found
    assert PARAMETER_NAMES[name].zh in render(episode.message, episode.parameters, "zh")


def test_an_honest_meter_is_silent() -> None:
    assert CASE.found("parameter_change") == []


def test_a_ratio_of_one_that_was_never_told_is_innocent_and_another_than_the_archive_s_is_not() -> None:
    assert _found(RATIO, [1.0] * 5) == []
    assert _found(RATIO, [40.0] * 5) == []
    (episode,) = _found(RATIO, [60.0] * 5)
    assert episode.parameters == {"parameter": RATIO, "value": 60.0, "archive": 40.0}
    assert episode.ends_at is None


def test_a_ratio_that_becomes_the_archive_s_is_right_however_it_came() -> None:
    assert _found(RATIO, [1.0, 1.0, 40.0, 40.0]) == []
    (episode,) = _found(RATIO, [60.0, 60.0, 40.0])
    assert episode.ends_at == START + timedelta(days=2, hours=12)


def test_the_permitted_range_by_hand() -> None:
    """Of 220 V it is 154 V to 198 V."""
    for value in (154.0, 171.6, 198.0):
        assert _found(TRIGGER, [value] * 3) == []
    assert _messages(_found(TRIGGER, [153.9] * 3)) == ["threshold_outside"]
    assert _messages(_found(TRIGGER, [198.1] * 3)) == ["threshold_outside"]
    assert _messages(_found(TRIGGER, [0.0] * 3)) == ["threshold_disabled"]


def test_a_change_within_the_range_counts_until_it_is_as_before() -> None:
    (episode,) = _found(TRIGGER, [171.6, 154.0, 154.0, 171.6])
    assert episode.message == "episode.parameter_changed"
    assert (episode.parameters["before"], episode.parameters["value"]) == (171.6, 154.0)
    assert episode.starts_at == START + timedelta(days=1, hours=12)
    assert episode.ends_at == START + timedelta(days=3, hours=12)
    (still,) = _found(TRIGGER, [171.6, 154.0, 160.0])
    assert still.ends_at is None


def test_an_order_between_the_two_reads_makes_the_new_value_usual() -> None:
    assert _found(TRIGGER, [171.6, 154.0, 154.0], registry=_ordered(20, 21)) == []
    assert len(_found(TRIGGER, [171.6, 154.0, 154.0], registry=_ordered(41, 42))) == 1
    # The meter says when: the order was for another time.
    assert len(_found(TRIGGER, [171.6, 154.0], events=[30], registry=_ordered(20, 21))) == 1


def test_a_programming_that_explains_a_value_is_not_told_twice() -> None:
    (episode,) = _found(TRIGGER, [171.6, 0.0, 0.0], events=[30])
    assert episode.starts_at == START + timedelta(hours=30)
    assert _messages(_found(TRIGGER, [171.6, 171.6, 171.6], events=[30])) == ["programmed"]


def test_programmings_of_one_hour_are_one() -> None:
    (episode,) = _found(TRIGGER, [171.6], events=[30, 30.5, 31.2])
    assert episode.parameters["events"] == 3
    assert len(_found(TRIGGER, [171.6], events=[30, 33])) == 2
    assert _found(TRIGGER, [171.6], events=[30], kind=EventKind.CLOCK_SET) == []


def test_a_counter_that_moved_without_a_record_is_told() -> None:
    (episode,) = _found(COUNT, [3.0, 3.0, 5.0])
    assert episode.message == "episode.programming_unrecorded"
    assert (episode.parameters["before"], episode.parameters["count"]) == (3, 5)
    assert _found(COUNT, [3.0, 3.0, 4.0], registry=_ordered(40, 41)) == []
    assert _messages(_found(COUNT, [3.0, 3.0, 4.0], events=[40])) == ["programmed"]


def test_a_counter_that_was_turned_back_is_told() -> None:
    (episode,) = _found(COUNT, [5.0, 5.0, 3.0])
    assert episode.message == "episode.programming_unrecorded"
    assert (episode.parameters["before"], episode.parameters["count"]) == (5, 3)
    assert _found(COUNT, [5.0, 5.0, 3.0], registry=_ordered(40, 41)) == []


def test_what_began_before_the_window_keeps_its_start() -> None:
    early = [
        ParameterReading(meter=METER, name=TRIGGER, taken_at=START - timedelta(days=40 - day), value=value)
        for day, value in enumerate([171.6, 0.0])
    ]
    window = replace(CASE.window, records=Records(parameters=early))
    (episode,) = run(window, CASE.registry, only=["parameter_change"])
    assert episode.starts_at == START - timedelta(days=39)
    right = [*early, replace(early[0], taken_at=START - timedelta(days=30))]
    window = replace(CASE.window, records=Records(parameters=right))
    assert run(window, CASE.registry, only=["parameter_change"]) == []


def test_shuffled_and_repeated_readings_change_nothing() -> None:
    case = planted("parameter_changed", window=Window(starts_at=FAULT.starts_at, ends_at=FAULT.ends_at))
    told = list(case.window.records.parameters)
    mixed = replace(case.window.records, parameters=[*reversed(told), *told[:9]])
    again = replace(case, window=replace(case.window, records=mixed))
    assert again.found("parameter_change") == case.found("parameter_change")


def test_a_meter_that_the_archive_does_not_have_is_not_judged() -> None:
    assert _found(TRIGGER, [0.0] * 3, registry=Registry()) == []
