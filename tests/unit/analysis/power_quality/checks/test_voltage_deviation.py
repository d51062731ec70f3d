"""Voltage deviation against GB/T 12325-2008 and EN 50160: cases T25 and T26, gaps, lost phases."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from analysis.power_quality.checks.voltage_deviation import judge, sum_rule
from analysis.power_quality.judgement import Compliance, Judgement
from analysis.power_quality.point_month import Columns, PointMonth
from pipeline.archive_records import PointClass
from pipeline.quantities import Quantity
from tests.quality_months import BEGIN, HIGH, POINT, SINGLE_PHASE, THREE_WIRE, month, slots, wavering

Q = Quantity
N = slots()
PHASES = (Q.VOLTAGE_A, Q.VOLTAGE_B, Q.VOLTAGE_C)


def national(found: Sequence[Judgement]) -> dict[str, Judgement]:
    return {j.subject.strip(): j for j in found if j.reference and j.reference.standard.startswith("GB/T")}


def european(found: Sequence[Judgement]) -> dict[str, Judgement]:
    return {j.subject: j for j in found if j.reference and j.reference.standard == "EN 50160"}


def single(value: float) -> PointMonth:
    volts = wavering(220.0, N)
    volts[100] = value
    return month({Q.VOLTAGE_A: volts}, point=SINGLE_PHASE)


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        (198.0, Compliance.COMPLIANT),
        (197.9, Compliance.VIOLATING),
        (235.4, Compliance.COMPLIANT),
        (235.5, Compliance.VIOLATING),
    ],
)
def test_a_single_phase_value_at_a_limit_complies(value: float, verdict: Compliance) -> None:
    """Case T25: +7 % and -10 % of 220 V; a limit itself is inside."""
    (judgement,) = national(judge(single(value))).values()
    assert judgement.verdict is verdict
    assert judgement.value == pytest.approx(100 * (value / 220 - 1), rel=1e-9)
    assert judgement.evidence.at == BEGIN + 100 * timedelta(minutes=15)
    assert (judgement.low_limit, judgement.limit) == (-10.0, 7.0)
    assert str(judgement.reference) == "GB/T 12325-2008 4.3"


def test_a_limit_kept_in_single_precision_is_still_inside() -> None:
    (judgement,) = national(judge(single(float(np.float32(235.4) + np.float32(1.5e-5))))).values()
    assert judgement.verdict is Compliance.COMPLIANT


@pytest.mark.parametrize(
    ("highest", "lowest", "value", "verdict"),
    [
        (6.0, -4.0, 10.0, Compliance.COMPLIANT),
        (6.0, -5.0, 11.0, Compliance.VIOLATING),
        (9.9, 3.0, 9.9, Compliance.COMPLIANT),
        (-3.0, -10.1, 10.1, Compliance.VIOLATING),
    ],
)
def test_from_35_kv_on_the_sum_of_both_sides_counts(
    highest: float, lowest: float, value: float, verdict: Compliance
) -> None:
    """Case T26."""
    assert sum_rule(highest, lowest) == pytest.approx(value, abs=1e-9)
    middle = (highest + lowest) / 2
    lines = [35_000.0 * (1 + wavering(middle, N, 0.4, seed) / 100) for seed in range(2)]
    lines[0][10], lines[1][20] = 35_000 * (1 + highest / 100), 35_000 * (1 + lowest / 100)
    found = national(judge(month(dict(zip((Q.VOLTAGE_AB, Q.VOLTAGE_BC), lines, strict=True)), point=HIGH)))
    assert list(found) == ["sum"]
    assert found["sum"].value == pytest.approx(value, rel=1e-9)
    assert found["sum"].verdict is verdict
    assert str(found["sum"].reference) == "GB/T 12325-2008 4.1"


@pytest.mark.parametrize(
    ("highest", "n", "verdict"), [(0.5, 20, Compliance.NOT_DECIDABLE), (11.0, N, Compliance.VIOLATING)]
)
def test_a_line_that_was_hardly_read_leaves_the_sum_open(highest: float, n: int, verdict: Compliance) -> None:
    """20 readings of BC tell nothing of its extremes; what AB does by itself, it does."""
    lines = {Q.VOLTAGE_AB: wavering(35_000.0, N, 100.0), Q.VOLTAGE_BC: wavering(35_000.0, N, 100.0, 1)}
    lines[Q.VOLTAGE_AB][5] = 35_000.0 * (1.0 + highest / 100.0)
    lines[Q.VOLTAGE_BC][20:] = np.nan
    found = national(judge(month(lines, point=HIGH)))["sum"]
    assert (found.evidence.n, found.verdict) == (n, verdict)


def test_a_third_line_that_is_always_0_is_not_measured() -> None:
    lines = {Q.VOLTAGE_AB: wavering(35_000.0, N, 100.0), Q.VOLTAGE_BC: wavering(35_000.0, N, 100.0, 1)}
    found = national(judge(month({**lines, Q.VOLTAGE_CA: np.zeros(N)}, point=HIGH)))["sum"]
    assert (found.evidence.n, found.verdict) == (N, Compliance.COMPLIANT)
    assert found.reasons == ()


def phases(levels: Sequence[float] = (220.0, 221.0, 219.0), count: int = N) -> dict[Quantity, Columns]:
    return {
        q: wavering(level, count, seed=n) for n, (q, level) in enumerate(zip(PHASES, levels, strict=True))
    }


def test_three_phases_are_judged_by_7_percent() -> None:
    found = national(judge(month(phases((220.0, 236.5, 204.0)))))
    assert [(s, j.verdict.value) for s, j in found.items()] == [
        ("A", "compliant"),
        ("B", "violating"),
        ("C", "violating"),
    ]
    assert found["A"].figures["low_v"] == pytest.approx(204.6)
    assert found["A"].figures["high_v"] == pytest.approx(235.4)


def test_a_three_wire_point_of_10_kv_is_judged_by_its_lines() -> None:
    lines = {Q.VOLTAGE_AB: wavering(10_000, N, 20), Q.VOLTAGE_BC: wavering(10_720, N, 10, 1)}
    found = national(judge(month(lines, point=THREE_WIRE)))
    assert {s: j.verdict.value for s, j in found.items()} == {"AB": "compliant", "BC": "violating"}
    assert found["AB"].figures["high_v"] == pytest.approx(10_700.0)


def test_class_a_and_agreed_bands_go_before_the_standard() -> None:
    lines = {Q.VOLTAGE_AB: wavering(9_950, N, 20), Q.VOLTAGE_BC: wavering(10_300, N, 20, 1)}
    busbar = replace(THREE_WIRE, point_class=PointClass.A)
    found = [j for j in judge(month(lines, point=busbar)) if j.subject.strip() in {"AB", "BC"}]
    assert [j.verdict.value for j in found] == ["violating", "compliant"]
    assert {j.low_limit for j in found} == {0.0}
    agreed = replace(busbar, agreed_band_percent=(-1.0, 7.0))
    assert national(judge(month(lines, point=agreed)))["AB"].verdict is Compliance.COMPLIANT


def test_an_absent_phase_is_not_decidable_and_says_so() -> None:
    given = phases()
    del given[Q.VOLTAGE_B]
    found = national(judge(month(given)))
    assert found["B"].verdict is Compliance.NOT_DECIDABLE
    assert [(r.key, r.parameters["quantity"]) for r in found["B"].reasons] == [("absent", "voltage_b")]
    assert found["A"].verdict is Compliance.COMPLIANT


def test_a_blown_fuse_is_no_low_voltage() -> None:
    given = phases()
    given[Q.VOLTAGE_C][500:600] = 40.0
    given |= {Q.CURRENT_C: wavering(30.0, N, seed=7)}
    found = national(judge(month(given)))
    assert found["C"].verdict is Compliance.COMPLIANT
    lowest = np.delete(given[Q.VOLTAGE_C], range(500, 600)).min()
    assert found["C"].figures["min"] == pytest.approx(100.0 * (lowest / 220.0 - 1.0))
    assert ("blown_fuse", {"phase": "C", "minutes": 1500}) in [
        (r.key, r.parameters) for r in found["C"].reasons
    ]


def test_a_blown_fuse_of_a_three_wire_meters_b_is_no_low_voltage() -> None:
    """Two lines of 10 kV at half of it for a day while 30 A flow: neither is at -50 %."""
    given = {Q.VOLTAGE_AB: wavering(10_000, N, 20), Q.VOLTAGE_BC: wavering(10_100, N, 20, 1)}
    for column in given.values():
        column[500:596] = wavering(5_000.0, 96, 50, 3)
    given |= {Q.CURRENT_A: wavering(30.0, N, seed=7), Q.CURRENT_C: wavering(31.0, N, seed=8)}
    found = national(judge(month(given, point=THREE_WIRE)))
    assert {s: j.verdict.value for s, j in found.items()} == {"AB": "compliant", "BC": "compliant"}
    for judgement in found.values():
        assert [(r.key, r.parameters) for r in judgement.reasons] == [("blown_fuse_b", {"minutes": 1440})]


def test_repeated_readings_are_missing_ones() -> None:
    given = phases()
    for column in given.values():
        column[200 : 200 + N // 2] = column[200]
    found = national(judge(month(given)))["A"]
    assert found.verdict is Compliance.NOT_DECIDABLE
    assert {"low_coverage", "repeated"} <= {r.key for r in found.reasons}


def test_of_a_month_with_40_percent_only_a_violation_is_certain() -> None:
    kept = phases(count=N * 2 // 5)
    found = national(judge(month(kept)))["A"]
    assert found.verdict is Compliance.NOT_DECIDABLE
    assert found.evidence.coverage == pytest.approx(0.4)
    assert found.evidence.if_missing_good is Compliance.COMPLIANT
    assert found.evidence.if_missing_bad is Compliance.VIOLATING
    kept[Q.VOLTAGE_A][3] = 240.0
    assert national(judge(month(kept)))["A"].verdict is Compliance.VIOLATING


def test_an_outage_is_neither_low_voltage_nor_missing() -> None:
    given = phases()
    for column in given.values():
        column[1000:1400] = 0.0
    found = national(judge(month(given)))["A"]
    assert found.verdict is Compliance.COMPLIANT
    assert found.evidence.coverage == 1.0


def test_en_50160_is_shown_beside_it() -> None:
    """5 % of a week of 672 readings may be outside: 33 are allowed, 34 are not."""
    given = phases()
    given[Q.VOLTAGE_A][:33] = wavering(190.0, 33)
    found = european(judge(month(given)))
    assert found["A 95 %"].verdict is Compliance.COMPLIANT
    assert found["A always"].verdict is Compliance.COMPLIANT
    given[Q.VOLTAGE_A][33] = 243.0
    found = european(judge(month(given)))
    assert found["A 95 %"].verdict is Compliance.VIOLATING
    assert found["A 95 %"].value == pytest.approx(100 * (1 - 34 / 672))
    assert found["A always"].verdict is Compliance.VIOLATING
    assert found["B 95 %"].verdict is Compliance.COMPLIANT


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_readings_changes_no_verdict(seed: int) -> None:
    given = phases((220.0, 231.0, 205.0))
    order = np.random.default_rng(seed).permutation(N)
    shuffled = {q: column[order] for q, column in given.items()}
    for first, second in zip(
        national(judge(month(given))).values(), national(judge(month(shuffled))).values(), strict=True
    ):
        assert (first.verdict, first.value) == (second.verdict, second.value)


@pytest.mark.parametrize("factor", [0.001, 7.0, 1000.0])
def test_scaling_point_and_readings_changes_no_verdict(factor: float) -> None:
    given = phases((220.0, 236.0, 204.0))
    scaled = month(
        {q: column * factor for q, column in given.items()}, point=replace(POINT, nominal_v=220.0 * factor)
    )
    for first, second in zip(
        national(judge(month(given))).values(), national(judge(scaled)).values(), strict=True
    ):
        assert first.verdict is second.verdict
        assert first.value == pytest.approx(second.value, rel=1e-9)


def test_no_readings_decide_nothing() -> None:
    assert {j.verdict for j in judge(month())} == {Compliance.NOT_DECIDABLE}
