"""Coincidence (同时率) of a group: how far its members peak together, and what each draws at its peak."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np

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
    """Return the coincidence of members over the same blocks; None where no block is known of all of them."""
    if not members:
        return None
    kw = np.stack([blocks.kw for blocks in members.values()])
    starts_at = next(iter(members.values())).starts_at
    aligned = np.isfinite(kw).all(axis=0)
    if not aligned.any():
        return None
    kw, at = kw[:, aligned], starts_at[aligned]
    total = kw.sum(axis=0)
    peak = int(total.argmax())
    own = [int(place) for place in kw.argmax(axis=1)]
    maxima = kw[np.arange(len(kw)), own]
    summed, highest = float(maxima.sum()), float(total[peak])
    return Coincidence(
        coverage=float(aligned.mean()),
        maximum_kw=highest,
        maximum_at=from_numpy(at[peak]),
        sum_of_maxima_kw=summed,
        coincidence=highest / summed if summed > 0 else None,
        diversity=summed / highest if highest > 0 else None,
        members={
            name: MemberPeak(
                maximum_kw=float(maxima[row]),
                maximum_at=from_numpy(at[own[row]]),
                at_group_peak_kw=float(kw[row, peak]),
                peak_coincidence=float(kw[row, peak] / maxima[row]) if maxima[row] > 0 else None,
            )
            for row, name in enumerate(members)
        },
    )
