"""K factor and derating of high load; from the total alone only between what K lies."""

import numpy as np
import pytest

from analysis.power_quality.checks.harmonic_heating import judge
from analysis.power_quality.judgement import Compliance, Judgement
from pipeline.quality_texts import reason_text
from pipeline.quantities import Quantity
from tests.harmonic_months import TEN_KV, every_phase, exact_load, figure, load_month
from tests.quality_months import month, slots, wavering

Q = Quantity
FULL = {"a": 60.0, "b": 60.0, "c": 60.0}


def told(judgements: list[Judgement]) -> dict[str, Judgement]:
    for judgement in judgements:
        assert (judgement.verdict, judgement.reference) == (Compliance.NOT_APPLICABLE, None)
        for reason in judgement.reasons:
            assert reason_text(reason.key, reason.parameters, "en")
            assert reason_text(reason.key, reason.parameters, "zh")
    return {judgement.subject: judgement for judgement in judgements}


def test_the_k_factor_of_20_percent_of_order_5_and_14_of_order_7() -> None:
    """Case T5: 2.793884; the derating by hand."""
    judged = exact_load()
    found = told(list(judge(judged)))
    assert found["k_factor"].value == pytest.approx(2.793884, rel=1e-6)
    weighted = (0.04 * 5.0**1.7 + 0.0196 * 7.0**1.7) / 1.0596
    by_hand = 100.0 * (1.0 - (1.0 + 0.1 / 1.1 * weighted) ** -0.5)
    assert found["derating"].value == pytest.approx(by_hand, rel=1e-6)


def test_low_load_of_large_distortion_does_not_count() -> None:
    judged = load_month(FULL, every_phase({5: 10.0}))
    for phase in "abc":
        idle = slice(0, slots() // 2)
        judged.values[Q(f"current_{phase}")][idle] *= 0.05
        judged.spectra[Q(f"current_harmonic_{phase}")][idle, 5] *= 8.0
        judged.values[Q(f"current_thd_{phase}")][idle] *= 8.0
    found = told(list(judge(judged)))
    assert found["k_factor"].value == pytest.approx((1 + 25 * 0.01) / 1.01, abs=0.06)
    assert found["k_factor"].evidence.n <= slots() // 2


def test_a_spectrum_that_was_not_read_is_not_one_without_distortion() -> None:
    """Of 2880 readings 60 have spectra, and those of phase C none: K is theirs and no 1."""
    judged = exact_load()
    for phase, read in {"a": 60, "b": 60, "c": 0}.items():
        judged.spectra[Q(f"current_harmonic_{phase}")][read:] = np.nan
    found = told(list(judge(judged)))["k_factor"]
    assert found.value == pytest.approx(2.793884, rel=1e-6)
    assert (found.evidence.n, found.evidence.rank) == (60, 57)
    phases = figure(found, "phases")
    assert list(phases) == ["A", "B"]
    assert phases["A"]["mean"] == pytest.approx(2.793884, rel=1e-6)


def test_of_the_total_alone_the_k_factor_is_an_interval() -> None:
    columns = {Q(f"current_{p}"): wavering(50.0, slots(), 0.1, seed=ord(p)) for p in "abc"}
    columns |= {Q(f"current_thd_{p}"): wavering(30.0, slots(), 0.001, seed=ord(p)) for p in "abc"}
    (found,) = told(list(judge(month(columns, point=TEN_KV)))).values()
    assert found.value is None
    assert found.figures["lowest"] == pytest.approx(1.2477, abs=1e-3)
    assert found.figures["highest"] == pytest.approx(52.52, abs=0.01)
    assert found.figures["six_pulse"] == pytest.approx(8.75, abs=0.01)


def test_without_current_harmonics_there_is_nothing_to_tell() -> None:
    assert list(judge(month({Q.CURRENT_A: wavering(50.0, slots())}, point=TEN_KV))) == []
    assert list(judge(month({Q.CURRENT_THD_A: wavering(30.0, slots())}, point=TEN_KV))) == []
