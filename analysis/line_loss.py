"""Line loss of an area or feeder (台区、线路线损) by local day, in words: what comes in, goes out, is lost.

    loss = energy in - energy out; rate (线损率) = loss / energy in
    energy in  = what supply meters bring (供电量) + what members feed in (上网电量)
    energy out = what members draw (用电量) + what flows back through supply meters
    unexplained loss = loss - technical loss (fixed part + part with the square of the load)

The balance, its completeness and the usual loss are those of the detector D26 (:mod:`analysis.area_days`,
:mod:`analysis.loss_days`). The rate's denominator with generation is practice, to be confirmed by the
utility's own rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from analysis.loss_rise import Rise, RiseNumbers
from analysis.loss_suspects import Suspect
from analysis.technical_loss import TechnicalLoss


class LossVerdict(StrEnum):
    """What is said of an area's day or month."""

    NORMAL = "normal"
    RISES = "rises"
    """Above the area's own usual loss."""
    HIGH = "high"
    """Above what is called high (高损) anywhere."""
    NEGATIVE = "negative"
    """More metered than came in (负损)."""
    UNKNOWN = "unknown"


class WhyUnknown(StrEnum):
    """Why a day cannot be judged."""

    SUPPLY_MISSING = "supply_missing"
    MEMBERS_MISSING = "members_missing"
    MEMBER_NEVER_READ = "member_never_read"
    """A missing member was not known on any day before: nothing stands in for it."""
    MEMBER_MOVED = "member_moved"
    NOTHING_SUPPLIED = "nothing_supplied"


class TransformerPart(StrEnum):
    """How an area's transformer comes into the technical loss."""

    BEFORE_METER = "before_meter"
    """The supply meter is on the low-voltage side, or nobody filed that it is not: no part of the balance."""
    BY_PLATE = "by_plate"
    """With the losses that are filed of every unit."""
    BY_TABLE = "by_table"
    """At least one loss is that of the unit's size in the table."""
    UNKNOWN_SIZE = "unknown_size"
    """Behind the supply meter, of a size that is not filed or not in the table: learnt with the rest."""
    NOT_FILED = "not_filed"
    """No unit of the area is filed that was in service at the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineLossNumbers:
    """The numbers of the statistics; the defaults are those of D26."""

    completeness_percent: float = 95.0
    whole_coverage: float = 0.98
    mads: float = 3.0
    floor_points: float = 0.5
    high_percent: float = 10.0
    negative_percent: float = -1.0
    settle_days: int = 2
    fewest_days: int = 7
    most_days: int = 28
    """Days before that tell what is usual, at most; and those that changes are compared with."""
    judged_days: int = 21
    """Looked at together where no rise tells since when."""
    rise: RiseNumbers = field(default_factory=RiseNumbers)


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaDay:
    """One local day of an area; energies in kWh, None where not known."""

    day: date
    verdict: LossVerdict
    why: WhyUnknown | None
    energy_in_kwh: float | None
    energy_out_kwh: float | None
    """With missing members on a mean day: see ``filled_kwh``."""
    fed_in_kwh: float
    """Of the energy in, what members feed in."""
    filled_kwh: float | None
    """Of the energy out, what stands in for missing members, their mean day so far, and for missing slots."""
    filled_in_kwh: float | None = None
    """Of the energy in, what stands in for missing slots of the supply."""
    loss_kwh: float | None
    loss_percent: float | None
    technical_kwh: float | None
    unexplained_kwh: float | None
    usual_percent: float | None
    limit_percent: float | None
    members: int
    known: int
    """Members with a whole day."""
    by_register: int
    """Of them, by their registers at the ends of the day."""
    slot_coverage: float
    """Share of the slots of supply and members that are actual."""
    missing: tuple[str, ...]
    """Service points of members without a whole day."""
    missing_supplies: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaLoss:
    """The line loss of one area over some days."""

    area: str
    days: Sequence[AreaDay]
    technical: TechnicalLoss
    """Of one slot."""
    transformer: TechnicalLoss
    """Of it, what the transformer takes by its table; nothing where it lies before the supply meter."""
    transformer_part: TransformerPart
    learnt_days: int
    """Days that the technical loss is learnt from."""
    rise: Rise | None
    judged_from: date | None
    """Since when the suspects are judged: the rise, else some weeks back; None where too little is known."""
    suspects: Sequence[Suspect]

    @property
    def risen_on(self) -> date | None:
        """Return since when the loss is higher than before."""
        return self.days[self.rise.first].day if self.rise is not None else None
