"""What the archive file of a fleet says beside its registry: members of areas, registers at swaps.

Importing the file reads it as everything else; a registry that is handed on within the process is without it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from pipeline.quantities import Quantity
from pipeline.registry import Registry, Wiring
from simulators.fleet.archive import installations_of
from simulators.fleet.build import Fleet, SimulatedMeter
from simulators.physics.circuit import PHASES
from simulators.physics.shapes import LoadPlan

CLOSED = tuple(
    Quantity(name)
    for stem in ("active_energy_import", "active_energy_export")
    for name in (stem, *(f"{stem}_t{rate}" for rate in (1, 2, 3, 4)))
) + tuple(Quantity(f"reactive_energy_q{quadrant}") for quadrant in (1, 2, 3, 4))
"""Registers that are written down when a meter is changed: by rate and quadrant."""
_JUST_BEFORE = timedelta(microseconds=1)

Entry = tuple[str, Mapping[str, object]]


def tables_beside(fleet: Fleet) -> Iterator[Entry]:
    """Yield the transformers and the members of each area, with their phases as filed."""
    for area in fleet.plan.areas:
        if area.transformer_kva is not None:
            yield (
                "transformer",
                {"id": f"TR-{area.id}", "area": area.id, "capacity_kva": area.transformer_kva},
            )
    for meter in fleet.meters:
        if isinstance(meter.plan.load, LoadPlan):
            slips = meter.world.slips
            one_phase = meter.plan.wiring is Wiring.ONE_PHASE
            yield (
                "area_member",
                {
                    "area": slips.area or meter.plan.area,
                    "service_point": meter.plan.service_point,
                    "phase": (slips.phase or PHASES[meter.plan.phase].upper()) if one_phase else None,
                },
            )
        elif meter.plan.load.area is not None:
            yield (
                "area_member",
                {
                    "area": meter.plan.load.area,
                    "service_point": meter.plan.service_point,
                    "role": "supply",
                    "sign": 1,
                },
            )


def keys_beside(fleet: Fleet, registry: Registry) -> dict[tuple[str, tuple[object, ...]], dict[str, object]]:
    """Return more keys of some entries of a fleet's registry: swaps' registers, declared generation.

    By the entry's table and the fields that tell its entries apart.
    """
    more: dict[tuple[str, tuple[object, ...]], dict[str, object]] = {}
    generating = {meter.plan.service_point for meter in fleet.meters if meter.plan.pv_kw}
    for contract in registry.contracts:
        if contract.service_point in generating:
            more["contract", (contract.service_point, contract.starts_at)] = {"generation": True}
    for meter in fleet.meters:
        for placed in installations_of(fleet, meter):
            edges: dict[str, object] = {}
            if placed.starts_at is not None:
                edges["opening"] = registers(meter, placed.starts_at)
            if placed.ends_at is not None:
                edges["closing"] = registers(meter, placed.ends_at - _JUST_BEFORE)
            if edges:
                more["installation", (placed.meter, placed.starts_at)] = edges
    return more


def registers(meter: SimulatedMeter, instant: datetime) -> dict[str, float]:
    """Return what a fitter writes down at a meter: its registers on the secondary side, to 0.01."""
    shown = meter.model.read(instant)
    return {quantity.value: round(shown[quantity], 2) for quantity in CLOSED if quantity in shown}
