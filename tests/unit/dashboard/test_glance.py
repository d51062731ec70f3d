from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from analysis.line_loss import AreaDay, LossVerdict, WhyUnknown
from dashboard.glance import area_glances, bus_lines
from dashboard.meter_list import stated
from dashboard.success import Success
from storage.dashboard_queries import BusFacts
from tests.unit.dashboard.test_meter_list import NOW, SILENT, standing

LONG_AGO = NOW - timedelta(days=2)


def loss(day: int, verdict: LossVerdict, percent: float | None) -> AreaDay:
    fields: dict[str, Any] = dict.fromkeys(AreaDay.__dataclass_fields__)  # Any: fields of many types
    fields |= {"day": date(2026, 11, day), "verdict": verdict, "loss_percent": percent}
    fields["why"] = WhyUnknown.MEMBERS_MISSING if percent is None else None
    return AreaDay(**fields)


@pytest.mark.parametrize(
    ("meters", "days", "state"),
    [
        ([{}, {}], (), "good"),
        ([{}, {"in_time": 2}], (), "gaps"),
        ([{"in_time": 2}, {"worst_severity": 30}], (), "major"),
        ([{"worst_severity": 30}], ((18, LossVerdict.HIGH, 12.0),), "loss"),
        ([{}], ((18, LossVerdict.NORMAL, 4.0), (19, LossVerdict.UNKNOWN, None)), "good"),
        ([{}], ((17, LossVerdict.RISES, 6.0), (18, LossVerdict.NORMAL, 4.0)), "good"),
        ([{}] * 8 + [{"newest_at": LONG_AGO}], (), "silent"),
        ([{}] * 30 + [{"newest_at": LONG_AGO}], (), "good"),
        ([{"newest_at": LONG_AGO}, {"worst_severity": 40}], (), "critical"),
    ],
)
def test_an_area_bears_the_gravest_thing_that_is_true_of_it(
    meters: list[dict[str, Any]],  # Any: fields of many types
    days: tuple[tuple[int, LossVerdict, float | None], ...],
    state: str,
) -> None:
    standings = [standing(f"M{n}", area="A", **changes) for n, changes in enumerate(meters)]
    (glance,) = area_glances(stated(standings, now=NOW, silent=SILENT), {"A": [loss(*day) for day in days]})
    assert glance.state == state


def test_the_gravest_area_comes_first_and_meters_without_one_have_their_own_tile() -> None:
    fleet = stated(
        [standing("M1", area="A"), standing("M2", area="B", worst_severity=40), standing("M3")],
        now=NOW,
        silent=SILENT,
    )
    assert [g.area for g in area_glances(fleet, {})] == ["B", "A", None]


def test_a_bus_tells_who_reads_it_and_how_it_is_read() -> None:
    fleet = stated(
        [standing("M1", bus="b", in_time=8), standing("M2", bus="b", newest_at=LONG_AGO), standing("M3")],
        now=NOW,
        silent=SILENT,
    )
    last: dict[str | None, Success] = {"b": Success(due=2, in_time=1)}
    line, pushed = bus_lines(fleet, {"b": BusFacts(url="tcp://x:1", collector="host:7")}, last)
    assert (line.card.collector, line.card.meters, line.card.newest_at) == ("host:7", 2, NOW)
    assert (line.today.rate, line.last_cycle.rate) == (0.9, 0.5)
    assert (pushed.card.bus, pushed.card.url, pushed.last_cycle.rate) == (None, None, None)
