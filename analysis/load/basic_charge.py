"""Which basis of the basic charge (基本电费) costs least: capacity, actual demand, or a contract demand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from analysis.load.advice import Advice, advice, cents, exact
from analysis.load.demand import DemandStatistics
from analysis.settlement.demand import billed_demand, demand_price_factor
from pipeline.contracts import BasicCharge, Contract
from pipeline.tariff import BasicTerms


@dataclass(frozen=True, slots=True, kw_only=True)
class BasicCharges:
    """What a month's basic charge comes to on each basis, exact yuan."""

    now: str
    """The contract's own basis: ``capacity``, ``demand`` or ``contract_demand``."""
    now_yuan: Decimal
    by_basis: Mapping[str, Decimal]
    best_contract_kw: Decimal
    """The contract demand that would have cost least."""
    demand_price: Decimal
    """What the month's demand cost, yuan/kW: less where much was used of the capacity."""


def basic_charges(
    contract: Contract, terms: BasicTerms, demand: DemandStatistics, kwh: float
) -> BasicCharges | None:
    """Return the basic charge of a month on each basis.

    A contract demand is chosen so that the month's maximum just stays within the share that costs nothing
    more, and not below the least share of the capacity. None where the contract pays no basic charge, or
    where the capacity, a price or the maximum is not known.
    """
    billed, capacity = demand.billed, contract.capacity_kva
    if contract.basic_charge in {None, BasicCharge.NONE} or billed is None or not capacity:
        return None
    if terms.capacity_price is None or terms.demand_price is None:
        return None
    maximum, kva = exact(billed[1].kw), exact(capacity)
    factor, _ = demand_price_factor(terms, exact(kwh), kva)
    price = terms.demand_price * factor
    best = max(maximum / terms.over_share, terms.least_demand_share * kva)
    by_basis = {
        "capacity": kva * terms.capacity_price,
        "demand": _by_demand(terms, maximum, None, kva) * price,
        "contract_demand": _by_demand(terms, maximum, best, kva) * price,
    }
    now = "capacity" if contract.basic_charge is BasicCharge.CAPACITY else "demand"
    now_yuan = by_basis[now]
    if now == "demand" and contract.contract_demand_kw is not None:
        now = "contract_demand"
        now_yuan = _by_demand(terms, maximum, exact(contract.contract_demand_kw), kva) * price
    return BasicCharges(
        now=now, now_yuan=now_yuan, by_basis=by_basis, best_contract_kw=best, demand_price=price
    )


def basic_charge(
    contract: Contract, terms: BasicTerms, demand: DemandStatistics, kwh: float
) -> Advice | None:
    """Return the basis on which a month would have cost least; None where nothing is cheaper, or known.

    Who draws more than the capacity (违约用电) is told to apply for more: no basis is advised for a capacity
    that may not be used so.
    """
    found, billed = basic_charges(contract, terms, demand, kwh), demand.billed
    if found is None or billed is None:
        return None
    capacity, agreed = contract.capacity_kva or 0.0, contract.contract_demand_kw
    if billed[1].kw > capacity:
        excess = {"maximum_kw": billed[1].kw, "capacity_kva": capacity}
        return advice("over_capacity", saving_yuan=None, quantities=excess, coverage=demand.coverage)
    best = min(found.by_basis, key=found.by_basis.__getitem__)
    now_yuan, best_yuan = cents(found.now_yuan), cents(found.by_basis[best])
    if now_yuan <= best_yuan:
        return None
    return advice(
        "basic_charge",
        saving_yuan=now_yuan - best_yuan,
        quantities={
            "maximum_kw": billed[1].kw,
            "capacity_kva": capacity,
            "kwh_per_kva": kwh / capacity,
            **({} if agreed is None else {"contract_kw": agreed}),
            "best_contract_kw": float(found.best_contract_kw),
            "now_yuan": float(now_yuan),
            "best_yuan": float(best_yuan),
            **{f"by_{basis}_yuan": float(cents(yuan)) for basis, yuan in found.by_basis.items()},
        },
        prices={
            "capacity_price": terms.capacity_price or Decimal(0),
            "demand_price": found.demand_price,
            "over_share": terms.over_share,
            "over_factor": terms.over_factor,
        },
        words={"now": found.now, "best": best},
        coverage=demand.coverage,
    )


def _by_demand(terms: BasicTerms, maximum: Decimal, agreed: Decimal | None, kva: Decimal) -> Decimal:
    """Return the kW that a month pays for by its demand; what is above the share counts several times."""
    billed = billed_demand(terms, maximum, agreed, kva)
    return Decimal(0) if billed is None else billed.kw + terms.over_factor * billed.over_kw
