"""Interharmonics (间谐波) up to 800 Hz against GB/T 24337-2009, where an instrument gives them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from analysis.power_quality.bands import Band, bands
from analysis.power_quality.catalogue import Check, checks
from analysis.power_quality.connection import connection, phase_of
from analysis.power_quality.harmonic_readings import at_spectra
from analysis.power_quality.judgement import WORST_FIRST, Compliance, Judgement, Reason
from analysis.power_quality.point_month import Columns, PointMonth
from analysis.power_quality.shares import Bools, Series, band_judgement

NAME = "interharmonics"
COLUMNS: Final = {"below 100 Hz": slice(0, 2), "100 to 800 Hz": slice(2, 16)}
"""Which gaps between orders of 50 Hz lie in the range of a band."""


def judge(month: PointMonth) -> Sequence[Judgement]:
    """Return one judgement a range and phase, on the component in it whose own 95 % value is the worst."""
    limits = bands("interharmonics", month.point.nominal_kv)
    if not month.interharmonics or month.spectrum_period_s is None:
        return [_not_measured(band) for band in limits]
    of_spectra = replace(month, taken_at=month.spectrum_at, period_s=month.spectrum_period_s, values={})
    faults = connection(month)
    dark = at_spectra(month, faults.dark)
    voltages = {phase_of(quantity): quantity for quantity in faults.lost}
    found = []
    for band in limits:
        for phase, contents in month.interharmonics.items():
            volts = voltages.get(phase)
            gone = dark if volts is None else dark | at_spectra(month, faults.lost[volts])
            components = np.where(gone, np.nan, contents[:, COLUMNS[band.name]].T)
            judgement = _worst(of_spectra, band, phase, components, dark)
            told = () if volts is None else faults.reasons_of(volts)
            found.append(replace(judgement, reasons=(*judgement.reasons, *told)))
    return found


def _worst(month: PointMonth, band: Band, phase: str, components: Columns, dark: Bools) -> Judgement:
    """Return the judgement on the worst component; those that the instrument never gave are none."""
    if not len(components):
        return _not_measured(band, phase)
    given = [own for own in components if np.isfinite(own).any()] or components[:1]
    found = [
        band_judgement(month, band, Series(values=own, dark=dark, phase=phase), check=NAME) for own in given
    ]
    return min(found, key=lambda j: (WORST_FIRST.index(j.verdict), -(j.value or 0.0)))


def _not_measured(band: Band, phase: str = "") -> Judgement:
    return Judgement(
        check=NAME,
        subject=f"{phase} {band.name}".strip(),
        verdict=Compliance.NOT_APPLICABLE,
        reference=band.reference,
        unit=band.unit,
        limit=band.high,
        reasons=(Reason(key="not_measured"),),
    )


checks.register(NAME)(Check(name=NAME, part=8, judge=judge))
