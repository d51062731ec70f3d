"""What was planted: the labels that detectors are judged by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pipeline.model import Json, MeterId

LOAD_IN_SUSPENSION = "suspended_load"
"""The detector of load during a suspension (报停用电)."""
VOLTAGE_DEVIATION = "voltage_deviation"
"""The detector of voltage outside its band (电压越限)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """One planted stretch, and whether a detector must find it or must stay silent."""

    meter: MeterId
    service_point: str
    detector: str
    """The detector that must find it; for a twin, the one it might fool."""
    starts_at: datetime
    ends_at: datetime | None
    """None while it goes on."""
    max_kw: float | None = None
    """Greatest mean power of a quarter of an hour, primary side; for load in a suspension."""
    energy_kwh: float | None = None
    """Energy of the stretch up to now, primary side; for load in a suspension."""
    twin: bool = False
    """An innocent look-alike: an episode here is a false alarm."""
    why: str
    """What was planted, in words."""

    def as_json(self) -> dict[str, Json]:
        """Return the row as it goes into a truth file."""
        return {
            "meter_id": self.meter,
            "service_point": self.service_point,
            "detector": self.detector,
            "starts_at": self.starts_at.isoformat(),
            "ends_at": self.ends_at.isoformat() if self.ends_at is not None else None,
            "max_kw": self.max_kw,
            "energy_kwh": self.energy_kwh,
            "twin": self.twin,
            "why": self.why,
        }
