"""All checks of this very machine, and a check that fails by itself."""

from __future__ import annotations

import pytest

from services.doctor import finding
from services.doctor.examine import examine, names
from services.doctor.finding import Grade, Told
from services.doctor.machine import Machine
from tests.fix_mosquitto import Broker


def test_a_machine_with_all_its_parts_is_looked_at(
    any_database_url: str, mosquitto: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KILOWATCH_DATABASE_URL", any_database_url)
    monkeypatch.setenv("KILOWATCH_MQTT_HOST", mosquitto.host)
    monkeypatch.setenv("KILOWATCH_MQTT_PORT", str(mosquitto.port))
    found = {f.check: f for f in examine(Machine())}
    assert {"python", "settings", "database", "schema", "database time", "notifications"} <= set(found)
    for name in ("python", "settings", "postgresql driver", "database", "schema", "notifications"):
        assert found[name].grade is Grade.OK, found[name]
    assert found["mqtt broker"].grade is Grade.OK, found["mqtt broker"]
    assert found["timescaledb"].grade is Grade.WARNING, "neither edition here compresses"


def test_pending_migrations_and_a_database_that_is_away_are_faults(
    empty_timescale_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KILOWATCH_DATABASE_URL", empty_timescale_url)
    found = {f.check: f for f in examine(Machine())}
    assert found["schema"].grade is Grade.FAULT
    assert "db migrate" in found["schema"].next_step
    monkeypatch.setenv("KILOWATCH_DATABASE_URL", "postgresql://kw:s3cret@127.0.0.1:1/none?connect_timeout=1")
    away = {f.check: f for f in examine(Machine())}
    assert away["database"].grade is Grade.FAULT
    assert "s3cret" not in away["database"].says
    assert "schema" not in away, "what cannot be looked at is not judged"


def test_a_check_that_fails_is_a_finding_and_costs_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_machine: Machine) -> list[Told]:
        raise ValueError("odd")

    monkeypatch.setattr(finding, "CHECKS", {"broken": broken, "fine": lambda _machine: [finding.ok("yes")]})
    found = list(finding.findings(Machine()))
    assert [(f.check, f.grade) for f in found] == [("broken", Grade.FAULT), ("fine", Grade.OK)]


def test_every_check_has_a_name_of_its_own() -> None:
    assert len(set(names())) == len(names()) >= 15
