"""Interharmonics: not measured by registers, judged by range where an instrument gives them."""

from dataclasses import replace

import numpy as np

from analysis.power_quality.checks.interharmonics import judge
from analysis.power_quality.judgement import Compliance
from analysis.power_quality.point_month import Columns, PointMonth
from pipeline.quantities import Quantity
from pipeline.timegrid import to_numpy
from tests.harmonic_months import reason_keys
from tests.quality_months import BEGIN, month, slots, wavering


def test_registers_do_not_measure_them() -> None:
    of = judge(month())
    assert [(j.subject, j.limit, j.verdict) for j in of] == [
        ("below 100 Hz", 0.2, Compliance.NOT_APPLICABLE),
        ("100 to 800 Hz", 0.5, Compliance.NOT_APPLICABLE),
    ]


def measured(contents: Columns) -> PointMonth:
    return month(
        spectrum_at=to_numpy(BEGIN) + np.arange(len(contents)) * np.timedelta64(900, "s"),
        spectrum_period_s=900.0,
        interharmonics={"A": contents},
    )


def test_each_component_is_judged_by_its_own_95_percent_value() -> None:
    """Two that are over for 4 % of the time each: the maximum is for 8 % of it, neither of them is."""
    contents = np.full((slots(), 16), 0.05)
    share = slots() // 25
    contents[:share, 4], contents[share : 2 * share, 7] = 2.0, 2.0
    _, high = judge(measured(contents))
    assert (high.verdict, high.value) == (Compliance.COMPLIANT, 0.05)
    contents[:, 9] = 0.6
    _, high = judge(measured(contents))
    assert (high.verdict, high.value) == (Compliance.VIOLATING, 0.6)


def test_a_component_that_is_half_missing_leaves_its_range_open() -> None:
    contents = np.full((slots(), 16), 0.3)
    contents[:, 5] = np.nan
    assert judge(measured(contents))[1].verdict is Compliance.COMPLIANT
    contents[: slots() // 2, 5] = 0.05
    assert judge(measured(contents))[1].verdict is Compliance.NOT_DECIDABLE


def test_a_range_that_an_instrument_does_not_reach_is_not_measured() -> None:
    low, high = judge(measured(np.full((slots(), 2), 0.05)))
    assert low.verdict is Compliance.COMPLIANT
    assert (high.subject, high.verdict) == ("A 100 to 800 Hz", Compliance.NOT_APPLICABLE)
    assert [reason.key for reason in high.reasons] == ["not_measured"]


def test_an_instrument_that_gave_nothing_decides_nothing() -> None:
    assert {j.verdict for j in judge(measured(np.empty((0, 16))))} == {Compliance.NOT_DECIDABLE}


def test_the_greatest_of_a_range_is_judged_by_its_95_percent_value() -> None:
    """A tone at 175 Hz of 2 % (case T6) stands between orders 3 and 4; 800 Hz and above count nowhere."""
    contents = np.full((slots(), 20), 0.05)
    contents[:, 3], contents[:, 16] = 2.0, 9.0
    low, high = judge(measured(contents))
    assert (low.subject, low.verdict, low.value) == ("A below 100 Hz", Compliance.COMPLIANT, 0.05)
    assert (high.subject, high.verdict, high.value) == ("A 100 to 800 Hz", Compliance.VIOLATING, 2.0)


def test_those_of_a_lost_voltage_and_of_none_are_not_judged() -> None:
    """A's fuse is blown for 200 readings, and 96 show no supply: 2880 - 296 are left of 2880 - 96."""
    at, supplied = np.arange(slots()), wavering(220.0, slots())
    contents = {phase: np.full((slots(), 16), 0.05) for phase in "AB"}
    contents["A"][:200] = 9.0
    supplied[1000:1096] = 0.0
    volts = {Quantity.VOLTAGE_A: np.where(at < 200, 3.0, supplied), Quantity.VOLTAGE_B: supplied}
    plain = month(volts | {Quantity.CURRENT_A: wavering(20.0, slots())})
    given = replace(
        plain, spectrum_at=plain.taken_at, spectrum_period_s=plain.period_s, interharmonics=contents
    )
    a, b = (j for j in judge(given) if "below" in j.subject)
    assert (a.verdict, a.value, a.evidence.n) == (Compliance.COMPLIANT, 0.05, 2880 - 296)
    assert a.evidence.coverage == (2880 - 296) / (2880 - 96)
    assert (b.evidence.n, b.evidence.coverage) == (2880 - 96, 1.0)
    assert (reason_keys(a), reason_keys(b)) == ({"blown_fuse"}, set())
