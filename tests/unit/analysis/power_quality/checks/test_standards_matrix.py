"""Standards side by side on the same readings."""

from datetime import date

import pytest

from analysis.power_quality.catalogue import judge_month
from analysis.power_quality.checks.standards_matrix import conclude
from analysis.power_quality.judgement import Compliance, Judgement, Reference
from pipeline.quality_texts import reason_text
from pipeline.quantities import Quantity
from tests.harmonic_months import TEN_KV, every_phase, figure, reason_keys, voltage_month
from tests.quality_months import SINGLE_PHASE, month, slots, wavering

GOOD, BAD = Compliance.COMPLIANT, Compliance.VIOLATING
OPEN, NONE = Compliance.NOT_DECIDABLE, Compliance.NOT_APPLICABLE


def judged(check: str, standard: str, verdict: Compliance, **given: object) -> Judgement:
    reference = Reference(
        standard=standard,
        edition="1",
        clause="",
        effective_from=date(2000, 1, 1),
        source="a test",
        confirmed=False,
    )
    return Judgement(check=check, verdict=verdict, reference=reference, **given)  # type: ignore[arg-type] # any


def test_verdicts_of_three_standards_stand_in_one_row() -> None:
    """At 10 kV 3.5 % of order 5 is too much for GB/T 14549 and IEEE 519, not for EN 50160."""
    found = judge_month(voltage_month(every_phase({5: 3.5, 7: 1.0}), point=TEN_KV))
    matrix = next(j for j in found if j.check == "standards_matrix" and j.subject == "harmonic_voltage")
    rows = figure(matrix, "matrix")
    five = next(row for row in rows if row["subject"] == "h5")
    standards = ("GB/T 14549-1993", "EN 50160-2010", "IEEE 519-2022")
    assert [five[s] for s in standards] == ["violating", "compliant", "violating"]
    assert [five[f"{s} limit"] for s in standards] == [3.2, 6.0, 3.0]
    assert reason_keys(matrix) == {
        "standards_differ",
        "how_gb_voltage",
        "how_en_voltage",
        "how_ieee_voltage",
    }
    assert (matrix.verdict, matrix.reference) == (Compliance.NOT_APPLICABLE, None)


def test_other_topics_are_compared_by_their_limits() -> None:
    (matrix,) = conclude(
        month(),
        [
            judged("voltage_deviation", "GB/T 12325", BAD, low_limit=-7.0, limit=7.0, unit="%"),
            judged("voltage_deviation", "EN 50160", GOOD, low_limit=-10.0, limit=10.0, unit="%"),
        ],
    )
    assert reason_keys(matrix) == {"standards_differ", "how_by_limits"}
    assert [r.parameters["limits"] for r in matrix.reasons[1:]] == ["-7 … 7 %", "-10 … 10 %"]
    assert matrix.figures["verdicts"] == [
        {"standard": "GB/T 12325-1", "verdict": "violating"},
        {"standard": "EN 50160-1", "verdict": "compliant"},
    ]


def test_a_share_of_readings_is_told_with_its_band() -> None:
    """EN 50160: 95 % of the readings within 10 % of nominal, all of them within +10 % and -15 %."""
    found = judge_month(month({Quantity.VOLTAGE_A: wavering(220.0, slots())}, point=SINGLE_PHASE))
    matrix = next(j for j in found if j.check == "standards_matrix" and j.subject == "voltage_deviation")
    told = {
        (r.key, r.parameters.get("percent"), r.parameters["limits"])
        for r in matrix.reasons
        if r.parameters.get("standard") == "EN 50160-2010"
    }
    assert told == {("how_by_share", "95", "-10 … 10 %"), ("how_by_limits", None, "-15 … 10 %")}
    words = [reason_text(r.key, r.parameters, "en") for r in matrix.reasons if r.key == "how_by_share"]
    assert words == ["EN 50160-2010: 95 % of readings within -10 … 10 %"]


@pytest.mark.parametrize(
    ("verdicts", "key"),
    [
        ((GOOD, GOOD, OPEN), "standards_agree"),
        ((GOOD, BAD, OPEN), "standards_differ"),
        ((GOOD, OPEN, OPEN), "standards_undecided"),
        ((OPEN, OPEN, OPEN), "standards_undecided"),
        ((BAD, NONE, NONE), "standards_undecided"),
    ],
)
def test_only_decided_verdicts_are_compared(verdicts: tuple[Compliance, ...], key: str) -> None:
    names = ("GB/T 15945", "EN 50160", "IEEE 519")
    of = [judged("frequency", s, v) for s, v in zip(names, verdicts, strict=True)]
    (matrix,) = conclude(month(), of)
    assert matrix.reasons[0].key == key
    assert key in reason_keys(matrix)


@pytest.mark.parametrize("standards", [["GB"], []])
def test_one_standard_alone_is_not_compared(standards: list[str]) -> None:
    assert conclude(month(), [judged("frequency", s, GOOD) for s in standards]) == []


def test_equal_verdicts_agree() -> None:
    (matrix,) = conclude(month(), [judged("frequency", s, GOOD) for s in ("GB/T 15945", "EN 50160")])
    assert "standards_agree" in reason_keys(matrix)
