"""What a monthly report is about: the month, what was judged of it, and what the archive adds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from analysis.power_quality.catalogue import checks
from analysis.power_quality.consistency import Consistency
from analysis.power_quality.harmonic_readings import sound_readings
from analysis.power_quality.judgement import FOR_COMPARISON, Compliance, Judgement, binds, overall
from analysis.power_quality.point_month import Columns, PointMonth
from pipeline.quantities import Quantity
from pipeline.rectification import Rectification
from reports.power_quality.fingerprint import readings_fingerprint

OTHER_PART = 13
"""Where the judgements of a check stand that names no part of its own: beside causes and advice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Another month of the same point."""

    month: str
    """``2026-05``."""
    judgements: Sequence[Judgement]


def parts_of_checks() -> dict[str, int]:
    """Return in which part of the report each check of the catalogue stands."""
    return {name: check.part for name, check in checks.all().items()}


@dataclass(frozen=True, kw_only=True)
class MonthlyReport:
    """Everything that a report says comes from here; the clock and the archive are the caller's."""

    month: PointMonth
    judgements: Sequence[Judgement]
    made_at: datetime
    issuer: str = ""
    """Who gives the report: the utility, or the customer's own metering office."""
    query: str = ""
    """How the same readings are fetched again: a command, or SQL."""
    comparisons: Sequence[Comparison] = ()
    """The month before and the same month a year ago, whichever there are."""
    rectifications: Sequence[Rectification] = ()
    """Those of the point that are still open, and those closed in the month."""
    key_fingerprint: str = ""
    """Of the key that the report is signed with; empty where it is not signed."""
    for_comparison: tuple[str, ...] = FOR_COMPARISON
    """How standards begin that do not bind this supply: shown beside, no part in the month's verdict."""
    parts: Mapping[str, int] = field(default_factory=parts_of_checks)

    def in_part(self, part: int) -> list[Judgement]:
        """Return the judgements that stand in one part, in their order."""
        return [j for j in self.judgements if self.part_of(j) == part]

    def part_of(self, judgement: Judgement) -> int:
        """Return the number of the part in which a judgement stands."""
        return self.parts.get(judgement.check, OTHER_PART)

    def binds(self, judgement: Judgement) -> bool:
        """Tell whether a judgement has a part in the month's verdict: a standard limits it, and binds."""
        return binds(judgement, self.for_comparison)

    def compares(self, judgement: Judgement) -> bool:
        """Tell whether a judgement is by a standard that is shown for comparison only."""
        reference = judgement.reference
        return reference is not None and reference.standard.startswith(self.for_comparison)

    @property
    def verdict(self) -> Compliance:
        """What all judgements by standards that bind this supply come to."""
        return overall([j.verdict for j in self.judgements if self.binds(j)])

    @property
    def month_text(self) -> str:
        """The month as ``2026-06``."""
        return f"{self.month.month:%Y-%m}"

    @cached_property
    def sound(self) -> Consistency:
        """What of the readings may be judged, and so be shown beside a verdict."""
        return sound_readings(self.month)

    @cached_property
    def sound_values(self) -> dict[Quantity, Columns]:
        """The electrical values with NaN for what must not be judged."""
        columns = {quantity: self.sound.sound(quantity) for quantity in self.month.values}
        return {quantity: column for quantity, column in columns.items() if column is not None}

    @cached_property
    def readings_sha256(self) -> str:
        """The hash of all readings that were judged."""
        return readings_fingerprint(self.month)
