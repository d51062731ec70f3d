"""Technical loss of an area (理论线损): a fixed part, and one that grows with the square of the load."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from pipeline.archive_records import Transformer

Floats = NDArray[np.float64]
MINUTES_PER_HOUR = 60.0
_NOTHING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class TechnicalLoss:
    """Loss of a slot that takes ``E`` kWh: ``fixed_kwh + per_square * E**2``.

    The fixed part is iron (空载损耗), meters and insulation; the other that of windings and lines, whose
    current goes with the energy as long as voltage and power factor stay.
    """

    fixed_kwh: float
    per_square: float
    """kWh lost for each (kWh of a slot) squared."""

    def at(self, supplied_kwh: Floats) -> Floats:
        """Return the loss of slots, kWh; NaN where the supply is unknown."""
        loss: Floats = self.fixed_kwh + self.per_square * supplied_kwh**2
        return loss

    def plus(self, other: TechnicalLoss) -> TechnicalLoss:
        """Return two losses of the same slots together."""
        return TechnicalLoss(
            fixed_kwh=self.fixed_kwh + other.fixed_kwh, per_square=self.per_square + other.per_square
        )


NO_LOSS = TechnicalLoss(fixed_kwh=0.0, per_square=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformerRating:
    """Guaranteed losses of one size of transformer."""

    capacity_kva: float
    no_load_w: float
    load_w: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformerTable:
    """The sizes that are known, the power factor to assume, and where both come from."""

    ratings: tuple[TransformerRating, ...]
    power_factor: float
    source: str

    def rating_of(self, capacity_kva: float) -> TransformerRating | None:
        """Return the losses of a size; None for one that the table lacks."""
        return next((rating for rating in self.ratings if rating.capacity_kva == capacity_kva), None)


def learnt_loss(supplied_kwh: Floats, loss_kwh: Floats, known: TechnicalLoss = NO_LOSS) -> TechnicalLoss:
    """Return the technical loss that an area's own slots show, no less than what is ``known`` of it.

    Args:
        supplied_kwh: Net supply of each slot, NaN where unknown.
        loss_kwh: What was lost in it. Whatever was always lost so counts as technical.
        known: What the transformer takes by its table; the slots tell only the rest, that of the lines.
    """
    usable = np.isfinite(supplied_kwh) & np.isfinite(loss_kwh)
    if not usable.any():
        return known
    rest = loss_kwh[usable] - known.at(supplied_kwh[usable])
    columns = np.stack([np.ones(int(usable.sum())), supplied_kwh[usable] ** 2], axis=1)
    scale = np.maximum(np.abs(columns).max(axis=0), _NOTHING)
    fixed, square = (nnls(columns / scale, rest)[0] / scale).tolist()
    return known.plus(TechnicalLoss(fixed_kwh=fixed, per_square=square))


def transformer_loss(units: Sequence[Transformer], minutes: int) -> TechnicalLoss | None:
    """Return what transformers in parallel lose in slots of so many minutes; None if one's are unknown.

    P0 h + Pk (S / Sn)^2 h of the units together, with S = E / (h cos phi) spread by their size: no-load and
    load losses of the plates (铭牌) as filed, else of the size out of ``data/transformer_losses.toml``; with
    the power factor assumed there.
    """
    ratings = [rating_of(unit) for unit in units]
    found = [rating for rating in ratings if rating is not None]
    if not found or len(found) < len(ratings):
        return None
    hours = minutes / MINUTES_PER_HOUR
    capacity = sum(rating.capacity_kva for rating in found)
    no_load_kw = sum(rating.no_load_w for rating in found) / 1000.0
    load_kw = sum(rating.load_w for rating in found) / 1000.0
    return TechnicalLoss(
        fixed_kwh=no_load_kw * hours,
        per_square=load_kw / (capacity * transformer_table().power_factor) ** 2 / hours,
    )


def rating_of(unit: Transformer) -> TransformerRating | None:
    """Return the losses of a unit; None where its size or one of them is neither filed nor in the table."""
    if unit.capacity_kva is None:
        return None
    by_size = transformer_table().rating_of(unit.capacity_kva)
    no_load_w = _watts(unit.no_load_loss_kw, None if by_size is None else by_size.no_load_w)
    load_w = _watts(unit.load_loss_kw, None if by_size is None else by_size.load_w)
    if no_load_w is None or load_w is None:
        return None
    return TransformerRating(capacity_kva=unit.capacity_kva, no_load_w=no_load_w, load_w=load_w)


def _watts(filed_kw: float | None, by_size_w: float | None) -> float | None:
    return by_size_w if filed_kw is None else 1000.0 * filed_kw


def has_plate(unit: Transformer) -> bool:
    """Whether both losses of a unit are filed, so that the table tells nothing of it."""
    return unit.no_load_loss_kw is not None and unit.load_loss_kw is not None


@cache
def transformer_table() -> TransformerTable:
    """Return the losses that belong to the package."""
    text = files("analysis").joinpath("data", "transformer_losses.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    return TransformerTable(
        ratings=tuple(TransformerRating(**row) for row in table["rating"]),
        power_factor=table["power_factor"],
        source=f"{table['standard']}-{table['edition']}, {table['clause']}: {table['source']}",
    )
