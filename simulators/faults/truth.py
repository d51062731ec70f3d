"""What was planted: the labels that detectors are judged by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pipeline.model import Json, MeterId


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """One planted stretch, and whether a detector must find it or must stay silent."""

    meter: MeterId
    service_point: str
    deed: str
    """What was done: a ``deed`` of the fleet file."""
    detector: str
    """The detector that must find it; for a twin, the one it might fool."""
    number: str | None
    """The detector's number in the catalogue, such as ``D15``; None where it has none."""
    also: tuple[str, ...] = ()
    """Other detectors that may rightly speak up; none of them must."""
    starts_at: datetime
    ends_at: datetime | None
    """None while it goes on."""
    max_kw: float | None = None
    """Greatest mean power of a quarter of an hour, primary side; where energy is drawn that must not be."""
    energy_kwh: float | None = None
    """Energy at stake up to now, primary side; which one the deed says, None where there is none."""
    twin: bool = False
    """An innocent look-alike: an episode here is a false alarm."""
    why: str
    """What was planted, in words."""

    def as_json(self) -> dict[str, Json]:
        """Return the row as it goes into a truth file."""
        return {
            "meter_id": self.meter,
            "service_point": self.service_point,
            "deed": self.deed,
            "detector": self.detector,
            "number": self.number,
            "also": list(self.also),
            "starts_at": self.starts_at.isoformat(),
            "ends_at": self.ends_at.isoformat() if self.ends_at is not None else None,
            "max_kw": self.max_kw,
            "energy_kwh": self.energy_kwh,
            "twin": self.twin,
            "why": self.why,
        }
