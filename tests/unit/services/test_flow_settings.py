"""The settings of the flows are checked at start and fail with the variable to fix."""

from __future__ import annotations

import pytest

from pipeline.errors import ConfigError
from services.flow_settings import load_flow_settings


def test_patterns_are_divided_by_commas_or_spaces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KILOWATCH_BUS_GROUPS", "north-*, east-1? north-*")
    assert load_flow_settings().bus_groups == ("north-*", "east-1?")


def test_without_settings_schedules_are_those_of_shanghai_and_buses_one_group() -> None:
    settings = load_flow_settings()
    assert (settings.flow_zone, settings.bus_groups, settings.dashboard_url) == (
        "Asia/Shanghai",
        ("*",),
        None,
    )


@pytest.mark.parametrize(
    ("variable", "value"),
    [("FLOW_ZONE", "Mars/Olympus"), ("DASHBOARD_URL", "dashboard:8645"), ("BUS_GROUP_LIMIT", "0")],
)
def test_a_wrong_value_names_its_variable(variable: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"KILOWATCH_{variable}", value)
    with pytest.raises(ConfigError, match=f"KILOWATCH_{variable}"):
        load_flow_settings()
