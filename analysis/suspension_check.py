"""What a suspension's load came to (暂停期间最大负荷): kept, drawing all the same, or restored early."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pipeline.contracts import Suspension
from pipeline.model import Verdict


class Outcome(StrEnum):
    """How a suspension was kept."""

    KEPT = "kept"
    DRAWING = "drawing"
    """暂停期间用电: load above the limit while the equipment should rest."""
    RESTORED_EARLY = "restored_early"
    """提前恢复: kept at first, then in service to the end, before the end that was agreed."""
    UNKNOWN = "unknown"
    NO_METER = "no_meter"
    """The archive does not say whose readings to look at."""
    NOT_BEGUN = "not_begun"


@dataclass(frozen=True, slots=True, kw_only=True)
class SuspensionCheck:
    """One suspension and what was drawn in it, on the primary side."""

    suspension: Suspension
    outcome: Outcome
    limit: float | None = None
    unit: str = "kW"
    """Of the limit: kW, or kVA for a capacity that still runs."""
    max_kw: float | None = None
    """The highest mean of 15 minutes, of actual values."""
    max_at: datetime | None = None
    kwh: float | None = None
    """All known energy inside."""
    first_above: datetime | None = None
    days_above: int = 0
    days_unknown: int = 0
    days: int = 0
    """That were judged."""
    uncovered: Sequence[tuple[datetime, datetime]] = ()
    """Parts of the suspension, as far as it has passed, that the data do not reach."""


def outcome_of(suspension: Suspension, days: Sequence[Verdict], first_above: datetime | None) -> Outcome:
    """Return how a suspension was kept, from its local days in order.

    Restored early is a customer who kept it on some days and then drew on all that follow; or whose units
    were unsealed (启封) before load began, while the suspension still ran.
    """
    if first_above is not None:
        unsealed = suspension.unsealed_at
        if unsealed is not None and unsealed <= first_above:
            return Outcome.RESTORED_EARLY
        known = [day for day in days if day is not Verdict.UNKNOWN]
        kept = known.index(Verdict.ABNORMAL) if Verdict.ABNORMAL in known else 0
        tail = known[kept:]
        in_service = len(tail) > 1 and all(day is Verdict.ABNORMAL for day in tail)
        return Outcome.RESTORED_EARLY if kept and in_service else Outcome.DRAWING
    if not days or Verdict.UNKNOWN in days:
        return Outcome.UNKNOWN
    return Outcome.KEPT
