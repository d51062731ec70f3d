"""Secrets stay where they were put: in no log, answer, error or description of the settings."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from dashboard.app import create_app
from services.settings import Settings
from tests.fix_dashboard import browsing

SECRET = "Geheim-7391"  # noqa: S105 - what is looked for
AWAY = f"postgresql://kilowatch:{SECRET}@127.0.0.1:9/nothing"


def test_settings_tell_no_secret_of_themselves() -> None:
    settings = Settings(database_url=SecretStr(AWAY), mqtt_password=SecretStr(SECRET))
    for told in (repr(settings), str(settings), str(settings.model_dump()), settings.model_dump_json()):
        assert SECRET not in told


def test_neither_answers_nor_logs_of_a_server_without_its_database_hold_the_password(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.DEBUG), browsing(create_app(AWAY), token=None) as client:
        for path in (
            "/",
            "/login",
            "/health",
            "/ready",
            "/metrics",
            "/api/meters",
            "/api/docs",
            "/openapi.json",
        ):
            answer = client.get(path, headers={"Cookie": f"kilowatch_session={SECRET}"})
            assert SECRET not in answer.text + str(answer.headers), path
    logged = "\n".join(f"{record.getMessage()} {vars(record)}" for record in caplog.records)
    assert "database" in logged
    assert SECRET not in logged


@pytest.mark.parametrize(
    "command", [["db", "status"], ["cases", "list"], ["coverage"], ["registry", "export"]]
)
def test_commands_name_the_server_and_never_the_password(command: list[str]) -> None:
    ran = subprocess.run(  # noqa: S603 - our own command
        [Path(sys.executable).with_name("kilowatch"), *command],
        env={**os.environ, "KILOWATCH_DATABASE_URL": AWAY, "KILOWATCH_MQTT_PASSWORD": SECRET},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode != 0
    assert SECRET not in ran.stdout + ran.stderr
