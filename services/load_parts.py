"""Goes through parts of the archive with what was measured of them, and sums up the load of each subject."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TypeAlias
from zoneinfo import ZoneInfo

from analysis.load.levels import load_levels
from analysis.load.summary import Facts, LoadSummary, Subject, SubjectKind, summarise
from pipeline.block import MeterMatrix
from pipeline.model import MeterId
from pipeline.quantities import Quantity
from pipeline.records import TimedValues
from pipeline.registry import Registry
from services.load_facts import (
    Known,
    area_facts,
    category_facts,
    meter_facts,
    point_facts,
    point_problems,
    shown_demands,
    total_facts,
)
from services.load_groups import Span, areas_of, categories_of
from services.load_subjects import energies_of, meter_subjects, point_subjects, total_subjects
from services.load_sums import GroupSum, group_sum, joined

SpanOf: TypeAlias = Callable[[ZoneInfo], Span]
"""The span as it is in a zone: a local month begins at another instant in each."""
ShapesBefore: TypeAlias = Mapping[tuple[str, str], str]
"""The class of load shape of subjects by kind and name."""
EVERY_KIND = frozenset(SubjectKind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of the archive with what was measured of it."""

    registry: Registry
    matrix: MeterMatrix
    registers: Mapping[Quantity, TimedValues]
    kinds: frozenset[SubjectKind] = EVERY_KIND
    """Of which subjects to tell."""


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """What is wanted again: categories go through all parts, and supply meters are members of feeders."""

    supplies: dict[str, Subject] = field(default_factory=dict)
    categories: dict[tuple[ZoneInfo, str], GroupSum] = field(default_factory=dict)


def summaries(
    parts: Iterable[Part],
    span: SpanOf,
    primary: frozenset[str],
    shapes_before: ShapesBefore = MappingProxyType({}),
) -> Iterator[LoadSummary]:
    """Yield the statistics of the parts' subjects, and at last of the categories.

    ``primary`` names the profiles whose values are primary ones already, ``shapes_before`` the classes of
    load shape of the span before. Subjects of which no slot is known are left out.

    Raises:
        DataError: If a span does not begin with a slot, or slots do not fill blocks of 15 minutes.
    """
    levels = load_levels()
    seen = _Seen()
    for part in parts:
        registers = shown_demands(part.registers)
        for zone in zones_of(part.registry):
            within = span(zone)
            if within[0] == within[1]:
                continue
            known = Known(
                registry=part.registry,
                energies=energies_of(part.matrix, within),
                registers=registers,
                primary=primary,
                ends_at=within[1],
            )
            for subject, facts in _subjects(known, part.kinds, zone, seen):
                yield summarise(subject, _with_shape(facts, subject, shapes_before), within, levels)
    for zone, subject, facts in _categories(seen):
        yield summarise(subject, _with_shape(facts, subject, shapes_before), span(zone), levels)


def _subjects(
    known: Known, kinds: frozenset[SubjectKind], zone: ZoneInfo, seen: _Seen
) -> Iterator[tuple[Subject, Facts]]:
    """Yield every subject but categories that has its days in a zone."""
    points: dict[str, Subject] = {}
    for subject, facts in _alone(known, kinds):
        if subject.zone == zone:
            if subject.kind is SubjectKind.SERVICE_POINT:
                points[subject.name] = subject
            yield subject, facts
    span = known.starts_at, known.ends_at
    least_share = load_levels().group.least_share
    seen.supplies.update({name: points[name] for name in known.feeding & points.keys()})
    for area in areas_of(known.registry, span, zone) if SubjectKind.AREA in kinds else ():
        own = {**seen.supplies, **points}
        group = group_sum(SubjectKind.AREA, area.name, area.members, own, least_share)
        if group.subject is not None:
            yield group.subject, area_facts(known, area, group, own)
    if SubjectKind.CATEGORY in kinds:
        for name, members in categories_of(known.registry, span, zone).items():
            group = group_sum(SubjectKind.CATEGORY, name, members, points, least_share)
            so_far = seen.categories.get((zone, name), GroupSum())
            seen.categories[zone, name] = joined([so_far, group])


def _alone(known: Known, kinds: frozenset[SubjectKind]) -> Iterator[tuple[Subject, Facts]]:
    """Yield what stands for itself: meters, service points, totalising groups."""
    energies, registry = known.energies, known.registry
    if SubjectKind.METER in kinds:
        for subject in meter_subjects(energies, registry):
            yield subject, meter_facts(known, MeterId(subject.name))
    if SubjectKind.SERVICE_POINT in kinds:
        for subject in point_subjects(energies, registry):
            facts = point_facts(known, subject.name)
            yield subject, replace(facts, problems=point_problems(known, subject))
    if SubjectKind.TOTAL in kinds:
        for subject in total_subjects(energies, registry):
            yield subject, total_facts()


def _with_shape(facts: Facts, subject: Subject, shapes_before: ShapesBefore) -> Facts:
    return replace(facts, shape_before=shapes_before.get((subject.kind.value, subject.name)))


def _categories(seen: _Seen) -> Iterator[tuple[ZoneInfo, Subject, Facts]]:
    for (zone, _), group in sorted(seen.categories.items(), key=lambda entry: entry[0][1]):
        if group.subject is not None:
            yield zone, group.subject, category_facts(group)


def zones_of(registry: Registry) -> list[ZoneInfo]:
    """Return the zones whose days an archive's subjects have."""
    points = {i.service_point for i in registry.installations} | {None}
    return sorted({registry.zone_of(point) for point in points}, key=lambda zone: zone.key)
