"""The command as a user meets it: what it prints, its exit status, and never a traceback."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.command import kilowatch, running, stop

GOOD = "68 12 90 78 56 34 12 68 91 08 33 33 34 33 AB 89 67 45 CC 16"
BAD = GOOD.replace("CC", "CD")


@pytest.fixture(scope="module")
def lab() -> Iterator[dict[str, str]]:
    """The lab fleet, served; gives each bus's address."""
    with running("simulate", "lab", "--json") as child:
        assert child.stdout is not None
        buses: dict[str, str] = json.loads(child.stdout.readline())["buses"]
        yield {bus: address.removeprefix("tcp://") for bus, address in buses.items()}


def test_bad_lines_are_told_and_cost_the_good_ones_nothing() -> None:
    lines = [GOOD.encode(), BAD.encode(), b"", b"hello", b"\xff\xfe\x00", b"68 1", GOOD.encode()]
    ran = kilowatch("decode", "-", "--json", stdin=b"\n".join(lines))
    assert ran.status == 1
    assert [line.get("ok", True) for line in ran.lines] == [True, False, False, False, False, True]
    assert "checksum" in ran.lines[1]["error"]
    assert "expected bytes in hex" in ran.lines[2]["error"]
    assert ran.lines[0] == ran.lines[-1]


def test_a_dlt645_meter_is_read_by_its_url(lab: dict[str, str]) -> None:
    url = f"dlt645+tcp://{lab['lab-rs485']}/202400010001?profile=dlt645_2007_single_phase&wiring=1P2W"
    ran = kilowatch("read", url, "-q", "voltage_a", "-q", "active_energy_import", "--json")
    (snapshot,) = ran.lines
    assert ran.status == 0
    assert snapshot["meter_id"] == "202400010001"
    assert set(snapshot["values"]) == {"voltage_a", "active_energy_import"}
    assert 150 < snapshot["values"]["voltage_a"] < 260
    assert snapshot["units"] == {"voltage_a": "V", "active_energy_import": "kWh"}


def test_a_modbus_meter_is_read_by_its_url_for_people(lab: dict[str, str]) -> None:
    ran = kilowatch("read", f"modbus+tcp://{lab['lab-modbus']}/1?profile=eastron_sdm630")
    assert ran.status == 0
    assert "voltage_c" in ran.out
    assert "kWh" in ran.out


def test_a_silent_meter_is_told_with_what_to_check(lab: dict[str, str]) -> None:
    ran = kilowatch("read", f"dlt645+tcp://{lab['lab-rs485']}/209900000001?timeout_s=0.1", "-q", "voltage_a")
    assert (ran.status, ran.out) == (1, "")
    assert "meter 209900000001" in ran.err
    assert "no answer after 3 attempts" in ran.err
    assert "check the address" in ran.err


def test_a_line_that_is_down_is_told_without_talk_of_wires() -> None:
    ran = kilowatch("read", "modbus+tcp://127.0.0.1:1/1?profile=eastron_sdm630")
    assert ran.status == 1
    assert "check that the peer listens there" in ran.err
    assert "wires" not in ran.err


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM], ids=lambda sign: sign.name)
def test_a_simulated_fleet_tells_its_addresses_and_stops_cleanly(
    sign: signal.Signals, tmp_path: Path
) -> None:
    files = {name: tmp_path / name for name in ("registry", "truth", "stats")}
    options = [part for name, file in files.items() for part in (f"--{name}-out", str(file))]
    with running("simulate", "lab", "--json", *options) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        line = json.loads(child.stdout.readline())
        assert (line["fleet"], line["meters"]) == ("lab", 72)
        assert {"lab-rs485", "lab-modbus", "bench", "wire-duplicate"} <= set(line["buses"])
        assert line["buses"]["lab-modbus"] in files["registry"].read_text("utf-8")
        assert len(files["truth"].read_text("utf-8").splitlines()) >= 70
        stop(child, sign)
        assert child.stderr.read().startswith("stopped; 0.0% of the exchanges")
    assert child.returncode == 0
    assert set(json.loads(files["stats"].read_text("utf-8"))["buses"]) == set(line["buses"])


def test_without_a_name_it_tells_what_can_be_simulated() -> None:
    for options, words in (([], ("area", "substation")), (["--faults"], ("current_loss", "D08"))):
        ran = kilowatch("simulate", *options)
        assert ran.status == 0
        assert all(word in ran.out for word in words)
    wrong = kilowatch("simulate", "nowhere")
    assert wrong.status == 1
    assert "area, demo, lab, substation" in wrong.err


def test_wrong_usage_has_a_status_of_its_own() -> None:
    ran = kilowatch("decode", "--colour", "red", GOOD)
    assert (ran.status, ran.out) == (2, "")
