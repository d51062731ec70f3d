"""Harmonic voltage by EN 50160 and IEEE 519, on the readings that GB/T 14549 is judged by: for comparison."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from analysis.harmonic_limits import EN_50160, IEEE_519
from analysis.power_quality.catalogue import Check, checks
from analysis.power_quality.harmonic_readings import sound_readings
from analysis.power_quality.harmonic_verdicts import without_figures
from analysis.power_quality.harmonic_voltages import judge_any_order, judge_voltages
from analysis.power_quality.judgement import Judgement
from analysis.power_quality.point_month import PointMonth

NAME: Final = "harmonic_voltage_beside"


def judge(month: PointMonth) -> Sequence[Judgement]:
    """Return each standard's judgements for THD_U and each order, and EN 50160's on all orders together."""
    sound = sound_readings(month)
    found = (
        *judge_voltages(sound, EN_50160, NAME),
        *judge_any_order(sound, NAME),
        *judge_voltages(sound, IEEE_519, NAME),
    )
    return [without_figures(judgement) for judgement in found]


checks.register(NAME)(Check(name=NAME, part=4, judge=judge))
