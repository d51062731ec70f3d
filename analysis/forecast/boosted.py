"""Gradient-boosted trees (LightGBM, extra ``ml``) on lags and calendar, in place of the blend's weights.

One model a call, for all meters that are handed in, each in units of its own level; the median is learnt, and
what past days would have been told is told by trees that have not seen their weeks. So its errors, and with
them P10 and P90, are those of forecasts and not of a fit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.forecast.blend import WEEK, Blended, blended_ways
from analysis.forecast.history import Part
from analysis.forecast.quantiles import level_of
from pipeline.errors import MissingPartError

Floats = NDArray[np.float64]
Features = NDArray[np.float32]
"""Half the memory, and digits enough for where a tree parts."""
LEARNT_ROWS: Final = 91
"""Days that trees are grown on: three months."""
FOLDS: Final = 4
"""Every fourth week is left out in turn."""
LAST_HOURS: Final = 2
NEIGHBOURS: Final = (-2, -1, 1, 2)
"""Slots before and after, of the blend."""
ROUNDS: Final = 80
MOST_SAMPLES: Final = 400_000
"""Slots that one model is grown on; of more meters' slots every n-th is taken."""
PARAMETERS: Final[dict[str, object]] = {
    "objective": "quantile",
    "alpha": 0.5,
    "learning_rate": 0.05,
    "num_leaves": 15,
    "min_data_in_leaf": 40,
    "feature_fraction": 0.7,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    # The same data give the same trees; two threads beside another busy process take fifty times as long.
    "seed": 1,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbosity": -1,
}


def boost(kwh: Floats, parts: Sequence[Part], lead: int, learnt: int) -> Blended:
    """Return the median for the day ``lead`` days ahead, and for past days from as far ahead.

    Takes and gives what :func:`analysis.forecast.blend.blend` does.

    Raises:
        MissingPartError: If LightGBM is not installed.
    """
    said, ways = blended_ways(kwh, parts, lead, max(learnt, LEARNT_ROWS))
    level = level_of(kwh[:, -learnt:])
    unit = np.where(level > 0.0, level, 1.0)[:, None, None]
    features = _features(kwh / unit, parts, said.rows, lead, np.concatenate([ways, said.kwh[None]]) / unit)
    target = kwh[:, said.rows[:-1]] / unit
    expected = np.where(np.isfinite(said.kwh), _told(features, target) * unit, np.nan)
    return Blended(rows=said.rows, kwh=expected)


def _told(features: Features, target: Floats) -> Floats:
    """Return what trees tell of every row, shape (meters, rows, slots); of past ones, trees without them.

    Args:
        features: Shape (meters, rows, slots, features); the last row is to come.
        target: The rows that are over.
    """
    past = target.shape[1]
    fold = np.arange(past) // WEEK % FOLDS
    told = np.empty(features.shape[:3])
    for number in np.unique(fold).tolist():
        others = fold != number if (fold != number).any() else fold == number
        rows = np.flatnonzero(fold == number)
        told[:, rows] = _grown(features[:, :-1][:, others], target[:, others])(features[:, rows])
    told[:, -1:] = _grown(features[:, :-1], target)(features[:, -1:])
    return told


def _grown(features: Features, target: Floats) -> Callable[[Features], Floats]:
    """Return trees grown on what is known of some rows, as what tells others."""
    try:
        import lightgbm  # noqa: PLC0415 - only the extra has it
    except ImportError as error:
        raise MissingPartError(
            "the model lightgbm needs LightGBM: pip install 'kilowatch[ml]', or take the model blend"
        ) from error
    known = np.flatnonzero(np.isfinite(target))
    if not len(known):
        return lambda others: np.full(others.shape[:3], np.nan)
    taken = known[:: -(-len(known) // MOST_SAMPLES)]
    flat = features.reshape(-1, features.shape[-1])[taken]
    samples = lightgbm.Dataset(flat, target.reshape(-1)[taken], params=PARAMETERS)
    trees = lightgbm.train(PARAMETERS, samples, num_boost_round=ROUNDS)

    def told(others: Features) -> Floats:
        values = np.asarray(trees.predict(others.reshape(-1, others.shape[-1]), num_threads=1))
        return values.reshape(others.shape[:3])

    return told


def _features(
    kwh: Floats, parts: Sequence[Part], rows: NDArray[np.int64], lead: int, said: Floats
) -> Features:
    """Return what trees look at, shape (meters, rows, slots, features): nothing after a row's origin.

    Args:
        kwh: The past in units of each meter's level.
        parts: The slots by the date on which they lie.
        rows: The days.
        lead: How far ahead they are asked for.
        said: What the ways and their blend say of them, shape (ways, meters, rows, slots).
    """
    last = rows - lead
    yesterday = kwh[:, last]
    shape = yesterday.shape
    known = np.isfinite(yesterday)
    mean = np.where(known, yesterday, 0.0).sum(axis=2, keepdims=True) / np.maximum(
        known.sum(axis=2, keepdims=True), 1
    )
    hours = max(LAST_HOURS * shape[2] // 24, 1)
    kinds = np.empty(shape[1:])
    for part in parts:
        kinds[:, part.slots] = part.kinds[rows][:, None]
    columns: Sequence[Floats | NDArray[np.int64]] = [
        *said,
        *(kwh[:, np.maximum(last - back, 0)] for back in range(WEEK)),
        *(np.roll(said[-1], apart, axis=2) for apart in NEIGHBOURS),
        np.broadcast_to(mean, shape),
        np.broadcast_to(yesterday[:, :, -hours:].mean(axis=2, keepdims=True), shape),
        np.broadcast_to(np.arange(shape[2]), shape),
        np.broadcast_to(kinds, shape),
    ]
    return np.stack([column.astype(np.float32) for column in columns], axis=-1)
