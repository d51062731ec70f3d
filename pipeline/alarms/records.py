"""Records of the archive that say where alarms go: channels (渠道) and routes (路由)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from zoneinfo import ZoneInfo

from pipeline.model import Severity

_ZONE = ZoneInfo("Asia/Shanghai")


class ChannelKind(StrEnum):
    """How a channel is spoken to."""

    EMAIL = "email"
    WEBHOOK = "webhook"
    """Signed JSON by HTTP POST, as Standard Webhooks 1.0.0 has it."""
    WECOM = "wecom"
    """A group robot of WeCom (企业微信群机器人)."""
    DINGTALK = "dingtalk"
    """A robot of a DingTalk group (钉钉群机器人)."""
    FEISHU = "feishu"
    """A custom bot of Feishu (飞书自定义机器人)."""
    MQTT = "mqtt"


class Language(StrEnum):
    """The language of a message."""

    CHINESE = "zh"
    ENGLISH = "en"


class Grade(StrEnum):
    """A severity as it is written in the archive."""

    INFO = "info"
    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"

    @property
    def severity(self) -> Severity:
        """The severity that is meant."""
        return Severity[self.name]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmChannel:
    """One mailbox, address or topic that alarms may go to. Its secrets are never part of it."""

    id: str
    kind: ChannelKind
    address: str = ""
    """E-mail addresses divided by commas, an http(s) address, or an MQTT topic. ``{token}`` stands for the
    channel's secret token; robots know their own address and need none."""
    team: str | None = None
    """The people behind it (班组): a route may name them instead of channels."""
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRoute:
    """Which incidents go to which channels, when. What is left empty narrows nothing."""

    id: str
    channels: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    at_least: Grade = Grade.MINOR
    areas: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    """Causes of incidents, detectors or conditions of operation."""
    language: Language = Language.CHINESE
    after_min: int = 0
    """Told so long after the incident opened, and only if nobody has acknowledged it: escalation (升级)."""
    quiet_from: str | None = None
    """Local time of day, ``22:00``, from which nothing is told (免打扰)."""
    quiet_to: str | None = None
    quiet_below: Grade = Grade.CRITICAL
    """Quiet hours hold back what is less severe."""
    zone: ZoneInfo = _ZONE
    """Of the quiet hours and of the times in messages."""
    tell_end: bool = True
    """Whether the end of an incident is told to those who heard of it."""
    enabled: bool = True
