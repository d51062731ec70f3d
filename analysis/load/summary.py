"""Every load statistic (负荷统计) of one subject over one span, and what each missing one would need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from analysis.load.advice import Advice
from analysis.load.advices import Basis, advices
from analysis.load.blocks import Blocks, demand_blocks
from analysis.load.coincidence import Coincidence, coincidence
from analysis.load.contract import ContractMargin, ContractStretch, tightest_margin
from analysis.load.curve import CurveStatistics, curve_statistics
from analysis.load.demand import DemandStatistics, RegisterReadings, demand_statistics
from analysis.load.levels import LoadLevels
from analysis.load.phases import PhaseUnbalance, phase_unbalance
from analysis.load.problems import LoadProblem
from analysis.load.reactive import SpanPowerFactor, span_power_factor
from analysis.load.shape_of import LoadShape, load_shape
from analysis.load.shapes import shape_classes
from analysis.load.tariff_shares import TariffShares, tariff_shares
from analysis.load.transformer import TransformerLoading, transformer_loading
from pipeline.block import Times
from pipeline.contracts import Contract
from pipeline.load_wants import Want
from pipeline.registry import in_force
from pipeline.tariff import Tariff

Floats = NDArray[np.float64]


class SubjectKind(StrEnum):
    """Of what load is told."""

    METER = "meter"
    SERVICE_POINT = "service_point"
    AREA = "area"
    CATEGORY = "category"
    TOTAL = "total"
    """总加组."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The energies of a subject in the slots that fill a span, primary side, NaN where missing."""

    kind: SubjectKind
    name: str
    zone: ZoneInfo
    starts_at: Times
    minutes: int
    import_kwh: Floats
    quality: NDArray[np.str_]
    """A letter a slot; ``A`` is actual."""
    export_kwh: Floats | None = None
    """None where nothing that flows back is counted."""
    lagging_kvarh: Floats | None = None
    leading_kvarh: Floats | None = None

    @property
    def net_kwh(self) -> Floats:
        """Import less export."""
        return self.import_kwh if self.export_kwh is None else self.import_kwh - self.export_kwh

    @property
    def net_blocks(self) -> Blocks:
        """Mean net power of blocks of 15 minutes."""
        return demand_blocks(self.net_kwh, self.starts_at, self.minutes, self.quality)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFacts:
    """Who a group is, and what is known of them: a slot of its curve is known where all of theirs are."""

    members: Mapping[str, Blocks]
    """Their net blocks; nothing while one does not belong to the group."""
    absent: Mapping[str, float]
    """Coverage of members of which too little is known: they are in no figure."""
    stays: Mapping[str, Sequence[tuple[datetime, datetime]]]
    """Of members that belong to it for parts of the span."""
    import_kwh: float
    """The sum of all their known slots."""
    export_kwh: float | None
    coverage: float
    """Of these energies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What else is known of a subject."""

    contract: Contract | None = None
    """The one in force as the span ends."""
    contracts: Sequence[ContractStretch] = ()
    """Those of the span, one after another."""
    tariffs: Sequence[Tariff] = ()
    """All versions of the contract's tariff, oldest first."""
    capacity_kva: Floats | None = None
    """Of its transformers that run in each slot; NaN where none does."""
    supplied: Subject | None = None
    """What the transformers of an area carry: its supply meters; None where not all of them are known."""
    temperatures: Mapping[date, float] = field(default_factory=dict)
    """Mean outdoor temperature of local days."""
    shape_before: str | None = None
    """The class of load shape of the last month."""
    suspended: NDArray[np.bool_] | None = None
    """Slots within a suspension (暂停): they say nothing of how it usually draws."""
    supplies_area: bool = False
    """It feeds an area, and draws what all the customers there do: no shape is its own."""
    register: RegisterReadings | None = None
    phases_kw: Floats | None = None
    """Active power of the phases at the slots' starts, shape (3, slots), primary side."""
    group: GroupFacts | None = None
    problems: Sequence[LoadProblem] = ()
    wants: Mapping[str, Want] = field(default_factory=dict)
    """By section: the entry of the archive or the column that it would need."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadSummary:
    """The statistics of one subject; a section that cannot be told is None, and ``wants`` says why."""

    kind: SubjectKind
    name: str
    starts_at: datetime
    ends_at: datetime
    zone: str
    slot_minutes: int
    actual_share: float
    """Share of the span's slots that were measured as such; the other known ones are estimated."""
    curve: CurveStatistics
    """Of net power: import less export."""
    import_kwh: float | None
    """Of the known slots; of a group the sum of its members' known slots, where the curve lacks some too."""
    export_kwh: float | None
    energy_coverage: float
    """Of these energies."""
    demand: DemandStatistics
    contract: ContractMargin | None
    power_factor: SpanPowerFactor | None
    tariff: TariffShares | None
    transformer: TransformerLoading | None
    phases: PhaseUnbalance | None
    shape: LoadShape | None
    supplies_area: bool
    """It feeds an area: no customer, and without a shape."""
    coincidence: Coincidence | None
    advice: Sequence[Advice]
    members: Sequence[str]
    absent: Mapping[str, float]
    """Coverage of members that are in no figure."""
    stays: Mapping[str, Sequence[tuple[datetime, datetime]]]
    """When those belonged to the group that did not all the time."""
    problems: Sequence[LoadProblem]
    """What is odd about the energies."""
    wants: Mapping[str, Want]


def summarise(
    subject: Subject, facts: Facts, span: tuple[datetime, datetime], levels: LoadLevels
) -> LoadSummary:
    """Return the statistics of a subject whose slots fill ``span``.

    Raises:
        DataError: If its slots do not fill blocks of 15 minutes or are not aligned with local days.
    """
    demand = demand_statistics(
        subject.import_kwh, subject.starts_at, subject.minutes, facts.register, subject.quality
    )
    contract = tightest_margin(
        subject.import_kwh,
        subject.starts_at,
        subject.minutes,
        quality=subject.quality,
        register=facts.register,
        stretches=facts.contracts,
        levels=levels.contract_demand,
    )
    power_factor = span_power_factor(
        subject.import_kwh, subject.lagging_kvarh, subject.leading_kvarh, facts.contract
    )
    tariff = tariff_shares(
        subject.import_kwh, subject.starts_at, subject.minutes, subject.zone, facts.tariffs
    )
    carried = facts.supplied if subject.kind is SubjectKind.AREA else subject
    transformer = None if carried is None else _transformer(carried, facts, levels)
    phases = (
        None
        if facts.phases_kw is None
        else phase_unbalance(facts.phases_kw, subject.starts_at, levels.phase_unbalance)
    )
    group = facts.group
    begun = [t for t in facts.tariffs if t.starts_at is None or t.starts_at < span[1]]
    basis = _basis(subject, facts, span, demand=demand, power_factor=power_factor, shares=tariff)
    sections = {
        "contract": contract,
        "double_kw": None if contract is None else contract.double_kw,
        "tariff": tariff,
        "power_factor": power_factor,
        "transformer": transformer,
        "phases": phases,
        "register": demand.register,
        "standard": None if power_factor is None else power_factor.standard,
    }
    return LoadSummary(
        kind=subject.kind,
        name=subject.name,
        starts_at=span[0],
        ends_at=span[1],
        zone=subject.zone.key,
        slot_minutes=subject.minutes,
        actual_share=float((subject.quality == "A").mean()),
        curve=curve_statistics(subject.net_blocks, subject.zone),
        import_kwh=_sum(subject.import_kwh) if group is None else group.import_kwh,
        export_kwh=_exported(subject) if group is None else group.export_kwh,
        energy_coverage=float(np.isfinite(subject.import_kwh).mean()) if group is None else group.coverage,
        demand=demand,
        contract=contract,
        power_factor=power_factor,
        tariff=tariff,
        transformer=transformer,
        phases=phases,
        shape=None if facts.supplies_area else _shape(subject, facts, begun[-1] if begun else None),
        supplies_area=facts.supplies_area,
        coincidence=coincidence(group.members) if group is not None and len(group.members) > 1 else None,
        advice=list(advices(basis, levels.advice)) if basis is not None else [],
        members=[] if group is None else list(group.members),
        absent={} if group is None else group.absent,
        stays={} if group is None else group.stays,
        problems=list(facts.problems),
        wants={name: entry for name, entry in facts.wants.items() if sections.get(name) is None},
    )


def _shape(subject: Subject, facts: Facts, tariff: Tariff | None) -> LoadShape | None:
    """Return the class of the curve outside of suspensions."""
    net_kwh = subject.net_kwh
    return load_shape(
        net_kwh if facts.suspended is None else np.where(facts.suspended, np.nan, net_kwh),
        subject.starts_at,
        subject.minutes,
        subject.zone,
        shape_classes(),
        tariff=tariff,
        temperatures=facts.temperatures,
        before=facts.shape_before,
    )


def _basis(  # noqa: PLR0913 - what advice is worked out of
    subject: Subject,
    facts: Facts,
    span: tuple[datetime, datetime],
    *,
    demand: DemandStatistics,
    power_factor: SpanPowerFactor | None,
    shares: TariffShares | None,
) -> Basis | None:
    """Return what advice is worked out of; None for whom no contract is filed."""
    if facts.contract is None:
        return None
    in_time = [t for t in facts.tariffs if in_force(t.starts_at, t.ends_at, span[0])]
    return Basis(
        import_kwh=subject.import_kwh,
        starts_at=subject.starts_at,
        minutes=subject.minutes,
        zone=subject.zone,
        span=span,
        contract=facts.contract,
        tariff=in_time[-1] if in_time else None,
        shares=shares,
        demand=demand,
        power_factor=power_factor,
    )


def _transformer(carried: Subject, facts: Facts, levels: LoadLevels) -> TransformerLoading | None:
    if facts.capacity_kva is None:
        return None
    kvar = None
    if carried.lagging_kvarh is not None:
        net = carried.lagging_kvarh - (0.0 if carried.leading_kvarh is None else carried.leading_kvarh)
        kvar = demand_blocks(net, carried.starts_at, carried.minutes).kw
    active = carried.net_blocks
    running = facts.capacity_kva[:: active.minutes // carried.minutes][: len(active.kw)]
    return transformer_loading(active, kvar, running, levels.transformer)


def _exported(subject: Subject) -> float | None:
    return None if subject.export_kwh is None else _sum(subject.export_kwh)


def _sum(kwh: Floats) -> float | None:
    """Return the sum of what is known; None where nothing is."""
    return float(np.nansum(kwh)) if np.isfinite(kwh).any() else None
