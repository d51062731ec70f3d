"""Divides the archive into groups of meters that detectors and statistics look at one by one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime

from detectors.catalogue import Together
from pipeline.archive_records import AreaMember, MemberRole
from pipeline.model import Episode, MeterId
from pipeline.registry import Meter, Registry

METERS_AT_A_TIME = 500


@dataclass(frozen=True, kw_only=True)
class Part(Registry):
    """What the archive tells of a group of meters, wherever they hung; see :func:`own_findings`."""

    whole_places: frozenset[str]
    """Service points of which every meter is here. Of others, between which a meter moved, some may lack."""
    whole_areas: frozenset[str] | None
    """Areas of which every place is here; None where areas are not kept together."""


def groups(registry: Registry, together: Together, at_a_time: int | None = None) -> Iterator[Part]:
    """Yield the archive in groups of some hundred meters; those that belong together stay together.

    Meters of one service point do, and with ``Together.AREA`` those of one area. A meter that moved belongs
    to each of its places, and a place that feeds one area and is a member of another (a feeder) to both. Each
    group has what the archive tells of all places at which its meters ever hung, and the members of the areas
    that are whole in it. The first group also has the suspensions of places without a meter: a detector says
    that they cannot be judged.
    """
    for meters, places, areas in _grouped(registry, together, at_a_time, once=None):
        hung = (i for meter in meters for i in registry.installations_by_meter.get(meter.id, ()))
        known = places | {i.service_point for i in hung if i.service_point is not None}
        part = part_of(registry, meters, known)
        members = part.area_members
        if together is Together.AREA:
            members = _without_members_of_others(members, areas)
        facts = {each.name: getattr(part, each.name) for each in fields(Registry)}
        yield Part(
            **{**facts, "area_members": members},
            whole_places=frozenset(places),
            whole_areas=frozenset(areas) if together is Together.AREA else None,
        )


def own_findings(part: Registry, found: Iterable[Episode]) -> list[Episode]:
    """Return of what was found in a part what concerns places and areas that are whole in it, or none.

    What a meter did at another of its places is found in the part of that place: together the parts tell what
    one look at the whole archive would.
    """
    return [each for each in found if not isinstance(part, Part) or _is_own(part, each)]


def _is_own(part: Part, episode: Episode) -> bool:
    """Tell whether what an episode concerns is whole in a part: the area that it names, else its point."""
    area = episode.parameters.get("area", episode.evidence.get("area"))
    if isinstance(area, str) and part.whole_areas is not None:
        return area in part.whole_areas
    # The meter of a point may have hung elsewhere when the stretch began.
    point = episode.parameters.get("service_point", episode.service_point)
    return point is None or point in part.whole_places


def groups_with_places(
    registry: Registry,
    together: Together,
    at_a_time: int | None = None,
    *,
    once: Mapping[str, str] | None = None,
) -> Iterator[tuple[Registry, frozenset[str]]]:
    """Yield the archive in the same groups, each with its places, for who adds up what the groups hold.

    Each tells of its places alone; its installations may name others, between which a meter moved. With
    ``once`` each place is in one group, with the area named there (:func:`one_area_each`).
    """
    for meters, places, areas in _grouped(registry, together, at_a_time, once=once):
        part = part_of(registry, meters, places)
        if once is None and together is Together.AREA:
            part = replace(part, area_members=_without_members_of_others(part.area_members, areas))
        yield part, frozenset(places)


def _grouped(
    registry: Registry, together: Together, at_a_time: int | None, *, once: Mapping[str, str] | None
) -> Iterator[tuple[list[Meter], set[str], set[str]]]:
    """Yield the meters of each group, its places, and the areas that are whole in it."""
    most = METERS_AT_A_TIME if at_a_time is None else at_a_time
    meters: list[Meter] = []
    areas: set[str] = set()
    places = {s.service_point for s in registry.suspensions} - {
        i.service_point for i in registry.installations
    }
    for area, kept, together_here in _units(registry, together, once=once):
        if meters and len(meters) + len(together_here) > most:
            yield meters, places, areas
            meters, areas, places = [], set(), set()
        meters += together_here
        areas |= area
        places |= kept
    if meters:
        yield meters, places, areas


def _units(
    registry: Registry, together: Together, *, once: Mapping[str, str] | None
) -> Iterator[tuple[set[str], set[str], list[Meter]]]:
    """Yield the area of places that must not be parted, if they have one, the places, and their meters."""
    by_place = _meters_by_place(registry)
    if together is not Together.AREA:
        yield from ((set(), {place}, meters) for place, meters in by_place.items())
        return
    areas_of = areas_of_places(registry) if once is None else {place: [area] for place, area in once.items()}
    units: dict[str, tuple[set[str], set[str], list[Meter]]] = {}
    for place, meters in by_place.items():
        for area in areas_of.get(place, ()):
            _, kept, found = units.setdefault(f"area {area}", ({area}, set(), []))
            kept.add(place)
            found += meters
        if not areas_of.get(place):
            units[f"place {place}"] = set(), {place}, list(meters)
    yield from units.values()


def _without_members_of_others(members: Sequence[AreaMember], areas: Collection[str]) -> list[AreaMember]:
    """Return the members of areas that are whole, and what feeds others: their loss would be a false one.

    What feeds such an area stays known as that, so that nobody takes it for a customer.
    """
    return [m for m in members if m.role is MemberRole.SUPPLY or m.area in areas]


def feeders_of(registry: Registry) -> frozenset[str]:
    """Return the areas that carry others (馈线): a member of theirs feeds another area."""
    fed: dict[str, set[str]] = defaultdict(set)
    for member in registry.area_members:
        if member.role is MemberRole.SUPPLY:
            fed[member.service_point].add(member.area)
    return frozenset(
        member.area
        for member in registry.area_members
        if member.role is MemberRole.MEMBER and fed[member.service_point] - {member.area}
    )


def areas_of_places(
    registry: Registry, span: tuple[datetime, datetime] | None = None
) -> dict[str, list[str]]:
    """Return the areas that each place belongs to or feeds, ever or within a span; each once.

    The area filed with a place is one of them, unless its membership of that very area has dates.
    """
    ever = _areas_by_place(registry)
    found = ever if span is None else _areas_by_place(registry, span)
    for point in registry.service_points:
        own = found.setdefault(point.id, [])
        if point.area is not None and point.area not in (own if span is None else ever[point.id]):
            own.append(point.area)
    return {place: areas for place, areas in found.items() if areas}


def one_area_each(registry: Registry, areas_of_place: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return of the areas of each place the first that is no feeder, or the first if all are."""
    feeders = feeders_of(registry)
    return {
        place: next((area for area in areas if area not in feeders), areas[0])
        for place, areas in areas_of_place.items()
    }


def _areas_by_place(
    registry: Registry, span: tuple[datetime, datetime] | None = None
) -> dict[str, list[str]]:
    """Return the areas that each place belongs to or feeds, each once; the one filed with it if none is."""
    found: dict[str, list[str]] = {}
    for member in registry.area_members:
        own = found.setdefault(member.service_point, [])
        if member.area not in own and (span is None or _overlaps(member, span)):
            own.append(member.area)
    for point in registry.service_points:
        if point.area is not None:
            found.setdefault(point.id, [point.area])
    return found


def _overlaps(member: AreaMember, span: tuple[datetime, datetime]) -> bool:
    return (member.starts_at is None or member.starts_at < span[1]) and (
        member.ends_at is None or member.ends_at > span[0]
    )


def _meters_by_place(registry: Registry) -> dict[str, list[Meter]]:
    by_place: dict[str, list[Meter]] = defaultdict(list)
    placed = {(i.service_point, i.meter) for i in registry.installations if i.service_point is not None}
    for point, meter_id in sorted(placed):
        by_place[point].append(registry.meter_by_id[meter_id])
    homeless = registry.meter_by_id.keys() - {meter_id for _, meter_id in placed}
    for meter_id in sorted(homeless):
        by_place[f"meter {meter_id}"].append(registry.meter_by_id[meter_id])
    return by_place


def part_of(registry: Registry, meters: Sequence[Meter], places: Collection[str]) -> Registry:
    """Return what the archive tells of some meters and service points, and of everybody."""
    ids = {meter.id for meter in meters}
    return replace(
        registry,
        meters=tuple({meter.id: meter for meter in meters}.values()),
        installations=[i for i in registry.installations if i.meter in ids],
        service_points=[p for p in registry.service_points if p.id in places],
        contracts=[c for c in registry.contracts if c.service_point in places],
        suspensions=[s for s in registry.suspensions if s.service_point in places],
        work_orders=[w for w in registry.work_orders if w.service_point in places],
        area_members=[m for m in registry.area_members if m.service_point in places],
        supplies=[s for s in registry.supplies if s.service_point in places],
        ratios=[r for r in registry.ratios if r.meter in ids],
        thresholds=[t for t in registry.thresholds if t.service_point is None or t.service_point in places],
    )


def part_of_meters(part: Registry, meters: Collection[MeterId]) -> Registry:
    """Return what a part tells of some of its meters, and of the places of its own at which they hung."""
    stays = [stay for meter in meters for stay in part.installations_by_meter.get(meter, ())]
    own = {stay.service_point for stay in stays if stay.service_point is not None}
    own &= part.service_point_by_id.keys()
    return part_of(part, [part.meter_by_id[meter] for meter in sorted(meters)], own)
