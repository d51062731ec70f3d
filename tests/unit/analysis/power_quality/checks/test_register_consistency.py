"""What the month's registers are worth, figure by figure."""

from datetime import timedelta

import numpy as np
import pytest

from analysis.power_quality.checks.register_consistency import FIGURES, judge
from analysis.power_quality.judgement import Compliance, Judgement
from analysis.power_quality.point_month import PointMonth
from pipeline.quantities import Quantity
from tests.quality_months import BEGIN, month, slots, wavering

Q = Quantity
N = slots()


def found(given: PointMonth) -> dict[str, Judgement]:
    return {judgement.subject: judgement for judgement in judge(given)}


def keys(judgement: Judgement) -> list[str]:
    return [reason.key for reason in judgement.reasons]


def test_an_absent_register_is_not_applicable_and_not_zero() -> None:
    of = found(month({Q.VOLTAGE_A: wavering(220.0, N)}))
    assert set(of) == set(FIGURES)
    assert of["voltage_thd"].verdict is Compliance.NOT_APPLICABLE
    assert (keys(of["voltage_thd"]), of["voltage_thd"].value) == (["absent"], None)


def test_sound_registers_comply() -> None:
    of = found(month({Q.VOLTAGE_A: wavering(220.0, N), Q.FREQUENCY: wavering(50.0, N, 0.05)}))
    for stem in ("voltage", "frequency"):
        assert (of[stem].verdict, of[stem].value, keys(of[stem])) == (
            Compliance.COMPLIANT, 0.0, ["no_contradiction"],
        )  # fmt: skip
        assert (of[stem].evidence.n, of[stem].evidence.coverage) == (N, 1.0)


def test_thd_that_contradicts_its_orders_leaves_both_open() -> None:
    orders = np.zeros((N, 22))
    orders[:, 1], orders[:, 3], orders[:, 5] = 100.0, wavering(3.0, N, 0.1), wavering(4.0, N, 0.1, 1)
    thd = np.hypot(orders[:, 3], orders[:, 5])
    thd[100:500] *= 0.9
    values = {Q.VOLTAGE_THD_B: thd}
    of = found(
        month(
            values,
            spectra={Q.VOLTAGE_HARMONIC_B: orders},
            spectrum_at=month(values).taken_at,
            spectrum_period_s=900.0,
        )
    )
    for stem in ("voltage_thd", "voltage_harmonic"):
        assert of[stem].verdict is Compliance.NOT_DECIDABLE
        assert of[stem].value == pytest.approx(100 * 400 / 2880, abs=1e-3)
        assert keys(of[stem]) == ["thd_below_orders"]
        assert (of[stem].evidence.phase, of[stem].evidence.at) == (
            "B", BEGIN + 100 * timedelta(minutes=15),
        )  # fmt: skip


def test_a_few_bad_readings_leave_a_figure_usable() -> None:
    thd = wavering(3.0, N)
    thd[5] = 101.0
    of = found(month({Q.VOLTAGE_THD_A: thd}))["voltage_thd"]
    assert (of.verdict, keys(of)) == (Compliance.COMPLIANT, ["out_of_range"])
    assert of.value == pytest.approx(100 / 2880, abs=1e-3)
    assert of.evidence.at == BEGIN + 5 * timedelta(minutes=15)
