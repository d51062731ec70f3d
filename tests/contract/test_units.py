"""The systemd units are sound, hardened, and take their secrets from files."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main

from cli.main import app
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
def test_locks_are_the_services_own_whoever_made_their_folder_first(unit: Path) -> None:
    """A command of root's before any service makes it, and is not to keep the collector off its buses."""
    assert "RuntimeDirectory=kilowatch kilowatch/buses" in unit.read_text().splitlines()
    settings = (ROOT / "ops" / "systemd" / "kilowatch.env.example").read_text()
    assert "KILOWATCH_LOCK_DIR=/run/kilowatch/buses" in settings


def test_the_command_by_hand_has_the_secrets_of_the_services() -> None:
    handed = {
        (name, file)
        for unit in UNITS
        for name, file in re.findall(r"LoadCredential=(\S+):(\S+)", unit.read_text())
    }
    text = (ROOT / "ops" / "systemd" / "kilowatch.sh").read_text()
    by_hand = re.findall(r"\{KILOWATCH_(\w+)_FILE:=(\S+)\}", text)
    assert {(name.lower().replace("_", "-"), file) for name, file in by_hand} == handed


def test_the_command_by_hand_sees_settings_and_lets_the_caller_name_a_database(tmp_path: Path) -> None:
    settings, program = tmp_path / "kilowatch.env", tmp_path / "program"
    settings.write_text(
        "# a remark = none\n\nKILOWATCH_METRICS_PORT=8646\nno setting\n"
        "KILOWATCH_SMTP_FROM=Kilowatch alarms <kw@grid.example> \n"
        "KILOWATCH_ALARM_HTTP_PROXY=http://u:pa$s1`x`@proxy:3128\n"
        "KILOWATCH_SITE=\"North 'A' $HOME\"\nKILOWATCH_EMPTY=\nKILOWATCH_LAST=a=b"
    )
    program.write_text("#!/bin/sh\nenv; echo said $1\n")
    program.chmod(0o755)
    script = (ROOT / "ops" / "systemd" / "kilowatch.sh").read_text()
    copy = tmp_path / "kilowatch.sh"
    copy.write_text(
        script.replace("/etc/kilowatch", str(tmp_path)).replace("/opt/kilowatch/bin/kilowatch", str(program))
    )
    given = {"PATH": os.environ["PATH"], "KILOWATCH_DATABASE_URL": "postgresql:///other"}
    said = subprocess.run(  # noqa: S603 - our own file
        ["/bin/sh", str(copy), "doctor"], env=given, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    assert {
        "KILOWATCH_METRICS_PORT=8646",
        "KILOWATCH_SMTP_FROM=Kilowatch alarms <kw@grid.example>",
        "KILOWATCH_ALARM_HTTP_PROXY=http://u:pa$s1`x`@proxy:3128",
        "KILOWATCH_SITE=North 'A' $HOME",
        "KILOWATCH_EMPTY=",
        "KILOWATCH_LAST=a=b",
        "KILOWATCH_DATABASE_URL=postgresql:///other",
        f"KILOWATCH_DATABASE_URL_FILE={tmp_path}/database-url.secret",
        f"KILOWATCH_MQTT_PASSWORD_FILE={tmp_path}/mqtt-password.secret",
        "said doctor",
    } <= set(said)


@pytest.mark.parametrize("page", ["docs/operating.md", "SECURITY.md"])
def test_files_and_commands_that_an_operator_is_told_of_are_there(page: str) -> None:
    text = (ROOT / page).read_text()
    for named in re.findall(r"\b(?:ops|scripts)/[\w./-]+\w", text):
        assert (ROOT / named).exists(), named
    known: Any = typer.main.get_command(app)  # Any: click's groups and commands
    for words in re.findall(r"\bkilowatch (db \w+|registry \w+|doctor|flows \w+)", text):
        command = known
        for word in words.split():
            assert word in command.commands, words
            command = command.commands[word]


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
