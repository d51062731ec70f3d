"""The secrets that compose.yaml wants are made once, and the broker takes its accounts as written."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest
import yaml

from collectors.broker import Broker
from collectors.broker_window import measured_window
from pipeline.errors import TransportError
from tests.contract.project import ROOT
from tests.fix_mosquitto import BrokerProcess


def made(folder: Path) -> dict[str, str]:
    subprocess.run([ROOT / "scripts" / "compose-secrets", folder], check=True, capture_output=True)  # noqa: S603 - our own script
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_every_secret_of_compose_is_made_once_behind_a_closed_folder(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    first = made(folder)
    site = yaml.safe_load((ROOT / "compose.yaml").read_text())
    assert {Path(secret["file"]).name for secret in site["secrets"].values()} <= set(first)
    variables = {file for service in site["services"].values() for file in service.get("env_file", ())}
    assert variables == {"./secrets/alarms.env", "./secrets/prefect-login.env"}
    assert {Path(file).name for file in variables} <= set(first)
    asked, answered = first["prefect-login.env"].split()
    assert asked == f"PREFECT_SERVER_{answered.removeprefix('PREFECT_')}"
    assert "\nKILOWATCH" not in first["alarms.env"], "nothing is set before somebody does"
    assert first["database-password"].strip() in first["database-url"]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert made(folder) == first
    assert len(set(first.values())) == len(first)


def test_mosquitto_lets_in_the_account_that_was_made_and_nobody_else(
    own_mosquitto: BrokerProcess, tmp_path: Path
) -> None:
    secrets = made(tmp_path / "secrets")
    own_mosquitto.stop()
    (own_mosquitto._folder / "accounts").write_text(secrets["mqtt-passwords"])
    conf = own_mosquitto._folder / "mosquitto.conf"
    closed = conf.read_text().replace("allow_anonymous true", "allow_anonymous false")
    conf.write_text(f"{closed}password_file {own_mosquitto._folder}/accounts\n")
    own_mosquitto.start()
    where = own_mosquitto.broker

    def account(password: str) -> Broker:
        return Broker(host=where.host, port=where.port, username="kilowatch", password=password)

    assert measured_window(account(secrets["mqtt-password"].strip()), 10) == 10
    with pytest.raises(TransportError, match="lets us not in"):
        measured_window(account("another"), 10)
