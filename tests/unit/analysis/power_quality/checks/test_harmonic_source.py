"""Whose the harmonic voltage is."""

from dataclasses import replace
from math import sqrt

import numpy as np
import pytest

from analysis.power_quality.checks.harmonic_source import judge
from analysis.power_quality.judgement import Compliance, Judgement
from analysis.power_quality.point_month import PointMonth
from pipeline.quality_texts import reason_text
from pipeline.quantities import Quantity
from tests.harmonic_months import TEN_KV, every_phase, figure, load_month, spectrum
from tests.quality_months import slots

Q = Quantity
OHM = sqrt(3.0) * 10.0 * 5 / (10.0 * 200.0)
"""% an ampere of order 5 in the network of the tests."""


def site(background: float, per_ampere: float, swing: float = 0.05) -> PointMonth:
    """Return a month of a load that works by day, in a network with a background of order 5."""
    judged = load_month(dict.fromkeys("abc", 60.0), every_phase({5: 20.0}))
    works = (np.arange(slots()) % 96 >= 32) & (np.arange(slots()) % 96 < 72)
    for phase in "abc":
        judged.values[Q(f"current_{phase}")][~works] *= 0.1
    orders = {}
    random = np.random.default_rng(9)
    for phase in "abc":
        column = spectrum({}, slots(), seed=ord(phase))
        total = judged.values[Q(f"current_thd_{phase}")] / 100.0
        own = judged.spectra[Q(f"current_harmonic_{phase}")][:, 5] / 100.0
        current = judged.values[Q(f"current_{phase}")] / np.sqrt(1.0 + total**2) * own
        level = background * random.uniform(1.0 - swing, 1.0 + swing, 30)[np.arange(slots()) // 96]
        column[:, 5] = np.sqrt(level**2 + (per_ampere * current) ** 2)
        orders[Q(f"voltage_harmonic_{phase}")] = column
    return replace(judged, spectra={**judged.spectra, **orders})


def five(judged: PointMonth) -> Judgement:
    found = {j.subject: j for j in judge(judged)}["h5"]
    assert (found.verdict, found.reference) == (Compliance.NOT_APPLICABLE, None)
    for reason in found.reasons:
        assert reason_text(reason.key, reason.parameters, "en")
        assert reason_text(reason.key, reason.parameters, "zh")
    return found


@pytest.mark.parametrize(
    ("background", "per_ampere", "source"),
    [(2.0, 0.01, "network"), (0.1, 0.8 * OHM, "customer"), (0.1, 6.0 * OHM, "undecidable")],
)
def test_the_source_is_told_in_words(background: float, per_ampere: float, source: str) -> None:
    """Six times as much as the network's impedance makes of the current is not simply the customer's."""
    found = five(site(background, per_ampere))
    assert found.figures["source"] == source
    assert "share_is_estimate" in {r.key for r in found.reasons}


def test_what_contradicts_the_short_circuit_power_says_so() -> None:
    assert five(site(0.1, 6.0 * OHM)).reasons[0].key == "source_contradicts_formula"
    lone = replace(site(0.1, 6.0 * OHM), point=replace(TEN_KV, supply=None))
    assert five(lone).figures["source"] == "customer"
    assert five(lone).figures["share_by_formula_percent"] is None


def test_the_own_current_makes_at_most_all_of_it() -> None:
    """A voltage of half of what the current makes in the network's impedance: four times its square."""
    found = five(site(0.02, 0.5 * OHM))
    assert figure(found, "share_by_formula_percent") > 300.0
    assert [r.parameters["percent"] for r in found.reasons if r.key == "share_by_formula"] == [100]


def test_a_share_about_a_half_is_not_decided() -> None:
    """11.5 A make 0.5 % in 40 of 96 slots: a background of like mean square, unlike by day, hides it."""
    found = five(site(0.26, OHM, swing=0.7))
    assert found.figures["source"] == "undecidable"
    assert found.reasons[0].key == "source_undecidable"


def test_a_share_is_never_shown_above_the_whole() -> None:
    """Voltage that rises with the square of the current has a line whose intercept lies below 0."""
    judged = site(0.1, OHM)
    for phase in "abc":
        column = judged.spectra[Q(f"voltage_harmonic_{phase}")]
        column[:, 5] = 2.0 * column[:, 5] ** 2
    found = five(judged)
    assert found.value == found.figures["share_high_percent"] == 100.0


def test_background_and_scatter_are_there_for_the_report() -> None:
    found = five(site(2.0, 0.01))
    assert found.figures["background_percent"] == pytest.approx(2.0, abs=0.05)
    scatter = figure(found, "scatter")
    assert 100 < len(scatter) <= 150
    assert all(len(point) == 2 for point in scatter)


def test_voltages_too_small_for_the_register_are_not_looked_at() -> None:
    assert [j.subject for j in judge(site(2.0, 0.01))] == ["h5"]
    assert list(judge(load_month(dict.fromkeys("abc", 60.0), every_phase({5: 20.0})))) == []


def test_the_same_month_gives_the_same_interval() -> None:
    assert five(site(0.5, 0.05)) == five(site(0.5, 0.05))
