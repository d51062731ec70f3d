"""The systemd units are sound, hardened, and take their secrets from files."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from services.alarm_settings import AlarmSettings
from services.bounded_stop import STOP_S
from services.settings import PREFIX, Settings
from tests.contract.project import ROOT

UNITS = sorted((ROOT / "ops" / "systemd").glob("*.service"))
FIELDS = (*Settings.model_fields, *AlarmSettings.model_fields)
each_unit = pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
HARDENED = (
    "NoNewPrivileges=yes",
    "ProtectSystem=strict",
    "ProtectHome=yes",
    "PrivateTmp=yes",
    "CapabilityBoundingSet=",
    "SystemCallFilter=@system-service",
    "User=kilowatch",
)


@each_unit
def test_it_is_hardened(unit: Path) -> None:
    lines = unit.read_text().splitlines()
    assert [wanted for wanted in HARDENED if wanted not in lines] == []


@each_unit
def test_it_holds_no_secret_and_sets_only_what_there_is(unit: Path) -> None:
    text = unit.read_text()
    assert "://" not in text.replace("http://127.0.0.1", "")
    known = {f"{PREFIX}{name.upper()}{end}" for name in FIELDS for end in ("", "_FILE")}
    assert set(re.findall(r"KILOWATCH_\w+", text)) <= known


def test_prefects_server_asks_for_a_login() -> None:
    server, asking = (
        (ROOT / "ops" / "systemd" / f"kilowatch-{name}.service").read_text() for name in ("prefect", "flows")
    )
    assert "EnvironmentFile=/etc/kilowatch/prefect-login.env" in server
    assert "EnvironmentFile=-/etc/kilowatch/prefect-login.env" in asking


@each_unit
def test_it_waits_longer_than_a_service_takes_to_end(unit: Path) -> None:
    told = re.search(r"TimeoutStopSec=(\d+)", unit.read_text())
    assert told is None or int(told[1]) > STOP_S


def test_the_example_of_settings_holds_no_secret_and_only_known_ones() -> None:
    text = (ROOT / "ops" / "systemd" / "kilowatch.env.example").read_text()
    known = {f"{PREFIX}{name.upper()}" for name in FIELDS}
    assert set(re.findall(r"KILOWATCH_\w+", text)) <= known
    assert "PASSWORD" not in text


@each_unit
def test_systemd_itself_takes_it(unit: Path, tmp_path: Path) -> None:
    """The programs that it starts are not installed here: this Python stands for them."""
    copy = tmp_path / unit.name
    copy.write_text(re.sub(r"ExecStart=\S+", f"ExecStart={sys.executable}", unit.read_text()))
    done = subprocess.run(  # noqa: S603 - our own file
        ["systemd-analyze", "verify", "--man=no", str(copy)],  # noqa: S607 - the system's own
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr.strip()) == (0, "")
