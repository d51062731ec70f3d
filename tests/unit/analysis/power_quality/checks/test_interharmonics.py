"""Interharmonics: not measured by registers, judged by range where an instrument gives them."""

import numpy as np

from analysis.power_quality.checks.interharmonics import judge
from analysis.power_quality.judgement import Compliance
from analysis.power_quality.point_month import Columns, PointMonth
from analysis.power_quality.recorded import Recorded, Timed
from pipeline.timegrid import to_numpy
from tests.quality_months import BEGIN, month, slots

TENS = slots(600.0)


def test_registers_do_not_measure_them() -> None:
    of = judge(month())
    assert [(j.subject, j.limit, j.verdict) for j in of] == [
        ("below 100 Hz", 0.2, Compliance.NOT_APPLICABLE),
        ("100 to 800 Hz", 0.5, Compliance.NOT_APPLICABLE),
    ]


def measured(contents: Columns) -> PointMonth:
    at = to_numpy(BEGIN) + np.arange(len(contents)) * np.timedelta64(600, "s")
    return month(recorded=Recorded(interharmonics={"A": Timed(at=at, values=contents)}))


def test_each_component_is_judged_by_its_own_95_percent_value() -> None:
    """Two that are over for 4 % of the time each: the maximum is for 8 % of it, neither of them is."""
    contents = np.full((TENS, 16), 0.05)
    share = TENS // 25
    contents[:share, 4], contents[share : 2 * share, 7] = 2.0, 2.0
    _, high = judge(measured(contents))
    assert (high.verdict, high.value) == (Compliance.COMPLIANT, 0.05)
    contents[:, 9] = 0.6
    _, high = judge(measured(contents))
    assert (high.verdict, high.value) == (Compliance.VIOLATING, 0.6)


def test_a_component_that_is_half_missing_leaves_its_range_open() -> None:
    contents = np.full((TENS, 16), 0.3)
    contents[:, 5] = np.nan
    assert judge(measured(contents))[1].verdict is Compliance.COMPLIANT
    contents[: TENS // 2, 5] = 0.05
    assert judge(measured(contents))[1].verdict is Compliance.NOT_DECIDABLE


def test_a_range_that_an_instrument_does_not_reach_is_not_measured() -> None:
    low, high = judge(measured(np.full((TENS, 2), 0.05)))
    assert low.verdict is Compliance.COMPLIANT
    assert (high.subject, high.verdict) == ("A 100 to 800 Hz", Compliance.NOT_APPLICABLE)
    assert [reason.key for reason in high.reasons] == ["not_measured"]


def test_the_greatest_of_a_range_is_judged_by_its_95_percent_value() -> None:
    """A tone at 175 Hz of 2 % (case T6) stands between orders 3 and 4; 800 Hz and above count nowhere."""
    contents = np.full((TENS, 20), 0.05)
    contents[:, 3], contents[:, 16] = 2.0, 9.0
    low, high = judge(measured(contents))
    assert (low.subject, low.verdict, low.value) == ("A below 100 Hz", Compliance.COMPLIANT, 0.05)
    assert (high.subject, high.verdict, high.value) == ("A 100 to 800 Hz", Compliance.VIOLATING, 2.0)


def test_a_record_of_two_hours_leaves_a_month_open() -> None:
    low, _ = judge(measured(np.full((12, 16), 9.0)))
    assert (low.verdict, low.evidence.n, low.value) == (Compliance.NOT_DECIDABLE, 12, 9.0)
