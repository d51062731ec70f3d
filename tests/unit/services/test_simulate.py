"""What a simulated fleet needs before it is served."""

import socket
from importlib import resources
from pathlib import Path

import pytest

from pipeline.archive_records import PointClass, Supply
from pipeline.errors import ConfigError, TransportError
from services.simulate import FleetFiles, fault_rows, fleet_rows, simulate, write_files
from storage.files import read_readings
from storage.registry_files import read_registry


def never(_line: object) -> None:
    pytest.fail("nothing must be served")


@pytest.mark.parametrize(
    "broker", ["", "localhost", ":1883", "localhost:", "localhost:mqtt", "localhost:70000"]
)
def test_a_broker_needs_a_host_and_a_port(broker: str) -> None:
    with pytest.raises(ConfigError, match="write HOST:PORT, such as"):
        simulate("lab", FleetFiles(), broker, never)


def test_an_unknown_fleet_is_told() -> None:
    with pytest.raises(ConfigError, match="nowhere"):
        simulate("nowhere", FleetFiles(), None, never)


def test_a_port_that_is_taken_is_told(tmp_path: Path, unused_tcp_port: int) -> None:
    lab = resources.files("simulators").joinpath("fleets", "lab.toml").read_text("utf-8")
    fleet = tmp_path / "one.toml"
    fleet.write_text(
        lab.replace('protocol = "dlt645"', f'protocol = "dlt645"\nport = {unused_tcp_port}'), "utf-8"
    )
    with socket.create_server(("127.0.0.1", unused_tcp_port)), pytest.raises(TransportError, match="ports"):
        simulate(str(fleet), FleetFiles(), None, never)


def test_a_place_that_cannot_be_written_is_told_and_nothing_is_served(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot write .*nowhere"):
        simulate("lab", FleetFiles(registry=tmp_path / "nowhere" / "lab.toml"), None, never)


def test_a_place_for_the_figures_is_tried_before_anybody_waits_for_them(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot write .*nowhere"):
        simulate("lab", FleetFiles(stats=tmp_path / "nowhere" / "lab.json"), None, never)


def test_the_fleets_are_listed_with_what_is_in_them() -> None:
    rows = {row["fleet"]: row for row in fleet_rows()}
    assert set(rows) == {"area", "demo", "lab", "substation"}
    assert (rows["demo"]["meters"], rows["demo"]["faults"], rows["demo"]["twins"]) == (65, 6, 7)
    assert all(row["what"] for row in rows.values())


def test_the_faults_are_listed_with_their_detectors_keys_and_twins() -> None:
    rows = {row["deed"]: row for row in fault_rows()}
    assert (rows["load"]["for"], rows["load"]["keys"]) == ("D15", "kw (needed), power_factor = 0.9")
    assert rows["voltage"]["for"] == "voltage_deviation"
    assert all(row["what"] and row["twin"] for row in rows.values())


def test_files_are_written_without_serving_anything(tmp_path: Path) -> None:
    fleet = tmp_path / "small.toml"
    fleet.write_text(
        '[fleet]\nhistory_days = 1\n[[area]]\nid = "A"\n[[bus]]\nid = "d"\nprotocol = "dlt645"\n'
        '[[meters]]\nid = "M"\nbus = "d"\naddress = "1"\nprofile = "dlt645_2007_three_phase"\n'
        'area = "A"\nload = "flat"\npeak_kw = 2\n'
        '[[supply]]\nservice_point = "SP-M"\nagreed_mva = 0.5\npoint_class = "D"\n'
    )
    files = FleetFiles(registry=tmp_path / "archive.toml", readings=tmp_path / "readings.csv")
    count = write_files(str(fleet), files)
    assert count == len(read_readings(tmp_path / "readings.csv")) >= 96
    (supply,) = read_registry(tmp_path / "archive.toml").supplies
    assert supply == Supply(service_point="SP-M", agreed_mva=0.5, point_class=PointClass.D)
