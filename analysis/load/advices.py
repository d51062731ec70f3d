"""All the advice that a subject's statistics give, by the tariff of its contract."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from analysis.load.advice import Advice, exact
from analysis.load.basic_charge import basic_charge, basic_charges
from analysis.load.compensation import Adjusted, compensation
from analysis.load.demand import DemandStatistics
from analysis.load.levels import AdviceLevels
from analysis.load.reactive import SpanPowerFactor
from analysis.load.shifting import shifting
from analysis.load.tariff_shares import TariffShares
from pipeline.block import Times
from pipeline.contracts import Contract
from pipeline.load_wants import Want
from pipeline.tariff import Tariff

Floats = NDArray[np.float64]
MONTH = timedelta(days=27, hours=23), timedelta(days=31, hours=1)
"""A basic charge is one of a month: nothing is said of it over other spans."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What advice is worked out of."""

    import_kwh: Floats
    starts_at: Times
    minutes: int
    zone: ZoneInfo
    span: tuple[datetime, datetime]
    contract: Contract
    tariff: Tariff | None
    """The version in force when the span begins."""
    shares: TariffShares | None
    demand: DemandStatistics
    power_factor: SpanPowerFactor | None


def advices(basis: Basis, levels: AdviceLevels) -> Iterator[Advice]:
    """Yield the advice that follows from a span's numbers; none of it where too little of them is known."""
    if basis.demand.coverage < levels.least_coverage or basis.demand.block is None:
        return
    found = [_shifting(basis, levels), _compensation(basis, levels), _basic_charge(basis)]
    yield from (one for one in found if one is not None)


def _shifting(basis: Basis, levels: AdviceLevels) -> Advice | None:
    if basis.tariff is None:
        return None
    return shifting(basis.import_kwh, basis.starts_at, basis.zone, basis.tariff, levels)


def _compensation(basis: Basis, levels: AdviceLevels) -> Advice | None:
    found, peak = basis.power_factor, basis.demand.block
    if found is None or peak is None:
        return None
    is_free = basis.contract.category is not None and basis.contract.capacity_kva is not None
    if is_free and found.standard is None:
        # Nobody holds a home to a power factor.
        return None
    return compensation(
        found,
        hours=found.coverage * len(basis.import_kwh) * basis.minutes / 60.0,
        highest_kw=peak.kw,
        adjusted=Adjusted(yuan=_adjusted(basis), wants=_wanted(basis)),
        levels=levels,
    )


def _basic_charge(basis: Basis) -> Advice | None:
    if not _is_month(basis) or basis.tariff is None or basis.tariff.basic is None:
        return None
    return basic_charge(basis.contract, basis.tariff.basic, basis.demand, _kwh(basis))


def _adjusted(basis: Basis) -> Decimal | None:
    """Return the part of the span's bill that the power-factor adjustment (力调) applies to, yuan.

    None where the tariff is not adjusted, or is not filed. Steps, losses and suspensions are not in it: a
    bill is what settlement makes.
    """
    tariff, shares = basis.tariff, basis.shares
    if tariff is None or shares is None or not tariff.power_factor:
        return None
    month = basis.span[0].astimezone(basis.zone).month
    charges = [c for c in tariff.charges if c.power_factor and (not c.months or month in c.months)]
    yuan = sum(
        (
            exact(share.kwh) * (charge.price_in(period) or Decimal(0))
            for period, share in shares.periods.items()
            for charge in charges
        ),
        Decimal(0),
    )
    terms = tariff.basic
    if terms is not None and terms.power_factor and _is_month(basis):
        basic = basic_charges(basis.contract, terms, basis.demand, _kwh(basis))
        yuan += Decimal(0) if basic is None else basic.now_yuan
    return yuan


def _wanted(basis: Basis) -> Want | None:
    """Return the entry that the saving of a better power factor would need."""
    point = basis.contract.service_point
    if basis.contract.tariff is None:
        return Want(key="contract", parameters={"point": point, "fields": ["tariff"]})
    if basis.tariff is None:
        return Want(key="tariff_at_start", parameters={"tariff": basis.contract.tariff})
    if not basis.tariff.power_factor:
        return None
    return Want(key="contract", parameters={"point": point, "fields": ["category", "capacity_kva"]})


def _is_month(basis: Basis) -> bool:
    return MONTH[0] <= basis.span[1] - basis.span[0] <= MONTH[1]


def _kwh(basis: Basis) -> float:
    return float(np.nansum(basis.import_kwh))
