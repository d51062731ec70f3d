"""Coincidence (同时率) of a group: how far its members peak together, and what each draws at its peak."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from analysis.load.blocks import Blocks
from pipeline.timegrid import from_numpy


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberPeak:
    """One member at the group's maximum."""

    maximum_kw: float
    maximum_at: datetime
    at_group_peak_kw: float
    peak_coincidence: float | None
    """Power at the group's maximum over the own maximum; None for a member that never drew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coincidence:
    """Over the blocks that are known of every member, for which alone the sum is the group's."""

    coverage: float
    maximum_kw: float
    maximum_at: datetime
    sum_of_maxima_kw: float
    coincidence: float | None
    """同时率: the group's maximum over the sum of its members' maxima."""
    diversity: float | None
    """分散系数: one over the coincidence."""
    members: Mapping[str, MemberPeak]


def coincidence(members: Mapping[str, Blocks]) -> Coincidence | None:
    """Return the coincidence of members over the same blocks; None where no block is known of all of them.

    Their sum is taken one after another: a category has thousands of members, and no second copy fits.
    """
    if not members:
        return None
    total = functools.reduce(np.add, (blocks.kw for blocks in members.values()))
    aligned = np.isfinite(total)
    if not aligned.any():
        return None
    starts_at = next(iter(members.values())).starts_at
    peak = int(np.where(aligned, total, -np.inf).argmax())
    peaks = {name: _member_peak(blocks, aligned, peak) for name, blocks in members.items()}
    summed, highest = math.fsum(one.maximum_kw for one in peaks.values()), float(total[peak])
    return Coincidence(
        coverage=float(aligned.mean()),
        maximum_kw=highest,
        maximum_at=from_numpy(starts_at[peak]),
        sum_of_maxima_kw=summed,
        coincidence=highest / summed if summed > 0 else None,
        diversity=summed / highest if highest > 0 else None,
        members=peaks,
    )


def _member_peak(blocks: Blocks, aligned: NDArray[np.bool_], peak: int) -> MemberPeak:
    """Return a member's maximum over the blocks that are known of all, and its power at the group's."""
    own = int(np.where(aligned, blocks.kw, -np.inf).argmax())
    maximum, then = float(blocks.kw[own]), float(blocks.kw[peak])
    return MemberPeak(
        maximum_kw=maximum,
        maximum_at=from_numpy(blocks.starts_at[own]),
        at_group_peak_kw=then,
        peak_coincidence=then / maximum if maximum > 0 else None,
    )
