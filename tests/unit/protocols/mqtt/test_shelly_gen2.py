"""Shelly: status and notifications as readings, and the minutes that were missed asked out of its memory."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.model import MeterId, Origin, Quality
from pipeline.quantities import Quantity
from pipeline.registry import MqttSource
from protocols.mqtt.dialects import Parsed, Receive, dialects
from protocols.mqtt.shelly_gen2 import ANSWER_WITHIN, LOOK_BACK
from tests.mqtt_payloads import NOW, listening, message, reasons

PREFIX = "shellypro3em-aabbccddeeff"
METER = MeterId(PREFIX)
RPC = f"{PREFIX}/events/rpc"
TOLD_AT = datetime(2025, 5, 18, 9, 41, 0, 270_000, tzinfo=UTC)
UNTIL_S = int(datetime(2025, 5, 18, 9, 41, tzinfo=UTC).timestamp())
SOURCE = MqttSource(id="shellies", topic="+/events/rpc", dialect="shelly_gen2")
ANSWER = "kilowatch-shellies/rpc"
KEYS = [
    f"{phase}_{key}" for phase in "abc" for key in ("total_act_energy", "total_act_ret_energy", "avg_voltage")
]


@pytest.fixture
def receive() -> Receive:
    return listening("shelly_gen2", "+/#", ask=False)


def since(last: datetime) -> Receive:
    """Listen to a source whose meter was last read at ``last``."""
    return dialects.get("shelly_gen2").open(SOURCE, {METER: last})


def told(receive: Receive, at: datetime = TOLD_AT) -> Parsed:
    payload = message("shelly_gen2/notify_emdata.json").replace(
        b"1747561260.27", str(at.timestamp()).encode()
    )
    return receive(RPC, payload, at + timedelta(seconds=1))


def question(parsed: Parsed) -> Mapping[str, object]:
    (asked,) = parsed.questions
    assert asked.topic == f"{PREFIX}/rpc"
    loaded: Mapping[str, object] = json.loads(asked.payload)
    return loaded


def answer(
    receive: Receive, request: object, blocks: Sequence[Mapping[str, object]], next_s: int | None = None
) -> Parsed:
    result: dict[str, object] = {"keys": KEYS, "data": blocks}
    if next_s is not None:
        result["next_record_ts"] = next_s
    frame = {"id": request, "src": PREFIX, "dst": "kilowatch-shellies", "result": result}
    return receive(ANSWER, json.dumps(frame).encode(), TOLD_AT + timedelta(seconds=2))


def minutes(starts_s: int, *energies: tuple[float, float, float]) -> dict[str, object]:
    rows = [[v for e in row for v in (e, 0.0, 230.0)] for row in energies]
    return {"ts": starts_s, "period": 60, "values": rows}


def test_a_three_phase_status_is_read_in_our_units(receive: Receive) -> None:
    parsed = receive(f"{PREFIX}/status/em:0", message("shelly_gen2/status_em.json"), NOW)
    (snapshot,) = parsed.snapshots
    values = snapshot.values
    assert snapshot.meter == PREFIX
    assert [values[Quantity(f"active_power_{p}")] for p in "abc"] == pytest.approx([2.1662, 0.0036, 0.244])
    assert [values[Quantity(f"apparent_power_{p}")] for p in "abc"] == pytest.approx([2.1759, 0.0101, 0.3397])
    assert [values[Quantity(f"voltage_{p}")] for p in "abc"] == [227.0, 230.0, 230.2]
    assert [values[Quantity(f"current_{p}")] for p in "abc"] == [9.592, 0.044, 1.479]
    assert [values[Quantity(f"power_factor_{p}")] for p in "abc"] == [0.99, 0.36, 0.72]
    assert values[Quantity.ACTIVE_POWER] == pytest.approx(2.413825)
    assert values[Quantity.APPARENT_POWER] == pytest.approx(2.525779)
    assert values[Quantity.FREQUENCY] == 49.9
    assert Quantity.CURRENT_N not in values
    assert snapshot.quality is Quality.ARRIVAL_TIME
    assert parsed.unmatched == ()


def test_a_notification_bears_the_devices_time_and_totals_are_registers(receive: Receive) -> None:
    parsed = receive(RPC, message("shelly_gen2/notify_emdata.json"), NOW)
    (snapshot,) = parsed.snapshots
    assert snapshot.taken_at == TOLD_AT
    assert snapshot.quality is Quality.GOOD
    assert snapshot.values[Quantity.ACTIVE_ENERGY_IMPORT] == pytest.approx(5415.41419)
    assert snapshot.values[Quantity.ACTIVE_ENERGY_IMPORT_B] == pytest.approx(195.76572)
    assert snapshot.values[Quantity.ACTIVE_ENERGY_EXPORT] == 0.0


def test_a_single_phase_meter_exports_below_zero(receive: Receive) -> None:
    (snapshot,) = receive("shellyemg3/events/rpc", message("shelly_gen2/notify_em1.json"), NOW).snapshots
    assert snapshot.values == {
        Quantity.ACTIVE_POWER: pytest.approx(-1.8998),
        Quantity.VOLTAGE_A: 117.6,
        Quantity.CURRENT_A: 16.714,
    }


def test_a_metered_plug_is_read_and_its_minutes_are_not_ours(receive: Receive) -> None:
    parsed = receive("plug/events/rpc", message("shelly_gen2/notify_pm1.json"), NOW)
    assert parsed.snapshots[0].values == {
        Quantity.ACTIVE_ENERGY_IMPORT: pytest.approx(0.001),
        Quantity.ACTIVE_ENERGY_EXPORT: 0.0,
        Quantity.ACTIVE_POWER: pytest.approx(0.027),
        Quantity.CURRENT_A: 0.123,
        Quantity.FREQUENCY: 50.01,
        Quantity.VOLTAGE_A: 233.3,
    }
    assert parsed.unmatched == ()


def test_components_of_one_notification_are_one_reading_of_their_meter(receive: Receive) -> None:
    params = {"ts": TOLD_AT.timestamp(), "em1:0": {"voltage": 230}, "em1data:0": {"total_act_energy": 1500}}
    frame = {"method": "NotifyFullStatus", "params": {**params, "wifi": {"rssi": -57}}}
    (snapshot,) = receive("em/events/rpc", json.dumps(frame).encode(), NOW).snapshots
    assert snapshot.values == {Quantity.VOLTAGE_A: 230.0, Quantity.ACTIVE_ENERGY_IMPORT: 1.5}


def test_channels_of_one_device_are_meters_of_their_own() -> None:
    frame = {
        "method": "NotifyStatus",
        "params": {"ts": 1.7e9, "em1:0": {"voltage": 1}, "em1data:1": {"id": 1}},
    }
    frame["params"] |= {"em1:1": {"voltage": 2}}  # type: ignore[operator] # a dictionary
    payload = json.dumps(frame).encode()
    plain = listening("shelly_gen2", "+/events/rpc", ask=False)("em/events/rpc", payload, NOW)
    assert [s.meter for s in plain.snapshots] == ["em", "em/em1:1"]
    devices = {"em/em1:0": "a", "em/em1:1": "b"}
    named = listening("shelly_gen2", "+/events/rpc", ask=False, devices=devices)(
        "em/events/rpc", payload, NOW
    )
    assert [(s.meter, dict(s.values)) for s in named.snapshots] == [
        ("a", {Quantity.VOLTAGE_A: 1.0}),
        ("b", {Quantity.VOLTAGE_A: 2.0}),
    ]


def test_a_device_may_stand_below_a_prefix() -> None:
    payload = message("shelly_gen2/notify_em1.json")
    receive = listening("shelly_gen2", "shellies/+/events/rpc", devices={"shop": "M-1"}, ask=False)
    assert receive("shellies/shop/events/rpc", payload, NOW).snapshots[0].meter == "M-1"
    only = listening("shelly_gen2", "shop/events/rpc", meters=("M-2",), ask=False)
    assert only("shop/events/rpc", payload, NOW).snapshots[0].meter == "M-2"


def test_unknown_numbers_of_a_meter_are_kept_apart_unless_the_source_names_them() -> None:
    payload = b'{"method":"NotifyStatus","params":{"ts":1747561260,"em:0":{"total_current":11.1,"mood":7}}}'
    assert reasons(listening("shelly_gen2", "+/#", ask=False)(RPC, payload, NOW)) == [
        ("unknown field", "em.mood")
    ]
    named = listening("shelly_gen2", "+/#", ask=False, quantities={"em.mood": "current_n * 0.5"})
    assert named(RPC, payload, NOW).snapshots[0].values == {Quantity.CURRENT_N: 3.5}


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("x/online", b'{"a":1}'),
        (RPC, b'{"method":"NotifyEvent","params":{"ts":1.6,"events":[]}}'),
        (RPC, b'{"method":"NotifyStatus","params":[]}'),
        ("x/status/wifi", b'{"rssi":-57}'),
    ],
)
def test_what_measures_nothing_is_passed_over(receive: Receive, topic: str, payload: bytes) -> None:
    assert receive(topic, payload, NOW) == Parsed()


def test_minutes_that_are_missing_before_a_total_are_asked_for() -> None:
    receive = since(TOLD_AT - timedelta(minutes=10))
    asked = question(told(receive))
    assert asked["method"] == "EMData.GetData"
    assert asked["src"] == "kilowatch-shellies"
    assert asked["params"] == {"id": 0, "ts": UNTIL_S - 600, "end_ts": UNTIL_S - 60}


@pytest.mark.parametrize("minutes_ago", [0, 1, 2])
def test_nothing_is_asked_while_nothing_is_missing(minutes_ago: int) -> None:
    assert told(since(TOLD_AT - timedelta(minutes=minutes_ago))).questions == ()


def test_a_total_whose_time_is_not_known_is_not_counted_back_from() -> None:
    receive = since(TOLD_AT - timedelta(minutes=10))
    totals = b'{"id":0,"total_act":5415414.19}'
    assert receive(f"{PREFIX}/status/emdata:0", totals, TOLD_AT).questions == ()


def test_a_page_that_is_lost_is_asked_for_again_from_the_beginning() -> None:
    receive = since(TOLD_AT - timedelta(minutes=10))
    request = question(told(receive))["id"]
    question(answer(receive, request, [minutes(UNTIL_S - 600, (1.0, 0.0, 0.0))], next_s=UNTIL_S - 120))
    later = TOLD_AT + ANSWER_WITHIN + timedelta(minutes=1)
    again = question(told(receive, later))
    assert again["params"] == {"id": 0, "ts": UNTIL_S - 600, "end_ts": UNTIL_S + 120}


def test_a_gap_while_listening_is_asked_for_too() -> None:
    receive = since(TOLD_AT - timedelta(minutes=11))
    assert told(receive, TOLD_AT - timedelta(minutes=10)).questions == ()
    assert question(told(receive))["params"] == {"id": 0, "ts": UNTIL_S - 600, "end_ts": UNTIL_S - 60}


def test_a_meter_that_was_never_read_is_asked_for_some_days_only() -> None:
    days = {"id": 0, "ts": UNTIL_S - int(LOOK_BACK.total_seconds()), "end_ts": UNTIL_S - 60}
    assert question(told(dialects.get("shelly_gen2").open(SOURCE, {})))["params"] == days
    assert question(told(since(TOLD_AT - timedelta(days=50))))["params"] == days


def test_records_become_registers_backwards_from_the_total() -> None:
    receive = since(TOLD_AT - timedelta(minutes=3))
    request = question(told(receive))["id"]
    energies = [(10.0, 1.0, 5.0), (20.0, 2.0, 5.0), (30.0, 3.0, 5.0)]
    parsed = answer(receive, request, [minutes(UNTIL_S - 180, *energies)])
    assert parsed.unmatched == ()
    by_minute = {int(s.taken_at.timestamp()): s for s in parsed.snapshots}
    assert sorted(by_minute) == [UNTIL_S - 180, UNTIL_S - 120, UNTIL_S - 60]
    assert all(s.origin is Origin.LOAD_RECORD and s.meter == METER for s in parsed.snapshots)
    # The device told 5415414.19 Wh at UNTIL: 38 Wh less a minute before, 27 Wh less before that, and 16 Wh.
    registers = [by_minute[t].values[Quantity.ACTIVE_ENERGY_IMPORT] for t in sorted(by_minute)]
    assert registers == pytest.approx([5415.33319, 5415.34919, 5415.37619], abs=1e-6)
    assert by_minute[UNTIL_S - 180].values[Quantity.ACTIVE_ENERGY_IMPORT_A] == pytest.approx(
        3105.51642, abs=1e-6
    )
    assert by_minute[UNTIL_S - 60].values[Quantity.VOLTAGE_B] == 230.0
    assert told(receive, TOLD_AT + timedelta(minutes=1)).questions == ()


def test_an_answer_in_pages_is_asked_to_its_end_and_a_power_cut_in_it_costs_no_energy() -> None:
    receive = since(TOLD_AT - timedelta(minutes=10))
    request = question(told(receive))["id"]
    more = answer(receive, request, [minutes(UNTIL_S - 600, (1.0, 0.0, 0.0))], next_s=UNTIL_S - 120)
    assert more.snapshots == ()
    following = question(more)
    assert following["params"] == {"id": 0, "ts": UNTIL_S - 120, "end_ts": UNTIL_S - 60}
    last = answer(receive, following["id"], [minutes(UNTIL_S - 120, (2.0, 0.0, 0.0), (4.0, 0.0, 0.0))])
    registers = {
        UNTIL_S - int(s.taken_at.timestamp()): s.values[Quantity.ACTIVE_ENERGY_IMPORT] for s in last.snapshots
    }
    assert registers == pytest.approx({60: 5415.41019, 120: 5415.40819, 600: 5415.40719}, abs=1e-6)


def test_records_that_end_before_the_total_have_no_registers() -> None:
    receive = since(TOLD_AT - timedelta(minutes=10))
    parsed = answer(receive, question(told(receive))["id"], [minutes(UNTIL_S - 300, (1.0, 1.0, 1.0))])
    (snapshot,) = parsed.snapshots
    assert set(snapshot.values) == {Quantity.VOLTAGE_A, Quantity.VOLTAGE_B, Quantity.VOLTAGE_C}
    assert reasons(parsed) == [("records end before the total: registers are not known", METER)]


def test_a_record_without_its_energy_ends_the_chain_of_that_register() -> None:
    receive = since(TOLD_AT - timedelta(minutes=3))
    block = minutes(UNTIL_S - 120, (1.0, 1.0, 1.0), (2.0, 2.0, 2.0))
    block["values"][1][0] = None  # type: ignore[index] # rows of numbers
    parsed = answer(receive, question(told(receive))["id"], [block])
    for snapshot in parsed.snapshots:
        assert Quantity.ACTIVE_ENERGY_IMPORT_A not in snapshot.values
        assert Quantity.ACTIVE_ENERGY_IMPORT not in snapshot.values
        assert Quantity.ACTIVE_ENERGY_IMPORT_B in snapshot.values


def test_a_refusal_is_told_and_not_asked_again() -> None:
    receive = since(TOLD_AT - timedelta(minutes=10))
    frame = {"id": question(told(receive))["id"], "error": {"code": 404, "message": "No handler"}}
    parsed = receive(ANSWER, json.dumps(frame).encode(), NOW)
    assert reasons(parsed) == [("device does not give its records: No handler", METER)]
    assert told(receive, TOLD_AT + timedelta(minutes=1)).questions == ()


@pytest.mark.parametrize(
    "result", [{}, {"keys": [], "data": [7]}, {"keys": [], "data": [{"ts": -1, "values": []}]}]
)
def test_an_answer_of_another_form_is_kept_apart(result: object) -> None:
    receive = since(TOLD_AT - timedelta(minutes=10))
    frame = {"id": question(told(receive))["id"], "result": result}
    parsed = receive(ANSWER, json.dumps(frame).encode(), NOW)
    assert parsed.snapshots == ()
    assert len(parsed.unmatched) == 1


def test_an_unanswered_question_is_asked_again_after_a_while() -> None:
    receive = since(TOLD_AT - timedelta(minutes=10))
    times = [TOLD_AT, TOLD_AT + timedelta(minutes=1), TOLD_AT + ANSWER_WITHIN]
    assert [len(told(receive, at).questions) for at in times] == [1, 0, 1]


def test_an_answer_that_nobody_asked_for_is_kept_apart() -> None:
    assert reasons(since(TOLD_AT)(ANSWER, b'{"id":7,"result":{}}', NOW)) == [
        ("answer to no question of ours", "7")
    ]


def test_answers_come_where_the_source_asks_for_them_and_only_then() -> None:
    dialect = dialects.get("shelly_gen2")
    assert dialect.answers(SOURCE) == (ANSWER,)
    assert dialect.answers(MqttSource(id="shop 1/b", topic="x")) == ("kilowatch-shop-1-b/rpc",)
    assert dialect.answers(MqttSource(id="x", topic="x", ask=False)) == ()
