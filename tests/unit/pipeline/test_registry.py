from __future__ import annotations

from pipeline.model import MeterId
from pipeline.registry import Meter, Registry, Schedule


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
