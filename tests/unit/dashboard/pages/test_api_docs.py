"""The page for programmers: every operation, in both languages, nothing of other hosts."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest

from dashboard.app import create_app
from dashboard.openapi import operations
from dashboard.pages.api_docs import PROBLEMS, form_of
from dashboard.problems import KINDS
from tests.fix_dashboard import NOW, browsing


@pytest.fixture(scope="module")
def client(bills_url: str) -> Iterator[httpx.Client]:
    with browsing(create_app(bills_url, clock=lambda: NOW)) as client:
        yield client


def test_every_operation_is_on_the_page(client: httpx.Client) -> None:
    shown = client.get("/api/docs").text
    for path, method, operation in operations(client.get("/openapi.json").json()):
        assert f'id="{operation["operationId"]}"' in shown
        assert f"{method.upper()} {path}" in shown


def test_headings_follow_the_language(client: httpx.Client) -> None:
    for language, heading in (("zh", "<h1>数据接口</h1>"), ("en", "<h1>Data interface</h1>")):
        assert heading in client.get("/api/docs", headers={"Accept-Language": language}).text


def test_nothing_comes_from_another_host(client: httpx.Client) -> None:
    shown = client.get("/api/docs").text
    assert re.findall(r'(?:src|href)="(?:https?:)?//[^"]*"', shown) == []


def test_every_kind_of_problem_is_explained_where_its_type_leads(client: httpx.Client) -> None:
    shown = client.get("/api/docs").text
    assert set(KINDS.values()) == set(PROBLEMS)
    for kind in KINDS.values():
        assert f'<dt id="{kind}">' in shown


@pytest.mark.parametrize(
    ("schema", "form"),
    [
        ({"type": "array", "items": {"$ref": "#/components/schemas/Edit"}}, "array of Edit"),
        (
            {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
            "string (date-time) | null",
        ),
        ({"enum": ["raw", "final"]}, "raw | final"),
        ({"type": ["number", "null"]}, "number | null"),
        ({"const": "x"}, "x"),
        ({}, "any"),
    ],
)
def test_a_schema_is_told_in_a_few_words(schema: dict[str, object], form: str) -> None:
    assert form_of(schema) == form
