"""What one meter said when a person asked, in the form that passes from the owner of its bus to who asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import isnan, nan
from typing import Any  # Any: JSON as the database gives it back

from collectors.targets import MeterRead
from pipeline.model import MeterId, Quality, Snapshot, Value
from pipeline.quantities import Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class PresentReading:
    """The answer to a person's read of one meter."""

    meter: MeterId
    snapshot: Snapshot | None
    """None when the meter gave no value."""
    failure: str
    """Why something is missing; empty when everything was answered."""
    deviations: tuple[str, ...]
    """In what the meter was seen to differ from its standard."""


def present_reading(read: MeterRead) -> PresentReading:
    """Return what a read brought."""
    failure = f"{read.cause}: {read.failure}" if read.cause is not None else ""
    return PresentReading(
        meter=read.meter, snapshot=read.snapshot, failure=failure, deviations=tuple(read.deviations)
    )


def as_json(reading: PresentReading) -> dict[str, object]:
    """Return the form that is kept beside a served request."""
    snapshot = reading.snapshot
    told: dict[str, object] = {
        "meter": reading.meter,
        "failure": reading.failure,
        "deviations": list(reading.deviations),
    }
    if snapshot is not None:
        told |= {
            "taken_at": snapshot.taken_at.isoformat(),
            "received_at": snapshot.received_at.isoformat(),
            "values": {quantity: _plain(value) for quantity, value in snapshot.values.items()},
            "quality": int(snapshot.quality),
            "flags": {quantity: int(flags) for quantity, flags in snapshot.flags.items()},
        }
    return told


def from_json(told: Mapping[str, Any]) -> PresentReading:
    """Return the reading that :func:`as_json` wrote."""
    meter = MeterId(told["meter"])
    snapshot = None
    if "taken_at" in told:
        snapshot = Snapshot(
            meter=meter,
            taken_at=datetime.fromisoformat(told["taken_at"]),
            received_at=datetime.fromisoformat(told["received_at"]),
            values={Quantity(name): _value(value) for name, value in told["values"].items()},
            quality=Quality(told["quality"]),
            flags={Quantity(name): Quality(mask) for name, mask in told["flags"].items()},
        )
    return PresentReading(
        meter=meter, snapshot=snapshot, failure=told["failure"], deviations=tuple(told["deviations"])
    )


def _plain(value: Value) -> object:
    """Return a value as JSON has it, which knows no NaN: an order that a spectrum lacks is null."""
    if isinstance(value, tuple):
        return [None if isnan(each) else each for each in value]
    return value


def _value(value: float | list[float | None]) -> Value:
    if isinstance(value, list):
        return tuple(nan if each is None else each for each in value)
    return value
