"""Who may file feedback: somebody at the server's own host, on our own page, and nobody else."""

from __future__ import annotations

import pytest
from fastapi import Request

from dashboard.access import NotAllowedError, may_write, named, writer_of_request
from services.persons import Person


def _request(client: str | None = "127.0.0.1", host: str = "127.0.0.1:8645", **headers: str) -> Request:
    given = {"host": host, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return Request(
        {
            "type": "http",
            "method": "POST",
            "scheme": "http",
            "path": "/cases/c",
            "query_string": b"",
            "server": ("127.0.0.1", 8645),
            "client": None if client is None else (client, 40_000),
            "headers": [(name.encode(), value.encode()) for name, value in given.items()],
        }
    )


@pytest.mark.parametrize(
    "request_",
    [
        _request(),
        _request("::1", "[::1]:8645"),
        _request(host="localhost:8645", origin="http://localhost:8645"),
    ],
)
def test_somebody_at_this_host_may_write(request_: Request) -> None:
    assert may_write(request_)
    assert writer_of_request(request_).account


@pytest.mark.parametrize(
    "request_",
    [
        _request("192.0.2.7"),
        _request(None),
        _request(x_forwarded_for="192.0.2.7"),
        _request(forwarded="for=192.0.2.7"),
        # A page of somebody else's, and one whose name points here.
        _request(origin="http://elsewhere.example"),
        _request(origin="null"),
        _request(origin="http://["),
        _request(via="1.1 proxy"),
        _request(x_forwarded_host="kilowatch.example"),
        _request(host="elsewhere.example:8645", origin="http://elsewhere.example:8645"),
    ],
)
def test_nobody_else_may(request_: Request) -> None:
    assert not may_write(request_)
    with pytest.raises(NotAllowedError, match="kilowatch feedback"):
        writer_of_request(request_)


def test_a_name_is_told_and_bounded() -> None:
    assert named(Person(account="li", host="desk"), "  Wang \n Fang ").shown == "Wang Fang (li@desk)"
    assert len(named(Person(account="li"), "x" * 500).name) == 80
