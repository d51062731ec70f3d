"""Harmonic currents by IEEE 519, against the demand current."""

from dataclasses import replace

import pytest

from analysis.harmonic_limits import IEEE_519
from analysis.power_quality.checks.harmonic_current_beside import judge
from analysis.power_quality.judgement import Compliance, Judgement
from analysis.power_quality.point_month import PointMonth
from pipeline.quantities import Quantity
from tests.harmonic_months import TEN_KV, by_subject, every_phase, exact_load, load_month, reason_keys
from tests.quality_months import month, slots, wavering

GOOD, OPEN = Compliance.COMPLIANT, Compliance.NOT_DECIDABLE
FULL = {"a": 60.0, "b": 60.0, "c": 60.0}
DRIVES = {5: 20.0, 7: 14.0, 11: 6.0, 13: 4.0}


def by(standard: str, judged: PointMonth) -> dict[str, Judgement]:
    return by_subject(judge(judged), standard)


def test_total_demand_distortion_relates_to_the_demand_current() -> None:
    """Case T5 at 200 MVA: I_sc of 11 547 A is 115 times I_L, whose row allows 15 %; daily twice that."""
    found = by(IEEE_519, exact_load())
    assert found["tdd"].value == pytest.approx(14.647867, rel=1e-5)
    assert (found["tdd"].limit, found["tdd"].verdict) == (15.0, GOOD)
    assert found["h5"].value == pytest.approx(12.0, rel=1e-5)
    assert (found["h5"].limit, found["h2"].limit) == (12.0, 6.0)
    told = next(r for r in found["tdd"].reasons if r.key == "demand_row")
    assert told.parameters == {"ratio": 115.5, "row": 100.0, "demand_a": 100.0}


def test_without_a_demand_current_ieee_519_is_not_decidable() -> None:
    found = by(
        IEEE_519, load_month(FULL, every_phase(DRIVES), point=replace(TEN_KV, max_demand_current_a=None))
    )
    assert found["tdd"].verdict is OPEN
    assert found["tdd"].reasons[0].parameters == {"entry": "[[supply]] demand_current_a"}


def test_without_current_harmonics_it_is_not_decidable() -> None:
    (found,) = judge(month({Quantity.CURRENT_A: wavering(50.0, slots())}, point=TEN_KV))
    assert (found.subject, found.verdict, reason_keys(found)) == ("tdd", OPEN, {"absent"})
