from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dashboard.meter_list import MeterOrder, MeterQuestion, narrowed, stated
from storage.fleet_standings import MeterStanding

NOW = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
SILENT = timedelta(minutes=45)


def standing(meter: str, **changes: Any) -> MeterStanding:  # Any: fields of many types
    fields: dict[str, Any] = dict.fromkeys(MeterStanding.__dataclass_fields__)  # Any: as above
    fields |= {"due": 10, "in_time": 10, "late": 0, "backfilled": 0, "open_episodes": 0, "newest_at": NOW}
    fields |= {"meter": meter, **changes}
    return MeterStanding(**fields)


FLEET = stated(
    [
        standing("M1", area="A", area_name="Alpha", bus="b2"),
        standing("M2", area="B", area_name="Beta", bus="b1", in_time=7, late=1),
        standing("M3", bus=None, newest_at=NOW - timedelta(hours=3), open_episodes=2, worst_severity=20),
        standing("M4", area="A", area_name="Alpha", bus="b1", newest_at=None),
    ],
    now=NOW,
    silent=SILENT,
)


def ids(question: MeterQuestion) -> list[str]:
    return [meter.standing.meter for meter in narrowed(FLEET, question).meters]


@pytest.mark.parametrize(
    ("question", "found"),
    [
        (MeterQuestion(), ["M1", "M2", "M3", "M4"]),
        (MeterQuestion(area="A"), ["M1", "M4"]),
        (MeterQuestion(area="-"), ["M3"]),
        (MeterQuestion(bus="-"), ["M3"]),
        (MeterQuestion(bus="b1", state="gaps"), ["M2"]),
        (MeterQuestion(episodes="open"), ["M3"]),
        (MeterQuestion(state="never"), ["M4"]),
    ],
)
def test_filters_narrow_the_list(question: MeterQuestion, found: list[str]) -> None:
    assert ids(question) == found


@pytest.mark.parametrize(
    ("order", "found"),
    [
        (MeterOrder.STATE, ["M3", "M2", "M4", "M1"]),
        (MeterOrder.MISSING, ["M2", "M1", "M3", "M4"]),
        (MeterOrder.NEWEST, ["M4", "M3", "M1", "M2"]),
        (MeterOrder.BUS, ["M2", "M4", "M1", "M3"]),
        (MeterOrder.EPISODES, ["M3", "M1", "M2", "M4"]),
        (MeterOrder.AREA, ["M1", "M4", "M2", "M3"]),
    ],
)
def test_each_order_begins_with_what_is_worst_or_first(order: MeterOrder, found: list[str]) -> None:
    assert ids(MeterQuestion(sort=order)) == found


def test_an_order_can_be_turned_round() -> None:
    assert ids(MeterQuestion(turned="1")) == ["M4", "M3", "M2", "M1"]


def test_states_are_counted_whichever_one_is_chosen() -> None:
    counted = narrowed(FLEET, MeterQuestion(area="A", state="good")).states
    assert counted == {"never": 1, "good": 1}
