"""Flicker (闪变): every two-hour P_lt against GB/T 12326-2008, where waveforms were recorded."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analysis.power_quality.bands import bands
from analysis.power_quality.catalogue import Check, checks
from analysis.power_quality.judgement import Compliance, Judgement, Reason
from analysis.power_quality.point_month import PointMonth
from analysis.power_quality.recorded import PLT_S
from analysis.power_quality.shares import Series, band_judgement

NAME = "flicker"


def judge(month: PointMonth) -> Sequence[Judgement]:
    """Return one judgement a phase; registers of voltage tell nothing of flicker."""
    (band,) = bands("long-term flicker", month.point.nominal_kv)
    if not month.recorded.flicker:
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
    return [
        band_judgement(
            month.with_times(timed.at, PLT_S),
            band,
            Series(values=timed.values, dark=np.zeros(len(timed.at), dtype=np.bool_), phase=phase),
            check=NAME,
        )
        for phase, timed in month.recorded.flicker.items()
    ]


checks.register(NAME)(Check(name=NAME, part=8, judge=judge))
