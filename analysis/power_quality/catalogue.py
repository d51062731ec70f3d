"""The checks on a month, and what each must tell about itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from analysis.power_quality.judgement import Judgement
from analysis.power_quality.point_month import PointMonth
from pipeline.plugins import PluginRegistry

Judge: TypeAlias = Callable[[PointMonth], Sequence[Judgement]]
"""Pure: the same month gives the same judgements, in the same order."""

BESIDE = "_beside"
"""A check of this ending judges by other standards what the check without it judges by the national one."""

Conclude: TypeAlias = Callable[[PointMonth, Sequence[Judgement]], Sequence[Judgement]]
"""Pure: looks at a month and at what all checks found of it."""


def nothing(_month: PointMonth) -> Sequence[Judgement]:
    """Return no judgement: what a check finds that only concludes from others."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check: its texts stand under its name in ``pipeline/locale/power_quality``."""

    name: str
    part: int
    """The part of the monthly report in which it stands: 3 voltage, 4 harmonic voltage, 5 current ..."""
    judge: Judge = nothing
    conclude: Conclude | None = None
    """What follows from the judgements of all checks: comparisons of standards, trends."""


checks: PluginRegistry[Check] = PluginRegistry("analysis.power_quality.checks")
"""Every check by name."""


def judge_month(month: PointMonth) -> list[Judgement]:
    """Return every check's judgements in the order of the report, then what is concluded from them."""
    ordered = sorted(checks.all().values(), key=lambda check: (check.part, check.name))
    found = [judgement for check in ordered for judgement in check.judge(month)]
    concluded = [j for check in ordered if check.conclude is not None for j in check.conclude(month, found)]
    return found + concluded
