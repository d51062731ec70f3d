"""What a suspension allows, and what the contract says it costs to break it (违约用电)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.model import Json
from pipeline.registry import BasicCharge, Contract, Registry, Suspension

PENALTY_RULE = "Rules on supply and use of electricity (供电营业规则), use of suspended or sealed equipment"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadLimit:
    """The power above which load counts."""

    kw: float
    """In kVA where ``is_apparent``."""
    is_apparent: bool
    """The limit is a capacity: active power above it proves it broken; below it reactive power counts."""
    source: str

    @property
    def unit(self) -> str:
        """What the limit is counted in."""
        return "kVA" if self.is_apparent else "kW"


def load_limit(suspension: Suspension, *, floor_kw: float, partial_factor: float) -> LoadLimit:
    """Return the limit: the agreed set-point, else what a full or a partial suspension leaves.

    Never a share of the contracted capacity: a big customer's auxiliaries are no bigger for it.
    """
    if suspension.setpoint_w is not None:
        kw = suspension.setpoint_w / 1000.0
        return LoadLimit(kw=kw, is_apparent=False, source="setpoint_w of the suspension")
    if suspension.remaining_kva > 0:
        kva = partial_factor * suspension.remaining_kva
        source = f"{partial_factor:g} x remaining_kva of the suspension"
        return LoadLimit(kw=kva, is_apparent=True, source=source)
    auxiliaries = suspension.auxiliaries_kw
    if auxiliaries is not None and auxiliaries > floor_kw:
        return LoadLimit(kw=auxiliaries, is_apparent=False, source="auxiliaries_kw of the suspension")
    return LoadLimit(kw=floor_kw, is_apparent=False, source=f"{floor_kw:g} kW for a full suspension")


def penalty_basis(registry: Registry, suspension: Suspension, days: int) -> Mapping[str, Json]:
    """Return what a penalty would be worked out from; what the archive lacks is named, not guessed."""
    point = suspension.service_point
    contract = registry.contract_of(point, suspension.starts_at)
    wanted = _wanted(contract, point)
    capacity = contract.capacity_kva if contract is not None else None
    suspended = None if capacity is None else max(capacity - suspension.remaining_kva, 0.0)
    return {
        "rule": PENALTY_RULE,
        "basis": _basis(contract),
        "capacity_suspended_kva": suspended,
        "units_at_rest": _units_at_rest(registry, suspension),
        "days": days,
        "occasions": 1,
        "wanted_entries": wanted,
    }


def _units_at_rest(registry: Registry, suspension: Suspension) -> list[Json]:
    """Return the transformers that rest: the capacity of those that were used is what counts."""
    capacity = {unit.id: unit.capacity_kva for unit in registry.transformers}
    return [{"unit_id": unit, "capacity_kva": capacity.get(unit)} for unit in suspension.transformers]


def _wanted(contract: Contract | None, point: str) -> list[str]:
    if contract is None:
        return [f"[[contract]] of service point {point}: capacity_kva, basic_charge"]
    wanted = []
    if contract.capacity_kva is None:
        wanted.append(f"[[contract]] of service point {point}: capacity_kva")
    if contract.basic_charge is None:
        wanted.append(f"[[contract]] of service point {point}: basic_charge")
    return wanted


def _basis(contract: Contract | None) -> str:
    if contract is None or contract.basic_charge is None:
        return "unknown: the contract does not say whether the tariff is two-part"
    if contract.basic_charge is BasicCharge.NONE:
        return "single-part tariff: 30 yuan per kW (kVA) of the suspended capacity used, per occasion"
    return (
        "two-part tariff: basic charge of the suspended capacity for the days of use, plus twice that charge"
    )
