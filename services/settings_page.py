"""The reference page of the settings, from the fields that a start checks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from services.alarm_settings import AlarmSettings
from services.control_settings import ControlSettings
from services.flow_settings import FlowSettings
from services.settings import PREFIX, Settings

INTRODUCTION = """# Settings 配置

An installation is set up by environment variables, which are checked at start: a value that does not fit is
named with what was expected. An empty one is as good as none. A secret may come out of a file that holds it
and nothing else: `KILOWATCH_DATABASE_URL_FILE`, `KILOWATCH_MQTT_PASSWORD_FILE`.
"""
SECTIONS: tuple[tuple[str, type[BaseSettings]], ...] = (
    ("## The system 系统", Settings),
    ("## Changing meters 电表设置", ControlSettings),
    ("## Alarms 告警", AlarmSettings),
    ("## Flows 流程", FlowSettings),
)


def settings_lines() -> Iterator[str]:
    """Yield the page, without its head."""
    yield INTRODUCTION
    for title, kind in SECTIONS:
        yield title + "\n"
        yield "| variable | default | sets |"
        yield "|---|---|---|"
        for name, field in kind.model_fields.items():
            told = (field.description or "").replace("|", "\\|")
            yield f"| `{PREFIX}{name.upper()}` | {_default(field)} | {told} |"
        yield ""


def _default(field: FieldInfo) -> str:
    default = field.default
    if field.default_factory is not None or (isinstance(default, Path) and default.is_absolute()):
        return "by the machine"
    if default is None or default == frozenset():
        return "none"
    if isinstance(default, bool):
        return str(default).lower()
    return f"`{','.join(default) if isinstance(default, tuple) else default}`"
