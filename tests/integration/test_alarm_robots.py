"""Messages to robots that check what their services document: signature, length, keyword, how often."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from alerts.outgoing import Outgoing
from pipeline.alarms.records import AlarmChannel, ChannelKind
from pipeline.errors import DeliveryError
from services.alarm_delivery import SPARE, deliver, send
from services.alarm_settings import AlarmSettings
from services.settings import Settings
from storage.database import Connection
from storage.registry import save_registry
from tests.alarm_archive import feeder, told
from tests.fix_robot_services import RobotServices

NOW = datetime(2026, 11, 26, 6, tzinfo=UTC)
PATHS = {
    ChannelKind.WECOM: "/cgi-bin/webhook/send?key={token}",
    ChannelKind.DINGTALK: "/robot/send?access_token={token}",
    ChannelKind.FEISHU: "/open-apis/bot/v2/hook/{token}",
}
SIGNING = (ChannelKind.DINGTALK, ChannelKind.FEISHU)
NEWS = Outgoing(
    id="msg_1",
    title="【严重】新告警：通信中断，多处",
    text="异常 300 项，涉及电表 300 块",
    url="https://k.grid.example/incidents/0a",
    document={},
)
SECRET = "SEC0123456789abcdef" * 5
"""Longer than a block of SHA-256."""
each_robot = pytest.mark.parametrize("kind", PATHS)
each_signing = pytest.mark.parametrize("kind", SIGNING)


def channel(robots: RobotServices, kind: ChannelKind) -> AlarmChannel:
    return AlarmChannel(id="group", kind=kind, address=robots.url + PATHS[kind])


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch, robots: RobotServices) -> None:
    monkeypatch.setenv("KILOWATCH_ALARM_GROUP_TOKEN", robots.token)
    robots.now_s = NOW.timestamp()


def sent(robots: RobotServices, kind: ChannelKind, news: Outgoing = NEWS, at: datetime = NOW) -> str:
    return send(channel(robots, kind), news, Settings(), AlarmSettings(), at)


@each_robot
def test_a_message_is_taken(kind: ChannelKind, robots: RobotServices) -> None:
    robots.keyword = "告警"
    assert "HTTP 200" in sent(robots, kind)
    assert len(robots.taken) == 1


@each_signing
def test_a_signed_message_is_taken_within_an_hour_and_with_the_right_secret_only(
    kind: ChannelKind, robots: RobotServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KILOWATCH_ALARM_GROUP_SECRET", SECRET)
    robots.secret = SECRET
    sent(robots, kind)
    sent(robots, kind, at=NOW + timedelta(minutes=59))
    with pytest.raises(DeliveryError, match="clock"):
        sent(robots, kind, at=NOW + timedelta(minutes=61))
    monkeypatch.setenv("KILOWATCH_ALARM_GROUP_SECRET", "another")
    with pytest.raises(DeliveryError, match="signature"):
        sent(robots, kind)
    monkeypatch.delenv("KILOWATCH_ALARM_GROUP_SECRET")
    with pytest.raises(DeliveryError, match=r"310000|19021"):
        sent(robots, kind)
    assert len(robots.taken) == 2


@each_signing
def test_a_keyword_that_is_not_in_the_message_is_a_refusal_that_says_so(
    kind: ChannelKind, robots: RobotServices
) -> None:
    robots.keyword = "监控报警"
    with pytest.raises(DeliveryError, match=r"keyword.*告警 is in each Chinese one"):
        sent(robots, kind)


@each_robot
def test_a_wrong_token_is_a_refusal_with_a_next_step_and_without_the_token(
    kind: ChannelKind, robots: RobotServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KILOWATCH_ALARM_GROUP_TOKEN", "hush-hush")
    with pytest.raises(DeliveryError, match="check the channel's token") as refused:
        sent(robots, kind)
    assert "hush" not in str(refused.value)


@each_robot
@pytest.mark.parametrize("line", ["电" * 40, "a", '"\\"'], ids=["wide", "short lines", "escaped"])
def test_a_message_of_any_length_is_cut_at_a_character_and_keeps_its_link(
    kind: ChannelKind, line: str, robots: RobotServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    if kind in SIGNING:
        monkeypatch.setenv("KILOWATCH_ALARM_GROUP_SECRET", SECRET)
        robots.secret = SECRET
    for lines in (10, 100, 700, 5000):
        sent(robots, kind, replace(NEWS, title="告警" * 400, text="\n".join([line] * lines)))
    assert len(robots.taken) == 4
    assert all("https://k.grid.example/incidents/0a" in str(message) for message in robots.taken)
    assert "…" in str(robots.taken[-1])


@pytest.mark.parametrize("kind", [ChannelKind.WECOM, ChannelKind.DINGTALK])
def test_what_is_more_than_a_robot_takes_in_a_minute_waits_and_is_not_refused(
    kind: ChannelKind, alarm_database: Connection, robots: RobotServices
) -> None:
    other = AlarmChannel(
        id="hook", kind=ChannelKind.WEBHOOK, address=f"{robots.url}/robot/send?access_token=x"
    )
    save_registry(alarm_database, told(feeder(1), [channel(robots, kind), other], []))
    content = '{"occasion": "test", "channel": "group"}'
    alarm_database.execute(
        "INSERT INTO notification (id, channel, route, language, content, state, planned_at, "
        "next_attempt_at) SELECT 'm' || n, 'group', 'r', 'zh', %s, 'waiting', %s, %s "
        "FROM generate_series(1, 40) AS n",
        (content, NOW, NOW),
    )
    at = [NOW]
    assert (deliver(alarm_database, Settings(), AlarmSettings(), lambda: at[0]).sent, len(robots.taken)) == (
        15,
        15,
    )
    at[0] = NOW + timedelta(seconds=59)
    assert deliver(alarm_database, Settings(), AlarmSettings(), lambda: at[0]).sent == 0
    robots.most_a_minute += 20
    at[0] = NOW + timedelta(seconds=61)
    assert deliver(alarm_database, Settings(), AlarmSettings(), lambda: at[0]).sent == 20 - SPARE
    assert all(answer["errcode"] == 0 for answer in robots.answers)
    assert alarm_database.execute("SELECT sum(attempts) FROM notification").fetchall() == [(30,)]
