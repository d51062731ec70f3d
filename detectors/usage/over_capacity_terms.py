"""What it costs to draw more than agreed (超容用电、超需量): the basis of a penalty and of the charge."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from detectors.usage.suspension_terms import CENT, basic_price
from pipeline.contracts import BasicCharge, Contract
from pipeline.model import Json
from pipeline.tariff import Tariff

PENALTY_RULE = "Rules on supply and use of electricity (供电营业规则), use above the contracted capacity"
DEMAND_RULE = "demand above 105 % of the contract's value is charged double (国家电网财 (2016) 633)"


YUAN_PER_KVA = Decimal(50)
"""Of a single-part tariff, for each kVA above the contract."""
TIMES = 4
"""Of a two-part tariff: the basic charge of the excess that was not paid, and three times that."""


def capacity_penalty(
    contract: Contract, excess_kva: float, days: int, tariff: Tariff | None = None
) -> Mapping[str, Json]:
    """Return what a penalty for too much capacity comes to, or is worked out from; what lacks is named.

    Args:
        contract: The one that was exceeded.
        excess_kva: By how much, at most.
        days: On which it was.
        tariff: The version that was in force; None where none is filed.
    """
    wanted: list[Json] = []
    if contract.basic_charge is None:
        wanted = [f"[[contract]] of service point {contract.service_point}: basic_charge"]
    return {
        "rule": PENALTY_RULE,
        "basis": _basis(contract.basic_charge),
        "capacity_kva": contract.capacity_kva,
        "excess_kva": round(excess_kva, 3),
        "days": days,
        **_penalty(contract, Decimal(str(round(excess_kva, 3))), days, tariff),
        "wanted_entries": wanted,
    }


def _penalty(contract: Contract, excess_kva: Decimal, days: int, tariff: Tariff | None) -> Mapping[str, Json]:
    if contract.basic_charge is BasicCharge.NONE:
        return _money(excess_kva * YUAN_PER_KVA, f"{excess_kva} × {YUAN_PER_KVA}")
    price = basic_price(contract, tariff)
    if contract.basic_charge is None or tariff is None or tariff.basic is None or price is None:
        return {}
    month = tariff.basic.days_of_month
    return {
        **_priced(tariff, price),
        **_money(
            excess_kva * price * days / month * TIMES, f"{excess_kva} × {price} × {days} / {month} × {TIMES}"
        ),
    }


def _money(yuan: Decimal, how: str) -> Mapping[str, Json]:
    return {"yuan": float(yuan.quantize(CENT)), "yuan_how": how}


def _priced(tariff: Tariff, price: Decimal) -> Mapping[str, Json]:
    return {"basic_price": float(price), "tariff": tariff.id, "tariff_confirmed": tariff.confirmed}


def _basis(charge: BasicCharge | None) -> str:
    if charge is None:
        return "unknown: the contract does not say whether the tariff is two-part"
    if charge is BasicCharge.NONE:
        return "single-part tariff: 50 yuan per kW (kVA) of the excess"
    return "two-part tariff: basic charge of the excess for the time of use, plus three times that charge"


def demand_charge(
    contract_kw: float, limit_kw: float, most_kw: float, tariff: Tariff | None = None
) -> Mapping[str, Json]:
    """Return what a month's highest demand means for the demand charge, in kW and, by the tariff, in yuan.

    Args:
        contract_kw: The demand agreed.
        limit_kw: Up to where nothing more is charged.
        most_kw: The month's highest demand.
        tariff: That of a customer who pays by demand; None where it is not filed.
    """
    above = max(most_kw - limit_kw, 0.0)
    charged = round(most_kw + above, 3) if above else round(contract_kw, 3)
    price = None if tariff is None or tariff.basic is None else tariff.basic.demand_price
    money: Mapping[str, Json] = {"yuan": "the kW times the demand price of the customer's tariff"}
    if tariff is not None and price is not None:
        whole, double = Decimal(str(charged)) * price, Decimal(str(round(above, 3))) * price
        money = {
            **_priced(tariff, price),
            **_money(whole, f"{charged:g} × {price}"),
            "double_yuan": float(double.quantize(CENT)),
        }
    return {
        "rule": DEMAND_RULE,
        "contract_demand_kw": contract_kw,
        "charged_double_kw": round(above, 3),
        "charged_kw": charged,
        **money,
    }
