"""What is said of one meter's next slots: for programs, for people, and for the database."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from detectors.usage.over_capacity import OverCapacity
from pipeline.contracts import BasicCharge
from pipeline.model import MeterId
from storage.forecasts import StoredForecast

PERCENT = "% of contract"
Row: TypeAlias = dict[str, object]
"""One line of a table for people."""


class Model(StrEnum):
    """How the slots are forecast."""

    BLEND = "blend"
    """Yesterday's level with the last four like days: needs nothing but the past."""
    LIGHTGBM = "lightgbm"
    """Trees on lags and calendar; needs the extra ``ml``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterForecast:
    """What is said of one meter; without figures where its past lacks something."""

    meter: MeterId
    service_point: str | None
    """The one that this meter alone measures: then its forecast is that of the point, swaps included."""
    starts_at: datetime
    minutes: int
    model: Model
    lacking: str | None
    """Why there is no forecast."""
    coverage: float | None
    """Share of the slots of the last 28 days that are measured."""
    kwh: NDArray[np.float64]
    """P10, P50 and P90 of each slot, shape (3, slots)."""
    max_p50_kw: float | None
    max_p90_kw: float | None
    month: date
    month_so_far_kw: float | None
    """The highest demand of the month until now: of the intervals and of the demand register."""
    month_so_far_coverage: float | None
    """Share of the month's slots so far that are measured; None where none is over."""
    month_p50_kw: float | None
    month_p90_kw: float | None
    contract_demand_kw: float | None
    """Of the service point, where this meter alone measures it."""
    basic_charge: BasicCharge | None
    """How the basic charge of that contract is counted; None where it is not filed."""
    month_register_kw: float | None = None
    """The highest demand that the register timed within the month; None where none was read."""

    @property
    def percent_of_contract(self) -> float | None:
        """The month's P90 in percent of the contract's demand."""
        if not self.contract_demand_kw or self.month_p90_kw is None:
            return None
        return 100.0 * self.month_p90_kw / self.contract_demand_kw

    @property
    def warns(self) -> bool:
        """Whether the month heads for more than is charged once (105 % of the contract's demand).

        Only who pays by that demand is charged for it at all.
        """
        return self.is_over and self.basic_charge is BasicCharge.DEMAND

    @property
    def is_over(self) -> bool:
        """Whether the month heads for more than 105 % of the contract's demand, however that is paid."""
        percent = self.percent_of_contract
        return percent is not None and percent > 100.0 * OverCapacity().demand

    @property
    def wants(self) -> tuple[str, ...]:
        """Return which entries of the archive would tell whether what is over is charged double."""
        return ("[[contract]] basic_charge",) if self.is_over and self.basic_charge is None else ()

    def with_register(self, kw: float | None) -> MeterForecast:
        """Return the same, where the demand register showed more of the month than the intervals did."""
        if kw is None or self.month_p50_kw is None or self.month_p90_kw is None:
            return self
        return replace(
            self,
            month_so_far_kw=max(kw, self.month_so_far_kw or 0.0),
            month_p50_kw=max(kw, self.month_p50_kw),
            month_p90_kw=max(kw, self.month_p90_kw),
            month_register_kw=kw,
        )

    def refused(self, reason: str) -> MeterForecast:
        """Return the same meter without figures, for what its energies say cannot be."""
        return replace(
            self,
            lacking=reason,
            max_p50_kw=None,
            max_p90_kw=None,
            month_so_far_kw=None,
            month_p50_kw=None,
            month_p90_kw=None,
            month_register_kw=None,
        )

    def as_json(self) -> dict[str, object]:
        """Return the form that ``--json`` prints (DESIGN section 6)."""
        if self.lacking is not None:
            return {"meter_id": self.meter, "error": self.lacking}
        p10, p50, p90 = (np.round(quantile, 6).tolist() for quantile in self.kwh)
        return {
            "meter_id": self.meter,
            "service_point": self.service_point,
            "from": self.starts_at,
            "minutes": self.minutes,
            "p10": p10,
            "p50": p50,
            "p90": p90,
            "max_p50": self.max_p50_kw,
            "max_p90": self.max_p90_kw,
            "model": self.model.value,
            "coverage": self.coverage,
            "month": {
                "month": f"{self.month:%Y-%m}",
                "so_far_kw": self.month_so_far_kw,
                "so_far_coverage": self.month_so_far_coverage,
                "register_kw": self.month_register_kw,
                "max_p50": self.month_p50_kw,
                "max_p90": self.month_p90_kw,
                "contract_demand_kw": self.contract_demand_kw,
                "percent_of_contract": self.percent_of_contract,
                "warns": self.warns,
                "wanted_entries": list(self.wants),
            },
        }


def nearest_first(rows: Iterable[Row]) -> list[Row]:
    """Return such lines with those first that are nearest to their contract's demand."""

    def nearness(row: Row) -> tuple[float, str]:
        percent = row[PERCENT]
        return -(percent if isinstance(percent, float) else 0.0), str(row["meter"])

    return sorted(rows, key=nearness)


def row_of(one: MeterForecast) -> Row:
    """Return a forecast as a line for people."""
    return {
        "meter": one.meter,
        "energy kWh": round(float(np.nansum(one.kwh[1])), 1),
        "max kW P50": _rounded(one.max_p50_kw, 1),
        "max kW P90": _rounded(one.max_p90_kw, 1),
        "month so far kW": _rounded(one.month_so_far_kw, 1),
        "month P90 kW": _rounded(one.month_p90_kw, 1),
        "contract kW": one.contract_demand_kw,
        PERCENT: _rounded(one.percent_of_contract, 1),
        "warning": "double charge" if one.warns else "double charge?" if one.wants else "",
    }


def stored_of(one: MeterForecast) -> StoredForecast:
    """Return a forecast as it is kept."""
    p10, p50, p90 = (quantile.tolist() for quantile in one.kwh)
    return StoredForecast(
        meter=one.meter,
        starts_at=one.starts_at,
        model=one.model.value,
        minutes=one.minutes,
        p10=p10,
        p50=p50,
        p90=p90,
        max_p50_kw=one.max_p50_kw,
        max_p90_kw=one.max_p90_kw,
        month=one.month,
        month_so_far_kw=one.month_so_far_kw,
        month_so_far_coverage=one.month_so_far_coverage,
        month_p50_kw=one.month_p50_kw,
        month_p90_kw=one.month_p90_kw,
    )


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
