"""What a check says about a month: a verdict, the limit and clause it rests on, how sure it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from math import inf

from pipeline.model import Json


class Compliance(StrEnum):
    """The verdicts. That something cannot be decided is an answer, and no reproach to the supply."""

    COMPLIANT = "compliant"
    VIOLATING = "violating"
    NOT_DECIDABLE = "not decidable"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Where a limit stands, since when it holds, and whether the number was compared with the text itself."""

    standard: str
    edition: str
    clause: str
    effective_from: date
    source: str
    confirmed: bool

    @property
    def name(self) -> str:
        """The standard with its edition: ``GB/T 14549-1993``."""
        return f"{self.standard}-{self.edition}".rstrip("-")

    def __str__(self) -> str:
        """Return what a report quotes."""
        return f"{self.name} {self.clause}".strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a verdict is as it is: a key of ``pipeline/locale/power_quality`` and its parameters."""

    key: str
    parameters: Mapping[str, str | int | float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a verdict was reached from."""

    n: int = 0
    """Readings that were judged."""
    coverage: float = 0.0
    """Readings over those that the month should have, outages left out: 0 to 1."""
    rank: int | None = None
    """The 1-based rank of the ascending sort whose value was judged, where a probability value was."""
    phase: str | None = None
    """The worst phase or line: ``A``, ``AB``."""
    at: datetime | None = None
    """When the worst reading was taken."""
    if_missing_good: Compliance | None = None
    """The verdict if every missing reading had been harmless."""
    if_missing_bad: Compliance | None = None
    """The verdict if every missing reading had been over the limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One verdict of one check against one limit."""

    check: str
    """The check's name in the catalogue."""
    subject: str = ""
    """Which of the check's figures: an order (``h5``), ``thd``, a phase; empty where it has only one."""
    verdict: Compliance
    reference: Reference | None = None
    """None where no standard sets a limit."""
    value: float | None = None
    unit: str = ""
    limit: float | None = None
    """The final one, scaled and shared, in ``unit``."""
    low_limit: float | None = None
    """The lower end where the limit is a band; ``limit`` is the upper one."""
    formula: str = ""
    """How the limit came from the standard's number, with the numbers put in."""
    evidence: Evidence = field(default_factory=Evidence)
    reasons: Sequence[Reason] = ()
    figures: Mapping[str, Json] = field(default_factory=dict)
    """What else a report shows: ``max``, ``mean``, ``min``, tables for charts; times in ISO 8601."""


def excess(judgement: Judgement) -> float:
    """Return how far beyond its limit a figure is, on either side, as a share of it; below 0 it keeps it.

    Minus infinity without a figure or a limit.
    """
    value, high, low = judgement.value, judgement.limit, judgement.low_limit
    if value is None:
        return -inf
    sides = [(value - high) / abs(high)] if high else []
    sides += [(low - value) / abs(low)] if low else []
    return max(sides, default=-inf)


WORST_FIRST = (
    Compliance.VIOLATING,
    Compliance.NOT_DECIDABLE,
    Compliance.COMPLIANT,
    Compliance.NOT_APPLICABLE,
)


DECIDED = frozenset({Compliance.COMPLIANT, Compliance.VIOLATING})
"""The verdicts that say something of the supply."""

FOR_COMPARISON = ("EN ", "IEEE ", "IEC ")
"""How standards begin that bind no supply in China: shown beside the binding ones."""


def binds(judgement: Judgement, for_comparison: tuple[str, ...] = FOR_COMPARISON) -> bool:
    """Tell whether a judgement has a part in a month's verdict: a standard limits it, and binds."""
    return judgement.reference is not None and not judgement.reference.standard.startswith(for_comparison)


def overall(verdicts: Sequence[Compliance]) -> Compliance:
    """Return what many verdicts come to: one violation violates, one open question leaves it open."""
    return next((v for v in WORST_FIRST if v in verdicts), Compliance.NOT_APPLICABLE)
