"""Rectification (整改): what follows a violation until a retest by a qualified tester complies."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from enum import StrEnum

from pipeline.errors import DataError
from pipeline.registry import DEFAULT_ZONE


class RectificationState(StrEnum):
    """How far it has come."""

    OPEN = "open"
    """A violation stands; measures may be under way."""
    RETEST_FAILED = "retest failed"
    """Somebody measured again and it still violates."""
    CLOSED = "closed"
    """A retest complied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalTest:
    """A report of somebody who measured with an instrument of his own (检测报告)."""

    tester: str
    qualification: str
    """What entitles him to: the number of his CMA or CNAS certificate."""
    file: str
    """The name of the document."""
    sha256: str
    """Of the document, so that another one cannot take its place."""
    dated: date
    compliant: bool
    """What it says of the violation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """What has to be put right, as the monthly report had it."""

    month: date
    check: str
    subject: str
    standard: str
    clause: str
    value: float | None = None
    unit: str = ""
    limit: float | None = None

    @property
    def following_month(self) -> date:
        """The first day after the month that was judged."""
        return date(self.month.year + self.month.month // 12, self.month.month % 12 + 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rectification:
    """One violation on its way to a compliant retest."""

    id: str
    service_point: str
    violation: Violation
    state: RectificationState = RectificationState.OPEN
    opened_at: datetime
    due: date
    responsible: str
    measures: str = ""
    """What is done about it."""
    first_test: ExternalTest | None = None
    """An external test that confirmed the violation."""
    retest: ExternalTest | None = None
    """The last one."""
    closed_at: datetime | None = None

    def is_overdue(self, today: date) -> bool:
        """Tell whether it should have been closed by now; the due day itself is in time."""
        return self.state is not RectificationState.CLOSED and today > self.due


@dataclass(frozen=True, slots=True, kw_only=True)
class RectificationChange:
    """Who changed what of a rectification, and when."""

    rectification: str
    at: datetime
    person: str
    event: str
    """``opened``, ``noted``, ``retested``."""
    detail: str
    """What was changed, as ``name: old -> new``, or what was noted."""


def rectification_id(service_point: str, violation: Violation) -> str:
    """Return the number under which a violation is put right: of one violation always the same."""
    named = (service_point, violation.month, violation.check, violation.subject, violation.standard)
    return hashlib.sha256("\0".join(map(str, named)).encode()).hexdigest()[:12]


def differences(before: Rectification, after: Rectification) -> str:
    """Return what was changed, as ``name: old -> new`` for each field; empty where nothing was."""
    changed = [
        (f.name, getattr(before, f.name), getattr(after, f.name))
        for f in fields(Rectification)
        if getattr(before, f.name) != getattr(after, f.name)
    ]
    return "; ".join(f"{name}: {_shown(old)} -> {_shown(new)}" for name, old, new in changed)


def retested(current: Rectification, report: ExternalTest, at: datetime) -> Rectification:
    """Return a rectification after a retest: a compliant one closes it, another keeps it open.

    Raises:
        DataError: If it is closed already, or the test was made before the violation's month was over, before
            another one that is filed, or is still to be made.
    """
    _still_open(current)
    if report.dated > at.astimezone(DEFAULT_ZONE).date():
        raise DataError(f"rectification {current.id}: a test of {report.dated} is still to be made")
    if current.retest is not None and report.dated < current.retest.dated:
        raise DataError(
            f"rectification {current.id}: a test of {report.dated} is older than that of "
            f"{current.retest.dated}, which is filed; only a later one can answer it"
        )
    if report.dated < current.violation.following_month:
        raise DataError(
            f"rectification {current.id}: a retest of {report.dated} cannot answer for a violation of "
            f"{current.violation.month:%Y-%m}; name the report that was made after the measures"
        )
    state = RectificationState.CLOSED if report.compliant else RectificationState.RETEST_FAILED
    return replace(current, state=state, retest=report, closed_at=at if report.compliant else None)


def noted(
    current: Rectification,
    *,
    responsible: str | None = None,
    due: date | None = None,
    measures: str | None = None,
    first_test: ExternalTest | None = None,
) -> Rectification:
    """Return a rectification with what is given changed; None leaves a field as it is.

    Raises:
        DataError: If it is closed.
    """
    _still_open(current)
    return replace(
        current,
        responsible=current.responsible if responsible is None else responsible,
        due=current.due if due is None else due,
        measures=current.measures if measures is None else measures,
        first_test=current.first_test if first_test is None else first_test,
    )


def _shown(value: object) -> str:
    if isinstance(value, ExternalTest):
        result = "complies" if value.compliant else "violates"
        who = f"{value.tester} ({value.qualification})"
        return f"{value.file} of {value.dated} by {who}, {result}, SHA-256 {value.sha256}"
    return "-" if value in {None, ""} else str(value)


def _still_open(current: Rectification) -> None:
    if current.state is RectificationState.CLOSED:
        raise DataError(
            f"rectification {current.id} of {current.service_point} was closed on "
            f"{current.closed_at:%Y-%m-%d}; "
            "what is found after that is a violation of its own: open another one"
        )
