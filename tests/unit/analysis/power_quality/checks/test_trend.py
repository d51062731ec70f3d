"""Early warning from what was judged of earlier months."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest

from analysis.power_quality.archive_changes import ArchiveChange
from analysis.power_quality.catalogue import judge_month
from analysis.power_quality.checks.trend import conclude
from analysis.power_quality.judgement import Compliance, Judgement, Reference
from analysis.power_quality.point_month import PointMonth
from tests.harmonic_months import every_phase, figure, reason_keys, voltage_month
from tests.quality_months import ZONE, month

REFERENCE = Reference(
    standard="GB/T 14549",
    edition="1993",
    clause="4",
    effective_from=date(1994, 3, 1),
    source="a test",
    confirmed=False,
)


def thd(value: float | None, limit: float = 4.0, subject: str = "thd") -> Judgement:
    return Judgement(
        check="harmonic_voltage",
        subject=subject,
        verdict=Compliance.COMPLIANT,
        reference=REFERENCE,
        value=value,
        unit="%",
        limit=limit,
    )


def after(*values: float | None) -> PointMonth:
    """Return September with these values in the months before it."""
    firsts = [date(2026, 9 - back, 1) for back in range(len(values), 0, -1)]
    return replace(month(), earlier={f: [thd(v)] for f, v in zip(firsts, values, strict=True)})


def test_a_figure_that_rises_towards_its_limit_is_warned_of() -> None:
    (found,) = conclude(after(2.0, 2.4, 2.8, 3.2), [thd(3.6)])
    assert found.subject == "harmonic_voltage thd"
    assert found.verdict is Compliance.NOT_APPLICABLE
    assert reason_keys(found) == {"rises_to_limit"}
    assert found.reasons[0].parameters == {"percent": 90, "per_month": 10.0, "months": 1}
    months = figure(found, "months")
    assert months[0] == {"month": "2026-05", "percent_of_limit": 50.0}
    assert len(months) == 5


@pytest.mark.parametrize(
    "told",
    [
        {"verdict": Compliance.NOT_APPLICABLE},
        {"verdict": Compliance.NOT_DECIDABLE},
        {"reference": replace(REFERENCE, standard="EN 50160")},
        {"reference": None},
    ],
)
def test_what_decides_nothing_is_not_warned_of(told: dict[str, Any]) -> None:
    """Neither beside the binding verdict on the same figure, which warns once."""
    past = after(2.0, 2.4, 2.8, 3.2)
    shown = {first: [*found, replace(found[0], **told)] for first, found in past.earlier.items()}
    beside = replace(thd(3.6), **told)
    (found,) = conclude(replace(past, earlier=shown), [thd(3.6), beside])
    assert reason_keys(found) == {"rises_to_limit"}
    (found,) = conclude(replace(past, earlier=shown), [beside])
    assert reason_keys(found) == {"no_trend"}


def test_a_month_that_was_not_decided_is_no_point_of_the_trend() -> None:
    past = after(2.0, 2.4, 2.8, 3.2)
    last = date(2026, 8, 1)
    opened = {**past.earlier, last: [replace(thd(3.2), verdict=Compliance.NOT_DECIDABLE)]}
    (found,) = conclude(replace(past, earlier=opened), [thd(3.6)])
    assert [row["month"] for row in figure(found, "months")] == ["2026-05", "2026-06", "2026-07", "2026-09"]


def test_a_limit_more_than_a_year_away_is_no_warning() -> None:
    (found,) = conclude(after(1.0, 1.01, 1.02, 1.03), [thd(1.04)])
    assert reason_keys(found) == {"no_trend"}


def test_a_new_level_is_told_with_its_month() -> None:
    (found,) = conclude(after(1.0, 1.04, 1.02, 2.6), [thd(2.58)])
    assert reason_keys(found) == {"level_changed", "no_change_filed"}
    assert found.reasons[0].parameters == {"month": "2026-08", "before": 26, "after": 65}


def test_a_new_level_is_told_with_what_the_archive_changed_near_it() -> None:
    """August is the first month of the level: July's changes and August's are near, June's is not."""
    changes = [
        ArchiveChange(at=datetime(2026, at, day, tzinfo=ZONE), entry=f"[[transformer]] T{n}", what="new")
        for n, (at, day) in enumerate([(6, 30), (7, 1), (8, 31), (9, 1)])
    ]
    (found,) = conclude(replace(after(1.0, 1.04, 1.02, 2.6), changes=changes), [thd(2.58)])
    told = [reason.parameters for reason in found.reasons if reason.key == "change_filed"]
    assert told == [
        {"entry": "[[transformer]] T1", "day": "2026-07-01", "what": "new"},
        {"entry": "[[transformer]] T2", "day": "2026-08-31", "what": "new"},
    ]
    assert "no_change_filed" not in reason_keys(found)


def test_what_is_followed_is_the_share_of_the_limit_of_each_month() -> None:
    """The limit fell with the short-circuit power: equal amperes come nearer to it."""
    past = {date(2026, m, 1): [thd(2.0, limit)] for m, limit in ((5, 4.0), (6, 3.6), (7, 3.2), (8, 2.8))}
    (found,) = conclude(replace(month(), earlier=past), [thd(2.0, 2.4)])
    assert reason_keys(found) == {"rises_to_limit"}


@pytest.mark.parametrize("values", [(2.0, 2.4), (None, 2.0, None, 2.4)])
def test_too_few_months_are_no_trend(values: tuple[float | None, ...]) -> None:
    (found,) = conclude(after(*values), [thd(3.6)])
    assert reason_keys(found) == {"no_trend"}


def test_without_earlier_months_nothing_is_said() -> None:
    assert conclude(month(), [thd(3.6)]) == []
    later = replace(month(), earlier={date(2026, 9, 1): [thd(2.0)], date(2026, 10, 1): [thd(2.0)]})
    assert conclude(later, [thd(3.6)]) == []


def test_a_month_judged_with_its_history_warns() -> None:
    now = voltage_month(every_phase({5: 3.2}))
    judged = [j for j in judge_month(now) if j.check != "trend"]
    past = {
        date(2026, 9 - back, 1): [
            replace(j, value=None if j.value is None else j.value * (1.0 - 0.1 * back)) for j in judged
        ]
        for back in (1, 2, 3, 4)
    }
    found = [j for j in judge_month(replace(now, earlier=past)) if j.check == "trend"]
    assert "harmonic_voltage h5" in {j.subject for j in found}
