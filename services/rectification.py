"""Rectification (整改): opened for a violation, noted what is done, closed with a compliant retest."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any  # Any: what a JSON parser gives

import orjson

from analysis.power_quality.documents import judgement_of
from analysis.power_quality.judgement import Compliance, Judgement, binds
from pipeline.errors import DataError
from pipeline.rectification import (
    ExternalTest,
    Rectification,
    RectificationChange,
    Violation,
    differences,
    noted,
    rectification_id,
    retested,
)
from pipeline.registry import DEFAULT_ZONE
from services.persons import Person
from storage.database import Connection
from storage.rectifications import add_rectification, lock_rectification, rectifications, save_rectification

_EVER = datetime.min.replace(tzinfo=UTC)


def violation_of(judgement: Judgement, month: date) -> Violation:
    """Return what has to be put right of a judgement; ``month`` is the first day of the month judged.

    Raises:
        DataError: If it does not violate anything.
    """
    if judgement.verdict is not Compliance.VIOLATING:
        raise DataError(
            f"{judgement.check} {judgement.subject} of {month:%Y-%m} is {judgement.verdict.value}: only a "
            "violation is put right"
        )
    reference = judgement.reference
    return Violation(
        month=month,
        check=judgement.check,
        subject=judgement.subject or judgement.evidence.phase or "",
        standard="" if reference is None else reference.name,
        clause="" if reference is None else reference.clause,
        value=judgement.value,
        unit=judgement.unit,
        limit=judgement.limit if judgement.limit is not None else judgement.low_limit,
    )


def violations_in(
    path: Path, *, check: str = "", subject: str = "", standard: str = ""
) -> tuple[str, list[Violation]]:
    """Return the service point and the violations of a ``report.json``.

    Args:
        path: The file.
        check: Only those of one check.
        subject: Only those of one of its figures: ``h5``, ``thd``, a phase.
        standard: Only those of a standard whose name begins so; without it, those of binding standards.

    Raises:
        DataError: If it is no such file, or holds no such violation.
    """
    try:
        document: Any = orjson.loads(path.read_bytes())  # Any: checked below
        point, month = str(document["service_point"]), date.fromisoformat(f"{document['month']}-01")
        judgements = [judgement_of(verdict) for verdict in document["verdicts"]]
    except (OSError, orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"{path}: expected the report.json that 'kilowatch quality' writes "
            f"({type(error).__name__}: {error})"
        ) from error
    found = [
        violation_of(judgement, month)
        for judgement in judgements
        if judgement.verdict is Compliance.VIOLATING
        and check in {"", judgement.check}
        and subject in {"", judgement.subject, judgement.evidence.phase}
        and (_is_of(judgement, standard) if standard else binds(judgement))
    ]
    if not found:
        wanted = " ".join(filter(None, (standard, check, subject))) or "any check"
        raise DataError(f"{path}: no violation of {wanted}; its 'verdicts' list what was judged")
    return point, found


def _is_of(judgement: Judgement, standard: str) -> bool:
    return judgement.reference is not None and judgement.reference.standard.startswith(standard)


def open_rectification(  # noqa: PLR0913 - a deed with all that its record says
    connection: Connection,
    service_point: str,
    violation: Violation,
    *,
    responsible: str,
    due: date,
    person: Person,
    now: datetime,
) -> Rectification:
    """Open a rectification of a violation.

    Raises:
        DataError: If it is under way already, nobody is responsible, or it is due before it begins.
        StorageError: If the database is away or refuses.
    """
    if not responsible.strip():
        raise DataError("a rectification needs somebody who is responsible for it: name them")
    if due < now.astimezone(DEFAULT_ZONE).date():
        raise DataError(f"a rectification cannot be due on {due}, before it is opened: name a later day")
    opened = Rectification(
        id=rectification_id(service_point, violation),
        service_point=service_point,
        violation=violation,
        opened_at=now,
        due=due,
        responsible=responsible,
    )
    detail = f"responsible: {responsible}; due: {due}"
    add_rectification(connection, opened, _change(opened, "opened", detail, person, now))
    return opened


def open_for_violations(  # noqa: PLR0913 - a deed with all that its record says
    connection: Connection,
    service_point: str,
    month: date,
    judgements: Sequence[Judgement],
    *,
    responsible: str,
    due: date,
    person: Person,
    now: datetime,
) -> list[Rectification]:
    """Open a rectification of each violation of a binding standard for which none is under way or was closed.

    Raises:
        DataError: If nobody is responsible, or it is due before it begins.
        StorageError: If the database is away or refuses.
    """
    known = rectifications(connection, service_point=service_point, closed_since=_EVER)
    under_way = {
        (r.violation.check, r.violation.subject, r.violation.standard) for r in known if r.closed_at is None
    }
    # What was closed for this very month stays closed, however often the month is judged again.
    numbers = {r.id for r in known}
    violations = [
        violation_of(judgement, month)
        for judgement in judgements
        if judgement.verdict is Compliance.VIOLATING and binds(judgement)
    ]
    return [
        open_rectification(
            connection, service_point, violation, responsible=responsible, due=due, person=person, now=now
        )
        for violation in violations
        if (violation.check, violation.subject, violation.standard) not in under_way
        and rectification_id(service_point, violation) not in numbers
    ]


def note_rectification(  # noqa: PLR0913 - each is one thing that may be changed
    connection: Connection,
    identifier: str,
    person: Person,
    now: datetime,
    *,
    responsible: str | None = None,
    due: date | None = None,
    measures: str | None = None,
    first_test: ExternalTest | None = None,
) -> Rectification:
    """Change who is responsible, when it is due, what is done, or the test that confirmed the violation.

    Raises:
        DataError: If there is no such rectification, it is closed, or nothing would be changed.
        StorageError: If the database is away or refuses.
    """
    with connection.transaction():
        before = _locked(connection, identifier)
        after = noted(before, responsible=responsible, due=due, measures=measures, first_test=first_test)
        detail = differences(before, after)
        if not detail:
            raise DataError(f"rectification {identifier}: nothing of what you gave differs from what it says")
        save_rectification(connection, after, _change(after, "noted", detail, person, now))
    return after


def retest_rectification(
    connection: Connection, identifier: str, report: ExternalTest, person: Person, now: datetime
) -> Rectification:
    """File a retest: a compliant one closes the rectification, another keeps it open.

    Raises:
        DataError: If there is no such rectification, it is closed, or the retest is older than the violation.
        StorageError: If the database is away or refuses.
    """
    with connection.transaction():
        before = _locked(connection, identifier)
        after = retested(before, report, now)
        save_rectification(
            connection, after, _change(after, "retested", differences(before, after), person, now)
        )
    return after


def rectifications_for_report(
    connection: Connection, service_point: str, month_starts_at: datetime
) -> Sequence[Rectification]:
    """Return what a monthly report shows: all under way at its point, and those closed since its month began.

    Raises:
        StorageError: If the database is away or refuses.
    """
    return rectifications(connection, service_point=service_point, closed_since=month_starts_at)


def external_test(
    document: Path, *, tester: str, qualification: str, dated: date, compliant: bool
) -> ExternalTest:
    """Return a test by its document, whose hash is kept.

    Raises:
        DataError: If the document cannot be read, or tester or qualification are left out.
    """
    if not tester.strip() or not qualification.strip():
        raise DataError("a test counts only with its tester and their qualification (CMA or CNAS number)")
    try:
        raw = document.read_bytes()
    except OSError as error:
        raise DataError(f"{document}: the test's document cannot be read: {error.strerror}") from error
    return ExternalTest(
        tester=tester,
        qualification=qualification,
        file=document.name,
        sha256=hashlib.sha256(raw).hexdigest(),
        dated=dated,
        compliant=compliant,
    )


def _locked(connection: Connection, identifier: str) -> Rectification:
    found = lock_rectification(connection, identifier)
    if found is None:
        raise DataError(
            f"there is no rectification {identifier!r}; 'kilowatch rectify list --all' shows them"
        )
    return found


def _change(of: Rectification, event: str, detail: str, person: Person, now: datetime) -> RectificationChange:
    return RectificationChange(rectification=of.id, at=now, person=person.shown, event=event, detail=detail)
