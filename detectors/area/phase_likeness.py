"""How alike a meter's voltage moves to that of a phase: a partial correlation over some days."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from detectors.area.phase_voltages import PHASES, AreaVoltages, trailing

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
_RIDGE = 1e-9
"""Keeps a control that never moves from making the matrix singular."""


def likeness(voltages: AreaVoltages, chosen: Ints, other: AreaVoltages, days: tuple[int, float]) -> Floats:
    """Return the partial correlation of chosen channels with each phase of an area.

    What all phases of the area have in common (the network, the tap changer) is taken away from both sides,
    else everything would move with everything. Controlled for are the customer's own load, which moves his
    voltage too, and the spread along the line, by which those at its end move more.

    Args:
        voltages: The area of the channels.
        chosen: The channels.
        other: The area whose phases they are compared with; the same one for their own.
        days: So many days are looked at together; of their slots at least this share must be known.

    Returns:
        Shape (channels, phases, days of ``voltages``), by the last of the days; NaN where unknown.
    """
    together, share = days
    common = np.mean([other.in_common[phase] for phase in PHASES], axis=0)
    kw = voltages.kw[chosen]
    kw = np.where(np.isfinite(kw).any(axis=1, keepdims=True), kw, 0.0)
    shared = [
        *(other.in_common[phase] - common for phase in PHASES),
        *(other.spread[phase] for phase in PHASES),
    ]
    table = np.empty((len(chosen), 3 + len(shared), kw.shape[1]))
    table[:, 0], table[:, 1], table[:, -1] = voltages.percent[chosen] - common, kw, 1.0
    for place, column in enumerate(shared, start=2):
        table[:, place] = column
    known = np.isfinite(table.sum(axis=1))
    table.swapaxes(1, 2)[~known] = 0.0
    sums = trailing(_daily_products(table, voltages.edges), together)
    least = share * together * float(np.median(_lengths(voltages)))
    return np.stack([_partial(_of_phase(sums, place), least) for place in range(len(PHASES))], axis=1)


def _of_phase(sums: Floats, phase: int) -> Floats:
    """Return the products of one phase: own voltage, that of the phase, load, spread there and on all, 1."""
    size = sums.shape[1]
    picked = np.zeros((6, size))
    picked[0, 0] = picked[1, 2 + phase] = picked[2, 1] = picked[3, 5 + phase] = picked[5, -1] = 1.0
    picked[4, 5:8] = 1.0 / len(PHASES)
    products: Floats = np.moveaxis(picked @ np.moveaxis(sums, -1, 1) @ picked.T, 1, -1)
    return products


def _lengths(voltages: AreaVoltages) -> Ints:
    return np.diff(np.append(voltages.edges, voltages.percent.shape[1]))


def _daily_products(table: Floats, edges: Ints) -> Floats:
    """Return the sums of all products of the columns by day: shape (channels, columns, columns, days)."""
    ends = np.append(edges[1:], table.shape[-1])
    days = [table[..., first:end] for first, end in zip(edges, ends, strict=True)]
    return np.stack([part @ part.swapaxes(-1, -2) for part in days], axis=-1)


def _partial(sums: Floats, least: float) -> Floats:
    """Return the partial correlation of the first two columns given the others; the last one is constant."""
    moved = np.moveaxis(sums, -1, 1)
    count = moved[..., -1, -1]
    mean = moved[..., :-1, -1] / np.maximum(count, 1.0)[..., None]
    covariance = moved[..., :-1, :-1] - mean[..., :, None] * moved[..., -1, None, :-1]
    scale = np.sqrt(np.maximum(np.diagonal(covariance, axis1=-2, axis2=-1), 0.0))
    moves = scale > _RIDGE
    scale = np.where(moves, scale, 1.0)
    correlation = covariance / (scale[..., :, None] * scale[..., None, :])
    size = correlation.shape[-1]
    # A column that stands still controls for nothing: it is as if it were not there.
    still = np.where(moves, _RIDGE, 1.0)
    precision = np.linalg.inv(correlation + still[..., None] * np.eye(size))
    partial = -precision[..., 0, 1] / np.sqrt(precision[..., 0, 0] * precision[..., 1, 1])
    known = (count >= least) & moves[..., 0] & moves[..., 1]
    result: Floats = np.where(known, partial, np.nan)
    return result
