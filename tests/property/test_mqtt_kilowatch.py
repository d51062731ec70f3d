"""Any bytes are parsed: nothing is raised, nothing is unbounded, nothing costs its neighbour."""

import json
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from pipeline.quantities import Quantity
from protocols.mqtt.dialects import Parsed
from protocols.mqtt.findings import KEPT_BYTES, MAX_KEY, MAX_UNMATCHED
from protocols.mqtt.kilowatch import parse

TOPIC = "kilowatch/v1/gw-1/readings"
NOW = datetime(2026, 11, 22, 2, 15, 3, tzinfo=UTC)
GOOD = {"meter": "good", "taken_at": "2026-11-22T10:15:00+08:00", "values": {"voltage_a": 220.0}}

JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=5), st.dictionaries(st.text(max_size=10), inner, max_size=5)
    ),
    max_leaves=20,
)
READINGS = st.one_of(
    JSON,
    st.fixed_dictionaries(
        {
            "meter": st.one_of(st.just("m"), JSON),
            "taken_at": st.one_of(st.datetimes().map(lambda i: i.isoformat() + "+08:00"), JSON),
            "values": st.dictionaries(
                st.one_of(st.sampled_from([q.value for q in Quantity]), st.text(max_size=10)), JSON
            ),
        },
        optional={"origin": st.one_of(st.sampled_from(["push", "present", "load record"]), JSON)},
    ),
)


def bounded(parsed: Parsed) -> bool:
    small = all(len(u.payload) <= KEPT_BYTES and len(u.key) <= MAX_KEY for u in parsed.unmatched)
    return small and len(parsed.unmatched) <= MAX_UNMATCHED


@given(st.text(max_size=40), st.binary(max_size=500))
def test_any_bytes_are_parsed(topic: str, payload: bytes) -> None:
    assert bounded(parse(topic, payload, NOW))


@given(st.lists(READINGS, max_size=4), st.integers(0, 4))
def test_a_good_reading_survives_any_neighbours(readings: list[object], place: int) -> None:
    readings.insert(place, GOOD)
    parsed = parse(TOPIC, json.dumps({"readings": readings}).encode(), NOW)
    assert bounded(parsed)
    assert any(s.meter == "good" and s.values == {Quantity.VOLTAGE_A: 220.0} for s in parsed.snapshots)


@given(READINGS)
def test_every_reading_leaves_a_trace(reading: object) -> None:
    parsed = parse(TOPIC, json.dumps({"readings": [reading]}).encode(), NOW)
    nulls = isinstance(reading, dict) and all(v is None for v in (reading.get("values") or {0: 0}).values())
    assert parsed.snapshots or parsed.unmatched or nulls
