"""The requests of group robots (群机器人): WeCom 企业微信, DingTalk 钉钉, Feishu 飞书; and their answers."""

from __future__ import annotations

import base64
import hashlib
import hmac
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any, Final
from urllib.parse import quote_plus

import orjson

from alerts.outgoing import Outgoing
from pipeline.alarms.records import ChannelKind

_INERT = {ord(sign): ord(sign) + 0xFEE0 for sign in "<>[]@"}
"""Full-width forms (Unicode, FF01 on, in the order of ASCII): names of the archive must not become links,
colours or calls of people in a robot's markup."""
MOST_TITLE_BYTES: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Robot:
    """Where the robots of a service listen, and what they take."""

    address: str
    most_bytes: int
    of: str
    """Of what: ``text`` or ``body``."""
    most_a_minute: int
    """Messages that a robot takes."""
    source: str
    to_be_confirmed: str
    refusals: Mapping[str, str]
    """What to do about an answer, by its code."""


ROBOTS: Final = (ChannelKind.WECOM, ChannelKind.DINGTALK, ChannelKind.FEISHU)
"""The kinds of channels that are robots."""


def robot_of(kind: ChannelKind) -> Robot:
    """Return what is known of a service's robots."""
    return Robot(**_robots()[kind.value])


def robot_request(
    kind: ChannelKind, address: str, outgoing: Outgoing, secret: str | None, at: datetime
) -> tuple[str, bytes]:
    """Return the address and the JSON body of a POST to a robot; ``secret`` signs it, where one is set."""
    robot = robot_of(kind)
    title = _cut(outgoing.title.translate(_INERT), MOST_TITLE_BYTES)
    text = outgoing.text.translate(_INERT)

    def document(shortened: str) -> Mapping[str, Any]:  # Any: JSON
        return _DOCUMENTS[kind](title, shortened, outgoing.url)

    def size(shortened: str) -> int:
        found = document(shortened)
        counted = orjson.dumps(found) if robot.of == "body" else found["markdown"]["content"].encode()
        return len(counted)

    most = robot.most_bytes
    if kind is ChannelKind.FEISHU and secret is not None:
        most -= len(orjson.dumps(feishu_signature(secret, at)))
    body = document(_fitting(text, most, size))
    if secret is not None and kind is ChannelKind.FEISHU:
        body = {**feishu_signature(secret, at), **body}
    if secret is not None and kind is ChannelKind.DINGTALK:
        address += dingtalk_signature(secret, at)
    return address, orjson.dumps(body)


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

    They answer 200 to everything: WeCom and DingTalk tell ``errcode``, Feishu ``code``; 0 is yes. Whatever
    else they say is tried again as any failure is: a limit passes by itself, a setting is mended by somebody.
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
    known = robot_of(kind).refusals.get(str(code))
    return f"{key} {code}: {said}" + ("" if known is None else f". Next step: {known}")


def _wecom(title: str, text: str, url: str | None) -> Mapping[str, Any]:  # Any: JSON
    return {"msgtype": "markdown", "markdown": {"content": f"**{title}**\n{text}{_link(url)}"}}


def _dingtalk(title: str, text: str, url: str | None) -> Mapping[str, Any]:  # Any: JSON
    # A line break of its markdown takes two spaces before it.
    lines = f"#### {title}\n" + f"{text}{_link(url)}".replace("\n", "  \n")
    return {"msgtype": "markdown", "markdown": {"title": title, "text": lines}}


def _feishu(title: str, text: str, url: str | None) -> Mapping[str, Any]:  # Any: JSON
    lines: list[list[dict[str, str]]] = [[{"tag": "text", "text": line}] for line in text.splitlines()]
    if url is not None:
        lines.append([{"tag": "a", "text": url, "href": url}])
    return {"msg_type": "post", "content": {"post": {"zh_cn": {"title": title, "content": lines}}}}


_DOCUMENTS: Final[Mapping[ChannelKind, Callable[[str, str, str | None], Mapping[str, Any]]]] = {
    ChannelKind.WECOM: _wecom,
    ChannelKind.DINGTALK: _dingtalk,
    ChannelKind.FEISHU: _feishu,
}


def _link(url: str | None) -> str:
    return "" if url is None else f"\n[{url}]({url})"


def _fitting(text: str, most_bytes: int, size: Callable[[str], int]) -> str:
    """Return a text whose message has at most so many bytes; the link at its end is kept."""
    shortened, room = text, len(text.encode())
    while (over := size(shortened) - most_bytes) > 0 and room > 0:
        room = max(room - over, 0)
        shortened = _cut(text, room)
    return shortened


def _cut(text: str, most_bytes: int) -> str:
    """Return a text of at most so many bytes, cut at a whole character; nothing where no sign has room."""
    raw = text.encode()
    if len(raw) <= most_bytes:
        return text
    room = most_bytes - len("…".encode())
    return "" if room < 0 else raw[:room].decode("utf-8", "ignore") + "…"


@cache
def _robots() -> Mapping[str, Mapping[str, Any]]:  # Any: TOML
    return tomllib.loads(files("alerts").joinpath("robots.toml").read_text(encoding="utf-8"))
