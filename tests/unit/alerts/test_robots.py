"""The JSON of group robots, their signatures, and what their answers mean."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.outgoing import Outgoing
from alerts.robots import feishu_signature, robot_of, robot_refusal, robot_request
from pipeline.alarms.records import ChannelKind

AT = datetime(2026, 11, 20, 4, tzinfo=UTC)
NEWS = Outgoing(
    id="msg_1",
    title="【严重】新告警",
    text="第一行\n第二行",
    url="https://k.example/incidents/0a",
    document={},
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["errcode", "code", "errmsg"]), inner),
)
ROBOTS = [ChannelKind.WECOM, ChannelKind.DINGTALK, ChannelKind.FEISHU]


def hmac_by_openssl(key: str, text: str) -> str:
    """Return base64 of HMAC-SHA256 as openssl computes it: independent of our own."""
    digest = subprocess.run(  # noqa: S603 - our own arguments
        ["openssl", "dgst", "-sha256", "-mac", "HMAC", "-macopt", f"hexkey:{key.encode().hex()}", "-binary"],  # noqa: S607 - whichever openssl the machine has
        input=text.encode(),
        capture_output=True,
        check=True,
    ).stdout
    return subprocess.run(
        ["openssl", "base64", "-A"],  # noqa: S607 - as above
        input=digest,
        capture_output=True,
        check=True,
    ).stdout.decode()


def test_wecom_gets_markdown() -> None:
    address, body = robot_request(ChannelKind.WECOM, "https://w.example/?key=k", NEWS, None, AT)
    assert address == "https://w.example/?key=k"
    assert orjson.loads(body) == {
        "msgtype": "markdown",
        "markdown": {
            "content": "**【严重】新告警**\n第一行\n第二行\n"
            "[https://k.example/incidents/0a](https://k.example/incidents/0a)"
        },
    }


def test_dingtalk_gets_markdown_at_a_signed_address() -> None:
    address, body = robot_request(ChannelKind.DINGTALK, "https://d.example/?access_token=t", NEWS, "SEC1", AT)
    told = orjson.loads(body)
    assert (told["msgtype"], told["markdown"]["title"]) == ("markdown", "【严重】新告警")
    assert "第一行  \n第二行" in told["markdown"]["text"]
    query = parse_qs(urlsplit(address).query)
    stamp = str(int(AT.timestamp() * 1000))
    assert query["timestamp"] == [stamp]
    assert query["sign"] == [hmac_by_openssl("SEC1", f"{stamp}\nSEC1")]


def test_feishu_gets_rich_text_with_a_signature_in_its_body() -> None:
    _, body = robot_request(ChannelKind.FEISHU, "https://f.example/hook/t", NEWS, "secret", AT)
    told = orjson.loads(body)
    stamp = str(int(AT.timestamp()))
    assert (told["timestamp"], told["sign"]) == (stamp, hmac_by_openssl(f"{stamp}\nsecret", ""))
    assert told["msg_type"] == "post"
    post = told["content"]["post"]["zh_cn"]
    assert post["title"] == "【严重】新告警"
    assert [line[0]["tag"] for line in post["content"]] == ["text", "text", "a"]
    assert set(feishu_signature("secret", AT)) == {"timestamp", "sign"}


@pytest.mark.parametrize("kind", ROBOTS)
def test_a_long_text_is_cut_to_what_the_service_takes(kind: ChannelKind) -> None:
    long = replace(NEWS, text="电" * 20_000)
    _, body = robot_request(kind, "https://r.example/", long, None, AT)
    assert len(body) < robot_of(kind).most_bytes + 100
    assert "…" in body.decode()


@pytest.mark.parametrize("kind", [ChannelKind.WECOM, ChannelKind.DINGTALK])
def test_names_of_the_archive_become_no_markup(kind: ChannelKind) -> None:
    bad = replace(NEWS, text='[free](http://evil.example) <@all> <font color="info">', url=None)
    _, body = robot_request(kind, "https://r.example/", bad, None, AT)
    assert not set("<>[]@") & set(body.decode())


@pytest.mark.parametrize(
    ("kind", "answer", "refusal"),
    [
        (ChannelKind.WECOM, b'{"errcode":0,"errmsg":"ok"}', None),
        (
            ChannelKind.DINGTALK,
            b'{"errcode":310000,"errmsg":"sign not match"}',
            "errcode 310000: sign not match. Next step: the robot's security settings: ",
        ),
        (ChannelKind.FEISHU, b'{"code":0,"msg":"success","data":{}}', None),
        (
            ChannelKind.FEISHU,
            b'{"code":19021,"msg":"sign match fail"}',
            "code 19021: sign match fail. Next step: the signature",
        ),
        (ChannelKind.FEISHU, b'{"code":1,"msg":"new"}', "code 1: new"),
        (ChannelKind.WECOM, b"<html>", "the answer is no JSON"),
        (ChannelKind.WECOM, b"[]", "errcode None: None"),
    ],
)
def test_what_a_robot_answers(kind: ChannelKind, answer: bytes, refusal: str | None) -> None:
    told = robot_refusal(kind, answer)
    assert told == refusal or (refusal is not None and told is not None and told.startswith(refusal))


@given(st.sampled_from(ROBOTS), st.binary() | st.builds(orjson.dumps, JSON))
def test_any_answer_is_a_yes_or_a_refusal(kind: ChannelKind, answer: bytes) -> None:
    refusal = robot_refusal(kind, answer)
    assert refusal is None or refusal


@pytest.mark.parametrize(
    ("kind", "most_a_minute", "most_bytes", "of"),
    [
        # 群机器人配置说明 (document/path/91770): 20 messages a minute, markdown content of 4096 bytes.
        (ChannelKind.WECOM, 20, 4096, "text"),
        # 自定义机器人接入: 20 messages a minute; its refusal speaks of 20000 bytes.
        (ChannelKind.DINGTALK, 20, 20_000, "body"),
        # 自定义机器人使用指南: 100 messages a minute, a body of 20 KB.
        (ChannelKind.FEISHU, 100, 20_000, "body"),
    ],
)
def test_a_robot_is_sent_no_more_than_its_service_documents(
    kind: ChannelKind, most_a_minute: int, most_bytes: int, of: str
) -> None:
    robot = robot_of(kind)
    assert (robot.most_a_minute, robot.most_bytes, robot.of) == (most_a_minute, most_bytes, of)


@pytest.mark.parametrize("kind", ROBOTS)
def test_every_refusal_that_is_known_is_told_with_its_next_step(kind: ChannelKind) -> None:
    field = "code" if kind is ChannelKind.FEISHU else "errcode"
    for code, step in robot_of(kind).refusals.items():
        refusal = robot_refusal(kind, orjson.dumps({field: int(code)}))
        assert refusal is not None
        assert f"{field} {code}" in refusal
        assert refusal.endswith(f"Next step: {step}")


@pytest.mark.parametrize("kind", ROBOTS)
def test_every_robot_names_its_source_and_keeps_its_key_out_of_the_address(kind: ChannelKind) -> None:
    robot = robot_of(kind)
    assert robot.source
    assert robot.address.startswith("https://")
    assert robot.address.endswith("{token}")
