"""Judgements: how verdicts add up, and how a reference is quoted."""

from datetime import date
from math import inf

import pytest

from analysis.power_quality.judgement import Compliance, Judgement, Reference, binds, excess, overall

GOOD, BAD = Compliance.COMPLIANT, Compliance.VIOLATING
OPEN, NONE = Compliance.NOT_DECIDABLE, Compliance.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([], NONE),
        ([NONE, NONE], NONE),
        ([NONE, GOOD], GOOD),
        ([GOOD, OPEN], OPEN),
        ([OPEN, BAD, GOOD], BAD),
    ],
)
def test_one_violation_violates_and_one_open_question_leaves_it_open(
    verdicts: list[Compliance], expected: Compliance
) -> None:
    assert overall(verdicts) is expected


@pytest.mark.parametrize(
    ("standard", "expected"),
    [("GB/T 14549", True), ("供电监管办法", True), ("EN 50160", False), ("IEEE 519", False), (None, False)],
)
def test_a_standard_for_comparison_and_none_bind_nobody(standard: str | None, expected: bool) -> None:  # noqa: FBT001
    reference = None
    if standard is not None:
        reference = Reference(
            standard=standard,
            edition="1993",
            clause="4",
            effective_from=date(1994, 3, 1),
            source="a document",
            confirmed=False,
        )
    assert binds(Judgement(check="c", verdict=GOOD, reference=reference)) is expected


@pytest.mark.parametrize(
    ("value", "low", "high", "expected"),
    [
        (7.1, -10.0, 7.0, 0.1 / 7.0),
        (-35.0, -10.0, 7.0, 2.5),
        (97.0, 98.0, None, 1.0 / 98.0),
        (3.0, None, 4.0, -0.25),
        (3.0, None, None, -inf),
        (None, -10.0, 7.0, -inf),
    ],
)
def test_how_far_beyond_its_limit_a_figure_is_on_either_side(
    value: float | None, low: float | None, high: float | None, expected: float
) -> None:
    judgement = Judgement(check="c", verdict=BAD, value=value, low_limit=low, limit=high)
    assert excess(judgement) == pytest.approx(expected)


def test_a_reference_is_quoted_with_edition_and_clause() -> None:
    reference = Reference(
        standard="GB/T 14549",
        edition="1993",
        clause="4",
        effective_from=date(1994, 3, 1),
        source="a document",
        confirmed=False,
    )
    assert str(reference) == "GB/T 14549-1993 4"
