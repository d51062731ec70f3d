"""What an installation sets about its flows: time zone, work pool, groups of buses, pages to link."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from services.settings import PAGES_ADDRESS, PREFIX, load

EVERY_BUS = "*"


class FlowSettings(BaseSettings):
    """One field is one variable: ``flow_zone`` is ``KILOWATCH_FLOW_ZONE``; an empty one is not set."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True)

    flow_zone: str = Field(default="Asia/Shanghai", description="time zone that schedules are meant in")
    flow_work_pool: str = Field(
        default="field", min_length=1, pattern=r"^[^/%&<>]+$", description="work pool of `flows deploy`"
    )
    bus_groups: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(EVERY_BUS,),
        description="patterns with commas, such as north-*,east-1?: the buses that fit one make a group that "
        "is limited by itself, as those of one cellular network; the rest is a group too",
    )
    bus_group_limit: int = Field(
        default=4, ge=1, le=1000, description="tasks of flows that may read buses of one group at a time"
    )
    critical_run: str = Field(
        default="alarms/field",
        pattern=r"^[^/]+/[^/]+$",
        description="deployment that runs when detection finds new critical episodes, as flow/deployment",
    )
    late_webhook: SecretStr | None = Field(
        default=None, description="address that Prefect's server calls when a run is late; none = nobody"
    )
    dashboard_url: str | None = Field(
        default=None,
        pattern=PAGES_ADDRESS,
        description="address of the pages as people reach them, for links in messages and results",
    )
    prefect_ui: str | None = Field(
        default=None,
        pattern=PAGES_ADDRESS,
        description="address of Prefect's pages as people see them; none = where PREFECT_API_URL points",
    )

    @field_validator("flow_zone")
    @classmethod
    def _known_zone(cls, given: str) -> str:
        try:
            ZoneInfo(given)
        except (ZoneInfoNotFoundError, OSError, ValueError) as error:
            raise ValueError("no time zone is called so; there is Asia/Shanghai") from error
        return given

    @field_validator("bus_groups", mode="before")
    @classmethod
    def _patterns(cls, given: object) -> object:
        return tuple(dict.fromkeys(given.replace(",", " ").split())) if isinstance(given, str) else given


def load_flow_settings() -> FlowSettings:
    """Read the environment.

    Raises:
        ConfigError: Naming every variable that does not fit.
    """
    return load(FlowSettings)
