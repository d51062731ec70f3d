"""What is agreed for a service point over a billing month: contracts, each under the tariff's versions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise

from analysis.settlement.billing_month import BillingMonth, Dated, Lack, Lacking
from analysis.settlement.running_capacity import reduced_to
from pipeline.contracts import BasicCharge, Contract, Suspension, SuspensionKind
from pipeline.errors import ConfigError
from pipeline.registry import Registry, in_force, latest
from pipeline.tariff import Tariff

_SINCE_EVER = datetime.min.replace(tzinfo=UTC)
_FOR_EVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """Terms, oldest first, and where there are none."""

    terms: Sequence[Dated]
    lacks: Sequence[Lack]


def supplied(
    registry: Registry, service_point: str, span: tuple[datetime, datetime]
) -> tuple[datetime, datetime]:
    """Return the part of a billing month from the first contract's start to the last one's end.

    A new customer's first bill (新装) begins within it, the last of one who left (销户) ends there. A gap
    between contracts is none of that; a month without any is left as it is.
    """
    begins, ends = _agreed_from_to(registry, service_point)
    part = max(span[0], begins), min(span[1], ends)
    return part if part[0] < part[1] else span


def is_supplied(registry: Registry, service_point: str, span: tuple[datetime, datetime]) -> bool:
    """Tell whether a billing month meets the time from the first contract's start to the last one's end."""
    begins, ends = _agreed_from_to(registry, service_point)
    return begins < span[1] and span[0] < ends


def _agreed_from_to(registry: Registry, service_point: str) -> tuple[datetime, datetime]:
    contracts = registry.contracts_by_point.get(service_point, ())
    begins = min((contract.starts_at or _SINCE_EVER for contract in contracts), default=_SINCE_EVER)
    ends = max((contract.ends_at or _FOR_EVER for contract in contracts), default=_FOR_EVER)
    return begins, ends


def agreed(registry: Registry, service_point: str, span: tuple[datetime, datetime]) -> Agreed:
    """Return the terms of a billing month, cut where a contract or a tariff's version begins or ends.

    A contract or version without an end is replaced by the next one; contracts that both say that they are
    in force overlap. While a reduction (减容) that is waived leaves less than a two-part tariff asks for, the
    single-part tariff that its version names holds.

    Args:
        registry: The archive.
        service_point: Whose terms.
        span: When the billing month opens and closes.
    """
    contracts = registry.contracts_by_point.get(service_point, [])
    names = {contract.tariff for contract in contracts}
    versions = [tariff for tariff in registry.tariffs if tariff.id in names]
    singles = {version.basic.single_tariff for version in versions if version.basic is not None}
    versions += [tariff for tariff in registry.tariffs if tariff.id in singles]
    reductions = [
        suspension
        for suspension in registry.suspensions_by_point.get(service_point, ())
        if suspension.kind is SuspensionKind.REDUCTION
    ]
    reduced = BillingMonth(
        service_point=service_point,
        month="",
        starts_at=span[0],
        ends_at=span[1],
        zone=registry.zone_of(service_point),
        terms=(),
        suspensions=reductions,
        transformers=registry.transformers,
    )
    terms: list[Dated] = []
    lacks = list(_overlaps(contracts, span))
    for starts_at, ends_at in pairwise(_edges([*contracts, *versions, *reductions], span)):
        contract = latest(c for c in contracts if in_force(c.starts_at, c.ends_at, starts_at))
        if contract is None:
            lacks.append(_lack(Lacking.CONTRACT_GAP, service_point, starts_at, ends_at))
            continue
        tariff = registry.tariff_of(contract.tariff or "", starts_at)
        left = None if tariff is None else _left_of(reduced, contract, tariff, (starts_at, ends_at))
        if isinstance(left, Lack):
            lacks.append(left)
        elif tariff is not None and left is not None and _falls_below(tariff, left):
            single = (tariff.basic and tariff.basic.single_tariff) or ""
            contract = replace(contract, tariff=single, basic_charge=BasicCharge.NONE)
            tariff = registry.tariff_of(single, starts_at)
        if tariff is None:
            lacks.append(_lack(Lacking.TARIFF_GAP, contract.tariff or service_point, starts_at, ends_at))
            continue
        terms.append(Dated(starts_at=starts_at, ends_at=ends_at, contract=contract, tariff=tariff))
    return Agreed(terms=terms, lacks=lacks)


def _left_of(
    reduced: BillingMonth, contract: Contract, tariff: Tariff, within: tuple[datetime, datetime]
) -> Decimal | Lack | None:
    """Return what reductions leave where the tariff's version asks for a capacity; None if all of it."""
    if tariff.basic is None or tariff.basic.single_below_kva is None:
        return None
    return reduced_to(reduced, contract, tariff.basic, within)


def _falls_below(tariff: Tariff, left_kva: Decimal) -> bool:
    least = None if tariff.basic is None else tariff.basic.single_below_kva
    return least is not None and left_kva < least


MINIMAL = """\
[[tariff]]
id = "{tariff}"
source = "the document that lays it down"

[[tariff.charges]]
item = "energy"
price = "0.6000"
"""
"""The least that a tariff says."""


def check_billable(registry: Registry, points: Sequence[str], source: str) -> None:
    """Refuse an archive with which no bill can be made.

    Args:
        registry: The archive.
        points: The service points that are to be billed; none is all.
        source: What the archive is called, for the message.

    Raises:
        ConfigError: If no point has a contract, or no contract a tariff that is there; says what to add.
    """
    points = points or [point.id for point in registry.service_points]
    known = {tariff.id for tariff in registry.tariffs}
    if any(c.tariff in known for point in points for c in registry.contracts_by_point.get(point, ())):
        return
    contracts = [c for point in points for c in registry.contracts_by_point.get(point, ())]
    named = sorted({contract.tariff for contract in contracts if contract.tariff})
    if named:
        wanted = f"its contracts name {', '.join(named[:5])}, of which there is no [[tariff]]"
    elif contracts:
        wanted = 'no [[contract]] says tariff = "..."'
    else:
        wanted = f"no [[contract]] is filed for {', '.join(points[:5]) or 'any service point'}"
    first = named[0] if named else "my-tariff"
    head = (
        ""
        if named
        else f'[[contract]]\nservice_point = "{points[0] if points else "SP1"}"\ntariff = "{first}"\n\n'
    )
    raise ConfigError(
        f"{source} has no tariff to bill by: {wanted}. Next step: add at least\n\n"
        f"{head}{MINIMAL.format(tariff=first)}"
    )


def _edges(
    dated: Sequence[Contract | Tariff | Suspension], span: tuple[datetime, datetime]
) -> list[datetime]:
    inside = {
        edge
        for record in dated
        for edge in (record.starts_at, record.ends_at)
        if edge is not None and span[0] < edge < span[1]
    }
    return sorted({*span, *inside})


def _overlaps(contracts: Sequence[Contract], span: tuple[datetime, datetime]) -> Iterator[Lack]:
    """Yield where a contract begins before one that says its end has ended: the latest end so far counts."""
    reached = _SINCE_EVER
    for contract in contracts:
        starts_at = max(contract.starts_at or _SINCE_EVER, span[0])
        ends_at = min(reached, contract.ends_at or _FOR_EVER, span[1])
        if starts_at < ends_at:
            yield _lack(Lacking.CONTRACT_OVERLAP, contract.service_point, starts_at, ends_at)
        reached = max(reached, contract.ends_at or _SINCE_EVER)


def _lack(code: Lacking, what: str, starts_at: datetime, ends_at: datetime) -> Lack:
    return Lack(code=code, what=what, starts_at=starts_at, ends_at=ends_at)
