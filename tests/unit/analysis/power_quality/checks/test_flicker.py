"""Flicker: not measured by registers, every P_lt judged where an instrument gives it."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.power_quality.checks.flicker import judge
from analysis.power_quality.judgement import Compliance
from analysis.power_quality.recorded import Recorded, Timed
from pipeline.timegrid import to_numpy
from tests.quality_months import BEGIN, POINT, month, wavering

TWO_HOURS = np.timedelta64(7200, "s")


def test_registers_do_not_measure_it() -> None:
    (of,) = judge(month())
    assert (of.verdict, of.limit, [r.key for r in of.reasons]) == (
        Compliance.NOT_APPLICABLE, 1.0, ["not_measured"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kv", "highest", "verdict"),
    [
        (0.38, 1.0, Compliance.COMPLIANT),
        (110.0, 1.0, Compliance.COMPLIANT),
        (0.38, 1.01, Compliance.VIOLATING),
        (220.0, 0.81, Compliance.VIOLATING),
        (220.0, 0.8, Compliance.COMPLIANT),
    ],
)
def test_every_value_must_comply(kv: float, highest: float, verdict: Compliance) -> None:
    values = wavering(0.5, 360, 0.1)
    values[100] = highest
    given = month(
        point=replace(POINT, nominal_kv=kv),
        recorded=Recorded(
            flicker={"A": Timed(at=to_numpy(BEGIN) + np.arange(360) * TWO_HOURS, values=values)}
        ),
    )
    (of,) = judge(given)
    assert (of.verdict, of.value, of.evidence.coverage) == (verdict, highest, 1.0)
