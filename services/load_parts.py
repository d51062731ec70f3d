"""Goes through parts of the archive with what was measured of them, and sums up the load of each subject."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
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
_OF_POINTS = {SubjectKind.SERVICE_POINT, SubjectKind.AREA, SubjectKind.CATEGORY}
"""Subjects that are made of service points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of the archive with what was measured of it."""

    registry: Registry
    matrix: MeterMatrix
    registers: Mapping[Quantity, TimedValues]
    kinds: frozenset[SubjectKind] = EVERY_KIND
    """Of which subjects to tell."""
    areas: frozenset[str] | None = None
    """Of which areas; None is all. An area that is not whole in a part is told out of another one."""
    points: frozenset[str] | None = None
    """Of which service points; None is all. A point that a meter of the part left may lack others."""
    meters: frozenset[MeterId] | None = None
    """Of which meters; None is all."""


_Categories: TypeAlias = dict[tuple[ZoneInfo, str], GroupSum]
"""The sum of each category so far: they go through all parts."""


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
    categories: _Categories = {}
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
            for subject, facts in _subjects(known, part, zone, categories):
                yield summarise(subject, _with_shape(facts, subject, shapes_before), within, levels)
    for zone, subject, facts in _told_categories(categories):
        yield summarise(subject, _with_shape(facts, subject, shapes_before), span(zone), levels)


def _subjects(
    known: Known, part: Part, zone: ZoneInfo, categories: _Categories
) -> Iterator[tuple[Subject, Facts]]:
    """Yield every subject but categories that has its days in a zone."""
    points = [
        subject
        for subject in (point_subjects(known.energies, known.registry) if part.kinds & _OF_POINTS else ())
        if part.points is None or subject.name in part.points
    ]
    for subject, facts in _alone(known, part, points):
        if subject.zone == zone:
            yield subject, facts
    own = {subject.name: subject for subject in points if subject.zone == zone}
    span = known.starts_at, known.ends_at
    least_share = load_levels().group.least_share
    for area in areas_of(known.registry, span, zone) if SubjectKind.AREA in part.kinds else ():
        if part.areas is not None and area.name not in part.areas:
            continue
        group = group_sum(SubjectKind.AREA, area.name, area.members, own, least_share)
        if group.subject is not None:
            yield group.subject, area_facts(known, area, group, own)
    if SubjectKind.CATEGORY in part.kinds:
        for name, members in categories_of(known.registry, span, zone).items():
            group = group_sum(SubjectKind.CATEGORY, name, members, own, least_share)
            so_far = categories.get((zone, name), GroupSum())
            categories[zone, name] = joined([so_far, group])


def _alone(known: Known, part: Part, points: Sequence[Subject]) -> Iterator[tuple[Subject, Facts]]:
    """Yield what stands for itself: meters, service points, totalising groups."""
    energies, registry, kinds = known.energies, known.registry, part.kinds
    if SubjectKind.METER in kinds:
        for subject in meter_subjects(energies, registry):
            meter = MeterId(subject.name)
            if part.meters is None or meter in part.meters:
                yield subject, meter_facts(known, meter)
    if SubjectKind.SERVICE_POINT in kinds:
        for subject in points:
            facts = point_facts(known, subject.name)
            yield subject, replace(facts, problems=point_problems(known, subject))
    if SubjectKind.TOTAL in kinds:
        for subject in total_subjects(energies, registry):
            yield subject, total_facts()


def _with_shape(facts: Facts, subject: Subject, shapes_before: ShapesBefore) -> Facts:
    return replace(facts, shape_before=shapes_before.get((subject.kind.value, subject.name)))


def _told_categories(categories: _Categories) -> Iterator[tuple[ZoneInfo, Subject, Facts]]:
    for (zone, _), group in sorted(categories.items(), key=lambda entry: entry[0][1]):
        if group.subject is not None:
            yield zone, group.subject, category_facts(group)


def zones_of(registry: Registry) -> list[ZoneInfo]:
    """Return the zones whose days an archive's subjects have."""
    points = {i.service_point for i in registry.installations} | {None}
    return sorted({registry.zone_of(point) for point in points}, key=lambda zone: zone.key)
