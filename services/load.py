"""Load statistics (负荷统计) over any span: of meters, service points, areas, categories and total groups."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from zoneinfo import ZoneInfo

from analysis.load.summary import LoadSummary, SubjectKind
from detectors.catalogue import Together
from pipeline.errors import DataError
from pipeline.model import EVERYTHING, MeterId
from pipeline.registry import DEFAULT_ZONE, Registry
from pipeline.timegrid import from_numpy, local_month, slot_start
from services import detect_groups
from services.derive import MINUTES
from services.detect_groups import areas_of_places, groups_with_places, one_area_each, part_of
from services.load_facts import DEMAND, DEMAND_AT
from services.load_groups import Span
from services.load_parts import EVERY_KIND, Part, ShapesBefore, SpanOf, summaries, zones_of
from services.load_subjects import ENERGIES, PHASE_POWERS
from services.settings import Settings, load_settings
from services.wiring import primary_profiles, utc_now
from storage.database import Connection, connect
from storage.detector_records import block_values, single_readings
from storage.files import file_matrix, read_intervals, read_readings
from storage.matrices import meter_matrix
from storage.registry import load_registry
from storage.registry_files import read_registry

AFTER = timedelta(days=2)
"""A demand register is read after the span too: its own time says to what it belongs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Division:
    """A part of the archive, and of which subjects to tell out of it."""

    registry: Registry
    kinds: frozenset[SubjectKind]
    areas: frozenset[str] | None = None
    """None is all."""
    points: frozenset[str] | None = None
    meters: frozenset[MeterId] | None = None


def month_span(first: date, until: datetime | None = None) -> SpanOf:
    """Return the local month that a day lies in, up to an instant within it."""

    def span(zone: ZoneInfo) -> Span:
        starts_at, ends_at = local_month(first.year, first.month, zone)
        return starts_at, ends_at if until is None else max(min(ends_at, until), starts_at)

    return span


def load_files(
    *, intervals: Path, registry: Path, readings: Path | None = None, span: SpanOf | None = None
) -> Iterator[LoadSummary]:
    """Yield the statistics of everything that files tell of, over ``span`` or the last month that they reach.

    Raises:
        DataError: If a file cannot be understood, or holds nothing of the span.
        RegistryError: With every problem of the archive.
    """
    archive = read_registry(registry)
    energies = read_intervals(intervals)
    read = None if readings is None else read_readings(readings)
    primary = primary_profiles(load_settings())
    matrix = file_matrix(archive, read, energies, energies=ENERGIES, primary_profiles=primary)
    registers = {} if read is None else block_values(read, (DEMAND, DEMAND_AT))
    if span is None:
        zone = next((area.zone for area in archive.areas), DEFAULT_ZONE)
        span = month_span(from_numpy(energies.starts_at.max()).astimezone(zone).date())
    found = summaries([Part(registry=archive, matrix=matrix, registers=registers)], span, primary)
    first = next(found, None)
    if first is None:
        begins, ends = (
            from_numpy(edge).isoformat() for edge in (energies.starts_at.min(), energies.starts_at.max())
        )
        raise DataError(
            f"{intervals}: no interval of a meter in {registry} lies in the span; the file goes from "
            f"{begins} to {ends}. Next step: name another one with --month or --from and --to"
        )
    yield first
    yield from found


def load_stored(
    span: SpanOf | None = None,
    settings: Settings | None = None,
    now: datetime | None = None,
    shapes_before: ShapesBefore = MappingProxyType({}),
) -> Iterator[LoadSummary]:
    """Yield the statistics of everything in the archive, over ``span`` or the running month up to now.

    ``shapes_before`` are the classes of load shape of the span before, by kind and name of subjects.

    Raises:
        StorageError: If the database is away or refuses.
    """
    settings = settings or load_settings()
    until = slot_start(now or utc_now(), MINUTES * 60)
    span = span or month_span(until.astimezone(DEFAULT_ZONE).date(), until)
    primary = primary_profiles(settings)
    with connect(settings.require_database_url()) as connection:
        parts = _stored_parts(connection, load_registry(connection), span, primary)
        yield from summaries(parts, span, primary, shapes_before)


def _stored_parts(
    connection: Connection, archive: Registry, span: SpanOf, primary: frozenset[str]
) -> Iterator[Part]:
    """Yield the archive some hundred meters at a time, areas whole; at last what spans several."""
    spans = [span(zone) for zone in zones_of(archive)]
    for division in divisions(archive, (min(begin for begin, _ in spans), max(end for _, end in spans))):
        yield _stored_part(connection, division, span, primary)


def divisions(archive: Registry, span: Span) -> Iterator[Division]:
    """Yield parts in which each subject is whole: areas, then those that share a place, then total groups.

    Areas share a place that moved between them within the span, or that feeds one of them and is a member of
    the other, a feeder (馈线).
    """
    areas_of_place = areas_of_places(archive, span)
    once = one_area_each(archive, areas_of_place)
    sharing = {area for place, areas in areas_of_place.items() for area in areas if area != once[place]}
    told: set[MeterId] = set()
    for part, own in groups_with_places(archive, Together.AREA, once=once):
        # A meter that moved is in the group of each of its places.
        meters = {meter.id for meter in part.meters} - told
        told |= meters
        yield Division(
            registry=part,
            kinds=EVERY_KIND - {SubjectKind.TOTAL},
            areas=frozenset(once.values()) - sharing,
            points=own,
            meters=frozenset(meters),
        )
    yield from _areas_alone(archive, areas_of_place, sorted(sharing))
    counted = {member.meter for member in archive.total_members}
    if counted:
        in_totals = [meter for meter in archive.meters if meter.id in counted]
        yield Division(registry=replace(archive, meters=in_totals), kinds=frozenset({SubjectKind.TOTAL}))


def _areas_alone(
    archive: Registry, areas_of_place: Mapping[str, Sequence[str]], areas: Sequence[str]
) -> Iterator[Division]:
    """Yield areas with all their places, some hundred meters at a time."""
    places: dict[str, set[str]] = {area: set() for area in areas}
    for place, own in areas_of_place.items():
        for area in places.keys() & own:
            places[area].add(place)
    hung: dict[str | None, set[MeterId]] = defaultdict(set)
    for installation in archive.installations:
        hung[installation.service_point].add(installation.meter)
    meters = {area: frozenset().union(*(hung[place] for place in places[area])) for area in areas}
    for together in _bounded(areas, {area: len(own) for area, own in meters.items()}):
        there = frozenset().union(*(meters[area] for area in together))
        of_these = frozenset().union(*(places[area] for area in together))
        part = part_of(archive, [meter for meter in archive.meters if meter.id in there], of_these)
        yield Division(registry=part, kinds=frozenset({SubjectKind.AREA}), areas=frozenset(together))


def _bounded(areas: Sequence[str], sizes: Mapping[str, int]) -> Iterator[list[str]]:
    """Yield areas together as long as they have no more meters than are looked at at a time."""
    together: list[str] = []
    for area in areas:
        if together and sum(sizes[one] for one in (*together, area)) > detect_groups.METERS_AT_A_TIME:
            yield together
            together = []
        together.append(area)
    if together:
        yield together


def _stored_part(connection: Connection, division: Division, span: SpanOf, primary: frozenset[str]) -> Part:
    part = division.registry
    spans = [span(zone) for zone in zones_of(part)]
    starts_at, ends_at = min(begin for begin, _ in spans), max(end for _, end in spans)
    meters = [meter.id for meter in part.meters]
    matrix = meter_matrix(
        connection,
        part,
        scope=EVERYTHING,
        starts_at=starts_at,
        ends_at=ends_at,
        minutes=MINUTES,
        meters=meters,
        quantities=PHASE_POWERS,
        energies=ENERGIES,
        primary_profiles=primary,
    )
    registers = single_readings(
        connection,
        (DEMAND, DEMAND_AT),
        scope=EVERYTHING,
        starts_at=starts_at,
        ends_at=ends_at + AFTER,
        meters=meters,
    )
    return Part(
        registry=part,
        matrix=matrix,
        registers=registers,
        kinds=division.kinds,
        areas=division.areas,
        points=division.points,
        meters=division.meters,
    )
