"""Every dialect takes any bytes on any topic: nothing raised, everything bounded, every time its own."""

import json
import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.model import Quality
from pipeline.quantities import Quantity
from protocols.mqtt.dialects import Parsed, dialects
from protocols.mqtt.findings import KEPT_BYTES, MAX_KEY, MAX_UNMATCHED
from protocols.mqtt.sparkplug_payload import DataType, Metric, Payload, decode, encode, signed
from tests.fuzz import messages
from tests.mqtt_payloads import NOW, NOW_MS, birth, data, listening

TOPICS = {**messages.TOPICS, "sparkplug_b": "spBv1.0/g/DDATA/n/d"}
SAMPLES = {
    **messages.messages(),
    "sparkplug_b": [birth([("watts", 1, 10)]), data([(1, 2.0)], seq=1)],
}
WORDS = (
    *("ENERGY", "Power", "Time", "params", "method", "ts", "em:0", "emdata:0", "total_act", "id", "result"),
    *("keys", "data", "values", "errors", "tags", "node", "timestamp", "last_seen"),
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.one_of(
                st.sampled_from(WORDS),
                st.text(max_size=8),
            ),
            inner,
            max_size=5,
        ),
    ),
    max_leaves=25,
)
each_dialect = pytest.mark.parametrize("dialect", sorted(TOPICS))


def sound(parsed: Parsed) -> bool:
    """Everything is bounded and finite, every time is aware and plausible."""
    small = all(len(u.payload) <= KEPT_BYTES and len(u.key) <= MAX_KEY for u in parsed.unmatched)
    finite = all(
        all(map(math.isfinite, v)) if isinstance(v, tuple) else math.isfinite(v)
        for s in parsed.snapshots
        for v in s.values.values()
    )
    years = all(s.taken_at.year >= 2000 for s in parsed.snapshots)
    topics = all(q.topic and not set(q.topic) & set("+#\0") for q in parsed.questions)
    return small and finite and years and topics and len(parsed.unmatched) <= MAX_UNMATCHED


def test_every_dialect_is_tried() -> None:
    assert set(TOPICS) == set(dialects.all())


@each_dialect
@given(topic=st.text(max_size=30), payload=st.binary(max_size=300))
def test_any_bytes_on_any_topic(dialect: str, topic: str, payload: bytes) -> None:
    receive = listening(dialect, "x/+/y")
    assert sound(receive(TOPICS[dialect], payload, NOW))
    if not set(topic) & set("+#\0"):  # no broker delivers such a topic
        assert sound(receive(topic, payload, NOW))


@each_dialect
@given(payload=JSON)
def test_any_json(dialect: str, payload: object) -> None:
    receive = listening(dialect, TOPICS[dialect].replace("plug", "+"), meters=("M",))
    assert sound(receive(TOPICS[dialect], json.dumps(payload).encode(), NOW))
    assert sound(receive("kilowatch-test/rpc", json.dumps(payload).encode(), NOW))


@each_dialect
@given(place=st.integers(0, 2000), byte=st.integers(0, 255), cut=st.integers(0, 2000))
def test_a_sound_message_with_a_changed_byte_or_a_lost_end(
    dialect: str, place: int, byte: int, cut: int
) -> None:
    receive = listening(dialect, TOPICS[dialect], meters=("M",))
    for sample in SAMPLES[dialect]:
        changed = bytearray(sample)
        changed[place % len(changed)] = byte
        assert sound(receive(TOPICS[dialect], bytes(changed), NOW))
        assert sound(receive(TOPICS[dialect], sample[: cut % (len(sample) + 1)], NOW))


@each_dialect
def test_the_same_message_again_says_the_same(dialect: str) -> None:
    receive = listening(dialect, TOPICS[dialect], meters=("M",), quantities={"watts": "active_power"})
    later = NOW + timedelta(hours=1)
    for sample in SAMPLES[dialect]:
        first, again = (receive(TOPICS[dialect], sample, at).snapshots for at in (NOW, later))
        assert [s.values for s in first] == [s.values for s in again]
        timed = [s.taken_at for s in first if Quality.ARRIVAL_TIME not in s.quality]
        assert timed == [s.taken_at for s in again if Quality.ARRIVAL_TIME not in s.quality]


METRICS = st.builds(
    Metric,
    name=st.one_of(st.none(), st.text(st.characters(codec="utf-8"), max_size=10)),
    alias=st.one_of(st.none(), st.integers(0, 2**64 - 1)),
    timestamp_ms=st.one_of(st.none(), st.integers(0, 2**64 - 1)),
    datatype=st.one_of(st.none(), st.sampled_from([int(DataType.DOUBLE), int(DataType.STRING)])),
    is_historical=st.booleans(),
    is_null=st.booleans(),
    value=st.one_of(
        st.none(),
        st.booleans(),
        st.floats(allow_nan=False),
        st.text(st.characters(codec="utf-8"), max_size=10),
        st.binary(max_size=10),
    ),
)


@given(
    st.builds(
        Payload,
        timestamp_ms=st.one_of(st.none(), st.integers(0, 2**64 - 1)),
        seq=st.one_of(st.none(), st.integers(0, 255)),
        metrics=st.lists(METRICS, max_size=5).map(tuple),
    )
)
def test_a_sparkplug_payload_is_read_as_it_was_written(payload: Payload) -> None:
    assert decode(encode(payload)) == payload


@given(st.sampled_from(sorted(DataType)[:8]), st.integers(-(2**63), 2**64 - 1))
def test_a_whole_number_keeps_its_sign(kind: DataType, number: int) -> None:
    bits = {1: 8, 2: 16, 3: 32, 4: 64, 5: 8, 6: 16, 7: 32, 8: 64}[kind]
    low = -(2 ** (bits - 1)) if kind <= DataType.INT64 else 0
    value = low + number % 2**bits
    (metric,) = decode(encode(Payload(metrics=(Metric(datatype=kind, value=value),)))).metrics
    assert metric.value is not None
    assert signed(metric.value, kind) == value


@given(st.permutations(range(1, 13)), st.sets(st.integers(1, 12)))
def test_shuffled_and_repeated_messages_give_the_same_readings(order: list[int], twice: set[int]) -> None:
    """Times are the metrics' own, so neither order nor repetition changes what was measured when."""
    receive = listening("sparkplug_b", "spBv1.0/#")
    receive("spBv1.0/g/NBIRTH/M", birth([(Quantity.ACTIVE_ENERGY_IMPORT.value, 1, 10)]), NOW)
    said: dict[datetime, float] = {}
    for seq in [*order, *twice]:
        payload = data([(1, float(seq))], seq=seq, at_ms=NOW_MS + seq * 1000)
        for snapshot in receive("spBv1.0/g/NDATA/M", payload, NOW + timedelta(minutes=1)).snapshots:
            value = snapshot.values[Quantity.ACTIVE_ENERGY_IMPORT]
            assert isinstance(value, float)
            assert said.setdefault(snapshot.taken_at, value) == value
    base = datetime.fromtimestamp(NOW_MS / 1000, UTC)
    assert said == {base + timedelta(seconds=n): float(n) for n in range(1, 13)}
