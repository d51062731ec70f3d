"""POST to a real web server: no redirects, no link-local addresses, bounded answers, no secrets in errors."""

from __future__ import annotations

import logging
import time

import httpx
import pytest

from alerts.posting import MOST_ANSWER_BYTES, Web, post
from pipeline.errors import DeliveryError
from tests.fix_alarm_receivers import Receiver

WEB = Web()


def send(address: str) -> str:
    return post(WEB, address, b"{}", {"content-type": "application/json"}, time.monotonic).shown


def test_what_is_posted_arrives(receiver: Receiver) -> None:
    assert send(f"{receiver.url}/alarms?key=k").startswith("HTTP 200 ")
    (request,) = receiver.requests
    assert (request.path, request.body) == ("/alarms?key=k", b"{}")


def test_no_log_holds_the_address(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    send(f"{receiver.url}/hook/hush?key=hush")
    assert "hush" not in caplog.text
    httpx.post(receiver.url, content=b"{}", trust_env=False)
    assert "HTTP Request: POST" in caplog.text, "others may log theirs"


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    receiver.status, receiver.headers = 307, {"location": f"{receiver.url}/elsewhere"}
    with pytest.raises(DeliveryError, match="HTTP 307"):
        send(f"{receiver.url}/alarms")
    assert [request.path for request in receiver.requests] == ["/alarms"]


def test_an_endless_answer_is_cut_short(receiver: Receiver) -> None:
    receiver.answer = b"x" * 5_000_000
    answer = post(WEB, receiver.url, b"{}", {}, time.monotonic)
    assert len(answer.body) == MOST_ANSWER_BYTES
    assert len(answer.shown) < 400


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("http://169.254.169.254/latest/meta-data?key=hush", "link-local"),
        ("http://[fe80::1]/?key=hush", "link-local|no such host"),
        ("ftp://127.0.0.1/hush", "neither http nor https"),
        ("http://[::1/hush", "cannot be read"),
        ("http://127.0.0.1:9/?key=hush", "ConnectError"),
        ("http://nobody.invalid/?key=hush", "no such host"),
    ],
)
def test_a_wrong_address_is_an_error_that_tells_no_secret(address: str, said: str) -> None:
    with pytest.raises(DeliveryError, match=said) as caught:
        send(address)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    "proxy", ["u:hush@proxy:3128", "socks5://u:hush@proxy:1", "http://[::1", "ftp://hush"]
)
def test_a_proxy_that_is_none_is_an_error_of_this_delivery_that_tells_no_secret(proxy: str) -> None:
    with pytest.raises(DeliveryError, match=r"^hook\.example: cannot be asked so") as caught:
        post(Web(proxy=proxy), "http://hook.example/", b"{}", {}, time.monotonic)
    assert "hush" not in str(caught.value)


def test_a_refusal_tells_what_was_answered(receiver: Receiver) -> None:
    receiver.status, receiver.answer = 503, b"come back\n later"
    with pytest.raises(DeliveryError, match="HTTP 503 come back later"):
        send(f"{receiver.url}/?key=hush")
