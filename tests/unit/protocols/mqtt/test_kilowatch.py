import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from pipeline.model import Origin, Quality, Snapshot
from pipeline.quantities import Quantity
from pipeline.registry import MqttSource
from protocols.mqtt.dialects import Parsed, dialects
from protocols.mqtt.findings import MAX_PAYLOAD_BYTES, MAX_UNMATCHED
from protocols.mqtt.kilowatch import parse

TOPIC = "kilowatch/v1/gw-1/readings"
NOW = datetime(2026, 11, 22, 2, 15, 3, tzinfo=UTC)
READING: dict[str, Any] = {  # Any: JSON as a gateway may write it
    "meter": "M-1",
    "taken_at": "2026-11-22T10:15:00+08:00",
    "origin": "load record",
    "values": {"active_energy_import": 123.45, "voltage_a": 220.1},
}


def told(*readings: object, **more: object) -> Parsed:
    return parse(TOPIC, json.dumps({"gateway": "gw-1", "readings": readings, **more}).encode(), NOW)


def with_values(**values: object) -> dict[str, Any]:  # Any: as READING
    return {**READING, "values": values}


def only(parsed: Parsed) -> Snapshot:
    (snapshot,) = parsed.snapshots
    return snapshot


def reasons(parsed: Parsed) -> list[tuple[str, str]]:
    return [(unmatched.reason, unmatched.key) for unmatched in parsed.unmatched]


def test_a_reading_becomes_a_snapshot_at_its_measured_time() -> None:
    parsed = told(READING)
    snapshot = only(parsed)
    assert parsed.unmatched == ()
    assert snapshot.meter == "M-1"
    assert snapshot.taken_at == datetime(2026, 11, 22, 2, 15, tzinfo=UTC)
    assert snapshot.meter_time == snapshot.taken_at
    assert snapshot.received_at == NOW
    assert snapshot.origin is Origin.LOAD_RECORD
    assert snapshot.values == {Quantity.ACTIVE_ENERGY_IMPORT: 123.45, Quantity.VOLTAGE_A: 220.1}
    assert snapshot.quality is Quality.GOOD


def test_a_reading_without_an_origin_was_pushed() -> None:
    assert only(told({k: v for k, v in READING.items() if k != "origin"})).origin is Origin.PUSH


def test_numbers_may_be_written_as_text() -> None:
    snapshot = only(told(with_values(voltage_a="220.1", frequency=" 5.0e1 ")))
    assert snapshot.values == {Quantity.VOLTAGE_A: 220.1, Quantity.FREQUENCY: 50.0}


@pytest.mark.parametrize("odd", ["NaN", "Infinity", "-Infinity", '"nan"', '"-inf"', "1e999", "1e300"])
def test_what_is_not_a_number_is_flagged_and_its_neighbours_are_kept(odd: str) -> None:
    text = json.dumps({"readings": [with_values(voltage_a="@", voltage_b=220), READING]})
    parsed = parse(TOPIC, text.replace('"@"', odd).encode(), NOW)
    first, second = parsed.snapshots
    assert first.values == {Quantity.VOLTAGE_B: 220.0}
    assert first.flags == {Quantity.VOLTAGE_A: Quality.NOT_A_NUMBER}
    assert second.flags == {}
    assert parsed.unmatched == ()


def test_null_is_missing() -> None:
    assert only(told(with_values(voltage_a=None, voltage_b=220))).values == {Quantity.VOLTAGE_B: 220.0}


def test_an_unknown_field_is_kept_apart_and_the_others_are_read() -> None:
    parsed = told(with_values(voltage_a=220, colour=3))
    assert only(parsed).values == {Quantity.VOLTAGE_A: 220.0}
    assert reasons(parsed) == [("unknown quantity", "colour")]
    assert parsed.unmatched[0].source == TOPIC
    assert b'"colour":3' in parsed.unmatched[0].payload


@pytest.mark.parametrize("wrong", [True, "220 V", "", [220], {"v": 1}, "1_000", "1" * 50])
def test_what_is_no_number_is_kept_apart(wrong: object) -> None:
    parsed = told(with_values(voltage_a=wrong, voltage_b=220))
    assert only(parsed).values == {Quantity.VOLTAGE_B: 220.0}
    assert reasons(parsed) == [("no number", "voltage_a")]


def test_a_time_without_zone_costs_only_its_reading() -> None:
    parsed = told({**READING, "taken_at": "2026-11-22T10:15:00"}, READING)
    assert len(parsed.snapshots) == 1
    assert reasons(parsed) == [("time without zone", "M-1")]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"taken_at": None}, "no readable time"),
        ({"taken_at": 1763776500}, "no readable time"),
        ({"taken_at": "yesterday"}, "no readable time"),
        ({"taken_at": "0001-01-01T00:00:00+14:00"}, "no readable time"),
        ({"taken_at": "1970-01-01T00:00:00Z"}, "time before 2000"),
        ({"origin": "manual"}, "unknown origin"),
        ({"origin": ["push"]}, "unknown origin"),
        ({"values": {}}, "no values"),
        ({"values": [1]}, "no values"),
    ],
)
def test_a_reading_that_cannot_be_filed_is_kept_apart(change: dict[str, object], reason: str) -> None:
    parsed = told({**READING, **change}, READING)
    assert len(parsed.snapshots) == 1
    assert reasons(parsed) == [(reason, "M-1")]


@pytest.mark.parametrize("meter", [None, "", 7, "x" * 65, "a\0b", "\ud800"])
def test_a_reading_without_a_readable_meter_is_kept_apart(meter: object) -> None:
    parsed = told({**READING, "meter": meter}, READING)
    assert len(parsed.snapshots) == 1
    assert reasons(parsed) == [("no readable meter", "")]


def test_a_broken_character_costs_only_its_reading() -> None:
    text = json.dumps({"readings": [{**READING, "meter": "@"}, READING]}).encode()
    parsed = parse(TOPIC, text.replace(b"@", b"\xff"), NOW)
    assert [snapshot.meter for snapshot in parsed.snapshots][-1] == "M-1"


@pytest.mark.parametrize(("minutes", "quality"), [(5, Quality.GOOD), (6, Quality.FUTURE_TIME)])
def test_a_measured_time_in_the_future_is_flagged(minutes: int, quality: Quality) -> None:
    taken_at = (NOW + timedelta(minutes=minutes)).isoformat()
    assert only(told({**READING, "taken_at": taken_at})).quality is quality


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"NaN {", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[" * 200_000 + b"NaN", "not JSON"),
        (b"[]", "not a JSON object"),
        (b"{}", "no list of readings"),
        (b'{"gateway": "gw-2", "readings": []}', "gateway is not the topic's"),
        (b" " * (MAX_PAYLOAD_BYTES + 1), "message too large"),
    ],
    ids=str,
)
def test_a_message_that_cannot_be_read_is_kept_bounded(payload: bytes, reason: str) -> None:
    parsed = parse(TOPIC, payload, NOW)
    assert parsed.snapshots == ()
    assert reasons(parsed) == [(reason, "")]
    assert len(parsed.unmatched[0].payload) <= 2048


def test_a_bridge_may_put_levels_before_the_topic() -> None:
    payload = json.dumps({"gateway": "gw-1", "readings": [READING]}).encode()
    assert len(parse(f"plant-7/{TOPIC}", payload, NOW).snapshots) == 1


def test_more_mistakes_than_are_kept_are_said_to_be_more() -> None:
    parsed = told(with_values(**{f"x{i}": 1 for i in range(1000)}, voltage_a=220), READING)
    assert len(parsed.snapshots) == 2
    assert len(parsed.unmatched) == MAX_UNMATCHED
    assert parsed.unmatched[-1].reason == "more mistakes than are kept"


def test_spectra_words_and_instants_have_their_own_forms() -> None:
    parsed = told(
        with_values(
            voltage_harmonic_a=[0, 100, 0.2, "3.1"],
            status_words=[1, 65535],
            max_demand_import_at="2026-11-01T08:00:00+08:00",
        )
    )
    assert only(parsed).values == {
        Quantity.VOLTAGE_HARMONIC_A: (0.0, 100.0, 0.2, 3.1),
        Quantity.STATUS_WORDS: (1.0, 65535.0),
        Quantity.MAX_DEMAND_IMPORT_AT: datetime(2026, 11, 1, tzinfo=UTC).timestamp(),
    }


def test_spectra_words_and_instants_of_another_form_are_kept_apart() -> None:
    parsed = told(
        with_values(
            voltage_harmonic_a=3, status_words=[65536], max_demand_import_at=-1, voltage_highest_at="noon"
        )
    )
    assert parsed.snapshots == ()
    assert [reason for reason, _ in reasons(parsed)] == [
        "no list of numbers",
        "no list of status words",
        "no readable time",
        "no readable time",
    ]


def test_one_reading_may_be_the_message_itself() -> None:
    parsed = parse(TOPIC, json.dumps({"gateway": "gw-1", **READING}).encode(), NOW)
    assert only(parsed) == only(told(READING))
    assert parsed.unmatched == ()


def test_a_source_may_name_meters_and_fields_its_own_way() -> None:
    source = MqttSource(
        id="gw",
        topic="kilowatch/v1/+/readings",
        devices={"M-1": "plant-3"},
        quantities={"watts": "active_power * 0.001"},
    )
    receive = dialects.get("kilowatch").open(source, {})
    stranger = {**READING, "meter": "M-2"}
    payload = json.dumps({"readings": [with_values(watts=1500, voltage_a=220), stranger]}).encode()
    parsed = receive(TOPIC, payload, NOW)
    assert reasons(parsed) == [("unknown device", "M-2")]
    snapshot = only(parsed)
    assert snapshot.meter == "plant-3"
    assert snapshot.values == {Quantity.ACTIVE_POWER: 1.5, Quantity.VOLTAGE_A: 220.0}


def test_the_dialect_is_filed_with_its_topics() -> None:
    assert dialects.get("kilowatch").topics == ("kilowatch/v1/+/readings",)
    assert dialects.get("kilowatch").answers(MqttSource(id="gw", topic="t")) == ()
