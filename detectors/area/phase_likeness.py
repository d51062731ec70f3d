"""How alike a meter's voltage moves to that of a phase: a partial correlation over some days."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations_with_replacement
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.area.phase_voltages import PHASES, AreaVoltages, trailing

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Ints = NDArray[np.intp]
OWN, OTHER, LOAD, SPREAD, SPREAD_OF_ALL, ONE = range(6)
"""The columns: the first two are compared, the others controlled for; the last one is constant."""
CONTROLS = (LOAD, SPREAD, SPREAD_OF_ALL)
_OF_ALL = (OTHER, SPREAD, SPREAD_OF_ALL, ONE)
"""Those that are the same for every channel."""


def _pairs_of(columns: int) -> list[tuple[int, int]]:
    return list(combinations_with_replacement(range(columns), 2))


_PAIRS = (
    *((_OF_ALL[a], _OF_ALL[b]) for a, b in _pairs_of(len(_OF_ALL))),
    *((OWN, other) for other in _OF_ALL),
    *((min(LOAD, other), max(LOAD, other)) for other in _OF_ALL),
    (OWN, OWN),
    (OWN, LOAD),
    (LOAD, LOAD),
)
"""The products that are summed, in their order."""
_COUNT = _PAIRS.index((ONE, ONE))
_RIDGE = 1e-5
"""Keeps controls that move as one from making noise of single precision into a finding."""
_STILL = 1e-3


class Asked(NamedTuple):
    """Channels of an area, and the phase that they are compared with: one of their own area or of another."""

    voltages: AreaVoltages
    chosen: Ints
    other: AreaVoltages
    phase: str


def likeness(asked: Sequence[Asked], days: int, known_share: float) -> list[Singles]:
    """Return the partial correlation of channels with a phase of an area, for each question.

    What all phases of the area have in common (the network, the tap changer) is taken away from both sides,
    else everything would move with everything. Controlled for are the customer's own load, which moves his
    voltage too, and the spread along the line, by which those at its end move more.

    Args:
        asked: The questions; together they cost little more than one.
        days: So many days are looked at together.
        known_share: Of their slots at least this share must be known.

    Returns:
        Shape (channels, days of ``voltages``) each, by the last of the days; NaN where unknown.
    """
    lengths = [len(one.voltages.percent) for one in asked]
    found: dict[int, Singles] = {
        place: np.empty((0, lengths[place]), np.float32)
        for place, one in enumerate(asked)
        if not len(one.chosen)
    }
    for length in set(lengths):
        alike = [place for place, own in enumerate(lengths) if own == length and place not in found]
        if not alike:
            continue
        by_day = np.concatenate([_daily_sums(asked[place]) for place in alike], axis=-1)
        sums: Singles = trailing(by_day, days, axis=1)
        hours = float(np.median(asked[alike[0]].voltages.hours.known))
        enough = sums[_COUNT] >= known_share * days * hours
        answers = np.where(enough, _partial(sums), np.nan).T
        ends = np.cumsum([len(asked[place].chosen) for place in alike])[:-1]
        found |= dict(zip(alike, np.split(answers, ends), strict=True))
    return [found[place] for place in range(len(asked))]


def _daily_sums(asked: Asked) -> Singles:
    """Return the sums of :data:`_PAIRS` by day, shape (sums, days, channels).

    Those of the shared columns are one matrix product a day for all channels.
    """
    voltages, chosen, other, phase = asked
    common = np.mean([other.in_common[name] for name in PHASES], axis=0)
    spread = np.mean([other.spread[name] for name in PHASES], axis=0)
    shared = np.stack([other.in_common[phase] - common, other.spread[phase], spread], axis=1)
    is_shared = np.asarray(np.isfinite(shared).all(axis=1))
    kw = np.take(voltages.kw, chosen, axis=-1)
    kw[:, :, ~np.isfinite(kw).any(axis=(0, 1))] = 0.0
    own = np.take(voltages.percent, chosen, axis=-1)
    own -= common[..., None]
    known = np.isfinite(own + kw)
    known &= is_shared[..., None]
    counted = known.astype(np.float32)
    return _daily_products(
        _centred(own, known, counted), _centred(kw, known, counted), _centred_shared(shared), counted
    )


def _centred(column: Singles, known: NDArray[np.bool_], counted: Singles) -> Singles:
    """Return a column around the mean of each channel, 0 where unknown: sums of squares keep their digits."""
    kept = np.where(known, column, np.float32(0.0))
    mean = _sum(kept) / np.maximum(_sum(counted), np.float32(1.0))
    kept -= mean
    kept *= counted
    return kept


def _sum(column: Singles) -> Singles:
    """Return the sum of each channel: a matrix product, several times as fast as adding up."""
    flat = column.reshape(-1, column.shape[-1])
    total: Singles = np.ones(len(flat), np.float32) @ flat
    return total


def _centred_shared(columns: Singles) -> Singles:
    """Do the same for columns of shape (days, columns, hours)."""
    told = np.isfinite(columns)
    level = np.where(told, columns, 0.0).sum(axis=(0, 2)) / np.maximum(told.sum(axis=(0, 2)), 1)
    centred: Singles = np.nan_to_num(columns - level[:, None]).astype(np.float32)
    return centred


def _daily_products(own: Singles, kw: Singles, shared: Singles, counted: Singles) -> Singles:
    of_all = np.concatenate([shared, np.ones_like(shared[:, :1])], axis=1)
    squares = np.stack([of_all[:, a] * of_all[:, b] for a, b in _pairs_of(len(_OF_ALL))], axis=1)
    sums = np.empty((len(_PAIRS), len(own), own.shape[-1]), np.float32)
    place = squares.shape[1]
    sums[:place] = np.moveaxis(squares @ counted, 1, 0)
    for values in (own, kw):
        sums[place : place + len(_OF_ALL)] = np.moveaxis(of_all @ values, 1, 0)
        place += len(_OF_ALL)
    for first, second in ((own, own), (own, kw), (kw, kw)):
        np.einsum("dhc,dhc->dc", first, second, out=sums[place])
        place += 1
    return sums


def _partial(sums: Singles) -> Singles:
    """Return the partial correlation of the first two columns given the others; the last one is constant."""
    of = {pair: np.ascontiguousarray(sums[place]) for place, pair in enumerate(_PAIRS)}
    count = np.maximum(of[ONE, ONE], np.float32(1.0))
    mean = [of[column, ONE] / count for column in range(ONE)]
    left = {(a, b): of[a, b] - mean[a] * of[b, ONE] for a, b in _pairs_of(ONE)}
    scale = [np.sqrt(np.maximum(left[n, n], np.float32(0.0))) for n in range(ONE)]
    moves = [own > _STILL for own in scale]
    # A column that stands still controls for nothing: it is as if it were not there.
    inverse = [
        np.divide(np.float32(1.0), own, out=np.zeros_like(own), where=is_moving)
        for own, is_moving in zip(scale, moves, strict=True)
    ]
    left = {(a, b): product * inverse[a] * inverse[b] for (a, b), product in left.items()}
    left |= {(n, n): np.where(moves[n], np.float32(1.0 + _RIDGE), np.float32(1.0)) for n in range(ONE)}
    for control in CONTROLS:
        rest = [n for n in range(ONE) if n not in CONTROLS or n > control]
        with_it = {n: left[min(n, control), max(n, control)] for n in rest}
        share = {n: column / left[control, control] for n, column in with_it.items()}
        for a, b in combinations_with_replacement(rest, 2):
            left[a, b] = left[a, b] - share[a] * with_it[b]
    # Of fewer hours than controls nothing is left, or less than that by rounding.
    square = left[OWN, OWN] * left[OTHER, OTHER]
    partial: Singles = np.full(square.shape, np.nan, np.float32)
    is_known = moves[OWN] & moves[OTHER] & (square > 0)
    np.divide(left[OWN, OTHER], np.sqrt(np.maximum(square, np.float32(0.0))), out=partial, where=is_known)
    return partial
