from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from pipeline.errors import DataError
from pipeline.rectification import (
    ExternalTest,
    Rectification,
    RectificationState,
    Violation,
    differences,
    noted,
    rectification_id,
    retested,
)

VIOLATION = Violation(
    month=date(2026, 12, 1),
    check="harmonic_voltage",
    subject="h5",
    standard="GB/T 14549-1993",
    clause="4",
    value=3.74,
    unit="%",
    limit=3.2,
)
OPENED = Rectification(
    id="0a1b2c3d4e5f",
    service_point="SP-1024",
    violation=VIOLATION,
    opened_at=datetime(2027, 1, 2, 1, tzinfo=UTC),
    due=date(2027, 3, 31),
    responsible="Li",
)
AT = datetime(2027, 2, 20, 1, tzinfo=UTC)


def _test(*, compliant: bool, dated: date = date(2027, 2, 18)) -> ExternalTest:
    return ExternalTest(
        tester="Institute",
        qualification="CMA 2026-0117",
        file="test.pdf",
        sha256="ab" * 32,
        dated=dated,
        compliant=compliant,
    )


def test_a_compliant_retest_closes_it() -> None:
    closed = retested(OPENED, _test(compliant=True), AT)
    assert (closed.state, closed.closed_at) == (RectificationState.CLOSED, AT)


def test_a_retest_that_violates_keeps_it_open_and_a_later_one_closes_it() -> None:
    failed = retested(OPENED, _test(compliant=False), AT)
    assert (failed.state, failed.closed_at) == (RectificationState.RETEST_FAILED, None)
    later = AT + timedelta(days=20)
    closed = retested(failed, _test(compliant=True, dated=date(2027, 3, 9)), later)
    assert closed.state is RectificationState.CLOSED
    with pytest.raises(DataError, match="older than that of 2027-02-18"):
        retested(failed, _test(compliant=True, dated=date(2027, 2, 17)), later)


def test_a_test_that_is_still_to_be_made_closes_nothing() -> None:
    """The day is the utility's: 20 February begins at 16:00 UTC of the 19th."""
    early = datetime(2027, 2, 19, 16, 30, tzinfo=UTC)
    assert retested(OPENED, _test(compliant=True, dated=date(2027, 2, 20)), early).closed_at == early
    with pytest.raises(DataError, match="still to be made"):
        retested(OPENED, _test(compliant=True, dated=date(2027, 2, 21)), early)


def test_what_is_closed_stays_as_it_was() -> None:
    closed = retested(OPENED, _test(compliant=True), AT)
    with pytest.raises(DataError, match="was closed on 2027-02-20"):
        noted(closed, measures="more")
    with pytest.raises(DataError, match="was closed on"):
        retested(closed, _test(compliant=False), AT)


@pytest.mark.parametrize(("dated", "counts"), [(date(2026, 12, 31), False), (date(2027, 1, 1), True)])
def test_a_retest_counts_only_after_the_month_that_violated(dated: date, counts: bool) -> None:  # noqa: FBT001 - a row of the table
    if counts:
        assert retested(OPENED, _test(compliant=True, dated=dated), AT).closed_at == AT
        return
    with pytest.raises(DataError, match="2026-12"):
        retested(OPENED, _test(compliant=True, dated=dated), AT)


def test_it_is_overdue_from_the_day_after_and_never_once_closed() -> None:
    assert not OPENED.is_overdue(date(2027, 3, 31))
    assert OPENED.is_overdue(date(2027, 4, 1))
    assert not retested(OPENED, _test(compliant=True), AT).is_overdue(date(2027, 4, 1))


def test_the_record_says_each_field_that_changed_and_nothing_else() -> None:
    after = noted(OPENED, due=date(2027, 4, 30), measures="reactors", responsible="Li")
    assert differences(OPENED, after) == "due: 2027-03-31 -> 2027-04-30; measures: - -> reactors"
    assert differences(OPENED, OPENED) == ""


def test_a_violation_has_one_number_and_another_figure_another() -> None:
    number = rectification_id("SP-1024", VIOLATION)
    assert number == rectification_id("SP-1024", VIOLATION)
    assert number != rectification_id("SP-1025", VIOLATION)
    assert len(number) == 12
