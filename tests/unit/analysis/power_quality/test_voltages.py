"""Which voltages of a month may be judged."""

import numpy as np

from analysis.power_quality.voltages import absent_reasons, judged_voltages
from pipeline.quantities import Quantity
from tests.quality_months import THREE_WIRE, month, wavering

Q = Quantity


def test_what_is_dark_lost_or_repeated_is_missing() -> None:
    volts = [wavering(220.0, 60, seed=n) for n in range(3)]
    for column in volts:
        column[10:30] = column[10]
        column[40] = 0.0
    volts[2][50] = 20.0
    found = judged_voltages(month(dict(zip((Q.VOLTAGE_A, Q.VOLTAGE_B, Q.VOLTAGE_C), volts, strict=True))))
    gone = [np.flatnonzero(np.isnan(series.values)).tolist() for series in found.series]
    assert gone == [[*range(11, 30), 40], [*range(11, 30), 40], [*range(11, 30), 40, 50]]
    assert [series.phase for series in found.series] == ["A", "B", "C"]
    assert np.flatnonzero(found.series[0].dark).tolist() == [40]
    assert [reason.key for reason in found.reasons_of(None)] == ["repeated", "lost_phase"]
    assert found.reasons_of(None)[0].parameters["quantity"] == "voltage_a, voltage_b, voltage_c"
    assert [reason.key for reason in found.reasons_of("A")] == ["repeated"]
    assert [reason.key for reason in found.reasons_of("C")] == ["repeated", "lost_phase"]


def test_a_three_wire_meter_need_not_show_its_third_line() -> None:
    found = judged_voltages(month({Q.VOLTAGE_AB: wavering(10_000.0, 5)}, point=THREE_WIRE))
    assert found.absent == ["BC"]
    assert [reason.parameters["quantity"] for reason in absent_reasons(found.absent)] == ["voltage_bc"]


def test_a_four_wire_meter_shows_three_phases() -> None:
    assert judged_voltages(month()).absent == ["A", "B", "C"]


def test_a_third_line_that_a_meter_answers_0_for_is_no_voltage() -> None:
    lines = {q: wavering(10_000.0, 5, seed=n) for n, q in enumerate((Q.VOLTAGE_AB, Q.VOLTAGE_BC))}
    found = judged_voltages(month({**lines, Q.VOLTAGE_CA: np.zeros(5)}, point=THREE_WIRE))
    assert [series.phase for series in found.series] == ["AB", "BC"]
    assert (found.absent, found.reasons) == ([], ())
