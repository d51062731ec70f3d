"""Shelly energy meters of the second generation: notifications with totals, and the minutes they stored.

Components and methods: Shelly's API documentation, Gen2 (EM, EMData, EM1, EM1Data, General/RPCProtocol). A
total is that of the last whole minute. ``GetData`` begins with the next stored record at or after ``ts``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

import orjson

from pipeline.quantities import Quantity
from protocols.mqtt.dialects import Publication
from protocols.mqtt.json_text import load_object
from protocols.mqtt.numbers import JsonValue, UnreadableError
from protocols.mqtt.shelly_records import PERIOD_S, minute_of
from simulators.mqtt_manner import Device, Manner, Shown, Surroundings, manners

W: Final = 1000.0
WH_DIGITS: Final = 3
RECORDS_A_PAGE: Final = 240
EVENTS: Final = "/events/rpc"
OF_A_CHANNEL: Final = (
    # Name, quantity of a phase without its letter, factor from our unit, decimals.
    ("voltage", "voltage", 1.0, 1),
    ("current", "current", 1.0, 3),
    ("act_power", "active_power", W, 1),
    ("aprt_power", "apparent_power", W, 1),
    ("pf", "power_factor", 1.0, 2),
)
ENERGIES: Final = (("total_act", "active_energy_import"), ("total_act_ret", "active_energy_export"))
AVERAGES: Final = (("avg_voltage", "voltage", 1), ("avg_current", "current", 3))


class Shelly:
    """Meters of one gateway; three phases are an EM, one phase is an EM1."""

    def __init__(self, around: Surroundings) -> None:
        """Speak for the devices of a gateway."""
        self._around = around
        self._by_rpc = {_rpc_topic(around, device): device for device in around.devices}

    def live(self, now: datetime) -> Iterator[Publication]:
        """Yield a full status of each device that has power."""
        for device in self._around.devices:
            shown, stood = device.model.read(now), device.model.read(_minute(now))
            if shown and stood:
                params = {"ts": round(now.timestamp(), 2), **_components(device, shown, stood)}
                message = {"src": device.meter, "method": "NotifyStatus", "params": params}
                yield Publication(topic=self._around.topic_of(device), payload=orjson.dumps(message))

    def answer(self, topic: str, payload: bytes, now: datetime) -> Iterator[Publication]:
        """Answer ``GetData`` of the device whose topic it is; anything else is refused."""
        device = self._by_rpc.get(topic)
        try:
            request = load_object(payload)
        except UnreadableError:
            return
        if device is None or not isinstance(request.get("src"), str):
            return
        told: dict[str, object] = {"id": request.get("id"), "src": device.meter, "dst": request["src"]}
        params = request.get("params")
        if request.get("method") == f"{_kind(device)}Data.GetData" and isinstance(params, dict):
            told["result"] = self._page(device, params, now)
        else:
            told["error"] = {"code": 404, "message": f"No handler for {request.get('method')}"}
        yield Publication(topic=f"{request['src']}/rpc", payload=orjson.dumps(told))

    def _page(self, device: Device, params: Mapping[str, JsonValue], now: datetime) -> dict[str, object]:
        """Return the records from ``ts`` to ``end_ts``, in stretches without power cuts."""
        since = self._around.stored_from or now
        first = max(_second(params.get("ts"), now), int(since.timestamp()))
        first += -first % PERIOD_S
        # The present minute is not over: it is no record yet.
        last = min(_second(params.get("end_ts"), now), minute_of(now) - PERIOD_S)
        blocks: list[dict[str, object]] = []
        keys = [name for name, _ in _record(device, {}, {}, {})]
        stop = min(last + PERIOD_S, first + RECORDS_A_PAGE * PERIOD_S)
        rows: list[list[float]] = []
        for start_s in range(first, stop, PERIOD_S):
            start, end, middle = (
                device.model.read(datetime.fromtimestamp(start_s + at, UTC))
                for at in (0, PERIOD_S, PERIOD_S / 2)
            )
            if not (start and end and middle):
                rows = []
                continue
            if not rows:
                blocks.append({"ts": start_s, "period": PERIOD_S, "values": rows})
            rows.append([value for _, value in _record(device, start, end, middle)])
        page: dict[str, object] = {"keys": keys, "data": blocks}
        return page | ({"next_record_ts": stop} if stop <= last else {})


def _components(device: Device, shown: Shown, stood: Shown) -> dict[str, object]:
    kind = _kind(device).lower()
    live: dict[str, object] = {"id": 0}
    data: dict[str, object] = {"id": 0}
    for phase in device.phases:
        before = _before(device, phase)
        for name, stem, factor, decimals in OF_A_CHANNEL:
            live[before + name] = round(shown[Quantity(f"{stem}_{phase}")] * factor, decimals)
        live[f"{before}freq"] = round(shown[Quantity.FREQUENCY], 2)
        for name, stem in ENERGIES:
            data[f"{before}{name}_energy"] = round(stood[Quantity(f"{stem}_{phase}")] * W, WH_DIGITS)
    if len(device.phases) > 1:
        live["total_act_power"] = round(shown[Quantity.ACTIVE_POWER] * W, 1)
        for name, stem in ENERGIES:
            whole = sum(stood[Quantity(f"{stem}_{phase}")] for phase in device.phases)
            data[name] = round(whole * W, WH_DIGITS)
    return {f"{kind}:0": live, f"{kind}data:0": data}


def _record(device: Device, start: Shown, end: Shown, middle: Shown) -> Iterator[tuple[str, float]]:
    """Yield what one minute used, Wh, and the voltage and current in its middle; steady within a minute."""
    for phase in device.phases:
        before = _before(device, phase)
        for name, stem in ENERGIES:
            quantity = Quantity(f"{stem}_{phase}")
            used_kwh = end.get(quantity, 0.0) - start.get(quantity, 0.0)
            yield f"{before}{name}_energy", round(used_kwh * W, WH_DIGITS)
        for name, stem, decimals in AVERAGES:
            yield before + name, round(middle.get(Quantity(f"{stem}_{phase}"), 0.0), decimals)


def _kind(device: Device) -> str:
    return "EM" if len(device.phases) > 1 else "EM1"


def _before(device: Device, phase: str) -> str:
    """Return what stands before the fields of a phase: nothing on a meter of one phase."""
    return f"{phase}_" if len(device.phases) > 1 else ""


def _minute(now: datetime) -> datetime:
    return datetime.fromtimestamp(minute_of(now), UTC)


def _second(value: JsonValue, now: datetime) -> int:
    is_time = isinstance(value, int) and not isinstance(value, bool)
    return value if is_time and isinstance(value, int) else int((now + timedelta(days=1)).timestamp())


def _rpc_topic(around: Surroundings, device: Device) -> str:
    return f"{around.topic_of(device).removesuffix(EVENTS)}/rpc"


def _hears(around: Surroundings) -> tuple[str, ...]:
    return tuple(_rpc_topic(around, device) for device in around.devices)


manners.register("shelly_gen2")(Manner(topic=f"{{gateway}}/+{EVENTS}", open=Shelly, hears=_hears))
