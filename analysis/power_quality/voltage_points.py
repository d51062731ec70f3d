"""What a voltage monitoring point (电压监测点) must keep to: its band, and its qualification rate."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from math import inf

from analysis.limits import VoltageBand, VoltageLimit, voltage_limit
from analysis.power_quality.bands import limit_tables, reference_of
from analysis.power_quality.judgement import Reference
from analysis.power_quality.point_month import QualityPoint


@dataclass(frozen=True, slots=True, kw_only=True)
class LeastRate:
    """What qualification rate is asked of some points, %."""

    name: str
    reference: Reference
    percent: float
    from_kv: float = 0.0
    below_kv: float = inf


def point_band(point: QualityPoint) -> VoltageBand:
    """Return the band of a point: as agreed for it, as usual for its class, else of GB/T 12325-2008.

    Raises:
        ConfigError: If the data holds no limit for its wiring and level.
    """
    limit = voltage_limit(point.wiring, point.nominal_kv)
    if point.agreed_band_percent is None:
        limit = _class_limits().get(point.point_class or "", limit)
    else:
        under, over = point.agreed_band_percent
        limit = replace(
            limit, name="agreed", clause="4.4", under_percent=-under, over_percent=over, sum_percent=None
        )
    return VoltageBand(
        nominal_v=point.nominal_v,
        low_v=point.nominal_v * (100.0 - limit.under_percent) / 100.0,
        high_v=point.nominal_v * (100.0 + limit.over_percent) / 100.0,
        limit=limit,
    )


def least_rate(point: QualityPoint) -> LeastRate | None:
    """Return what rate regulation asks of a point; None where it names none."""
    return next((r for r in _least_rates() if r.from_kv <= point.nominal_kv < r.below_kv), None)


def limit_reference(limit: VoltageLimit) -> Reference:
    """Return where a voltage limit stands."""
    return Reference(
        standard=limit.standard,
        edition=limit.edition,
        clause=limit.clause,
        effective_from=limit.effective_from,
        source=limit.source,
        confirmed=limit.confirmed,
    )


@cache
def _class_limits() -> dict[str, VoltageLimit]:
    rows = limit_tables("voltage_points.toml")["band"]
    return {
        row["class"]: VoltageLimit(wirings=(), **{key: value for key, value in row.items() if key != "class"})
        for row in rows
    }


@cache
def _least_rates() -> tuple[LeastRate, ...]:
    return tuple(
        LeastRate(
            name=row["name"],
            reference=reference_of(row, row["clause"]),
            percent=row["percent"],
            from_kv=row.get("from_kv", 0.0),
            below_kv=row.get("below_kv", inf),
        )
        for row in limit_tables("voltage_points.toml")["least_rate"]
    )
