"""Flicker (闪变): every two-hour P_lt against GB/T 12326-2008, where an instrument gives it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from analysis.power_quality.bands import bands
from analysis.power_quality.catalogue import Check, checks
from analysis.power_quality.judgement import Compliance, Judgement, Reason
from analysis.power_quality.point_month import PointMonth
from analysis.power_quality.shares import Series, band_judgement

NAME = "flicker"
PLT_S: Final = 7200.0
"""P_lt is of twelve P_st of ten minutes."""


def judge(month: PointMonth) -> Sequence[Judgement]:
    """Return one judgement a phase; registers of voltage tell nothing of flicker."""
    (band,) = bands("long-term flicker", month.point.nominal_kv)
    if not month.long_term_flicker:
        return [
            Judgement(
                check=NAME,
                subject=band.name,
                verdict=Compliance.NOT_APPLICABLE,
                reference=band.reference,
                unit=band.unit,
                limit=band.high,
                reasons=(Reason(key="not_measured"),),
            )
        ]
    of_flicker = replace(month, taken_at=month.flicker_at, period_s=PLT_S, values={})
    dark = np.zeros(len(month.flicker_at), dtype=np.bool_)
    return [
        band_judgement(of_flicker, band, Series(values=values, dark=dark, phase=phase), check=NAME)
        for phase, values in month.long_term_flicker.items()
    ]


checks.register(NAME)(Check(name=NAME, part=8, judge=judge))
