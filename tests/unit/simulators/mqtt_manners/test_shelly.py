"""What a simulated Shelly answers: its minutes in stretches and pages, and a refusal of everything else."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pipeline.model import MeterId
from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from simulators.mqtt_manner import Device, Surroundings
from simulators.mqtt_manners.shelly import RECORDS_A_PAGE, Shelly

START = datetime(2026, 3, 1, tzinfo=UTC)
NOW = START + timedelta(hours=12, seconds=30)
DARK = (START + timedelta(minutes=10), START + timedelta(minutes=15))
Answer = dict[str, Any]  # Any: JSON values


class Load:
    """6 kW, which is 100 Wh a minute; without power for five minutes."""

    def read(self, instant: datetime) -> Mapping[Quantity, float]:
        if DARK[0] <= instant < DARK[1]:
            return {}
        used = (instant - START).total_seconds() / 600
        return {
            Quantity.ACTIVE_ENERGY_IMPORT_A: used,
            Quantity.ACTIVE_ENERGY_EXPORT_A: 0.0,
            Quantity.VOLTAGE_A: 230.04,
            Quantity.CURRENT_A: 26.0,
        }


def asked(method: str, **params: int) -> Answer:
    device = Device(meter=MeterId("M-1"), model=Load(), wiring=Wiring.ONE_PHASE)
    around = Surroundings(
        gateway="gw", topic="gw/+/events/rpc", devices=[device], zone=ZoneInfo("UTC"), stored_from=START
    )
    request = json.dumps({"id": 7, "src": "us", "method": method, "params": {"id": 0, **params}}).encode()
    (answer,) = Shelly(around).answer("gw/M-1/rpc", request, NOW)
    assert answer.topic == "us/rpc"
    told: Answer = json.loads(answer.payload)
    assert (told["id"], told["src"]) == (7, "M-1")
    return told


def second(**span: float) -> int:
    return int((START + timedelta(**span)).timestamp())


def test_a_power_cut_parts_the_records_into_two_stretches() -> None:
    result = asked("EM1Data.GetData", ts=second(minutes=5), end_ts=second(minutes=19))["result"]
    assert result["keys"] == [
        "total_act_energy", "total_act_ret_energy", "avg_voltage", "avg_current",
    ]  # fmt: skip
    assert [(block["ts"], len(block["values"])) for block in result["data"]] == [
        (second(minutes=5), 4),  # the minute in which the power went is no whole one
        (second(minutes=15), 5),
    ]
    assert result["data"][0]["values"][0] == [100.0, 0.0, 230.0, 26.0]
    assert "next_record_ts" not in result


def test_a_long_stretch_comes_in_pages_from_the_first_stored_minute_to_the_last_whole_one() -> None:
    rows, at, pages = 0, second(days=-3), 0
    while at is not None:
        result = asked("EM1Data.GetData", ts=at)["result"]
        rows += sum(len(block["values"]) for block in result["data"])
        at = result.get("next_record_ts")
        pages += 1
    assert pages == 12 * 60 // RECORDS_A_PAGE
    assert rows == 12 * 60 - 6


def test_what_it_does_not_know_it_refuses() -> None:
    assert asked("EMData.GetData", ts=0)["error"]["code"] == 404  # it has one phase: an EM1
    assert "result" not in asked("Shelly.Reboot")
