"""Tasmota plugs and meters: ``tele/<device>/SENSOR``, local time, phases in lists.

Fields and units: Tasmota's documentation of JSON status responses and energy monitoring, as read by
:mod:`protocols.mqtt.tasmota`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import orjson

from pipeline.quantities import Quantity
from protocols.mqtt.dialects import Publication
from simulators.mqtt_manner import Device, Manner, Quiet, Shown, Surroundings, manners

W = 1000.0
FIELDS = (
    # Name, quantity of a phase without its letter, factor from our unit, decimals.
    ("Total", "active_energy_import", 1.0, 3),
    ("ExportActive", "active_energy_export", 1.0, 3),
    ("Power", "active_power", W, 1),
    ("ApparentPower", "apparent_power", W, 1),
    ("ReactivePower", "reactive_power", W, 1),
    ("Factor", "power_factor", 1.0, 3),
    ("Voltage", "voltage", 1.0, 1),
    ("Current", "current", 1.0, 3),
)


class Tasmota(Quiet):
    """Devices with this firmware."""

    def __init__(self, around: Surroundings) -> None:
        """Speak for the devices of a gateway."""
        self._around = around

    def live(self, now: datetime) -> Iterator[Publication]:
        """Yield a message for each device that has power."""
        local = now.astimezone(self._around.zone).replace(tzinfo=None, microsecond=0)
        for device in self._around.devices:
            shown = device.model.read(now)
            if shown:
                message = {"Time": local.isoformat(), "ENERGY": _energy(device, shown)}
                yield Publication(topic=self._around.topic_of(device), payload=orjson.dumps(message))


def _energy(device: Device, shown: Shown) -> dict[str, object]:
    fields: dict[str, object] = {"Frequency": round(shown[Quantity.FREQUENCY], 2)}
    for name, stem, factor, decimals in FIELDS:
        values = [
            round(shown[Quantity(f"{stem}_{phase}")] * factor, decimals)
            for phase in device.phases
            if Quantity(f"{stem}_{phase}") in shown
        ]
        if values:
            fields[name] = values if len(values) > 1 else values[0]
    return fields


manners.register("tasmota")(Manner(topic="{gateway}/tele/+/SENSOR", open=Tasmota))
