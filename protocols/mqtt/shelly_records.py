"""Minute records out of a Shelly's memory: the question, the answer's pages, the registers they stand for.

RPC frames, ``EMData.GetData`` and ``EM1Data.GetData``: Shelly's API documentation, Gen2
(General/RPCProtocol, ComponentsAndServices/EMData and EM1Data). A record holds what was used *during* its
minute, in Wh. Registers come of it backwards from the running total that the device last told: the total at
a record's start is the total at its end less the record. That the total counts whole minutes, as the
records do, is to be confirmed on a device.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import orjson

from pipeline.model import MeterId, Origin, Snapshot
from pipeline.quantities import Quantity
from protocols.mqtt.fields import KILO
from protocols.mqtt.numbers import JsonValue, NotANumberError, UnreadableError, read_number

PERIOD_S = 60
MAX_RECORDS = 20_000
"""Of one question: fourteen days."""
WATT_HOUR_DIGITS = 6
"""Registers are given to a thousandth of a Wh: finer is noise of the subtraction."""

_PHASES = {
    f"{phase}_{key}": Quantity(f"{whole}_{phase}")
    for phase in "abc"
    for key, whole in (
        ("total_act_energy", Quantity.ACTIVE_ENERGY_IMPORT),
        ("total_act_ret_energy", Quantity.ACTIVE_ENERGY_EXPORT),
    )
}
ENERGIES: Mapping[str, Mapping[str, Quantity]] = {
    "emdata": _PHASES,
    "em1data": {
        "total_act_energy": Quantity.ACTIVE_ENERGY_IMPORT,
        "total_act_ret_energy": Quantity.ACTIVE_ENERGY_EXPORT,
    },
}
"""What the energies in a record of each component add to."""
SUMS: Mapping[Quantity, tuple[Quantity, ...]] = {
    whole: tuple(Quantity(f"{whole}_{phase}") for phase in "abc")
    for whole in (Quantity.ACTIVE_ENERGY_IMPORT, Quantity.ACTIVE_ENERGY_EXPORT)
}
"""A three-phase device gives no energy of the whole in its records; its total is the sum of its phases."""
AVERAGES: Mapping[str, Quantity] = {
    "a_avg_voltage": Quantity.VOLTAGE_A,
    "b_avg_voltage": Quantity.VOLTAGE_B,
    "c_avg_voltage": Quantity.VOLTAGE_C,
    "a_avg_current": Quantity.CURRENT_A,
    "b_avg_current": Quantity.CURRENT_B,
    "c_avg_current": Quantity.CURRENT_C,
    "n_avg_current": Quantity.CURRENT_N,
    "avg_voltage": Quantity.VOLTAGE_A,
    "avg_current": Quantity.CURRENT_A,
}


@dataclass(frozen=True, slots=True)
class Record:
    """One minute as the device stored it."""

    starts_s: int
    period_s: int
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Page:
    """One answer: records, and where the next question begins if there are more."""

    records: tuple[Record, ...]
    next_s: int | None


@dataclass(slots=True, kw_only=True)
class Recall:
    """A stretch of memory that is being asked for."""

    meter: MeterId
    component: str
    """``emdata`` or ``em1data``."""
    number: int
    prefix: str
    """The device's topic prefix."""
    told_at: datetime
    """When the device told ``totals``."""
    totals: Mapping[Quantity, float]
    """kWh."""
    records: dict[int, Record] = field(default_factory=dict)

    @property
    def until_s(self) -> int:
        """The minute at which ``totals`` stood."""
        return minute_of(self.told_at)

    def question(self, request: int, answer_to: str, from_s: int) -> bytes:
        """Return the request for what was stored since ``from_s``; it is answered at ``<answer_to>/rpc``."""
        method = {"emdata": "EMData.GetData", "em1data": "EM1Data.GetData"}[self.component]
        params = {"id": self.number, "ts": from_s, "end_ts": self.until_s - PERIOD_S}
        return orjson.dumps({"id": request, "src": answer_to, "method": method, "params": params})

    def add(self, page: Page) -> int | None:
        """Keep a page's records; return where the next question begins, None at the end."""
        for record in page.records:
            if record.starts_s + record.period_s <= self.until_s and len(self.records) < MAX_RECORDS:
                self.records[record.starts_s] = record
        newest_s = max(self.records, default=0)
        more = page.next_s is not None and page.records and newest_s < page.next_s < self.until_s
        return page.next_s if more and len(self.records) < MAX_RECORDS else None

    @property
    def reaches_totals(self) -> bool:
        """Whether the newest record ends where the totals stood: only then do they add up."""
        newest = self.records.get(max(self.records, default=0))
        return newest is not None and newest.starts_s + newest.period_s == self.until_s

    def snapshots(self, received_at: datetime) -> Iterator[Snapshot]:
        """Yield each record as the load record of its start, the newest first."""
        energies = ENERGIES[self.component]
        standing = dict(self.totals) if self.reaches_totals else {}
        for starts_s in sorted(self.records, reverse=True):
            record = self.records[starts_s]
            standing = _before(standing, record, energies)
            values: dict[Quantity, float] = {
                quantity: record.values[key] for key, quantity in AVERAGES.items() if key in record.values
            }
            values.update((q, round(kwh, WATT_HOUR_DIGITS)) for q, kwh in standing.items())
            if values:
                taken_at = datetime.fromtimestamp(starts_s, UTC)
                yield Snapshot(
                    meter=self.meter,
                    taken_at=taken_at,
                    received_at=received_at,
                    values=values,
                    origin=Origin.LOAD_RECORD,
                    meter_time=taken_at,
                )


def minute_of(instant: datetime) -> int:
    """Return the POSIX second at which the minute of ``instant`` began."""
    seconds = int(instant.timestamp())
    return seconds - seconds % PERIOD_S


def read_page(result: Mapping[str, JsonValue]) -> Page:
    """Read the result of ``GetData``.

    Raises:
        UnreadableError: If it is not of that form.
    """
    keys, blocks, next_s = result.get("keys"), result.get("data"), result.get("next_record_ts")
    if not isinstance(keys, list) or not isinstance(blocks, list):
        raise UnreadableError("no records with keys")
    names = [key if isinstance(key, str) else "" for key in keys]
    records = [record for block in blocks for record in _block(block, names)]
    return Page(tuple(records), None if next_s is None else _seconds(next_s))


def _block(block: JsonValue, names: Sequence[str]) -> Iterator[Record]:
    """Yield the records of a stretch without power cuts."""
    rows = block.get("values") if isinstance(block, dict) else None
    if not isinstance(block, dict) or not isinstance(rows, list):
        raise UnreadableError("no records with keys")
    starts_s, period_s = _seconds(block.get("ts")), _seconds(block.get("period"))
    if not period_s:
        raise UnreadableError("records without a period")
    for place, row in enumerate(rows[:MAX_RECORDS]):
        if isinstance(row, list):
            yield Record(starts_s + place * period_s, period_s, dict(_numbers(names, row)))


def _numbers(names: Sequence[str], row: Sequence[JsonValue]) -> Iterator[tuple[str, float]]:
    for name, value in zip(names, row, strict=False):
        try:
            yield name, read_number(value)
        except (NotANumberError, UnreadableError):
            continue  # missing: the chain of registers ends here, the other values are kept


def _seconds(value: JsonValue) -> int:
    try:
        seconds = read_number(value)
    except NotANumberError:
        raise UnreadableError("no readable time") from None
    if not 0 <= seconds < 2**32:
        raise UnreadableError("no readable time")
    return int(seconds)


def _before(
    standing: Mapping[Quantity, float], record: Record, energies: Mapping[str, Quantity]
) -> dict[Quantity, float]:
    """Return the registers at a record's start; one whose energy is missing is not known from there back."""
    used = {q: record.values[key] * KILO for key, q in energies.items() if key in record.values}
    for whole, parts in SUMS.items():
        if whole not in used and all(part in used for part in parts):
            used[whole] = sum(used[part] for part in parts)
    return {quantity: kwh - used[quantity] for quantity, kwh in standing.items() if quantity in used}
