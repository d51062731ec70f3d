"""Where people are led back to: never to another server, and to the overview where nothing is known."""

from __future__ import annotations

import pytest
from fastapi import Request

from dashboard.local_addresses import LONGEST, local_address, page_before


def sent_from(referer: str | None) -> Request:
    headers = [(b"host", b"kw.example:8645")]
    headers += [] if referer is None else [(b"referer", referer.encode())]
    scope = {"type": "http", "method": "POST", "scheme": "http", "path": "/episodes", "query_string": b""}
    return Request({**scope, "headers": headers, "server": ("kw.example", 8645)})


@pytest.mark.parametrize(
    ("referer", "page"),
    [
        ("http://kw.example:8645/episodes?state=open&page=2", "/episodes?state=open&page=2"),
        ("https://kw.example:8645/cases/a%20b", "/cases/a%20b"),  # a proxy took the TLS off
        ("http://kw.example:8645/episodes#work", "/episodes"),
        (None, "/"),
        ("", "/"),
        ("http://elsewhere.example/episodes", "/"),
        ("http://kw.example/episodes", "/"),  # another port is another server
        ("http://kw.example:8645//elsewhere.example/", "/"),
        ("http://kw.example:8645/login?next=/x", "/"),
        ("http://kw.example:8645", "/"),
        ("http://[kw/episodes", "/"),
        ("http://kw.example:8645/" + "a" * LONGEST, "/"),
    ],
)
def test_a_form_leads_back_to_its_page_on_this_server_alone(referer: str | None, page: str) -> None:
    assert page_before(sent_from(referer)) == page


@pytest.mark.parametrize(
    "wish",
    [
        "",
        "meters",
        "//elsewhere.example",
        "/\\elsewhere.example",
        "/\t/elsewhere.example",
        "http://elsewhere.example/",
        "javascript:alert(1)",
        "/meters\r\nSet-Cookie: a=b",
        "/\\/elsewhere.example",
        "///elsewhere.example",
        "/login?next=/login",
        "/a\\b",
    ],
)
def test_what_leads_elsewhere_leads_to_the_overview(wish: str) -> None:
    assert local_address(wish) == "/"


@pytest.mark.parametrize("wish", ["/", "/meters/M-1?days=7", "/customers/%E5%8D%8E", "/cases?x=//y"])
def test_an_address_of_this_server_is_kept(wish: str) -> None:
    assert local_address(wish) == wish
