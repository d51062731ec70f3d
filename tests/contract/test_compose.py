"""compose.yaml is complete: every service, port, secret, volume and file that it names is there."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from typing import Any

import pytest
import typer.main
import yaml

from cli.main import app
from services.flow_settings import FlowSettings
from services.settings import PREFIX, Settings
from tests.contract.project import ROOT


@cache
def site() -> dict[str, Any]:  # Any: what YAML holds
    content: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return content


each_service = pytest.mark.parametrize("name", site()["services"])


def test_all_parts_of_a_site_are_there() -> None:
    parts = {
        "timescaledb",
        "mosquitto",
        "prefect",
        "migrate",
        "alarms",
        "collect",
        "dashboard",
        "flows",
        "grafana",
        "prometheus",
    }
    assert parts <= set(site()["services"])


@each_service
def test_its_ports_are_this_machines_own(name: str) -> None:
    for port in site()["services"][name].get("ports", ()):
        assert re.fullmatch(r"127\.0\.0\.1:\$\{KILOWATCH_\w+:-\d+\}:\d+", port)


@each_service
def test_what_it_needs_is_there(name: str) -> None:
    service = site()["services"][name]
    assert set(service.get("depends_on", {})) <= set(site()["services"])
    assert set(service.get("secrets", ())) <= set(site()["secrets"])
    for volume in service.get("volumes", ()):
        source = volume.partition(":")[0]
        assert source in site()["volumes"] or (ROOT / source).exists(), volume


@each_service
def test_a_service_that_is_waited_for_tells_how_it_is(name: str) -> None:
    for other, how in site()["services"][name].get("depends_on", {}).items():
        if how["condition"] == "service_healthy":
            assert "healthcheck" in site()["services"][other]


@each_service
def test_secrets_come_out_of_files_and_settings_exist(name: str) -> None:
    service = site()["services"][name]
    fields = {*Settings.model_fields, *FlowSettings.model_fields}
    known = {f"{PREFIX}{field.upper()}{end}" for field in fields for end in ("", "_FILE")}
    for variable, value in service.get("environment", {}).items():
        if "PASSWORD" in variable or "TOKEN" in variable or "DATABASE_URL" in variable:
            assert str(value).startswith("/run/secrets/")
            assert str(value).removeprefix("/run/secrets/") in service["secrets"]
        if variable.startswith(PREFIX) and "GRAFANA" not in variable:
            assert variable in known


def test_prefects_server_asks_for_a_login_and_who_asks_it_has_it() -> None:
    logins = {name: service.get("env_file") for name, service in site()["services"].items()}
    with_login = {name for name, files in logins.items() if "./secrets/prefect-login.env" in (files or ())}
    assert with_login == {"prefect", "flows", "dashboard", "alarms"}


@each_service
def test_its_command_is_one_of_ours(name: str) -> None:
    service = site()["services"][name]
    if service.get("image") != "kilowatch" or "entrypoint" in service:
        return
    command: Any = typer.main.get_command(app)  # Any: click's groups and commands
    for word in service["command"]:
        if not hasattr(command, "commands"):
            break
        command = command.commands[word]
    options = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in service["command"] if word.startswith("--")} <= options


@each_service
def test_its_image_is_pinned(name: str) -> None:
    image = site()["services"][name]["image"]
    assert image == "kilowatch" or re.fullmatch(r"docker\.io/[a-z0-9/-]+:v?\d+(\.\d+)+(-pg\d+)?", image)


def test_images_are_the_versions_that_the_project_tests() -> None:
    """The database as for tests with Docker; Python at least as old as the project supports."""
    image = re.findall("^image=(.*)$", (ROOT / "scripts" / "timescaledb").read_text(), re.MULTILINE)[0]
    assert f"docker.io/{image}" == site()["services"]["timescaledb"]["image"]
    containers = (ROOT / "Containerfile").read_text()
    pythons = set(re.findall(r"FROM docker\.io/library/python:(3\.\d+)-", containers))
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert pythons == {wanted.removeprefix(">=")}
