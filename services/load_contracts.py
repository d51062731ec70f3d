"""Which contracts a service point had over a span, one after another."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise

from analysis.load.contract import ContractStretch
from pipeline.registry import Registry


def contract_stretches(
    registry: Registry, point: str, starts_at: datetime, ends_at: datetime
) -> list[ContractStretch]:
    """Return the contracts of a point with the parts of a span in which each was in force."""
    dated = [edge for c in registry.contracts_by_point.get(point, ()) for edge in (c.starts_at, c.ends_at)]
    edges = sorted({starts_at, ends_at} | {edge for edge in dated if edge and starts_at < edge < ends_at})
    return [
        ContractStretch(starts_at=begins, ends_at=ends, contract=contract)
        for begins, ends in pairwise(edges)
        if (contract := registry.contract_of(point, begins)) is not None
    ]
