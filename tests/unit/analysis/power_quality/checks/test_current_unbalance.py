"""Current unbalance by angles, as an indicator, and the user's own share."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.power_quality.checks.current_unbalance import judge
from analysis.power_quality.judgement import Compliance, Judgement
from analysis.power_quality.point_month import Columns, PointMonth, QualityPoint
from analysis.power_quality.unbalance import of_lines
from pipeline.archive_records import Supply
from pipeline.quantities import Quantity
from tests.quality_months import POINT, SINGLE_PHASE, THREE_WIRE, month, slots, wavering

Q = Quantity
N = slots()
CURRENTS = (Q.CURRENT_A, Q.CURRENT_B, Q.CURRENT_C)
ANGLES = (Q.PHASE_ANGLE_A, Q.PHASE_ANGLE_B, Q.PHASE_ANGLE_C)
SUPPLIED = replace(POINT, supply=Supply(service_point="SP", short_circuit_mva=10.0))


def loaded(
    amperes: tuple[float, ...], degrees: tuple[float, ...] | None, point: QualityPoint = SUPPLIED
) -> PointMonth:
    """Currents that waver together, one angle each."""
    common = wavering(1.0, N, 0.01)
    names = CURRENTS if len(amperes) == 3 else (Q.CURRENT_A, Q.CURRENT_C)
    angles = ANGLES if len(amperes) == 3 else (Q.PHASE_ANGLE_A, Q.PHASE_ANGLE_C)
    values: dict[Quantity, Columns] = {q: a * common for q, a in zip(names, amperes, strict=True)}
    if degrees is not None:
        values |= {q: wavering(d, N, 1e-6) for q, d in zip(angles, degrees, strict=True)}
    return month(values, point=point)


def keys(judgement: Judgement) -> list[str]:
    return [reason.key for reason in judgement.reasons]


def test_one_current_less_by_a_tenth_is_t10() -> None:
    """The same ratio as that of voltages, whatever the load's angle."""
    of, own = judge(loaded((50.0, 50.0, 45.0), (20.0, 20.0, 20.0)))
    assert of.value == pytest.approx(3.448276, rel=1e-5)
    assert of.verdict is Compliance.NOT_APPLICABLE
    assert of.figures["method"] == "angles"
    zero = of.figures["zero_sequence_percent"]
    assert isinstance(zero, dict)
    assert zero["max"] == pytest.approx(3.448276, rel=1e-5)
    # I2 = 5 / 3 A, times the wavering's 95 % value; sqrt(3) * I2 * 381 V / 10 MVA.
    wave = np.sort(wavering(1.0, N, 0.01))[-(-19 * N // 20) - 1]
    assert own.value == pytest.approx(np.sqrt(3) * 5 / 3 * wave * 220 * np.sqrt(3) / 10e6 * 100, rel=1e-5)
    assert (own.subject, own.limit, keys(own)) == ("own", 1.3, ["own_estimate"])


def test_a_balanced_load_of_a_three_wire_meter_is_balanced() -> None:
    """A load at angle phi shows phi + 30 and phi - 30 degrees at its two elements."""
    of, _ = judge(loaded((50.0, 50.0), (50.0, -10.0), THREE_WIRE))
    assert of.value == pytest.approx(0.0, abs=1e-4)
    of, _ = judge(loaded((50.0, 40.0), (50.0, -10.0), THREE_WIRE))
    # The currents are 120 degrees apart, so the third is the root of 50^2 + 40^2 - 50 * 40.
    assert of.value == pytest.approx(float(of_lines(*map(np.array, (50.0, np.sqrt(2100.0), 40.0)))), rel=1e-5)
    assert of.value == pytest.approx(12.8037, abs=5e-5)


def test_without_angles_it_is_an_indicator() -> None:
    (of,) = judge(loaded((50.0, 50.0, 45.0), None))
    assert of.value == pytest.approx(6.896552, rel=1e-5)
    assert keys(of)[0] == "currents_without_angles"


def test_light_load_says_nothing() -> None:
    of, own = judge(loaded((4.9, 4.0, 3.0), (0.0, 0.0, 0.0)))
    assert (of.value, of.evidence.n) == (None, 0)
    assert (own.verdict, own.value, keys(own)) == (Compliance.NOT_APPLICABLE, None, ["own_unloaded"])


def test_a_turned_element_is_wiring() -> None:
    of, _ = judge(loaded((50.0, 50.0, 50.0), (20.0, 20.0, 200.0)))
    assert of.value is None
    assert keys(of)[0] == "angles_disagree"


@pytest.mark.parametrize(("idle", "percent"), [(0.0, 50.0), (4.9, 100 * 54.9 / 95.1)])
def test_the_angle_of_an_idle_phase_is_no_wiring(idle: float, percent: float) -> None:
    """Two equal currents have half as much negative as positive sequence.

    4.9 A turned by 180 degrees add to their negative sequence, 50 + 4.9, and lessen the positive, 100 - 4.9.
    """
    of, _ = judge(loaded((50.0, 50.0, idle), (20.0, 20.0, 200.0)))
    assert keys(of)[0] != "angles_disagree"
    assert of.value == pytest.approx(percent, rel=1e-6)


def test_what_is_missing_is_named() -> None:
    given = loaded((50.0, 50.0, 50.0), (0.0, 0.0, 0.0), POINT)
    own = judge(given)[1]
    assert own.verdict is Compliance.NOT_APPLICABLE
    assert own.reasons[0].parameters == {"entry": "[[supply]] short_circuit_mva"}
    (of,) = judge(replace(given, point=replace(POINT, rated_current_a=None)))
    assert (of.verdict, of.reasons[0].parameters) == (
        Compliance.NOT_DECIDABLE, {"entry": "meter.rated_current_a"},
    )  # fmt: skip
    (of,) = judge(month({Q.CURRENT_A: wavering(50.0, N)}))
    assert of.reasons[0].parameters == {"quantity": "current_b"}
    (of,) = judge(month(point=SINGLE_PHASE))
    assert of.verdict is Compliance.NOT_APPLICABLE
