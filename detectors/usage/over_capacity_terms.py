"""What it costs to draw more than agreed (超容用电、超需量): the basis of a penalty and of the charge."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.contracts import BasicCharge, Contract
from pipeline.model import Json

PENALTY_RULE = "Rules on supply and use of electricity (供电营业规则), use above the contracted capacity"
DEMAND_RULE = "demand above 105 % of the contract's value is charged double (国家电网财 (2016) 633)"


def capacity_penalty(contract: Contract, excess_kva: float, days: int) -> Mapping[str, Json]:
    """Return what a penalty for too much capacity would be worked out from; what is not known is named."""
    wanted: list[Json] = []
    if contract.basic_charge is None:
        wanted = [f"[[contract]] of service point {contract.service_point}: basic_charge"]
    return {
        "rule": PENALTY_RULE,
        "basis": _basis(contract.basic_charge),
        "capacity_kva": contract.capacity_kva,
        "excess_kva": round(excess_kva, 3),
        "days": days,
        "wanted_entries": wanted,
    }


def _basis(charge: BasicCharge | None) -> str:
    if charge is None:
        return "unknown: the contract does not say whether the tariff is two-part"
    if charge is BasicCharge.NONE:
        return "single-part tariff: 50 yuan per kW (kVA) of the excess"
    return "two-part tariff: basic charge of the excess for the time of use, plus three times that charge"


def demand_charge(contract_kw: float, limit_kw: float, most_kw: float) -> Mapping[str, Json]:
    """Return what a month's highest demand means for the demand charge, in kW that are charged."""
    above = max(most_kw - limit_kw, 0.0)
    return {
        "rule": DEMAND_RULE,
        "contract_demand_kw": contract_kw,
        "charged_double_kw": round(above, 3),
        "charged_kw": round(most_kw + above, 3) if above else round(contract_kw, 3),
        "yuan": "the kW times the demand price of the customer's tariff",
    }
