"""What every sub-command has in common: help with an example, exit status, errors without a traceback."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from cli.main import app
from tests.unit.cli.invoke import Invoke


def commands(group: object, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield every sub-command that does something, as it is typed."""
    below = getattr(group, "commands", None)
    if below is None:
        yield " ".join(path)
        return
    for name, command in below.items():
        yield from commands(command, (*path, name))


COMMANDS = sorted(commands(get_command(app)))
UNTIL_STOPPED = {"collect", "dashboard", "flows serve", "alarms watch"}
"""These log what they do."""
FOR_A_FILE = {"db user"}
"""What these print goes into a file as it is."""


def test_the_commands_of_the_design_are_there() -> None:
    assert {
        *("collect", "dashboard", "decode", "demo", "detect", "read", "simulate"),
        *("db migrate", "db status", "registry check", "registry export", "registry import"),
        *("flows deploy", "flows run", "flows serve"),
    } <= set(COMMANDS)


def test_starting_it_loads_nothing_heavy() -> None:
    """Each command imports what it needs as it runs: all of them pay for what cli/ imports on top."""
    told = subprocess.run(
        [sys.executable, "-c", "import cli.main, sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    heavy = {"numpy", "pandas", "scipy", "psycopg", "prefect", "fastapi", "httpx", "pydantic", "pymodbus"}
    assert heavy.isdisjoint(told)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_every_command_shows_an_example(kilowatch: Invoke, command: str) -> None:
    ran = kilowatch(*command.split(), "--help")
    assert ran.status == 0
    _, _, example = ran.out.partition("Example:")
    assert f"kilowatch {command}" in example


@pytest.mark.parametrize("command", sorted({*COMMANDS} - UNTIL_STOPPED - FOR_A_FILE))
def test_every_command_that_prints_a_result_prints_it_for_programs(kilowatch: Invoke, command: str) -> None:
    assert "--json" in kilowatch(*command.split(), "--help").out


def test_the_command_alone_shows_what_it_can_do(kilowatch: Invoke) -> None:
    ran = kilowatch()
    assert ran.status == 2
    assert all(command.split()[0] in ran.out for command in COMMANDS)


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["decode"],
        ["decode", "--colour", "red", "68"],
        ["detect", "--registry", "nowhere.toml", "--out", "x.jsonl"],
        ["registry", "check", "nowhere.toml"],
        ["scan", "modbus+tcp://127.0.0.1:502", "--units", "9-2"],
        ["scan", "modbus+tcp://127.0.0.1:502", "--units", "1-248"],
        ["dashboard", "--port", "70000"],
    ],
    ids=" ".join,
)
def test_wrong_usage_has_a_status_of_its_own(kilowatch: Invoke, arguments: list[str]) -> None:
    ran = kilowatch(*arguments)
    assert ran.status == 2
    assert ran.out == ""
    assert "Usage:" in ran.err


def test_detect_wants_readings_or_intervals(kilowatch: Invoke, tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_text("", encoding="utf-8")
    ran = kilowatch("detect", "--registry", str(tmp_path / "site.toml"), "--out", str(tmp_path / "x.jsonl"))
    assert ran.status == 2
    assert "give --readings, --intervals or both" in ran.err


@pytest.mark.parametrize(
    "arguments",
    [["db", "status"], ["db", "migrate"], ["registry", "export", "out.toml"], ["collect"], ["dashboard"]],
    ids=" ".join,
)
def test_a_missing_setting_is_told_with_the_line_to_write(kilowatch: Invoke, arguments: list[str]) -> None:
    ran = kilowatch(*arguments)
    assert ran.status == 1
    assert "set KILOWATCH_DATABASE_URL=postgresql://" in ran.err


def test_wrong_settings_are_all_named(kilowatch: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KILOWATCH_MQTT_PORT", "x")
    monkeypatch.setenv("KILOWATCH_DASHBOARD_PORT", "y")
    ran = kilowatch("db", "status")
    assert ran.status == 1
    assert "KILOWATCH_MQTT_PORT" in ran.err
    assert "KILOWATCH_DASHBOARD_PORT" in ran.err


def test_a_database_that_is_away_is_told_without_its_password(
    kilowatch: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KILOWATCH_DATABASE_URL", "postgresql://meter:hush@127.0.0.1:1/none")
    ran = kilowatch("db", "status")
    assert ran.status == 1
    assert ran.err.startswith("error: no connection to the database at 127.0.0.1:1/none")
    assert "hush" not in ran.err


def test_an_unknown_fleet_is_told(kilowatch: Invoke) -> None:
    ran = kilowatch("simulate", "nowhere")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("error: fleet nowhere")
