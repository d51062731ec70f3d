from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from dashboard.coverage_strips import strips_of
from pipeline.coverage import Cause, CoverageEntry, CoverageStatus
from pipeline.model import MeterId
from pipeline.quantities import Group

SHANGHAI = ZoneInfo("Asia/Shanghai")
MIDNIGHT = datetime(2026, 11, 19, 16, 0, tzinfo=UTC)
SLOT = timedelta(minutes=15)


def line(
    at: datetime, status: CoverageStatus = CoverageStatus.GOT, cause: Cause | None = None
) -> CoverageEntry:
    return CoverageEntry(
        meter=MeterId("M"), group=Group.REGISTER, slot_at=at, status=status, cause=cause, attempts=1
    )


def test_neighbours_that_went_alike_are_one_cell_and_days_are_local() -> None:
    lines = [line(MIDNIGHT + n * SLOT) for n in range(-2, 4)]
    lines += [line(MIDNIGHT + n * SLOT, CoverageStatus.MISSING, Cause.NO_ANSWER) for n in range(4, 8)]
    today, yesterday = strips_of(lines, SHANGHAI)
    assert (today.day, yesterday.day) == (date(2026, 11, 20), date(2026, 11, 19))
    assert [(c.first, c.count, c.status) for c in today.cells] == [
        (0, 4, CoverageStatus.GOT),
        (4, 4, CoverageStatus.MISSING),
    ]
    assert (today.due, today.arrived, yesterday.cells[0].first) == (8, 4, 94)
    (hole,) = today.holes
    assert (hole.since, hole.until, hole.cause) == (MIDNIGHT + 4 * SLOT, MIDNIGHT + 8 * SLOT, "no answer")


def test_a_hole_in_the_schedule_stays_empty_and_another_cause_begins_another_cell() -> None:
    lines = [
        line(MIDNIGHT, CoverageStatus.MISSING, Cause.LINK),
        line(MIDNIGHT + SLOT, CoverageStatus.MISSING, Cause.CHECKSUM),
        line(MIDNIGHT + 4 * SLOT, CoverageStatus.MISSING, Cause.CHECKSUM),
    ]
    (strip,) = strips_of(lines, SHANGHAI)
    assert [(c.first, c.count) for c in strip.cells] == [(0, 1), (1, 1), (4, 1)]


def test_a_cell_of_many_slots_shows_the_worst_of_them() -> None:
    lines = [line(MIDNIGHT + n * timedelta(seconds=10)) for n in range(90)]
    lines[40] = line(lines[40].slot_at, CoverageStatus.LATE)
    (strip,) = strips_of(lines, SHANGHAI)
    assert [c.status for c in strip.cells] == [CoverageStatus.LATE]
    assert strip.reads[CoverageStatus.GOT] == 89


def test_a_day_of_twenty_five_hours_still_ends_in_its_last_cell() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    last = datetime(2026, 10, 25, 22, 45, tzinfo=UTC)  # 23:45 of the day whose clocks went back
    (strip,) = strips_of([line(last)], berlin)
    assert strip.cells[0].first + strip.cells[0].count == 96
