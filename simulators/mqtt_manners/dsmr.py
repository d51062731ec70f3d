"""P1 readers that pass on whole DSMR telegrams: OBIS lines, a stamp of the meter's zone, a checksum.

Layout: DSMR 5.0.2, P1 companion standard; codes as read by :mod:`protocols.mqtt.dsmr`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from pipeline.quantities import Quantity
from protocols.mqtt.dialects import Publication
from protocols.mqtt.p1_telegram import crc16
from simulators.mqtt_manner import Device, Manner, Quiet, Shown, Surroundings, manners
from simulators.physics.registers import RATES

PHASE_CODES: Final = {"a": 2, "b": 4, "c": 6}
"""The first digit of a phase's codes: 21.7.0, 32.7.0 and 31.7.0 are phase A's."""


class Dsmr(Quiet):
    """Meters with a P1 port and a reader on it."""

    def __init__(self, around: Surroundings) -> None:
        """Speak for the devices of a gateway."""
        self._around = around

    def live(self, now: datetime) -> Iterator[Publication]:
        """Yield a telegram of each meter that has power: what it shows at the second of its stamp."""
        second = now.replace(microsecond=0)
        local = second.astimezone(self._around.zone)
        for device in self._around.devices:
            shown = device.model.read(second)
            if shown:
                body = "\r\n".join(_lines(device, shown, local)).encode("ascii") + b"\r\n!"
                payload = body + f"{crc16(body):04X}\r\n".encode("ascii")
                yield Publication(topic=self._around.topic_of(device), payload=payload)


def _lines(device: Device, shown: Shown, local: datetime) -> Iterator[str]:
    season = "S" if local.dst() else "W"
    yield "/KWH5\\2SIMULATED"
    yield ""
    yield "1-3:0.2.8(50)"
    yield f"0-0:1.0.0({local:%y%m%d%H%M%S}{season})"
    yield f"0-0:96.1.1({device.meter.encode().hex().upper()})"
    for code, stem in ((1, "active_energy_import"), (2, "active_energy_export")):
        for rate in RATES:
            yield f"1-0:{code}.8.{rate}({shown[Quantity(f'{stem}_t{rate}')]:010.3f}*kWh)"
    yield from _power("1-0:1.7.0", "1-0:2.7.0", shown[Quantity.ACTIVE_POWER])
    yield f"1-0:14.7.0({shown[Quantity.FREQUENCY]:05.2f}*Hz)"
    for phase in device.phases:
        digit = PHASE_CODES[phase]
        yield f"1-0:{digit + 1}2.7.0({shown[Quantity(f'voltage_{phase}')]:05.1f}*V)"
        yield f"1-0:{digit + 1}1.7.0({shown[Quantity(f'current_{phase}')]:06.2f}*A)"
        power = shown[Quantity(f"active_power_{phase}")]
        yield from _power(f"1-0:{digit}1.7.0", f"1-0:{digit}2.7.0", power)


def _power(imported: str, exported: str, kw: float) -> Iterator[str]:
    yield f"{imported}({max(kw, 0.0):06.3f}*kW)"
    yield f"{exported}({max(-kw, 0.0):06.3f}*kW)"


manners.register("dsmr")(Manner(topic="{gateway}/dsmr/+/telegram", open=Dsmr))
