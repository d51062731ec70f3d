"""Harmonic voltage (谐波电压): THD and each order against the table of the point's level, GB/T 14549."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from analysis.harmonic_limits import GB_14549
from analysis.power_quality.catalogue import Check, checks
from analysis.power_quality.harmonic_readings import sound_readings
from analysis.power_quality.harmonic_voltages import judge_voltages
from analysis.power_quality.judgement import Judgement
from analysis.power_quality.point_month import PointMonth

NAME: Final = "harmonic_voltage"


def judge(month: PointMonth) -> Sequence[Judgement]:
    """Return a judgement for THD_U and for each order that the meter gives."""
    return judge_voltages(sound_readings(month), GB_14549, NAME)


checks.register(NAME)(Check(name=NAME, part=4, judge=judge))
