"""Changes that the archive has at a service point and beside it: where a new level may come from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final

from pipeline.contracts import Contract
from pipeline.registry import Ratio, Registry

MOST_NEIGHBOURS: Final = 3
"""So many contracts of other customers of the area, the largest ones, are told (own)."""
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
_ALWAYS_OTHER: Final = frozenset({"service_point", "starts_at", "ends_at"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveChange:
    """Something that is different from an instant on."""

    at: datetime
    entry: str
    """The table and what tells its entry: ``[[suspension]] S-7``."""
    what: str
    """What it changes, in the archive's own keys: ``capacity_kva 630 -> 1000``."""


def archive_changes(
    archive: Registry, service_point: str, begin: datetime, end: datetime
) -> list[ArchiveChange]:
    """Return the changes of ``[begin, end)`` at a point and in its area, oldest first."""
    place = archive.service_point_by_id.get(service_point)
    area = None if place is None else place.area
    found = (
        *_contracts(archive, service_point),
        *_suspensions(archive, service_point),
        *_transformers(archive, service_point, area),
        *_meters(archive, service_point),
        *(
            ArchiveChange(at=order.starts_at, entry=f"[[work_order]] {order.id}", what=order.kind)
            for order in archive.work_orders
            if order.service_point == service_point
        ),
    )
    own = [change for change in found if begin <= change.at < end]
    beside = [] if area is None else _beside(archive, service_point, area, begin, end)
    return sorted([*own, *beside], key=lambda change: (change.at, change.entry))


def _contracts(archive: Registry, service_point: str) -> Iterator[ArchiveChange]:
    known = archive.contracts_by_point.get(service_point, [])
    entry = f"[[contract]] {service_point}"
    for before, after in pairwise([None, *known]):
        if after is None or after.starts_at is None:
            continue
        what = _new(after) if before is None else _differences(before, after)
        if what:
            yield ArchiveChange(at=after.starts_at, entry=entry, what=what)
    if known and known[-1].ends_at is not None:
        yield ArchiveChange(at=known[-1].ends_at, entry=entry, what="to")


def _new(contract: Contract) -> str:
    return "new" if contract.capacity_kva is None else f"new, capacity_kva {contract.capacity_kva:g}"


def _differences(before: Contract | Ratio, after: Contract | Ratio) -> str:
    """Return the keys that are other than before, with both values."""
    names = [each.name for each in fields(after) if each.name not in _ALWAYS_OTHER]
    values = [(name, getattr(before, name), getattr(after, name)) for name in names]
    return ", ".join(f"{name} {_told(old)} -> {_told(new)}" for name, old, new in values if old != new)


def _told(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "-" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _suspensions(archive: Registry, service_point: str) -> Iterator[ArchiveChange]:
    for suspension in archive.suspensions_by_point.get(service_point, []):
        entry = f"[[suspension]] {suspension.id}"
        what = f"{suspension.kind.value}, remaining_kva {suspension.remaining_kva:g}"
        yield ArchiveChange(at=suspension.starts_at, entry=entry, what=what)
        if suspension.ends_at is not None:
            yield ArchiveChange(at=suspension.ends_at, entry=entry, what="to")


def _transformers(archive: Registry, service_point: str, area: str | None) -> Iterator[ArchiveChange]:
    for unit in archive.transformers:
        is_here = unit.service_point == service_point or (area is not None and unit.area == area)
        if is_here and unit.starts_at is not None:
            what = "new" if unit.capacity_kva is None else f"new, capacity_kva {unit.capacity_kva:g}"
            yield ArchiveChange(at=unit.starts_at, entry=f"[[transformer]] {unit.id}", what=what)


def _meters(archive: Registry, service_point: str) -> Iterator[ArchiveChange]:
    """Yield what changes the measuring, and not the supply: other meters, other ratios."""
    stays = archive.installations_of(service_point)
    for stay in stays:
        if stay.starts_at is not None:
            yield ArchiveChange(
                at=stay.starts_at, entry=f"[[installation]] {stay.meter}", what=stay.role.value
            )
    for meter in dict.fromkeys(stay.meter for stay in stays):
        known = [ratio for ratio in archive.ratios if ratio.meter == meter]
        known.sort(key=lambda ratio: ratio.starts_at or _LONG_AGO)
        for before, after in pairwise(known):
            if after.starts_at is not None and (what := _differences(before, after)):
                yield ArchiveChange(at=after.starts_at, entry=f"[[ratio]] {meter}", what=what)


def _beside(
    archive: Registry, service_point: str, area: str, begin: datetime, end: datetime
) -> Sequence[ArchiveChange]:
    """Return the new or changed contracts of the largest other customers of the area."""
    others = [p.id for p in archive.service_points if p.area == area and p.id != service_point]
    found = [
        (_capacity(archive, other, change.at), change)
        for other in others
        for change in _contracts(archive, other)
        if begin <= change.at < end
    ]
    found.sort(key=lambda pair: (-pair[0], pair[1].entry))
    return [change for _, change in found[:MOST_NEIGHBOURS]]


def _capacity(archive: Registry, service_point: str, at: datetime) -> float:
    contract = archive.contract_of(service_point, at)
    return 0.0 if contract is None or contract.capacity_kva is None else contract.capacity_kva
