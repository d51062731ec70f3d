"""What a maximum demand leaves of a contract demand (合同需量), by the contract in force at the time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from analysis.load.demand import DemandStatistics, RegisterReadings, demand_statistics
from analysis.load.levels import DemandLevels
from pipeline.block import Times
from pipeline.contracts import BasicCharge, Contract
from pipeline.timegrid import to_numpy

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractStretch:
    """A contract and the part of a span in which it was in force; the end is exclusive."""

    starts_at: datetime
    ends_at: datetime
    contract: Contract


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractMargin:
    """What is left of a contract demand (合同需量)."""

    starts_at: datetime
    ends_at: datetime
    """The part of the span in which the contract was in force."""
    contract_demand_kw: float
    basis: str
    """``register`` or ``block``: what the maximum is taken from."""
    maximum_kw: float
    maximum_quality: str | None
    """The letter of a block: ``A`` actual, ``E`` estimated, ``V`` mixed; None for a register's."""
    margin_kw: float
    """Below 0 where the maximum is above the contract."""
    used_percent: float
    double_percent: float
    """Above so much of the contract the excess counts double, for those who pay by demand."""
    double_kw: float | None
    """What counts double: 0 where nothing does, None where nobody filed what the contract pays by."""
    coverage: float


def contract_margin(
    demand: DemandStatistics, during: ContractStretch, levels: DemandLevels
) -> ContractMargin | None:
    """Return what a maximum leaves of a contract demand; None where either is not known."""
    billed, agreed_kw = demand.billed, during.contract.contract_demand_kw
    if billed is None or not agreed_kw:
        return None
    basis, peak = billed
    return ContractMargin(
        starts_at=during.starts_at,
        ends_at=during.ends_at,
        contract_demand_kw=agreed_kw,
        basis=basis,
        maximum_kw=peak.kw,
        maximum_quality=peak.quality,
        margin_kw=agreed_kw - peak.kw,
        used_percent=100.0 * peak.kw / agreed_kw,
        double_percent=levels.double_percent,
        double_kw=_double_kw(during.contract, peak.kw - agreed_kw * levels.double_percent / 100.0),
        coverage=demand.coverage,
    )


def tightest_margin(  # noqa: PLR0913 - slots, a register and contracts
    import_kwh: Floats,
    starts_at: Times,
    minutes: int,
    *,
    quality: NDArray[np.str_],
    register: RegisterReadings | None,
    stretches: Sequence[ContractStretch],
    levels: DemandLevels,
) -> ContractMargin | None:
    """Return the margin of the contract of a span that was used most, each by the demand of its own time.

    None where no contract has a contract demand, or no maximum is known.

    Raises:
        DataError: If 15 minutes are no multiple of shorter slots.
    """
    found = []
    for during in stretches:
        inside = (starts_at >= to_numpy(during.starts_at)) & (starts_at < to_numpy(during.ends_at))
        if inside.any():
            demand = demand_statistics(
                import_kwh[inside], starts_at[inside], minutes, register, quality[inside]
            )
            found.append(contract_margin(demand, during, levels))
    known = [margin for margin in found if margin is not None]
    return max(known, key=lambda margin: margin.used_percent, default=None)


def _double_kw(contract: Contract, excess_kw: float) -> float | None:
    """Return what counts double: only who pays by demand has a contract demand to exceed."""
    if contract.basic_charge is None:
        return None
    return max(excess_kw, 0.0) if contract.basic_charge is BasicCharge.DEMAND else 0.0
