"""Who belongs to areas (台区) and categories (用电类别) over a span, each by its own dates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from zoneinfo import ZoneInfo

from analysis.area_stays import once
from pipeline.archive_records import AreaMember, MemberRole
from pipeline.registry import Registry
from services.load_contracts import contract_stretches

Span: TypeAlias = tuple[datetime, datetime]
"""The end is exclusive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Belonging:
    """A service point that belongs to a group for parts of a span, one after another."""

    point: str
    stays: Sequence[Span]
    sign: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaGroup:
    """An area, its service points, and those that feed it."""

    name: str
    members: Sequence[Belonging]
    supplies: Sequence[Belonging]


def areas_of(registry: Registry, span: Span, zone: ZoneInfo) -> list[AreaGroup]:
    """Return the areas of a zone with everybody who belongs to one within a span.

    The area filed with a service point counts while no membership does, unless its membership of that very
    area has dates. A supply meter is no member of the area that it feeds; of a feeder it may well be one.
    """
    members: dict[str, dict[str, list[Span]]] = defaultdict(dict)
    supplies: dict[str, list[Belonging]] = defaultdict(list)
    filed: dict[str, list[AreaMember]] = defaultdict(list)
    for entry in once(registry.area_members):
        filed[entry.service_point].append(entry)
        within = _within((entry.starts_at, entry.ends_at), span)
        if within is None or registry.zone_of(entry.service_point) != zone:
            continue
        if entry.role is MemberRole.SUPPLY:
            supplies[entry.area].append(Belonging(point=entry.service_point, stays=[within], sign=entry.sign))
        else:
            members[entry.area].setdefault(entry.service_point, []).append(within)
    for point in registry.service_points:
        own = filed[point.id]
        if point.area is None or registry.zone_of(point.id) != zone or point.area in {m.area for m in own}:
            continue
        stays = _between([(m.starts_at, m.ends_at) for m in own if m.role is MemberRole.MEMBER], span)
        if stays:
            members[point.area][point.id] = stays
    return [
        AreaGroup(name=area, members=_belongings(points), supplies=supplies.get(area, []))
        for area, points in sorted(members.items())
    ]


def categories_of(registry: Registry, span: Span, zone: ZoneInfo) -> dict[str, list[Belonging]]:
    """Return whose contracts have each category within a span; what feeds an area is no customer."""
    found: dict[str, dict[str, list[Span]]] = defaultdict(dict)
    for point in registry.service_points:
        if registry.supplying(point.id, *span) or registry.zone_of(point.id) != zone:
            continue
        for during in contract_stretches(registry, point.id, *span):
            if during.contract.category is not None:
                stays = found[during.contract.category].setdefault(point.id, [])
                stays.append((during.starts_at, during.ends_at))
    return {category: _belongings(points) for category, points in found.items()}


def _belongings(points: Mapping[str, list[Span]]) -> list[Belonging]:
    return [Belonging(point=point, stays=_joined(stays)) for point, stays in sorted(points.items())]


def _within(dates: tuple[datetime | None, datetime | None], span: Span) -> Span | None:
    """Return the part of a span that lies between two dates; None where there is none."""
    starts_at = span[0] if dates[0] is None else max(dates[0], span[0])
    ends_at = span[1] if dates[1] is None else min(dates[1], span[1])
    return (starts_at, ends_at) if starts_at < ends_at else None


def _between(taken: Sequence[tuple[datetime | None, datetime | None]], span: Span) -> list[Span]:
    """Return the parts of a span that lie in none of the dates."""
    left, begins = [], span[0]
    for starts_at, ends_at in sorted(filter(None, (_within(dates, span) for dates in taken))):
        if begins < starts_at:
            left.append((begins, starts_at))
        begins = max(begins, ends_at)
    return [*left, (begins, span[1])] if begins < span[1] else left


def _joined(stays: Sequence[Span]) -> list[Span]:
    """Return stays of which none begins as another ends."""
    joined: list[Span] = []
    for starts_at, ends_at in sorted(stays):
        if joined and starts_at <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], ends_at)
        else:
            joined.append((starts_at, ends_at))
    return joined
