from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from dashboard.formats import Formats
from dashboard.meter_charts import electrical_charts
from storage.dashboard_queries import MeterCard

SINCE, UNTIL = datetime(2026, 11, 19, 16, tzinfo=UTC), datetime(2026, 11, 20, 16, tzinfo=UTC)


def labels(wiring: str) -> dict[str, list[str]]:
    fields: dict[str, Any] = dict.fromkeys(MeterCard.__dataclass_fields__)  # Any: fields of many types
    fields.update(meter="M", wiring=wiring)
    card = MeterCard(**fields)
    f = Formats("en", ZoneInfo("Asia/Shanghai"))
    charts = electrical_charts(card, f, since=SINCE, until=UNTIL)
    return {chart.id: [line.label for line in chart.lines] for chart in charts}


@pytest.mark.parametrize(
    ("wiring", "currents", "powers"),
    [
        ("1P2W", ["phase A", "neutral"], ["total"]),
        ("3P3W", ["phase A", "phase C"], ["total", "phase A", "phase C"]),
        ("3P4W", ["phase A", "phase B", "phase C", "neutral"], ["total", "phase A", "phase B", "phase C"]),
    ],
)
def test_only_what_the_wiring_measures_is_drawn(wiring: str, currents: list[str], powers: list[str]) -> None:
    found = labels(wiring)
    assert found["current"] == currents
    assert found["active_power"] == found["power_factor"] == powers
    assert found["frequency"] == ["total"]
