"""The description of the API is complete: whoever adds an endpoint cannot forget to explain it."""

from __future__ import annotations

from typing import Any

import pytest

from dashboard.app import create_app
from dashboard.openapi import Document, operations


@pytest.fixture(scope="module")
def document() -> Document:
    return create_app("postgresql://nobody@127.0.0.1:9/nothing").openapi()


def test_every_operation_has_a_name_and_is_explained(document: Document) -> None:
    named = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(named) == len(set(named)) > 20
    for path, method, operation in operations(document):
        assert operation["summary"], (path, method)
        assert operation["description"], (path, method)
        assert operation["tags"], (path, method)


def test_every_parameter_is_explained(document: Document) -> None:
    lacking = [
        f"{method} {path}: {parameter['name']}"
        for path, method, operation in operations(document)
        for parameter in operation["parameters"]
        if not parameter.get("description")
    ]
    assert lacking == []


def test_every_operation_declares_its_errors_as_problem_documents(document: Document) -> None:
    for path, method, operation in operations(document):
        refused = {status: told for status, told in operation["responses"].items() if status >= "400"}
        assert {"429", "503"} <= set(refused), (path, method)
        assert ("404" in refused) or "{" not in path, (path, method)
        for told in refused.values():
            assert list(told["content"]) == ["application/problem+json"], (path, method)


def test_every_list_is_told_in_parts(document: Document) -> None:
    """A list takes ``Paged`` of ``dashboard.paging`` and calls ``tell`` or ``part_of``."""
    schemas = document["components"]["schemas"]
    lacking = []
    for path, method, operation in operations(document):
        answer = operation["responses"].get("200", {}).get("content", {}).get("application/json", {})
        if method == "get" and _is_list(answer.get("schema", {}), schemas):
            names = {parameter["name"] for parameter in operation["parameters"]}
            if not {"limit", "offset"} <= names:
                lacking.append(path)
            else:
                assert {"Link", "X-Total-Count"} <= set(operation["responses"]["200"]["headers"]), path
    assert lacking == []


def test_nothing_of_the_frameworks_own_errors_is_left(document: Document) -> None:
    assert "HTTPValidationError" not in str(document)


def _is_list(schema: dict[str, Any], schemas: dict[str, Any]) -> bool:
    named = schemas.get(schema.get("$ref", "").rpartition("/")[2], {})
    return schema.get("type") == "array" or "total" in named.get("properties", {})
