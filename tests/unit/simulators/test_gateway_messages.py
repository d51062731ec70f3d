import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from pipeline.model import MeterId, Origin
from pipeline.quantities import Quantity
from protocols.mqtt.kilowatch import parse
from simulators.gateway_messages import (
    Disorder,
    GatewayFaults,
    Model,
    batches,
    live_readings,
    payload,
    stored_readings,
)

ZONE = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 21, 16, 0, tzinfo=UTC)


class Clockwork:
    """A model whose register shows the hours since the epoch."""

    def read(self, instant: datetime) -> Mapping[Quantity, float]:
        return {
            Quantity.ACTIVE_ENERGY_IMPORT: instant.timestamp() / 3600,
            Quantity.VOLTAGE_A: 220.14159,
            Quantity.MAX_DEMAND_IMPORT: 1.23456,
            Quantity.MAX_DEMAND_IMPORT_AT: MIDNIGHT.timestamp(),
            Quantity.TEMPERATURE: 21.0,
        }


MODELS = {MeterId("M-1"): Clockwork(), MeterId("M-2"): Clockwork()}


def test_live_readings_carry_what_the_dialect_understands() -> None:
    parsed = parse("kilowatch/v1/gw-1/readings", payload("gw-1", live_readings(MODELS, NOON)), NOON)
    assert parsed.unmatched == ()
    assert [snapshot.meter for snapshot in parsed.snapshots] == ["M-1", "M-2"]
    first = parsed.snapshots[0]
    assert (first.taken_at, first.origin) == (NOON, Origin.PRESENT)
    assert first.values == {
        Quantity.ACTIVE_ENERGY_IMPORT: round(NOON.timestamp() / 3600, 2),
        Quantity.VOLTAGE_A: 220.1,
        Quantity.MAX_DEMAND_IMPORT: 1.2346,
        Quantity.MAX_DEMAND_IMPORT_AT: MIDNIGHT.timestamp(),
    }


class Dark:
    """A model without power until noon."""

    def read(self, instant: datetime) -> Mapping[Quantity, float]:
        return Clockwork().read(instant) if instant >= NOON else {}


def test_a_meter_without_power_tells_and_stores_nothing() -> None:
    models: dict[MeterId, Model] = {**MODELS, MeterId("M-3"): Dark()}
    live = live_readings(models, NOON - timedelta(hours=1))
    assert [reading["meter"] for reading in live] == ["M-1", "M-2"]
    readings = list(stored_readings(models, NOON - timedelta(hours=1), NOON + timedelta(hours=1), ZONE))
    assert [sum(r["meter"] == name for r in readings) for name in models] == [8, 8, 4]


def test_a_day_of_memory_is_96_load_records_and_one_freeze_a_meter() -> None:
    readings = list(stored_readings(MODELS, MIDNIGHT, MIDNIGHT + timedelta(days=1), ZONE))
    records = [reading for reading in readings if reading["origin"] == "load record"]
    freezes = [reading for reading in readings if reading["origin"] == "daily freeze"]
    assert (len(records), len(freezes)) == (2 * 96, 2)
    assert {reading["taken_at"] for reading in freezes} == {MIDNIGHT.isoformat()}
    times = [str(reading["taken_at"]) for reading in readings]
    assert times == sorted(times)


def test_a_load_record_holds_no_demand_and_a_freeze_no_voltage() -> None:
    freeze, record, *_ = stored_readings(MODELS, MIDNIGHT, MIDNIGHT + timedelta(minutes=1), ZONE)
    assert set(json.loads(payload("g", [record]))["readings"][0]["values"]) == {
        "active_energy_import",
        "voltage_a",
    }
    assert set(json.loads(payload("g", [freeze]))["readings"][0]["values"]) == {
        "active_energy_import",
        "max_demand_import",
        "max_demand_import_at",
    }


def test_nothing_is_stored_outside_the_asked_time() -> None:
    late = MIDNIGHT + timedelta(minutes=1)
    assert list(stored_readings(MODELS, late, late + timedelta(minutes=13), ZONE)) == []


def test_batches_lose_nothing() -> None:
    assert list(batches([{"n": n} for n in range(5)], 2)) == [
        [{"n": 0}, {"n": 1}],
        [{"n": 2}, {"n": 3}],
        [{"n": 4}],
    ]


def test_a_careless_gateway_sends_twice_and_late_but_loses_nothing() -> None:
    messages = [b"%d" % n for n in range(1000)]
    disorder: Disorder[bytes] = Disorder(GatewayFaults(duplicate=0.1, late=0.2, late_by=3), seed=7)
    sent = [out for message in messages for out in disorder.pass_on(message)] + disorder.rest()
    assert set(sent) == set(messages)
    assert len(sent) == 1000 + disorder.duplicated
    assert 50 < disorder.duplicated < 150
    assert 140 < disorder.delayed < 260
    assert sent != sorted(sent, key=int)


def test_the_same_seed_gives_the_same_disorder() -> None:
    runs = [
        [out for n in range(100) for out in disorder.pass_on(b"%d" % n)]
        for disorder in (Disorder[bytes](GatewayFaults(duplicate=0.2, late=0.2), seed=3) for _ in range(2))
    ]
    assert runs[0] == runs[1]


@pytest.mark.parametrize("wrong", [{"duplicate": -0.1}, {"duplicate": 0.6, "late": 0.6}, {"late_by": 0}])
def test_shares_that_are_no_shares_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="shares"):
        GatewayFaults(**wrong)  # type: ignore[arg-type] # keywords by name
