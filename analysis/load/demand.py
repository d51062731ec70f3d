"""Maximum demand (最大需量) by block, by sliding window and by register."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.load.blocks import Peak, demand_blocks, sliding_demand
from pipeline.block import Times
from pipeline.timegrid import from_numpy

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterReadings:
    """What a demand register showed: columns of equal length, primary side."""

    kw: Floats
    at: Times
    """When the register says that the demand was; NaT where that was not read."""
    taken_at: Times
    """When it was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandStatistics:
    """The maximum demand of import, as a demand register counts it: what flows back is not taken off."""

    coverage: float
    block: Peak | None
    """The highest block of 15 minutes, or of a slot where slots are longer."""
    block_minutes: int
    sliding: Peak | None
    """The highest 15 minutes that begin with any slot; None where slots are longer than 5 minutes."""
    sliding_coverage: float | None
    register: Peak | None
    """The highest demand that the meter's register timed within the span; its time is the meter's own."""
    register_over_block: float | None
    """The register's demand over that of the blocks: 1 where both agree."""
    register_is_whole: bool | None
    """Whether it was read when the span was over: else what came later is not in it."""

    @property
    def billed(self) -> tuple[str, Peak] | None:
        """What a contract is compared with, and what it is: the register where it saw the whole span.

        Of a register that was read before the span was over and of the blocks the higher one counts.
        """
        block = None if self.block is None else ("block", self.block)
        if self.register is None:
            return block
        is_higher = self.block is None or self.register.kw >= self.block.kw
        return ("register", self.register) if is_higher or self.register_is_whole else block


def demand_statistics(
    import_kwh: Floats,
    starts_at: Times,
    minutes: int,
    register: RegisterReadings | None,
    quality: NDArray[np.str_] | None = None,
) -> DemandStatistics:
    """Return the maximum demand of slots that fill a span, beside what the register told of it.

    ``quality`` is a letter a slot: a maximum may be of an estimated one.

    Raises:
        DataError: If 15 minutes are no multiple of shorter slots.
    """
    blocks = demand_blocks(import_kwh, starts_at, minutes, quality)
    sliding = sliding_demand(import_kwh, starts_at, minutes, quality)
    end = starts_at[-1] + np.timedelta64(minutes, "m")
    inside = None if register is None else _within(register, starts_at[0], end)
    shown = None if inside is None else _register_peak(inside)
    highest = blocks.highest
    comparable = shown is not None and highest is not None and highest.kw > 0
    return DemandStatistics(
        coverage=blocks.coverage,
        block=highest,
        block_minutes=blocks.minutes,
        sliding=None if sliding is None else sliding.highest,
        sliding_coverage=None if sliding is None else sliding.coverage,
        register=shown,
        register_over_block=shown.kw / highest.kw if comparable and shown and highest else None,
        register_is_whole=None if inside is None else bool((inside.taken_at >= end).any()),
    )


def _within(
    register: RegisterReadings, starts_at: np.datetime64, ends_at: np.datetime64
) -> RegisterReadings | None:
    """Return the readings of demands of the span; None where there is none.

    A register tells when a demand ended: what ended as the span begins is the last one before it.
    """
    inside = (register.at > starts_at) & (register.at <= ends_at) & np.isfinite(register.kw)
    if not inside.any():
        return None
    return RegisterReadings(
        kw=register.kw[inside], at=register.at[inside], taken_at=register.taken_at[inside]
    )


def _register_peak(register: RegisterReadings) -> Peak:
    """Return the highest demand, the first of equal ones."""
    place = int(register.kw.argmax())
    return Peak(kw=float(register.kw[place]), at=from_numpy(register.at[place]))
