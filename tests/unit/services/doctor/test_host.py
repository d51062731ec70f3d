"""Checks of the host, with a machine whose facts are made up."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pydantic import SecretStr

from pipeline.errors import ConfigError
from services.doctor import host
from services.doctor.finding import Grade, Told
from services.doctor.machine import Machine
from services.settings import Settings


@dataclass
class MadeUp(Machine):
    chosen: Settings | ConfigError = field(default_factory=Settings.model_construct)
    modes: dict[Path, int] = field(default_factory=dict)
    writable: bool = True
    room: int = 10**12
    taken: frozenset[int] = frozenset()
    answering: bool = False
    asked: list[str] = field(default_factory=list)
    programs: dict[str, str] = field(default_factory=dict)
    version: tuple[int, ...] = (3, 11)

    @property
    def settings(self) -> Settings | ConfigError:
        return self.chosen

    @property
    def python(self) -> tuple[int, ...]:
        return self.version

    def mode(self, path: Path) -> int | None:
        return self.modes.get(path)

    def is_writable(self, folder: Path) -> bool:  # noqa: ARG002
        return self.writable

    def free_bytes(self, folder: Path) -> int:  # noqa: ARG002
        return self.room

    def port_is_free(self, host: str, port: int) -> bool:  # noqa: ARG002
        return port not in self.taken

    def answers_here(self, url: str) -> bool:
        self.asked.append(url)
        return self.answering

    def output(self, *command: str) -> str | None:
        return self.programs.get(command[0])


def grades(check: Callable[[Machine], Iterable[Told]], machine: Machine) -> list[str]:
    told = list(check(machine))
    assert all(grade is Grade.OK or next_step for grade, _, next_step in told), "each says what to do"
    return [grade.value for grade, _, _ in told]


def test_an_old_python_is_a_fault() -> None:
    assert grades(host.python, MadeUp()) == ["ok"]
    assert grades(host.python, MadeUp(version=(3, 9))) == ["fault"]


def test_wrong_settings_are_told_in_one_line() -> None:
    wrong = MadeUp(chosen=ConfigError("settings are wrong:\nKILOWATCH_MQTT_PORT: too large"))
    ((grade, says, _),) = host.settings(wrong)
    assert (grade, "\n" in says) == (Grade.FAULT, False)
    assert grades(host.settings, MadeUp()) == ["fault"], "no database is named"


def test_settings_that_only_alarms_or_flows_read_are_looked_at_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KILOWATCH_SMTP_PORT", "99999")
    monkeypatch.setenv("KILOWATCH_FLOW_ZONE", "Middle/Earth")
    named = MadeUp(chosen=Settings.model_construct(database_url=SecretStr("postgresql://x")))
    told = list(host.settings(named))
    assert [grade for grade, _, _ in told] == [Grade.FAULT, Grade.FAULT]
    assert "KILOWATCH_SMTP_PORT" in told[0][1]
    assert "KILOWATCH_FLOW_ZONE" in told[1][1]
    monkeypatch.undo()
    again = MadeUp(chosen=Settings.model_construct(database_url=SecretStr("postgresql://x")))
    assert grades(host.settings, again) == ["ok"]


@pytest.mark.parametrize(
    ("mode", "grade"), [(0o600, "ok"), (0o400, "ok"), (0o640, "fault"), (0o644, "fault"), (None, "fault")]
)
def test_a_secret_is_for_its_owner_alone(mode: int | None, grade: str) -> None:
    path = Path("/etc/kilowatch/token")
    machine = MadeUp(
        chosen=Settings.model_construct(metrics_token_file=path),
        modes={} if mode is None else {path: mode},
        environment={},
    )
    assert grades(host.secret_files, machine) == [grade]


def test_a_secret_of_a_container_bears_the_mode_of_the_host_and_is_seen_by_the_container_alone() -> None:
    path = Path("/run/secrets/metrics-token")
    machine = MadeUp(
        chosen=Settings.model_construct(metrics_token_file=path), modes={path: 0o644}, environment={}
    )
    assert grades(host.secret_files, machine) == ["ok"]


def test_a_secret_named_by_its_file_is_looked_at_too() -> None:
    path = Path("/etc/kilowatch/url")
    machine = MadeUp(environment={"KILOWATCH_DATABASE_URL_FILE": str(path)}, modes={path: 0o604})
    assert grades(host.secret_files, machine) == ["fault"]


def test_the_spool_needs_a_folder_and_room() -> None:
    small = Settings.model_construct(spool_max_mb=1024, spool_dir=Path("/spool"))
    assert grades(host.spool, MadeUp(chosen=small)) == ["ok"]
    assert grades(host.spool, MadeUp(chosen=small, room=10**8)) == ["warning"]
    assert grades(host.spool, MadeUp(chosen=small, writable=False)) == ["fault"]
    assert grades(host.spool, MadeUp(chosen=Settings.model_construct(spool_max_mb=0))) == ["warning"]


def test_locks_and_logs_need_a_place() -> None:
    assert grades(host.lock_folder, MadeUp()) == ["ok"]
    assert grades(host.lock_folder, MadeUp(writable=False)) == ["fault"]
    assert grades(host.disk, MadeUp(room=10**8)) == ["warning"]


def test_a_port_is_free_ours_or_somebody_elses() -> None:
    assert grades(host.ports, MadeUp()) == ["ok"]
    assert grades(host.ports, MadeUp(taken=frozenset({8645}))) == ["fault"]
    assert grades(host.ports, MadeUp(taken=frozenset({8645}), answering=True)) == ["ok"]
    both = MadeUp(chosen=Settings.model_construct(metrics_port=8646), taken=frozenset({8646}))
    assert grades(host.ports, both) == ["ok", "fault"]


def test_the_dashboard_is_asked_by_tls_and_by_ipv6_where_it_listens_so() -> None:
    chosen = Settings.model_construct(
        dashboard_host="::", dashboard_port=8645, dashboard_tls_cert_file=Path("/c.pem"), metrics_host="::1"
    )
    machine = MadeUp(chosen=chosen, taken=frozenset({8645}), answering=True)
    assert grades(host.ports, machine) == ["ok"]
    assert machine.asked == ["https://[::]:8645/health"]


@pytest.mark.parametrize(
    ("programs", "grade"),
    [
        ({"timedatectl": "yes\n"}, "ok"),
        ({"timedatectl": "no\n", "chronyc": "Leap status     : Normal\n"}, "ok"),
        ({"timedatectl": "no\n"}, "fault"),
        ({"chronyc": "Leap status     : Not synchronised\n"}, "fault"),
        ({}, "warning"),
    ],
)
def test_the_clock_is_kept_not_kept_or_unknown(programs: dict[str, str], grade: str) -> None:
    assert grades(host.clock, MadeUp(programs=programs)) == [grade]
