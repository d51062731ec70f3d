from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from pipeline.model import MeterId
from pipeline.registry import DEFAULT_ZONE, Area, Installation, Meter, Registry, Schedule, ServicePoint


def test_a_largest_current_that_nobody_filed_is_missing_and_the_usual_one_bounds_what_can_be() -> None:
    bare, filed = Meter(id=MeterId("bare")), Meter(id=MeterId("filed"), max_current_a=6.0)
    assert (bare.max_current_a, bare.most_current_a) == (None, 60.0)
    assert (filed.max_current_a, filed.most_current_a) == (6.0, 6.0)


def test_events_have_a_schedule_of_their_own_and_a_default() -> None:
    register, events = Schedule(group="register", every_s=900), Schedule(group="event", every_s=7200)
    assert Registry(schedules=[register]).events_every_s == 3600
    archive = Registry(schedules=[register, events])
    assert archive.events_every_s == 7200
    assert archive.reading_schedules == [register]


def test_the_last_place_of_a_span_counts_and_one_with_a_service_point_first() -> None:
    m, berlin = MeterId("m"), ZoneInfo("Europe/Berlin")
    first, second, third = (datetime(2026, 3, day, tzinfo=UTC) for day in (3, 10, 20))
    placed = [
        Installation(meter=m, service_point="P", ends_at=first),
        Installation(meter=m, service_point="Q", starts_at=first, ends_at=second),
        Installation(meter=m, bus="bench", starts_at=second),
    ]
    archive = Registry(
        installations=placed,
        areas=[Area(id="A", zone=berlin)],
        service_points=[ServicePoint(id="P"), ServicePoint(id="Q", area="A")],
    )
    day = timedelta(days=1)
    assert archive.last_installation(m, first - day, first) == placed[0]
    assert archive.last_installation(m, first - day, first + day) == placed[1]
    assert archive.last_installation(m, first, third) == placed[1]
    assert archive.last_installation(m, second, third) == placed[2]
    assert archive.last_installation(MeterId("other"), first, third) is None
    assert archive.zone_within(m, first - day, third) == berlin
    assert archive.zone_within(m, second, third) == DEFAULT_ZONE
