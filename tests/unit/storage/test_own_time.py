"""What a question about placed meters is bounded by; what comes of it is tested through the pages."""

from __future__ import annotations

from psycopg import sql

from storage.own_time import own_time


def text_of(part: sql.Composable) -> str:
    return part.as_string(None)


def test_whoever_may_see_all_areas_asks_the_same_as_if_there_were_no_areas() -> None:
    parts = {name: text_of(part) for name, part in own_time(None).items()}
    assert parts == {
        "hung_since": "NULL::timestamptz",
        "days": "",
        "coverage_day": "coverage_day",
        "zoned_days": "coverage_day AS c JOIN meter AS z USING (meter_id)",
        "own_slots": "true",
        "episodes": "episode AS e",
        "own_episodes": "true",
    }


def test_every_part_of_some_areas_is_bounded() -> None:
    parts = {name: text_of(part) for name, part in own_time(["A"]).items()}
    assert parts.keys() == own_time(None).keys()
    assert parts["coverage_day"] in parts["days"]
    assert parts["zoned_days"] == f"{parts['coverage_day']} AS c"
    for name in ("days", "own_slots", "own_episodes"):
        assert "place.area = ANY(%(areas)s::text[])" in parts[name]
