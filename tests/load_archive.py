"""An archive of two points and two meters, with energies of an hour, for the tests of load statistics."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from pipeline.archive_records import Transformer
from pipeline.block import MeterMatrix
from pipeline.contracts import Contract
from pipeline.model import MeterId
from pipeline.quantities import Quantity
from pipeline.records import TimedValues
from pipeline.registry import Installation, Meter, Ratio, Registry, ServicePoint
from pipeline.timegrid import slot_grid
from services.load_facts import Known, shown_demands
from services.load_subjects import PHASE_POWERS, energies_of

M, S = MeterId("M"), MeterId("S")
AT = datetime(2026, 3, 1, 16, tzinfo=UTC)
SPAN = AT, AT.replace(hour=17)
REGISTRY = Registry(
    meters=[Meter(id=M), Meter(id=S)],
    service_points=[ServicePoint(id="P"), ServicePoint(id="Q")],
    installations=[Installation(meter=M, service_point="P")],
    ratios=[Ratio(meter=M, ct=20, pt=10)],
    contracts=[Contract(service_point="P", contract_demand_kw=500.0, capacity_kva=800.0)],
    transformers=[
        Transformer(id="T1", service_point="P", capacity_kva=500.0),
        Transformer(id="T2", service_point="P", capacity_kva=300.0),
        Transformer(id="T3", service_point="Q"),
    ],
)


def known_of(registry: Registry = REGISTRY, readings: dict[Quantity, TimedValues] | None = None) -> Known:
    """Return what facts are looked up in."""
    matrix = MeterMatrix(
        meters=[M, S],
        starts_at=slot_grid(*SPAN, 15),
        minutes=15,
        values={q: np.full((2, 4), 1.0 + n, dtype=np.float32) for n, q in enumerate(PHASE_POWERS)},
        import_kwh=np.ones((2, 4)),
        quality=np.full((2, 4), "A"),
        step_kwh=np.ones(2),
        power_kw=np.ones((2, 4)),
    )
    return Known(
        registry=registry,
        energies=energies_of(matrix, SPAN),
        registers=shown_demands(readings or {}),
        primary=frozenset(),
        ends_at=SPAN[1],
    )
