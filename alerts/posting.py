"""Sends an HTTP POST to an address that an administrator filed: no redirects, bounded in time and size."""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from ipaddress import ip_address

import httpx

from alerts.outgoing import shown_answer
from pipeline.errors import DeliveryError

TIMEOUT_S = 10.0
MOST_ANSWER_BYTES = 8192
WEB = {"http": 80, "https": 443}
_posting = ContextVar("posting", default=False)


class _WithoutAddresses(logging.Filter):
    """Keeps what httpx logs of our own requests, their whole address, out of the log: it may hold a token."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let pass what others log."""
        del record
        return not _posting.get()


_WITHOUT_ADDRESSES = _WithoutAddresses()


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    """How the web is reached from here."""

    proxy: str | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = None
    """With the certificate authorities that are trusted; None for the usual ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    body: bytes

    @property
    def shown(self) -> str:
        """The answer for the log of attempts."""
        return shown_answer(f"HTTP {self.status} {self.body.decode('utf-8', 'replace')}")


def post(
    web: Web, address: str, body: bytes, headers: Mapping[str, str], clock: Callable[[], float]
) -> Answer:
    """Send a request and return the answer, whose status is 2xx.

    Redirects are not followed: the address is the one that was filed. Names that lead to link-local
    addresses, where clouds keep their credentials, are refused. An error names the host, never the whole
    address, which may hold a token.

    Args:
        web: How it is reached.
        address: With its token in place.
        body: What is sent.
        headers: With it.
        clock: Seconds that only grow, such as ``time.monotonic``.

    Raises:
        DeliveryError: If nothing answers, or not with 2xx.
    """
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL:
        raise DeliveryError("the address of the channel cannot be read") from None
    if url.scheme not in WEB or not url.host:
        raise DeliveryError("the address of the channel is neither http nor https")
    if web.proxy is None:
        _refuse_link_local(url.host, url.port or WEB[url.scheme])
    deadline = clock() + 2 * TIMEOUT_S
    logging.getLogger("httpx").addFilter(_WITHOUT_ADDRESSES)
    quiet = _posting.set(True)
    try:
        with (
            httpx.Client(
                timeout=TIMEOUT_S,
                follow_redirects=False,
                # The environment's proxies are not asked: an alarm goes where it is said to go.
                trust_env=False,
                proxy=web.proxy,
                verify=web.tls if web.tls is not None else True,
            ) as client,
            client.stream("POST", url, content=body, headers=dict(headers)) as response,
        ):
            read = b""
            for chunk in response.iter_raw():
                read += chunk
                if len(read) > MOST_ANSWER_BYTES or clock() > deadline:
                    break
            answer = Answer(status=response.status_code, body=read[:MOST_ANSWER_BYTES])
    # A proxy that is none, a package that it would need, a header that cannot be sent: their texts may hold
    # the proxy's password.
    except (httpx.InvalidURL, ValueError, ImportError) as error:
        raise DeliveryError(f"{url.host}: cannot be asked so: {type(error).__name__}") from None
    except httpx.HTTPError as error:
        raise DeliveryError(f"{url.host}: {type(error).__name__} {shown_answer(str(error))}") from error
    finally:
        _posting.reset(quiet)
    if not httpx.codes.is_success(answer.status):
        raise DeliveryError(f"{url.host}: {answer.shown}")
    return answer


def _refuse_link_local(host: str, port: int) -> None:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise DeliveryError(f"{host}: no such host ({error})") from error
    for *_, place in found:
        if ip_address(str(place[0]).partition("%")[0]).is_link_local:
            raise DeliveryError(f"{host}: leads to a link-local address, where no receiver of alarms is")
