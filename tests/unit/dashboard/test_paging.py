"""Every list is walked part by part by its own links."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any  # Any: a part of the OpenAPI document

import httpx
import pytest

from dashboard.app import create_app
from dashboard.openapi import operations
from tests.fix_dashboard import NOW, PLANT, browsing

SPAN = {"since": "2026-11-18T16:00:00Z", "until": "2026-11-20T16:00:00Z"}


@pytest.fixture(scope="module")
def client(city_url: str) -> Iterator[httpx.Client]:
    with browsing(create_app(city_url, clock=lambda: NOW)) as client:
        yield client


def links(answer: httpx.Response) -> dict[str, str]:
    found = re.findall(r'<([^>]+)>; rel="(\w+)"', answer.headers["Link"])
    return {rel: address for address, rel in found}


def entries(answer: httpx.Response) -> list[object]:
    body = answer.json()
    return body if isinstance(body, list) else next(v for v in body.values() if isinstance(v, list))


def takes(operation: Mapping[str, Any], name: str) -> bool:
    return any(parameter["name"] == name for parameter in operation["parameters"])


def test_every_list_comes_to_its_end_by_next(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    lists = [
        (path.replace("{meter}", PLANT), SPAN if takes(operation, "since") else {})
        for path, method, operation in operations(document)
        if method == "get" and takes(operation, "offset") and set(re.findall(r"\{(\w+)\}", path)) <= {"meter"}
    ]
    assert len(lists) >= 10
    for path, span in lists:
        whole = client.get(path, params=span | {"limit": "1000"})
        total = int(whole.headers["X-Total-Count"])
        assert len(entries(whole)) == min(total, 1000), path
        limit = max(total // 3, 1)
        part = client.get(path, params=span | {"limit": str(limit)})
        walked = entries(part)
        while "next" in links(part) and len(walked) < 1000:
            part = client.get(links(part)["next"])
            walked += entries(part)
        if total <= 1000:
            assert walked == entries(whole), path


def test_the_last_part_leads_back(client: httpx.Client) -> None:
    first = client.get("/api/meters?limit=8&q=M-")
    last = client.get(links(first)["last"])
    assert first.headers["X-Total-Count"] == "30"
    assert set(links(first)) == {"first", "next", "last"}
    assert set(links(last)) == {"first", "prev", "last"}
    assert [meter["meter"] for meter in last.json()] == [f"M-400{n}" for n in range(1, 7)]
    assert links(last)["prev"] == "/api/meters?q=M-&limit=8&offset=16"


def test_beyond_the_end_there_is_nothing_but_the_way_back(client: httpx.Client) -> None:
    beyond = client.get("/api/meters?limit=8&offset=1000")
    assert beyond.json() == []
    assert links(beyond)["prev"] == "/api/meters?limit=8&offset=24"


@pytest.mark.parametrize("asked", [{"limit": 0}, {"limit": 1001}, {"offset": -1}, {"offset": 10**18}])
def test_a_part_that_cannot_be_is_refused(client: httpx.Client, asked: dict[str, int]) -> None:
    answer = client.get("/api/meters", params=asked)
    assert answer.status_code == 422
    assert next(iter(asked)) in answer.json()["detail"]


def test_links_name_no_host(client: httpx.Client) -> None:
    answer = client.get("/api/meters?limit=1", headers={"Host": "elsewhere.example"})
    assert "elsewhere" not in answer.headers["Link"]
