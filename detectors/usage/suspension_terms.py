"""What a suspension allows, and what the contract says it costs to break it (违约用电)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from pipeline.contracts import BasicCharge, Contract, Suspension
from pipeline.model import Json
from pipeline.registry import Registry
from pipeline.tariff import Tariff

CENT = Decimal("0.01")
YUAN_PER_KVA = Decimal(30)
"""Single-part tariffs, for each kW (kVA) and occasion: 供电营业规则, edition of 1996; that of 2024 to be
confirmed."""
BASIC_CHARGES = Decimal(3)
"""Two-part tariffs, likewise: the basic charge made up, and twice that charge."""
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


def penalty_basis(
    registry: Registry, suspension: Suspension, days: int, max_kw: float | None = None
) -> Mapping[str, Json]:
    """Return what a penalty would be worked out from; what the archive lacks is named, not guessed.

    Args:
        registry: The archive, with the tariff that gives the basic price.
        suspension: The one that was broken.
        days: On which load was drawn.
        max_kw: The highest load drawn, what a partial suspension leaves in use included; with it the least
            amount is known beside the most.
    """
    point = suspension.service_point
    contract = registry.contract_of(point, suspension.starts_at)
    tariff = None
    if contract is not None and contract.tariff is not None:
        tariff = registry.tariff_of(contract.tariff, suspension.starts_at)
    wanted = _wanted(contract, tariff, point)
    capacity = contract.capacity_kva if contract is not None else None
    suspended = None if capacity is None else max(capacity - suspension.remaining_kva, 0.0)
    beyond_kw = None if max_kw is None else Decimal(str(max_kw)) - Decimal(str(suspension.remaining_kva))
    return {
        "rule": PENALTY_RULE,
        "basis": _basis(contract),
        "capacity_suspended_kva": suspended,
        "units_at_rest": _units_at_rest(registry, suspension),
        "days": days,
        "occasions": 1,
        **_amounts(contract, tariff, suspended, days, beyond_kw),
        "wanted_entries": wanted,
    }


def _amounts(
    contract: Contract | None,
    tariff: Tariff | None,
    suspended: float | None,
    days: int,
    beyond_kw: Decimal | None,
) -> Mapping[str, Json]:
    """Return what it comes to: at most as if all suspended had run, at least the load beyond what was left.

    Between both lies the capacity of the whole units that ran, which only an inspection tells.
    """
    if contract is None or contract.basic_charge is None or suspended is None:
        return {}
    facts: dict[str, Json] = {}
    if contract.basic_charge is BasicCharge.NONE:
        terms, rate = f" × {YUAN_PER_KVA}", YUAN_PER_KVA
    else:
        price = basic_price(contract, tariff)
        if price is None or tariff is None or tariff.basic is None:
            return {}
        month = tariff.basic.days_of_month
        terms, rate = f" × {price} × {days} / {month} × {BASIC_CHARGES}", price * days / month * BASIC_CHARGES
        facts = {"basic_price": float(price), "tariff": tariff.id, "tariff_confirmed": tariff.confirmed}
    most = Decimal(str(suspended))
    least = most if beyond_kw is None else min(max(beyond_kw, Decimal(0)), most)
    return {
        **facts,
        "least_yuan": float((least * rate).quantize(CENT)),
        "most_yuan": float((most * rate).quantize(CENT)),
        "least_how": f"{least}{terms}",
        "most_how": f"{most}{terms}",
    }


def basic_price(contract: Contract, tariff: Tariff | None) -> Decimal | None:
    """Return what a month of each kVA or kW costs, as the contract counts; None where none is filed."""
    if tariff is None or tariff.basic is None:
        return None
    by_demand = contract.basic_charge is BasicCharge.DEMAND
    return tariff.basic.demand_price if by_demand else tariff.basic.capacity_price


def _units_at_rest(registry: Registry, suspension: Suspension) -> list[Json]:
    """Return the transformers that rest: the capacity of those that were used is what counts."""
    capacity = {unit.id: unit.capacity_kva for unit in registry.transformers}
    return [{"unit_id": unit, "capacity_kva": capacity.get(unit)} for unit in suspension.transformers]


def _wanted(contract: Contract | None, tariff: Tariff | None, point: str) -> list[str]:
    if contract is None:
        return [f"[[contract]] of service point {point}: capacity_kva, basic_charge"]
    wanted = []
    if contract.capacity_kva is None:
        wanted.append(f"[[contract]] of service point {point}: capacity_kva")
    if contract.basic_charge is None:
        wanted.append(f"[[contract]] of service point {point}: basic_charge")
    elif contract.basic_charge is not BasicCharge.NONE and basic_price(contract, tariff) is None:
        key = "demand_price" if contract.basic_charge is BasicCharge.DEMAND else "capacity_price"
        wanted.append(
            f"[[contract]] of service point {point}: tariff"
            if contract.tariff is None
            else f"[[tariff]] {contract.tariff}: basic.{key}"
        )
    return wanted


def _basis(contract: Contract | None) -> str:
    if contract is None or contract.basic_charge is None:
        return "unknown: the contract does not say whether the tariff is two-part"
    if contract.basic_charge is BasicCharge.NONE:
        return "single-part tariff: 30 yuan per kW (kVA) of the suspended capacity used, per occasion"
    return (
        "two-part tariff: basic charge of the suspended capacity for the days of use, plus twice that charge"
    )
