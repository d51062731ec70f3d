"""What stands in the way of a line loss: gaps and contradictions of the archive and of energies, by name."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from pipeline.archive_records import AreaMember, MemberRole
from pipeline.block import MeterMatrix
from pipeline.quantities import Quantity
from pipeline.registry import Registry, Role
from pipeline.timegrid import MINUTES_PER_DAY, from_numpy

FED_IN_KWH = 1.0
"""A day: below it a meter's own error may be what flows back (D31, to be confirmed)."""
MOST_KWH = 1e9
"""In one slot: more than any line carries."""
_EVER, _NEVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
Bools = NDArray[np.bool_]


class ProblemKind(StrEnum):
    """What is wrong."""

    NO_SUPPLY_METER = "no_supply_meter"
    NO_MEMBERS = "no_members"
    NO_METER = "no_meter"
    """A point counts, and no meter is filed there in this time."""
    NO_ENERGY = "no_energy"
    """Its meters have not one known interval."""
    IMPOSSIBLE_ENERGY = "impossible_energy"
    """Intervals below zero or beyond measure: unknown, for no register runs backwards."""
    FED_IN_UNFILED = "fed_in_unfiled"
    """A customer without filed generation feeds in; it counts as energy in all the same."""
    FED_IN_UNKNOWN = "fed_in_unknown"
    """A member has generation filed and nothing tells what it feeds in; it counts as feeding in nothing."""
    COUNTED_TWICE = "counted_twice"
    """Overlapping memberships of one point in one area; it counts once."""
    IN_TWO_AREAS = "in_two_areas"
    """A point is a member of two areas at a time: at least one of them counts what is not its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LossProblem:
    """One of them, with its place."""

    kind: ProblemKind
    area: str
    service_point: str | None = None
    meters: tuple[str, ...] = ()
    count: int = 0
    """Of intervals, where they are what is wrong."""
    kwh: float = 0.0


def impossible_slots(window: MeterMatrix) -> Bools:
    """Return the slots whose import or export no meter counts: below zero or beyond measure."""
    impossible = _is_impossible(window.import_kwh)
    export = window.energies.get("export_kwh")
    return impossible if export is None else impossible | _is_impossible(export)


def _is_impossible(kwh: NDArray[np.float64]) -> Bools:
    return (kwh < 0) | (kwh > MOST_KWH)


def loss_problems(window: MeterMatrix, registry: Registry, asked: Collection[str] = ()) -> list[LossProblem]:
    """Return the problems of every area that has a member or a supply, and of those ``asked`` for."""
    if not len(window.starts_at):
        return []
    span = from_numpy(window.starts_at[0]), from_numpy(window.starts_at[-1])
    of_area: dict[str, list[AreaMember]] = {area: [] for area in asked}
    of_point: dict[str, list[AreaMember]] = {}
    for member in registry.area_members:
        if _meets(member.starts_at, member.ends_at, span):
            of_area.setdefault(member.area, []).append(member)
            of_point.setdefault(member.service_point, []).append(member)
    energies = _Energies.of(window, registry, span)
    return [
        problem
        for area, own in of_area.items()
        for problem in (*_of_archive(area, own, of_point), *_of_energies(area, own, energies))
    ]


def _of_archive(
    area: str, own: Sequence[AreaMember], of_point: Mapping[str, Sequence[AreaMember]]
) -> Iterator[LossProblem]:
    roles = {member.role for member in own}
    if MemberRole.SUPPLY not in roles:
        yield LossProblem(kind=ProblemKind.NO_SUPPLY_METER, area=area)
    if MemberRole.MEMBER not in roles:
        yield LossProblem(kind=ProblemKind.NO_MEMBERS, area=area)
    for point in dict.fromkeys(member.service_point for member in own):
        every = of_point[point]
        stays = sorted((stay for stay in every if stay.area == area), key=_begin)
        if any(_overlap(one, following) for one, following in pairwise(stays)):
            yield LossProblem(kind=ProblemKind.COUNTED_TWICE, area=area, service_point=point)
        members = [stay for stay in every if stay.role is MemberRole.MEMBER]
        here = [stay for stay in members if stay.area == area]
        if any(_overlap(one, other) for one in here for other in members if other.area != area):
            yield LossProblem(kind=ProblemKind.IN_TWO_AREAS, area=area, service_point=point)


def _of_energies(area: str, own: Sequence[AreaMember], energies: _Energies) -> Iterator[LossProblem]:
    for point in dict.fromkeys(member.service_point for member in own):
        meters, rows = energies.meters_of(point)
        problem = partial(LossProblem, area=area, service_point=point, meters=meters)
        if not meters:
            yield problem(kind=ProblemKind.NO_METER)
        elif not energies.known[rows].any():
            yield problem(kind=ProblemKind.NO_ENERGY)
        impossible = int(energies.impossible[rows].sum())
        if impossible:
            yield problem(kind=ProblemKind.IMPOSSIBLE_ENERGY, count=impossible)
        fed_in = float(energies.fed_in_kwh[rows].sum())
        is_member = any(m.role is MemberRole.MEMBER for m in own if m.service_point == point)
        if is_member and fed_in > FED_IN_KWH * energies.days and not energies.may_feed_in(point):
            yield problem(kind=ProblemKind.FED_IN_UNFILED, kwh=fed_in)
        is_told = energies.tells_export[rows].any() or not energies.known[rows].any()
        if is_member and not is_told and energies.may_feed_in(point):
            yield problem(kind=ProblemKind.FED_IN_UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Energies:
    """What the meters of a window show, a figure each: shape (meters,)."""

    registry: Registry
    span: tuple[datetime, datetime]
    row_of: Mapping[str, int]
    days: float
    known: Bools
    impossible: NDArray[np.intp]
    """Slots below zero or beyond measure."""
    fed_in_kwh: NDArray[np.float64]
    tells_export: Bools
    """Whether a slot or a register of export is known."""

    @classmethod
    def of(cls, window: MeterMatrix, registry: Registry, span: tuple[datetime, datetime]) -> _Energies:
        export = window.energies.get("export_kwh")
        none = np.zeros(len(window.meters))
        return cls(
            registry=registry,
            span=span,
            row_of={str(meter): row for row, meter in enumerate(window.meters)},
            days=max(len(window.starts_at) * window.minutes / MINUTES_PER_DAY, 1.0),
            known=np.asarray((~np.isnan(window.import_kwh)).any(axis=1)),
            impossible=impossible_slots(window).sum(axis=1),
            tells_export=_tells_export(window),
            fed_in_kwh=none if export is None else np.nan_to_num(export).clip(0.0).sum(axis=1),
        )

    def meters_of(self, point: str) -> tuple[tuple[str, ...], list[int]]:
        """Return the meters that count at a point, and the rows of those that the window has."""
        meters = tuple(
            dict.fromkeys(
                str(hung.meter)
                for hung in self.registry.installations_of(point)
                if hung.role is not Role.CHECK and _meets(hung.starts_at, hung.ends_at, self.span)
            )
        )
        return meters, [self.row_of[meter] for meter in meters if meter in self.row_of]

    def may_feed_in(self, point: str) -> bool:
        """Tell whether generation is filed at the end of the window."""
        contract = self.registry.contract_of(point, self.span[1])
        return contract is not None and contract.generation


def _tells_export(window: MeterMatrix) -> Bools:
    by_days = None if window.daily is None else window.daily.registers.get(Quantity.ACTIVE_ENERGY_EXPORT)
    columns = [column for column in (window.energies.get("export_kwh"), by_days) if column is not None]
    tells = np.zeros(len(window.meters), np.bool_)
    for column in columns:
        tells |= np.isfinite(column).any(axis=1)
    return tells


def _begin(member: AreaMember) -> datetime:
    return member.starts_at or _EVER


def _overlap(one: AreaMember, other: AreaMember) -> bool:
    return max(_begin(one), _begin(other)) < min(one.ends_at or _NEVER, other.ends_at or _NEVER)


def _meets(starts_at: datetime | None, ends_at: datetime | None, span: tuple[datetime, datetime]) -> bool:
    return (starts_at or _EVER) <= span[1] and (ends_at or _NEVER) > span[0]
