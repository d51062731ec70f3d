"""Harmonic currents by IEEE 519 in % of the demand current, TDD among them, for comparison."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from analysis.power_quality.catalogue import Check, checks
from analysis.power_quality.harmonic_demand import judge_demand
from analysis.power_quality.harmonic_readings import sound_readings
from analysis.power_quality.harmonic_verdicts import without_figures
from analysis.power_quality.judgement import Judgement
from analysis.power_quality.point_month import PointMonth

NAME: Final = "harmonic_current_beside"


def judge(month: PointMonth) -> Sequence[Judgement]:
    """Return the judgements on total demand distortion (TDD) and on each order."""
    return [without_figures(judgement) for judgement in judge_demand(sound_readings(month), NAME)]


checks.register(NAME)(Check(name=NAME, part=5, judge=judge))
