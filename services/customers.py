"""Who the customers (大客户) are: service points under one name, and their part of the archive."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from pipeline.errors import ConfigError
from pipeline.registry import Registry, ServicePoint
from services.detect_groups import part_of

SHOWN = 10
"""Names that an error lists."""


def customer_name(point: ServicePoint) -> str:
    """Return whose a service point is; one without a name on record stands for itself."""
    return point.customer or point.id


def customers_of(archive: Registry) -> Mapping[str, Sequence[ServicePoint]]:
    """Return every customer's service points, in the archive's order."""
    found: dict[str, list[ServicePoint]] = defaultdict(list)
    for point in archive.service_points:
        found[customer_name(point)].append(point)
    return found


def chosen_customers(
    archive: Registry, wanted: Sequence[str] | None, least_kva: float, at: datetime
) -> Mapping[str, Sequence[ServicePoint]]:
    """Return the customers that are wanted by name, or those with at least so much contracted capacity.

    Raises:
        ConfigError: If a wanted one is not in the archive.
    """
    known = customers_of(archive)
    if wanted is not None:
        missing = [name for name in wanted if name not in known]
        if missing:
            listed = ", ".join(sorted(known)[:SHOWN]) or "none"
            raise ConfigError(
                f"{', '.join(missing)}: no such customer in the archive. Next step: choose one of {listed}; "
                "a service point without a customer goes by its own id"
            )
        return {name: known[name] for name in dict.fromkeys(wanted)}
    return {name: points for name, points in known.items() if capacity_of(archive, points, at) >= least_kva}


def capacity_of(archive: Registry, points: Sequence[ServicePoint], at: datetime) -> float:
    """Return what a customer contracted at an instant, kVA; what is not filed counts nothing."""
    contracts = [archive.contract_of(point.id, at) for point in points]
    return sum(contract.capacity_kva or 0.0 for contract in contracts if contract is not None)


def archive_of(archive: Registry, points: Sequence[ServicePoint]) -> Registry:
    """Return the part of the archive that tells of some service points."""
    places = {point.id for point in points}
    ids = dict.fromkeys(i.meter for point in points for i in archive.installations_by_point.get(point.id, ()))
    meters = [archive.meter_by_id[meter] for meter in ids if meter in archive.meter_by_id]
    return part_of(archive, meters, places)
