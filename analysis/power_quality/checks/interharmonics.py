"""Interharmonics (间谐波) up to 800 Hz against GB/T 24337-2009, where waveforms were recorded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from analysis.power_quality.bands import Band, bands
from analysis.power_quality.catalogue import Check, checks
from analysis.power_quality.judgement import WORST_FIRST, Compliance, Judgement, Reason
from analysis.power_quality.point_month import Columns, PointMonth
from analysis.power_quality.recorded import TENS_S
from analysis.power_quality.shares import Series, band_judgement

NAME = "interharmonics"
COLUMNS: Final = {"below 100 Hz": slice(0, 2), "100 to 800 Hz": slice(2, 16)}
"""Which gaps between orders of 50 Hz lie in the range of a band."""


def judge(month: PointMonth) -> Sequence[Judgement]:
    """Return one judgement a range and phase, on the component in it whose own 95 % value is the worst."""
    limits = bands("interharmonics", month.point.nominal_kv)
    if not month.recorded.interharmonics:
        return [_not_measured(band) for band in limits]
    return [
        _worst(month.with_times(timed.at, TENS_S), band, phase, timed.values[:, COLUMNS[band.name]].T)
        for band in limits
        for phase, timed in month.recorded.interharmonics.items()
    ]


def _worst(month: PointMonth, band: Band, phase: str, components: Columns) -> Judgement:
    """Return the judgement on the worst component; those that the record does not reach are none."""
    given = [own for own in components if np.isfinite(own).any()]
    if not given:
        return _not_measured(band, phase)
    dark = np.zeros(len(month.taken_at), dtype=np.bool_)
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
