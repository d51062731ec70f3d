"""The requests of group robots (群机器人): WeCom 企业微信, DingTalk 钉钉, Feishu 飞书; and their answers."""

from __future__ import annotations

import base64
import hashlib
import hmac
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote_plus

import orjson

from alerts.outgoing import Outgoing
from pipeline.alarms.records import ChannelKind

_INERT = {ord(sign): ord(sign) + 0xFEE0 for sign in "<>[]@"}
"""Full-width forms (Unicode, FF01 on, in the order of ASCII): names of the archive must not become links,
colours or calls of people in a robot's markup."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Robot:
    """Where the robots of a service listen, and what they take."""

    address: str
    most_bytes: int
    source: str
    confirmed: bool


def robot_of(kind: ChannelKind) -> Robot:
    """Return what is known of a service's robots."""
    return Robot(**_robots()[kind.value])


def robot_request(
    kind: ChannelKind, address: str, outgoing: Outgoing, secret: str | None, at: datetime
) -> tuple[str, bytes]:
    """Return the address and the JSON body of a POST to a robot; ``secret`` signs it, where one is set."""
    title, text = (part.translate(_INERT) for part in (outgoing.title, outgoing.text))
    most = robot_of(kind).most_bytes
    if kind is ChannelKind.WECOM:
        lines = f"**{title}**\n{text}{_link(outgoing.url)}"
        return address, orjson.dumps({"msgtype": "markdown", "markdown": {"content": _cut(lines, most)}})
    if kind is ChannelKind.DINGTALK:
        # A line break of its markdown takes two spaces before it.
        lines = f"#### {title}\n" + f"{text}{_link(outgoing.url)}".replace("\n", "  \n")
        markdown = {"title": title, "text": _cut(lines, most)}
        body = orjson.dumps({"msgtype": "markdown", "markdown": markdown})
        return address if secret is None else address + dingtalk_signature(secret, at), body
    return address, orjson.dumps(_feishu(outgoing, title, _cut(text, most), secret, at))


def dingtalk_signature(secret: str, at: datetime) -> str:
    """Return what is added to the address of a robot whose security setting is 加签."""
    stamp = str(int(at.timestamp() * 1000))
    digest = hmac.new(secret.encode(), f"{stamp}\n{secret}".encode(), hashlib.sha256).digest()
    return f"&timestamp={stamp}&sign={quote_plus(base64.b64encode(digest))}"


def feishu_signature(secret: str, at: datetime) -> dict[str, str]:
    """Return what is added to the body for a bot whose security setting is 签名校验."""
    stamp = str(int(at.timestamp()))
    digest = hmac.new(f"{stamp}\n{secret}".encode(), b"", hashlib.sha256).digest()
    return {"timestamp": stamp, "sign": base64.b64encode(digest).decode()}


def robot_refusal(kind: ChannelKind, answer: bytes) -> str | None:
    """Return what a robot objects to; None where it took the message.

    They answer 200 to everything: WeCom and DingTalk tell ``errcode``, Feishu ``code``; 0 is yes.
    """
    key = "code" if kind is ChannelKind.FEISHU else "errcode"
    try:
        told = orjson.loads(answer)
    except orjson.JSONDecodeError:
        return "the answer is no JSON"
    code = told.get(key) if isinstance(told, dict) else None
    if code == 0 and code is not False:
        return None
    said = told.get("errmsg") or told.get("msg") if isinstance(told, dict) else None
    return f"{key} {code}: {said}"


def _feishu(
    outgoing: Outgoing, title: str, text: str, secret: str | None, at: datetime
) -> Mapping[str, object]:
    lines: list[list[dict[str, str]]] = [[{"tag": "text", "text": line}] for line in text.splitlines()]
    if outgoing.url is not None:
        lines.append([{"tag": "a", "text": outgoing.url, "href": outgoing.url}])
    post = {"zh_cn": {"title": title, "content": lines}}
    signed = {} if secret is None else feishu_signature(secret, at)
    return {**signed, "msg_type": "post", "content": {"post": post}}


def _link(url: str | None) -> str:
    return "" if url is None else f"\n[{url}]({url})"


def _cut(text: str, most_bytes: int) -> str:
    """Return a text that fits, cut at a whole character."""
    raw = text.encode()
    if len(raw) <= most_bytes:
        return text
    return raw[: most_bytes - len("…".encode())].decode("utf-8", "ignore") + "…"


@cache
def _robots() -> Mapping[str, Mapping[str, Any]]:  # Any: TOML
    return tomllib.loads(files("alerts").joinpath("robots.toml").read_text(encoding="utf-8"))
