"""How well the fleet is read, and what is missing and why, as JSON (抄表成功率, 漏抄)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from dashboard.asked_times import AskedTime
from dashboard.asking import Ask
from dashboard.failures import WrongAddressError
from dashboard.paging import Paged
from pipeline.model import MeterId
from storage.coverage import CoverageBy, coverage_summary, missing_slots, missing_total
from storage.worklist import missing_causes_by

router = APIRouter(tags=["api"])
LONGEST_SPAN = timedelta(days=400)


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """From when until when."""

    since: AskedTime
    until: AskedTime

    def __post_init__(self) -> None:
        """Refuse a stretch that is empty, backwards or endless."""
        if not timedelta() < self.until - self.since <= LONGEST_SPAN:
            raise WrongAddressError(f"until must be after since, by at most {LONGEST_SPAN.days} days")


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiCoverage:
    """The success rate under one key."""

    key: str
    expected: int
    got: int
    late: int
    backfilled: int
    not_stored: int
    missing: int
    share: float
    """Of the expected readings, those that are there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiMissing:
    """One line of the worklist."""

    meter: str
    group: str
    slot_at: datetime
    status: str
    cause: str | None
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiCause:
    """What is missing under one key for one cause."""

    key: str
    cause: str | None
    readings: int
    meters: int
    first_at: datetime
    last_at: datetime


@router.get("/api/coverage")
def api_coverage(
    asking: Ask, paging: Paged, span: Annotated[Stretch, Depends()], by: CoverageBy = CoverageBy.METER
) -> Sequence[ApiCoverage]:
    """Return the success rate by meter, bus, profile, area, local day or group."""
    shares = coverage_summary(
        asking.connection,
        by,
        scope=asking.scope,
        starts_at=span.since,
        ends_at=span.until,
        zone=asking.formats.zone,
    )
    return [
        ApiCoverage(
            key=share.key,
            expected=share.expected,
            got=share.got,
            late=share.late,
            backfilled=share.backfilled,
            not_stored=share.not_stored,
            missing=share.missing,
            share=share.share,
        )
        for share in paging.part_of(shares)
    ]


@router.get("/api/missing")
def api_missing(
    asking: Ask,
    paging: Paged,
    span: Annotated[Stretch, Depends()],
    meter: Annotated[list[str] | None, Query(description="only these meters")] = None,
) -> Sequence[ApiMissing]:
    """Return the readings that are missing, each with its cause, the newest first."""
    wanted = None if meter is None else [MeterId(name) for name in meter]
    paging.tell(
        missing_total(
            asking.connection, scope=asking.scope, starts_at=span.since, ends_at=span.until, meters=wanted
        )
    )
    entries = missing_slots(
        asking.connection,
        scope=asking.scope,
        starts_at=span.since,
        ends_at=span.until,
        meters=wanted,
        limit=paging.limit,
        offset=paging.offset,
    )
    return [
        ApiMissing(
            meter=entry.meter,
            group=entry.group.value,
            slot_at=entry.slot_at,
            status=entry.status.value,
            cause=None if entry.cause is None else entry.cause.value,
            attempts=entry.attempts,
        )
        for entry in entries
    ]


@router.get("/api/missing/causes")
def api_missing_causes(
    asking: Ask, paging: Paged, span: Annotated[Stretch, Depends()], by: CoverageBy = CoverageBy.METER
) -> Sequence[ApiCause]:
    """Return what is missing by meter, bus, area, local day ... and cause, the most first.

    Meters that send and are not in the archive are among them, for whoever may see all areas.
    """
    entries = missing_causes_by(
        asking.connection,
        by,
        scope=asking.scope,
        starts_at=span.since,
        ends_at=span.until,
        zone=asking.formats.zone,
    )
    return [
        ApiCause(
            key=entry.key,
            cause=None if entry.cause is None else entry.cause.value,
            readings=entry.readings,
            meters=entry.meters,
            first_at=entry.first_at,
            last_at=entry.last_at,
        )
        for entry in paging.part_of(entries)
    ]
