"""Group robots as WeCom, DingTalk and Feishu document them, on the loopback: they check what they are sent.

Written from the services' own pages (named in alerts/robots.toml) and independent of the code under test.
"""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from tests.threads import web_server

HOUR_S = 3600
BLOCK = 64
"""Of SHA-256, in bytes."""


def hmac_sha256(key: bytes, message: bytes) -> str:
    """Return base64 of HMAC-SHA256, by the definition in RFC 2104."""
    padded = (hashlib.sha256(key).digest() if len(key) > BLOCK else key).ljust(BLOCK, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in padded) + message).digest()
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in padded) + inner).digest()
    return base64.b64encode(outer).decode()


@dataclass
class RobotServices:
    """What the three services took and answered."""

    url: str = ""
    now_s: float = 0.0
    token: str = "the-token"  # noqa: S105 - of a robot that exists here only
    secret: str | None = None
    keyword: str = ""
    most_a_minute: int = 20
    taken: list[dict[str, Any]] = field(default_factory=list)  # Any: JSON
    answers: list[dict[str, Any]] = field(default_factory=list)  # Any: JSON
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, path: str, body: bytes) -> dict[str, Any]:  # Any: JSON
        """Return what a service answers, with status 200 whatever it is."""
        parts = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        services: dict[str, Callable[[dict[str, str], bytes], dict[str, Any]]] = {
            "/cgi-bin/webhook/send": self._wecom,
            "/robot/send": self._dingtalk,
        }
        with self.lock:
            service = services.get(parts.path)
            if service is None:
                answer = self._feishu(parts.path.rpartition("/")[2], body)
            else:
                answer = service(query, body)
            self.answers.append(answer)
            if not answer.get("errcode", answer.get("code")):
                self.taken.append(orjson.loads(body))
        return answer

    def _wecom(self, query: dict[str, str], body: bytes) -> dict[str, Any]:  # Any: JSON
        document = orjson.loads(body)
        if query["key"] != self.token:
            return {"errcode": 93000, "errmsg": "invalid webhook url"}
        if len(self.taken) >= self.most_a_minute:
            return {"errcode": 45009, "errmsg": "api freq out of limit"}
        content = document["markdown"]["content"]
        if document["msgtype"] != "markdown" or len(content.encode()) > 4096:
            return {"errcode": 40058, "errmsg": "markdown.content exceed max length 4096"}
        return {"errcode": 0, "errmsg": "ok"}

    def _dingtalk(self, query: dict[str, str], body: bytes) -> dict[str, Any]:  # Any: JSON
        document = orjson.loads(body)
        told = document["markdown"]["title"] + document["markdown"]["text"]
        objections = {
            (300001, "token is not exist"): query["access_token"] != self.token,
            (310000, "invalid timestamp"): not self._is_timely(query),
            (310000, "sign not match"): not self._is_signed(query),
            (310000, "keywords not in content"): self.keyword not in told,
            (460101, "message too long, exceed 20000 bytes"): len(body) > 20_000,
            (130101, "send too fast, exceed 20 times per minute"): len(self.taken) >= self.most_a_minute,
        }
        code, words = next((which for which, holds in objections.items() if holds), (0, "ok"))
        return {"errcode": code, "errmsg": words}

    def _is_timely(self, query: dict[str, str]) -> bool:
        return self.secret is None or abs(int(query.get("timestamp", 0)) / 1000 - self.now_s) <= HOUR_S

    def _is_signed(self, query: dict[str, str]) -> bool:
        if self.secret is None:
            return True
        message = f"{query.get('timestamp')}\n{self.secret}"
        return query.get("sign") == hmac_sha256(self.secret.encode(), message.encode())

    def _feishu(self, token: str, body: bytes) -> dict[str, Any]:  # Any: JSON
        document = orjson.loads(body)
        if token != self.token:
            return {"code": 19001, "msg": "param invalid: incoming webhook access token invalid"}
        if self.secret is not None:
            stamp = document.get("timestamp", "0")
            right = hmac_sha256(f"{stamp}\n{self.secret}".encode(), b"")
            if abs(int(stamp) - self.now_s) > HOUR_S or document.get("sign") != right:
                msg = "sign match fail or timestamp is not within one hour from current time"
                return {"code": 19021, "data": {}, "msg": msg}
        post = document["content"]["post"]["zh_cn"]
        words = post["title"] + "".join(part["text"] for line in post["content"] for part in line)
        if document["msg_type"] != "post" or len(body) > 20_000:
            return {"code": 9499, "msg": "Bad Request", "data": {}}
        if self.keyword not in words:
            return {"code": 19024, "msg": "Key Words Not Found"}
        return {"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}, "msg": "success"}


@pytest.fixture
def robots() -> Iterator[RobotServices]:
    """The three services on one free port."""
    kept = RobotServices()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            answer = orjson.dumps(
                kept.answer(self.path, self.rfile.read(int(self.headers["content-length"])))
            )
            assert self.headers["content-type"] == "application/json"
            self.send_response(200)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

    with web_server(Handler) as kept.url:
        yield kept
