"""What is wrong on the way to a fleet's meters, for its truth file: faults of lines, traits of meters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields

from pipeline.model import Json
from simulators.dlt645.traits import STANDARD, Traits
from simulators.fleet.build import Fleet, SimulatedMeter
from simulators.fleet.plan import TraitsPlan
from simulators.line import FaultKind

RELATIVE = ("missing_freezes", "clock_jumps")
"""Traits whose days are counted back from the start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WireTruth:
    """What holds at one meter as long as the fleet is served; no detector is to find it."""

    meter: SimulatedMeter
    deed: str
    """A fault of its line or a trait of the meter, as the fleet file names it."""
    why: str
    share: float | None = None
    """The share of its answers that are hit; None for a trait."""

    def as_json(self, fleet: Fleet) -> dict[str, Json]:
        """Return the row as it goes into a truth file: the keys of a planted fault, and the share."""
        return {
            "meter_id": self.meter.id,
            "service_point": self.meter.plan.service_point,
            "deed": self.deed,
            "detector": None,
            "number": None,
            "also": [],
            "starts_at": fleet.now.isoformat(),
            "ends_at": None,
            "max_kw": None,
            "energy_kwh": None,
            "twin": False,
            "why": self.why,
            "share": self.share,
        }


def wire_truths(fleet: Fleet) -> Iterator[WireTruth]:
    """Yield what each meter of a fleet meets on its line or differs in, in the order of the file."""
    shares: dict[str, Mapping[str, float]] = {
        bus.id: {kind.value: getattr(bus.faults, kind.value) for kind in FaultKind}
        for bus in fleet.plan.buses
    }
    for gateway in fleet.plan.gateways:
        shares[gateway.id] = {"duplicate": gateway.faults.duplicate, "late": gateway.faults.late}
    for meter in fleet.meters:
        line = meter.plan.line
        for kind, share in shares[line].items():
            if share:
                yield WireTruth(meter=meter, deed=kind, share=share, why=f"of the answers on {line}")
        for trait, value in _unusual(meter.plan.traits):
            yield WireTruth(meter=meter, deed=trait, why=f"the meter has {trait} = {value}")


def _unusual(traits: TraitsPlan) -> Iterator[tuple[str, str]]:
    for trait in fields(Traits):
        value = getattr(traits.fixed, trait.name)
        if value != getattr(STANDARD, trait.name):
            yield trait.name, str(value).lower() if isinstance(value, bool) else str(value)
    for name in RELATIVE:
        if getattr(traits, name):
            yield name, f"{len(getattr(traits, name))} times"
