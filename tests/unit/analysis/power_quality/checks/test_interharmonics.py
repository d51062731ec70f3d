"""Interharmonics: not measured by registers, judged by range where an instrument gives them."""

import numpy as np

from analysis.power_quality.checks.interharmonics import judge
from analysis.power_quality.judgement import Compliance
from pipeline.timegrid import to_numpy
from tests.quality_months import BEGIN, month, slots


def test_registers_do_not_measure_them() -> None:
    of = judge(month())
    assert [(j.subject, j.limit, j.verdict) for j in of] == [
        ("below 100 Hz", 0.2, Compliance.NOT_APPLICABLE),
        ("100 to 800 Hz", 0.5, Compliance.NOT_APPLICABLE),
    ]


def test_the_greatest_of_a_range_is_judged_by_its_95_percent_value() -> None:
    """A tone at 175 Hz of 2 % (case T6) stands between orders 3 and 4; 800 Hz and above count nowhere."""
    contents = np.full((slots(), 20), 0.05)
    contents[:, 3], contents[:, 16] = 2.0, 9.0
    given = month(
        spectrum_at=to_numpy(BEGIN) + np.arange(slots()) * np.timedelta64(900, "s"),
        spectrum_period_s=900.0,
        interharmonics={"A": contents},
    )
    low, high = judge(given)
    assert (low.subject, low.verdict, low.value) == ("A below 100 Hz", Compliance.COMPLIANT, 0.05)
    assert (high.subject, high.verdict, high.value) == ("A 100 to 800 Hz", Compliance.VIOLATING, 2.0)
