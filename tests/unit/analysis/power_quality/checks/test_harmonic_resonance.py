"""Where capacitors resonate with the network, and what is raised there."""

from dataclasses import replace

import pytest

from analysis.power_quality.catalogue import judge_month
from analysis.power_quality.judgement import Compliance, Judgement
from tests.harmonic_months import TEN_KV, every_phase, reason_keys, voltage_month

POINT = replace(TEN_KV, capacitors_mvar=(4.0, 4.0))
"""At 200 MVA one step resonates at order 7.07, both at order 5."""


def hints(contents: dict[int, float], point: object = POINT) -> list[Judgement]:
    month = voltage_month(every_phase(contents), point=point)  # type: ignore[arg-type] # a point of parametrize
    return [j for j in judge_month(month) if j.check == "harmonic_resonance"]


def test_a_raised_order_near_the_resonance_is_a_hint() -> None:
    one, both = hints({5: 2.5, 7: 0.5})
    assert [one.value, both.value] == pytest.approx([50.0**0.5, 5.0])
    assert {one.verdict, both.verdict} == {Compliance.NOT_APPLICABLE}
    assert reason_keys(one) == {"resonance_quiet"}
    assert reason_keys(both) == {"resonance_raises"}
    assert both.reasons[0].parameters == {"mvar": 8.0, "order": 5.0, "orders": "5"}


def test_a_resonance_that_no_measured_order_is_near_is_not_called_quiet() -> None:
    """0.3 Mvar at 200 MVA: order 25.8, and the meter has 21."""
    (above,) = hints({5: 2.5}, replace(POINT, capacitors_mvar=(0.3,)))
    assert above.value == pytest.approx(25.82, abs=0.01)
    assert reason_keys(above) == {"resonance_unmeasured"}


@pytest.mark.parametrize(
    "point", [TEN_KV, replace(POINT, supply=None), replace(POINT, capacitors_mvar=(0.0,))]
)
def test_without_capacitors_or_short_circuit_power_there_is_no_hint(point: object) -> None:
    assert hints({5: 2.5}, point) == []
