"""Honest figures of detection (评价指标): average precision, precision at k, the bound of a rate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from pipeline.errors import DataError

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def average_precision(scores: Floats, true: Bools) -> float:
    """Return average precision (PR-AUC), of which chance gives the prevalence.

    AP = sum over the distinct scores of (recall gained) x (precision there): equal scores are one step, so
    the order of the rows changes nothing. A score that is NaN ranks last.

    Raises:
        DataError: If nothing is true: there is no recall then.
    """
    if not true.any():
        raise DataError("average precision wants at least one true row")
    ranked, hits = _ranked(scores, true)
    found = np.cumsum(hits)
    # A step ends where the next score is another one.
    ends = np.append(np.flatnonzero(np.diff(ranked) != 0.0), len(ranked) - 1)
    precision = found[ends] / (ends + 1.0)
    gained = np.diff(found[ends], prepend=0.0) / found[-1]
    return float(np.sum(gained * precision))


def precision_at(k: int, scores: Floats, true: Bools) -> float:
    """Return the share of true rows among the ``k`` highest scores; equal scores share the last place."""
    ranked, hits = _ranked(scores, true)
    last = ranked[k - 1]
    surely = ranked > last
    tied = ranked == last
    places = k - int(surely.sum())
    return float((hits[surely].sum() + places * hits[tied].mean()) / k)


def poisson_upper(events: int, exposure: float, confidence: float = 0.95) -> float:
    """Return the exact one-sided upper bound of a Poisson rate, events an exposure (Garwood, 1936).

    Raises:
        DataError: If there was no exposure: nothing is known of the rate then.
    """
    if exposure <= 0.0:
        raise DataError(f"a rate wants some exposure, not {exposure}")
    return float(chi2.ppf(confidence, 2 * events + 2) / 2.0 / exposure)


def _ranked(scores: Floats, true: Bools) -> tuple[Floats, Floats]:
    """Return scores, the highest first, and hits as 0 and 1 beside them."""
    usable = np.where(np.isnan(scores), -np.inf, scores)
    # Infinities cannot be told apart by their difference: ranks can.
    _, place = np.unique(usable, return_inverse=True)
    order = np.argsort(-place, kind="stable")
    return place[order].astype(np.float64), true[order].astype(np.float64)
