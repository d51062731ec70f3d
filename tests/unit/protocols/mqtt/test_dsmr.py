"""P1 telegrams as readings: registers by rate and in sum, import minus export, other media apart."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from pipeline.model import Quality
from pipeline.quantities import Quantity
from protocols.mqtt.dialects import Receive
from protocols.mqtt.p1_telegram import crc16
from tests.mqtt_payloads import NOW, listening, message, reasons

TOPIC = "dsmr/house-1/telegram"
GAS = ("reading of another medium, which has a time of its own", "0-1:24.2.1")


@pytest.fixture
def receive() -> Receive:
    return listening("dsmr", "dsmr/+/telegram", zone=ZoneInfo("Europe/Amsterdam"))


def telegram(*lines: str) -> bytes:
    body = "".join(f"{line}\r\n" for line in ("/XMX5LGF0010", "", *lines)).encode() + b"!"
    return body + f"{crc16(body):04X}\r\n".encode()


def test_a_dutch_telegram_gives_rates_their_sum_and_phases(receive: Receive) -> None:
    parsed = receive(TOPIC, message("dsmr/v5_iskra.txt"), NOW)
    (snapshot,) = parsed.snapshots
    assert snapshot.meter == "house-1"
    assert snapshot.taken_at == datetime(2017, 1, 2, 18, 20, 2, tzinfo=UTC)
    assert snapshot.values == {
        Quantity.ACTIVE_ENERGY_IMPORT_T1: 4.426,
        Quantity.ACTIVE_ENERGY_IMPORT_T2: 2.399,
        Quantity.ACTIVE_ENERGY_IMPORT: 6.825,
        Quantity.ACTIVE_ENERGY_EXPORT_T1: 2.444,
        Quantity.ACTIVE_ENERGY_EXPORT_T2: 0.0,
        Quantity.ACTIVE_ENERGY_EXPORT: 2.444,
        Quantity.ACTIVE_POWER: 0.244,
        Quantity.ACTIVE_POWER_A: 0.07,
        Quantity.ACTIVE_POWER_B: 0.032,
        Quantity.ACTIVE_POWER_C: 0.142,
        Quantity.VOLTAGE_A: 230.0,
        Quantity.VOLTAGE_B: 230.0,
        Quantity.VOLTAGE_C: 229.0,
        Quantity.CURRENT_A: 0.48,
        Quantity.CURRENT_B: 0.44,
        Quantity.CURRENT_C: 0.86,
    }
    assert reasons(parsed) == [GAS]


def test_a_telegram_in_watt_hours_with_totals_and_reactive_registers(receive: Receive) -> None:
    parsed = receive(TOPIC, message("dsmr/v5_sagemcom_summer.txt"), NOW)
    (snapshot,) = parsed.snapshots
    assert snapshot.taken_at == datetime(2022, 10, 6, 13, 50, 14, tzinfo=UTC)
    values = snapshot.values
    assert values[Quantity.ACTIVE_ENERGY_IMPORT] == 6545.766
    assert values[Quantity.ACTIVE_ENERGY_IMPORT_T1] == 5017.12
    assert values[Quantity.REACTIVE_ENERGY_IMPORT] == 0.747
    assert values[Quantity.REACTIVE_ENERGY_EXPORT] == 3897.726
    assert values[Quantity.ACTIVE_POWER] == 0.286
    assert values[Quantity.REACTIVE_POWER] == -0.166
    assert parsed.unmatched == ()


def test_a_telegram_without_time_is_flagged(receive: Receive) -> None:
    parsed = receive(TOPIC, message("dsmr/v2_without_time.txt"), NOW)
    (snapshot,) = parsed.snapshots
    assert (snapshot.taken_at, snapshot.quality) == (NOW, Quality.ARRIVAL_TIME)
    assert snapshot.values[Quantity.ACTIVE_ENERGY_IMPORT] == 2.002
    assert [key for _, key in reasons(parsed)] == ["0-1:24.3.0"]


def test_export_is_below_zero(receive: Receive) -> None:
    payload = telegram("1-0:1.7.0(00.000*kW)", "1-0:2.7.0(01.250*kW)")
    assert receive(TOPIC, payload, NOW).snapshots[0].values == {Quantity.ACTIVE_POWER: -1.25}


def test_a_largest_demand_comes_with_its_time(receive: Receive) -> None:
    payload = telegram("1-0:1.4.0(02.351*kW)", "1-0:1.6.0(200509134558S)(02.589*kW)")
    assert receive(TOPIC, payload, NOW).snapshots[0].values == {
        Quantity.DEMAND_IMPORT: 2.351,
        Quantity.MAX_DEMAND_IMPORT: 2.589,
        Quantity.MAX_DEMAND_IMPORT_AT: datetime(2020, 5, 9, 11, 45, 58, tzinfo=UTC).timestamp(),
    }


@pytest.mark.parametrize(
    ("line", "reason", "code"),
    [
        ("1-0:1.8.0(000001.000*kW)", "unit is not kWh", "1-0:1.8.0"),
        ("1-0:32.7.0(230.1)", "unit is not V", "1-0:32.7.0"),
        ("1-0:32.7.0(1E9*V)", "no number", "1-0:32.7.0"),
        ("1-0:32.7.0(*V)", "no number", "1-0:32.7.0"),
        ("1-0:99.1.0(1)", "unknown OBIS code", "1-0:99.1.0"),
        ("1-1:1.8.0(000001.000*kWh)", None, ""),
    ],
)
def test_a_line_that_does_not_fit_costs_only_itself(
    receive: Receive, line: str, reason: str | None, code: str
) -> None:
    parsed = receive(TOPIC, telegram(line, "1-0:2.8.0(000002.500*kWh)"), NOW)
    assert parsed.snapshots[0].values == {Quantity.ACTIVE_ENERGY_EXPORT: 2.5}
    assert reasons(parsed) == ([] if reason is None else [(reason, code)])


def test_a_code_may_be_named_by_the_source() -> None:
    receive = listening("dsmr", "dsmr/+/telegram", quantities={"1-0:13.7.0": "power_factor"})
    parsed = receive(TOPIC, telegram("1-0:13.7.0(0.95)"), NOW)
    assert parsed.snapshots[0].values == {Quantity.POWER_FACTOR: 0.95}


def test_a_stamp_that_does_not_fit_the_zone_is_told_and_the_values_are_kept() -> None:
    receive = listening("dsmr", "dsmr/+/telegram")  # the default zone has no summer time
    parsed = receive(TOPIC, message("dsmr/v5_sagemcom_summer.txt"), NOW)
    assert parsed.snapshots[0].quality is Quality.ARRIVAL_TIME
    assert reasons(parsed) == [("time stamp does not fit the source's zone", "221006155014S")]


def test_a_wrong_checksum_costs_the_telegram(receive: Receive) -> None:
    payload = message("dsmr/v5_iskra.txt").replace(b"!6EEE", b"!6EEF")
    parsed = receive(TOPIC, payload, NOW)
    assert parsed.snapshots == ()
    assert reasons(parsed) == [("checksum of the P1 telegram is wrong", "")]
