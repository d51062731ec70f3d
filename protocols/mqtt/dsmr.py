"""DSMR P1: telegrams of Dutch and Belgian meters and their relatives, as P1 readers pass them on whole.

Codes: OBIS, IEC 62056-61 (C: 1/2 active import/export, 3/4 reactive, 5 to 8 its quadrants, 21/41/61 and
22/42/62 phases; D: 8 register, 7 instant, 4 demand, 6 its maximum). Where a meter gives registers by rate
only, their sum is the whole one. Readings of other media (gas, water, heat over M-Bus) have a time of their
own and are not ours: they are kept apart and counted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from pipeline.model import MeterId, Snapshot
from pipeline.quantities import Quantity
from pipeline.registry import MqttSource
from protocols.mqtt.dialects import Dialect, Latest, Parsed, Receive, dialects
from protocols.mqtt.fields import Gathered
from protocols.mqtt.findings import Findings
from protocols.mqtt.names import Names
from protocols.mqtt.numbers import UnreadableError
from protocols.mqtt.p1_telegram import P1Telegram, read_stamp, read_telegram
from protocols.mqtt.whole_messages import read_whole

TOPICS = ("dsmr/+/telegram",)
ELECTRICITY = "1-0"
"""Medium and channel of the meter itself; ``0-n`` are its own data and what hangs on its M-Bus."""
TIME = "0-0:1.0.0"
MAX_DEMAND = "1.6.0"
RATES = 4
NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,12})?", re.ASCII)

_ENERGY = {
    "1": Quantity.ACTIVE_ENERGY_IMPORT,
    "2": Quantity.ACTIVE_ENERGY_EXPORT,
    "3": Quantity.REACTIVE_ENERGY_IMPORT,
    "4": Quantity.REACTIVE_ENERGY_EXPORT,
    "5": Quantity.REACTIVE_ENERGY_Q1,
    "6": Quantity.REACTIVE_ENERGY_Q2,
    "7": Quantity.REACTIVE_ENERGY_Q3,
    "8": Quantity.REACTIVE_ENERGY_Q4,
}
_PLAIN: Mapping[str, Quantity] = {
    **{f"{c}.8.0": whole for c, whole in _ENERGY.items()},
    **{f"{c}.8.{n}": Quantity(f"{whole}_t{n}") for c, whole in _ENERGY.items() for n in range(1, RATES + 1)},
    "1.4.0": Quantity.DEMAND_IMPORT,
    MAX_DEMAND: Quantity.MAX_DEMAND_IMPORT,
    "14.7.0": Quantity.FREQUENCY,
    "32.7.0": Quantity.VOLTAGE_A,
    "52.7.0": Quantity.VOLTAGE_B,
    "72.7.0": Quantity.VOLTAGE_C,
    "31.7.0": Quantity.CURRENT_A,
    "51.7.0": Quantity.CURRENT_B,
    "71.7.0": Quantity.CURRENT_C,
}
_SIGNED: Mapping[str, tuple[Quantity, int]] = {
    "1.7.0": (Quantity.ACTIVE_POWER, 1),
    "2.7.0": (Quantity.ACTIVE_POWER, -1),
    "3.7.0": (Quantity.REACTIVE_POWER, 1),
    "4.7.0": (Quantity.REACTIVE_POWER, -1),
    "21.7.0": (Quantity.ACTIVE_POWER_A, 1),
    "22.7.0": (Quantity.ACTIVE_POWER_A, -1),
    "41.7.0": (Quantity.ACTIVE_POWER_B, 1),
    "42.7.0": (Quantity.ACTIVE_POWER_B, -1),
    "61.7.0": (Quantity.ACTIVE_POWER_C, 1),
    "62.7.0": (Quantity.ACTIVE_POWER_C, -1),
}
"""Import and export stand apart, each never below zero; ours is import minus export."""
_UNITS: Mapping[str, tuple[str, Decimal]] = {
    **{f"k{unit}": (f"k{unit}", Decimal(1)) for unit in ("Wh", "varh", "VAh", "W", "var", "VA")},
    **{unit: (f"k{unit}", Decimal("0.001")) for unit in ("Wh", "varh", "VAh", "W", "var", "VA")},
    **{unit: (unit, Decimal(1)) for unit in ("V", "A", "Hz")},
}
_NOT_METERED = frozenset({"32", "36", "37", "96", "97"})
"""D of electricity codes that count sags, swells and power failures, or list them."""


@dataclass(slots=True)
class _Values:
    """Exact numbers in our units, before they become what readings hold."""

    found: dict[Quantity, Decimal] = field(default_factory=dict)
    wrong: list[tuple[str, str]] = field(default_factory=list)

    def take(self, code: str, text: str, quantity: Quantity, sign: int = 1) -> None:
        try:
            value = sign * _in_unit(text, quantity)
        except UnreadableError as error:
            self.wrong.append((str(error), code))
        else:
            self.found[quantity] = self.found.get(quantity, Decimal(0)) + value

    def add_up_rates(self) -> None:
        """Give the whole register where a meter gives its rates only."""
        for whole in _ENERGY.values():
            rates = [
                self.found[q] for n in range(1, RATES + 1) if (q := Quantity(f"{whole}_t{n}")) in self.found
            ]
            if rates and whole not in self.found:
                self.found[whole] = sum(rates, Decimal(0))


class Dsmr:
    """Listens to the P1 readers of one source."""

    def __init__(self, source: MqttSource) -> None:
        """Take the source's names and zone."""
        self._names = Names(source, {})
        self._zone = source.zone

    def receive(self, topic: str, payload: bytes, received_at: datetime) -> Parsed:
        """Return what one telegram says."""
        found = Findings(topic, payload, received_at)
        return read_whole(found, read_telegram, self._names.meter_by_topic, self._read)

    def _read(self, telegram: P1Telegram, meter: MeterId, found: Findings) -> Snapshot | None:
        values, gathered = _Values(), Gathered()
        for code, texts in telegram.lines.items():
            channel, _, rest = code.partition(":")
            if (scaled := self._names.fields.get(code)) is not None:
                gathered.take(code, texts[-1].partition("*")[0], scaled)
            elif channel == ELECTRICITY and rest in _SIGNED:
                values.take(code, texts[-1], *_SIGNED[rest])
            elif channel == ELECTRICITY and rest in _PLAIN:
                values.take(code, texts[-1], _PLAIN[rest])
                self._note_when(rest, texts, gathered)
            elif channel != ELECTRICITY and rest.startswith(("24.2.", "24.3.")):
                values.wrong.append(("reading of another medium, which has a time of its own", code))
            elif channel == ELECTRICITY and rest.split(".")[1] not in _NOT_METERED:
                values.wrong.append(("unknown OBIS code", code))
        values.add_up_rates()
        for quantity, number in values.found.items():
            gathered.values.setdefault(quantity, float(number))
        found.mistakes(values.wrong + gathered.wrong)
        return gathered.snapshot(meter, self._told(telegram, found), found.received_at)

    def _note_when(self, code: str, texts: tuple[str, ...], gathered: Gathered) -> None:
        """Keep when the largest demand was, which stands before its value."""
        at = read_stamp(texts[0], self._zone) if code == MAX_DEMAND and len(texts) > 1 else None
        if at is not None:
            gathered.values[Quantity.MAX_DEMAND_IMPORT_AT] = at.timestamp()

    def _told(self, telegram: P1Telegram, found: Findings) -> datetime | None:
        texts = telegram.lines.get(TIME)
        if texts is None:
            return None
        at = read_stamp(texts[0], self._zone)
        if at is None:
            found.mistake("time stamp does not fit the source's zone", texts[0])
        return at


def listen(source: MqttSource, _latest: Latest) -> Receive:
    """Start to listen to a source."""
    return Dsmr(source).receive


def _in_unit(text: str, quantity: Quantity) -> Decimal:
    """Return ``000004.426*kWh`` in the quantity's unit.

    Raises:
        UnreadableError: If it is no number, or of another unit.
    """
    digits, _, unit = text.partition("*")
    ours, factor = _UNITS.get(unit, ("", Decimal(1)))
    if ours != quantity.unit:
        raise UnreadableError(f"unit is not {quantity.unit}")
    if NUMBER.fullmatch(digits) is None:
        raise UnreadableError("no number")
    return Decimal(digits) * factor


dialects.register("dsmr")(Dialect(topics=TOPICS, open=listen))
