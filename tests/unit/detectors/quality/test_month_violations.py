"""Months in a row over a binding limit are one episode of a check, whatever is judged again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

import pytest

from analysis.power_quality.judgement import Compliance, Evidence, Judgement, Reference
from detectors.quality.month_violations import MonthVerdicts, month_violations
from pipeline.messages import render, summary
from pipeline.model import MeterId

METER = MeterId("M")


def judged(  # noqa: PLR0913 - a judgement in one line
    check: str,
    subject: str,
    value: float,
    limit: float,
    *,
    low: float | None = None,
    standard: str = "GB/T 14549",
    verdict: Compliance = Compliance.VIOLATING,
) -> Judgement:
    return Judgement(
        check=check,
        subject=subject,
        verdict=verdict,
        reference=Reference(
            standard=standard,
            edition="1993",
            clause="4",
            effective_from=date(1994, 3, 1),
            source="a document",
            confirmed=False,
        ),
        value=value,
        unit="%",
        limit=limit,
        low_limit=low,
        evidence=Evidence(n=2976, coverage=1.0, phase="B"),
    )


H5 = judged("harmonic_voltage", "h5", 3.6, 3.2)
H7 = judged("harmonic_voltage", "h7", 6.4, 3.2)
GOOD = judged("harmonic_voltage", "h5", 1.0, 3.2, verdict=Compliance.COMPLIANT)
FOREIGN = judged("harmonic_voltage", "h5", 6.6, 6.0, standard="EN 50160")


def months(*judgements: Sequence[Judgement], first: int = 8) -> list[MonthVerdicts]:
    return [
        MonthVerdicts(
            month=date(2026, number, 1),
            starts_at=datetime(2026, number, 1, tzinfo=UTC),
            ends_at=datetime(2026, number + 1, 1, tzinfo=UTC),
            meter=METER,
            judgements=own,
        )
        for number, own in enumerate(judgements, first)
    ]


def test_one_episode_a_check_tells_its_worst_figure_and_all_others() -> None:
    (episode,) = month_violations("SP", months([H5, H7, FOREIGN]))
    assert (episode.service_point, episode.meter) == ("SP", METER)
    assert summary(episode) == (
        "SP in 2026-08, harmonic voltage over the limit of GB/T 14549-1993 4: "
        "h7 6.4 % against 3.2 %, 2 figures in all"
    )
    assert "的 谐波电压 超出" in render(episode.message, episode.parameters, "zh")
    violations = episode.evidence["violations"]
    assert isinstance(violations, list)
    assert [row["subject"] for row in violations if isinstance(row, dict)] == ["h7", "h5"]


def test_months_in_a_row_are_one_episode_under_the_first_months_id() -> None:
    (first,) = month_violations("SP", months([H5]))
    (longer,) = month_violations("SP", months([H5], [H7]))
    assert longer.id == first.id
    assert (longer.starts_at, longer.ends_at) == (first.starts_at, datetime(2026, 10, 1, tzinfo=UTC))
    assert longer.evidence["months_in_a_row"] == 2


@pytest.mark.parametrize("between", [[GOOD], [FOREIGN], []])
def test_a_month_that_complies_parts_two_episodes(between: list[Judgement]) -> None:
    early, late = month_violations("SP", months([H5], between, [H5]))
    assert early.id != late.id
    assert (early.ends_at, late.starts_at) == (
        datetime(2026, 9, 1, tzinfo=UTC),
        datetime(2026, 10, 1, tzinfo=UTC),
    )


def test_a_month_that_was_not_judged_parts_them_too() -> None:
    history = [*months([H5]), *months([H5], first=10)]
    assert len(month_violations("SP", history)) == 2


def test_a_run_goes_on_over_the_new_year() -> None:
    december = MonthVerdicts(
        month=date(2026, 12, 1),
        starts_at=datetime(2026, 12, 1, tzinfo=UTC),
        ends_at=datetime(2027, 1, 1, tzinfo=UTC),
        meter=METER,
        judgements=[H5],
    )
    january = MonthVerdicts(
        month=date(2027, 1, 1),
        starts_at=datetime(2027, 1, 1, tzinfo=UTC),
        ends_at=datetime(2027, 2, 1, tzinfo=UTC),
        meter=METER,
        judgements=[H5],
    )
    assert len(month_violations("SP", [december, january])) == 1


def test_a_figure_under_its_band_is_told_with_the_lower_limit() -> None:
    low = judged("voltage_deviation", "A", -12.0, 7.0, low=-10.0, standard="GB/T 12325")
    (episode,) = month_violations("M", months([low]))
    assert episode.parameters["limit"] == -10.0
    assert episode.service_point is None, "a meter that stands alone has no service point"


def test_nothing_over_a_binding_limit_is_no_episode() -> None:
    assert month_violations("SP", months([GOOD, FOREIGN])) == []
    assert month_violations("SP", []) == []
