"""Shelly, second generation and later: what energy meters and metered switches tell, and what they stored.

Topics, notifications and components (EM, EM1, EMData, EM1Data, PM1, Switch): Shelly's API documentation,
Gen2. Power in W, energy totals in Wh. ``<prefix>/events/rpc`` bears the device's time,
``<prefix>/status/...`` does not. Energy meters store one record a minute: what is missing before the
running total they tell is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from pipeline.model import MeterId
from pipeline.quantities import Quantity
from pipeline.registry import MqttSource
from pipeline.scaling import Scaled
from protocols.mqtt.dialects import Dialect, Latest, Parsed, Publication, Receive, dialects
from protocols.mqtt.fields import KILO, Gathered, flat
from protocols.mqtt.findings import Findings
from protocols.mqtt.json_text import load_object
from protocols.mqtt.names import Names
from protocols.mqtt.numbers import JsonValue, UnreadableError
from protocols.mqtt.shelly_records import ENERGIES, Page, Recall, minute_of, read_page
from protocols.mqtt.times import measured, posix_instant

TOPICS = ("+/events/rpc",)
COMPONENT = re.compile(r"(em|em1|emdata|em1data|pm1|switch):(\d{1,3})", re.ASCII)
TOPIC = re.compile(r"(.+)/(?:events/rpc|status/([^/]+))", re.DOTALL)
NOTIFICATIONS = ("NotifyStatus", "NotifyFullStatus")

GAP = timedelta(seconds=150)
"""Totals come every minute: after this one is missing, and so are the records since."""
MAX_METERS = 100_000
"""Meters whose gaps are watched."""
LOOK_BACK = timedelta(days=7)
"""How far back a device is asked at most; it stores about sixty days."""
ANSWER_WITHIN = timedelta(minutes=2)
"""A question that stays without an answer is asked again after this."""
MAX_RECALLS = 1_000
"""Devices that are being asked at once."""
LARGEST_REQUEST = 0x7FFF_FFFF

_TOTALS = {
    "total_act": Scaled(Quantity.ACTIVE_ENERGY_IMPORT, KILO),
    "total_act_ret": Scaled(Quantity.ACTIVE_ENERGY_EXPORT, KILO),
}
_SWITCH = {
    "apower": Scaled(Quantity.ACTIVE_POWER, KILO),
    "voltage": Scaled(Quantity.VOLTAGE_A),
    "current": Scaled(Quantity.CURRENT_A),
    "pf": Scaled(Quantity.POWER_FACTOR),
    "freq": Scaled(Quantity.FREQUENCY),
    "aenergy.total": Scaled(Quantity.ACTIVE_ENERGY_IMPORT, KILO),
    "ret_aenergy.total": Scaled(Quantity.ACTIVE_ENERGY_EXPORT, KILO),
}
_FIELDS: Mapping[str, Mapping[str, Scaled]] = {
    "em": {
        **{
            f"{phase}_{field}": Scaled(Quantity(f"{quantity}_{phase}"), factor)
            for phase in "abc"
            for field, quantity, factor in (
                ("voltage", "voltage", 1.0),
                ("current", "current", 1.0),
                ("act_power", "active_power", KILO),
                ("aprt_power", "apparent_power", KILO),
                ("pf", "power_factor", 1.0),
            )
        },
        "a_freq": Scaled(Quantity.FREQUENCY),
        "n_current": Scaled(Quantity.CURRENT_N),
        "total_act_power": Scaled(Quantity.ACTIVE_POWER, KILO),
        "total_aprt_power": Scaled(Quantity.APPARENT_POWER, KILO),
    },
    "em1": {
        "voltage": Scaled(Quantity.VOLTAGE_A),
        "current": Scaled(Quantity.CURRENT_A),
        "act_power": Scaled(Quantity.ACTIVE_POWER, KILO),
        "aprt_power": Scaled(Quantity.APPARENT_POWER, KILO),
        "pf": Scaled(Quantity.POWER_FACTOR),
        "freq": Scaled(Quantity.FREQUENCY),
    },
    "emdata": _TOTALS | {key: Scaled(quantity, KILO) for key, quantity in ENERGIES["emdata"].items()},
    "em1data": {key: Scaled(quantity, KILO) for key, quantity in ENERGIES["em1data"].items()},
    "pm1": _SWITCH,
    "switch": _SWITCH,
}
_KNOWN = {f"{kind}.{name}": scaled for kind, fields in _FIELDS.items() for name, scaled in fields.items()}
_NOT_OURS = frozenset({"id", "total_current", "b_freq", "c_freq"})
"""Numbers that measure nothing of ours: a sum of currents is none of a conductor."""


class Shelly:
    """Listens to the devices of one source, and asks them for what they stored."""

    def __init__(self, source: MqttSource, latest: Latest) -> None:
        """Take the source's names, and since when readings are missing."""
        self._names = Names(source, _KNOWN)
        self._may_ask = source.ask
        self._latest = dict(latest)
        self._answer_to = answer_to(source)
        self._recalls: dict[int, Recall] = {}
        """What is being asked, by the number of the request."""
        self._asked_at: dict[int, datetime] = {}

    def receive(self, topic: str, payload: bytes, received_at: datetime) -> Parsed:
        """Return what one message says."""
        found = Findings(topic, payload, received_at)
        try:
            message = load_object(payload)
            if topic == f"{self._answer_to}/rpc":
                self._answered(message, received_at, found)
            else:
                self._told(topic, message, received_at, found)
        except UnreadableError as error:
            found.mistake(str(error), error.key)
        return found.parsed()

    def _told(
        self, topic: str, message: Mapping[str, JsonValue], received_at: datetime, found: Findings
    ) -> None:
        match = TOPIC.fullmatch(topic)
        if match is None:
            return  # online, announcements, commands: nothing measured
        told: datetime | None = None
        status: Mapping[str, JsonValue] = {str(match[2]): dict(message)}
        if match[2] is None:
            params = message.get("params")
            if message.get("method") not in NOTIFICATIONS or not isinstance(params, dict):
                return
            told, status = posix_instant(params.get("ts")), params
        meters: dict[MeterId, Gathered] = {}
        for name, fields in status.items():
            component = COMPONENT.fullmatch(name)
            if component is None or not isinstance(fields, dict):
                continue
            try:
                meter = self._meter(topic, match[1], component)
            except UnreadableError as error:
                found.mistake(str(error), error.key)
                continue
            gathered = meters.setdefault(meter, Gathered())
            gathered.wrong += self._take(component[1], fields, gathered)
            # Only a total whose time is known can be counted back from.
            at, doubt = measured(told, received_at)
            if component[1] in ENERGIES and self._may_ask and not doubt:
                recall = Recall(
                    meter=meter,
                    component=component[1],
                    number=int(component[2]),
                    prefix=match[1],
                    told_at=at,
                    totals=_totals(component[1], gathered),
                )
                self._recall(recall, received_at, found)
        for meter, gathered in meters.items():
            found.mistakes(gathered.wrong)
            snapshot = gathered.snapshot(meter, told, received_at)
            if snapshot is not None:
                found.snapshots.append(snapshot)

    def _meter(self, topic: str, prefix: str, component: re.Match[str]) -> MeterId:
        """Return the meter of a component: the device's first one may bear the device's own name.

        Raises:
            UnknownDeviceError: If no meter goes by either.
        """
        if not self._names.reads_topics:
            return self._names.meter_of_topic(topic)
        device = self._names.device_in(topic) or prefix
        own = f"{device}/{component[1].removesuffix('data')}:{int(component[2])}"
        return self._names.meter_of(own, device) if int(component[2]) == 0 else self._names.meter_of(own)

    def _take(
        self, kind: str, fields: Mapping[str, JsonValue], gathered: Gathered
    ) -> Iterator[tuple[str, str]]:
        """Gather a component's fields; yield the numbers that nobody knows."""
        for name, value in flat(fields):
            scaled = self._names.fields.get(f"{kind}.{name}")
            if scaled is not None:
                gathered.take(f"{kind}.{name}", value, scaled)
            elif kind.startswith("em") and name not in _NOT_OURS and _is_number(value):
                yield "unknown field", f"{kind}.{name}"

    def _recall(self, recall: Recall, received_at: datetime, found: Findings) -> None:
        """Ask for the minutes before a total, if some are missing."""
        meter, at = recall.meter, recall.told_at
        last = self._latest.get(meter, at - LOOK_BACK)
        if at - last <= GAP:
            self._latest[meter] = max(at, last)
            return
        if meter not in self._latest and len(self._latest) >= MAX_METERS:
            return
        self._drop_unanswered(received_at)
        busy = any(pending.meter == meter for pending in self._recalls.values())
        if not busy and len(self._recalls) < MAX_RECALLS:
            self._ask(recall, minute_of(max(last, at - LOOK_BACK)), received_at, found)

    def _ask(self, recall: Recall, from_s: int, received_at: datetime, found: Findings) -> None:
        request = int(received_at.timestamp() * 1000) & LARGEST_REQUEST
        while request in self._recalls:
            request += 1
        self._recalls[request] = recall
        self._asked_at[request] = received_at
        payload = recall.question(request, self._answer_to, from_s)
        found.questions.append(Publication(topic=f"{recall.prefix}/rpc", payload=payload))

    def _answered(self, message: Mapping[str, JsonValue], received_at: datetime, found: Findings) -> None:
        request = message.get("id")
        recall = self._recalls.pop(request, None) if isinstance(request, int) else None
        if recall is None or not isinstance(request, int):
            found.mistake("answer to no question of ours", str(request))
            return
        del self._asked_at[request]
        result, error = message.get("result"), message.get("error")
        if not isinstance(result, dict):
            told = error.get("message") if isinstance(error, dict) else None
            found.mistake(f"device does not give its records: {told}", recall.meter)
            self._finish(recall)
            return
        page = self._page(result, found)
        next_s = recall.add(page)
        if next_s is not None:
            self._ask(recall, next_s, received_at, found)
            return
        self._finish(recall)
        if recall.records and not recall.reaches_totals:
            found.mistake("records end before the total: registers are not known", recall.meter)
        found.snapshots.extend(recall.snapshots(received_at))

    def _finish(self, recall: Recall) -> None:
        """Take a stretch as asked for: what the device did not give now it does not hold."""
        told_to = datetime.fromtimestamp(recall.until_s, UTC)
        self._latest[recall.meter] = max(told_to, self._latest.get(recall.meter, told_to))

    def _page(self, result: Mapping[str, JsonValue], found: Findings) -> Page:
        """Read a page; an unreadable one ends the recall, and what came before it is kept."""
        try:
            return read_page(result)
        except UnreadableError as error:
            found.mistake(str(error))
            return Page((), None)

    def _drop_unanswered(self, now: datetime) -> None:
        for request, asked_at in list(self._asked_at.items()):
            if not timedelta(0) <= now - asked_at < ANSWER_WITHIN:
                del self._recalls[request], self._asked_at[request]


def answer_to(source: MqttSource) -> str:
    """Return the name under which a source's questions are asked: devices answer at ``<name>/rpc``."""
    return "kilowatch-" + "".join(c if c.isalnum() or c in "-_" else "-" for c in source.id)


def _answers(source: MqttSource) -> tuple[str, ...]:
    return (f"{answer_to(source)}/rpc",) if source.ask else ()


def listen(source: MqttSource, latest: Latest) -> Receive:
    """Start to listen to a source."""
    return Shelly(source, latest).receive


def _totals(component: str, gathered: Gathered) -> Mapping[Quantity, float]:
    """Return the running totals among a component's values."""
    energies = {scaled.quantity for scaled in _FIELDS[component].values()}
    return {quantity: value for quantity, value in gathered.values.items() if quantity in energies}


def _is_number(value: JsonValue) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


dialects.register("shelly_gen2")(Dialect(topics=TOPICS, open=listen, answers=_answers, remembers=True))
