"""What the analysis of a record may be told."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.waveform.events import USUAL, Thresholds
from analysis.waveform.spectrum import THD_ORDER


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """All may be left out."""

    declared_v: float | None = None
    """The declared voltage of every voltage channel; taken from the record where nobody tells it."""
    is_sliding: bool = False
    """Compare events with a reference that follows slow changes, as usual at medium and high voltage."""
    nominal_hz: float | None = None
    thd_order: int = THD_ORDER
    thresholds: Thresholds = USUAL
