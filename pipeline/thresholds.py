"""Which numbers of the archive hold at a service point: its own before its class's, those before all."""

from __future__ import annotations

from datetime import UTC, datetime

from pipeline.archive_records import Threshold
from pipeline.registry import Registry, in_force

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def numbers_at(
    registry: Registry, rules: str, service_point: str | None, instant: datetime
) -> dict[str, float]:
    """Return the parameters that ``[[threshold]]`` lays down at a point at an instant, by name.

    Args:
        registry: The archive.
        rules: What the entries name as their detector.
        service_point: Where; None for a meter that hangs nowhere, for which only what holds everywhere does.
        instant: When.
    """
    contract = None if service_point is None else registry.contract_of(service_point, instant)
    category = None if contract is None else contract.category
    entries = [
        entry
        for entry in registry.thresholds
        if entry.detector == rules
        and entry.service_point in (None, service_point)
        and entry.category in (None, category)
        and in_force(entry.starts_at, entry.ends_at, instant)
    ]
    return {entry.parameter: entry.value for entry in sorted(entries, key=strength)}


def strength(entry: Threshold) -> tuple[int, datetime]:
    """Return what entries are sorted by, the one that holds last: everywhere, class, point; then by start."""
    rank = 2 * (entry.service_point is not None) + (entry.category is not None)
    return rank, entry.starts_at or _LONG_AGO
