"""Months of harmonics for the tests of power-quality checks: readings about given contents, all different."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from analysis.harmonic_indices import distortion_percent
from analysis.power_quality.judgement import Judgement
from analysis.power_quality.point_month import Columns, PointMonth, QualityPoint
from pipeline.archive_records import Supply
from pipeline.quality_texts import reason_text
from pipeline.quantities import Quantity
from tests.quality_months import POINT, month, slots

HIGHEST = 21
"""As DL/T 645 meters."""
SWING = 0.1
"""Readings lie within this share of the content."""
SUPPLY = Supply(
    service_point="SP",
    short_circuit_mva=200.0,
    agreed_mva=5.0,
    equipment_mva=20.0,
    demand_current_a=100.0,
)
TEN_KV = replace(POINT, nominal_v=5773.5, nominal_kv=10.0, supply=SUPPLY, max_demand_current_a=100.0)


def spectrum(contents: Mapping[int, float], count: int, *, seed: int = 0, highest: int = HIGHEST) -> Columns:
    """Return readings of orders 0 to ``highest``, % of the fundamental, each order about its content."""
    random = np.random.default_rng(seed)
    columns = np.zeros((count, highest + 1))
    columns[:, 1] = 100.0
    for order in range(2, highest + 1):
        swing = random.uniform(1.0 - SWING, 1.0 + SWING, count)
        columns[:, order] = contents.get(order, 0.01) * swing
    return columns


def voltage_month(
    contents: Mapping[str, Mapping[int, float]],
    *,
    count: int | None = None,
    point: QualityPoint = POINT,
    **given: Any,
) -> PointMonth:
    """Return September with voltage spectra of some phases and the totals that belong to them."""
    readings = slots() if count is None else count
    spectra = {
        Quantity(f"voltage_harmonic_{phase}"): spectrum(orders, readings, seed=ord(phase))
        for phase, orders in contents.items()
    }
    return with_spectra(month(_totals("voltage", spectra), point=point, **given), spectra)


def load_month(
    amperes: Mapping[str, float],
    contents: Mapping[str, Mapping[int, float]],
    *,
    count: int | None = None,
    point: QualityPoint = TEN_KV,
    **given: Any,
) -> PointMonth:
    """Return September with currents about some rms values, their spectra and totals."""
    readings = slots() if count is None else count
    spectra = {
        Quantity(f"current_harmonic_{phase}"): spectrum(orders, readings, seed=ord(phase) + 7)
        for phase, orders in contents.items()
    }
    random = np.random.default_rng(3)
    currents = {
        Quantity(f"current_{phase}"): rms * random.uniform(0.95, 1.0, readings)
        for phase, rms in amperes.items()
    }
    return with_spectra(month(currents | _totals("current", spectra), point=point, **given), spectra)


def with_spectra(plain: PointMonth, spectra: Mapping[Quantity, Columns]) -> PointMonth:
    """Return a month with spectra beside its electrical readings, at the same times."""
    return replace(plain, spectra=spectra, spectrum_at=plain.taken_at, spectrum_period_s=plain.period_s)


def exact_load(point: QualityPoint = TEN_KV) -> PointMonth:
    """Return case T5: I_1 of 60 A, 20 % of order 5 and 14 % of order 7, in a third phase; never repeating."""
    judged = load_month(dict.fromkeys("abc", 60.0), every_phase({}), point=point)
    for phase in "abc":
        orders = judged.spectra[Quantity(f"current_harmonic_{phase}")]
        orders[:, 2:] = 0.0
        orders[:, 5], orders[:, 7] = 20.0, 14.0
        orders[:, 2] = 1e-9 * np.arange(len(orders))
        judged.values[Quantity(f"current_thd_{phase}")][:] = 24.413111 + 1e-9 * np.arange(len(orders))
        judged.values[Quantity(f"current_{phase}")][:] = 60.0 * np.sqrt(1.0 + 0.24413111**2)
        judged.values[Quantity(f"current_{phase}")][:] *= 1.0 + 1e-9 * np.arange(len(orders))
    return judged


def every_phase(orders: Mapping[int, float]) -> dict[str, Mapping[int, float]]:
    """Return the same contents for three phases."""
    return dict.fromkeys("abc", orders)


def by_subject(judgements: Iterable[Judgement], standard: str) -> dict[str, Judgement]:
    """Return what one standard says, by subject."""
    found = [j for j in judgements if j.reference is not None and j.reference.standard == standard]
    named = {judgement.subject: judgement for judgement in found}
    assert len(named) == len(found)
    return named


def reason_keys(judgement: Judgement) -> set[str]:
    """Return the keys of a judgement's reasons, each of which has its words in both languages."""
    for reason in judgement.reasons:
        assert reason_text(reason.key, reason.parameters, "en")
        assert reason_text(reason.key, reason.parameters, "zh")
    return {reason.key for reason in judgement.reasons}


def _totals(what: str, spectra: Mapping[Quantity, Columns]) -> dict[Quantity, Columns]:
    return {
        Quantity(q.replace(f"{what}_harmonic", f"{what}_thd")): distortion_percent(columns[:, 2:])
        for q, columns in spectra.items()
    }
