"""Wrong clocks, planted, as their meters tell them: a jump, a drift, a summer time that nobody keeps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.ask_meter import ask_identifiers
from simulators.fleet.build import build_fleet
from simulators.fleet.file import parse_fleet
from tests.integration.served_fleet import one_line, served

SUMMER = datetime(2024, 6, 15, 7, 33, 20, tzinfo=UTC)
WINTER = datetime(2024, 3, 30, 7, 33, 20, tzinfo=UTC)
"""The day before summer time began in Berlin."""
OFFSETS_S = {
    "honest": ("", 0),
    "jump": ('deed = "clock_jump"', 420),
    "drift": ('deed = "clock_drift"', 10),
    "summer": ('deed = "summer_time"', 3600),
    "drift-twin": ('deed = "clock_drift"\nseconds_per_day = 0.1\ntwin = true', 0),
    "jump-twin": ('deed = "clock_jump"\nseconds = 40\ntwin = true', 40),
}
"""By meter: what was planted five days ago and lasts, and by how much its clock is off now."""
METER = """
[[meters]]
id = "{id}"
bus = "line"
address = "{address}"
profile = "dlt645_2007_single_phase"
wiring = "1P2W"
area = "TQ"
load = "home"
peak_kw = 4
"""
FAULT = """
[[fault]]
{keys}
meter = "{id}"
days_ago = 5
at = "{at}"
days = 20
"""


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Shanghai"])
@pytest.mark.parametrize("now", [SUMMER, WINTER], ids=["summer", "winter"])
def test_each_clock_is_off_by_what_was_planted_and_keeps_the_summer_time_of_its_zone(
    zone: str, now: datetime
) -> None:
    local = now.astimezone(ZoneInfo(zone))
    parts = [one_line(history_days=8, zone=zone)]
    for number, (name, (keys, _)) in enumerate(OFFSETS_S.items(), 1):
        parts.append(METER.format(id=name, address=f"{number:012d}"))
        if keys:
            parts.append(FAULT.format(id=name, keys=keys, at=f"{local:%H:%M}"))
    fleet = build_fleet(parse_fleet("".join(parts), "clocks"), now)
    with served(fleet, lambda: now) as running:
        for number, (name, (_, offset_s)) in enumerate(OFFSETS_S.items(), 1):
            url = f"dlt645+{running.urls['line']}/{number:012d}?zone={zone}"
            (told,) = ask_identifiers(url, ["04000102"])
            expected = local + timedelta(seconds=offset_s)
            assert list(told.fields.values()) == [f"{expected:%H:%M:%S}"], name
