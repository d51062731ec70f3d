"""The description of the API (OpenAPI): every operation with its errors, parameters explained, examples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import TypeAdapter

from dashboard.problems import KINDS, MEDIA_TYPE, Problem

Document = dict[str, Any]
"""Any: a part of the OpenAPI document, which is JSON."""

ABOUT: Final[Document] = {
    "version": "1",
    "summary": "Readings, intervals, findings, cases and bills of electricity meters",
    "description": (
        "Times are ISO 8601 with an offset. Lists are told in parts: `limit` and `offset`, with the number "
        "of all in `X-Total-Count` and the neighbouring parts in `Link`. Answers carry an `ETag`: send it as "
        "`If-None-Match` and what has not changed comes as 304 without a body. Errors are problem documents "
        "(RFC 9457) with `next_step`. Whoever asks too often gets 429 with `Retry-After`."
    ),
    "license_info": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    "openapi_tags": [
        {"name": "api", "description": "Meters, values, findings, cases, coverage, clocks, customers, bills"},
        {"name": "operation", "description": "Probes and metrics for whoever runs the server"},
        {"name": "export", "description": "Whole tables as CSV or Parquet, streamed"},
    ],
}

PARAMETERS: Final[Mapping[str, tuple[str, object]]] = {
    "meter": ("id of a meter in the archive", "M-1001"),
    "episode": ("id of an episode", "suspended_load-M-1001-20261104"),
    "case": ("id of a case", "SP-001-20261104"),
    "customer": ("name of a customer", "华光铸造有限公司"),
    "point": ("id of a service point", "SP-001"),
    "month": ("month of the local calendar", "2026-11"),
    "name": ("name of a piece of evidence", "voltages"),
    "since": ("first instant, ISO 8601 with an offset", "2026-11-01T00:00:00+08:00"),
    "until": ("first instant after, ISO 8601 with an offset", "2026-11-08T00:00:00+08:00"),
    "quantity": ("quantity, as in the reading files", "voltage_a"),
    "format": ("form of the answer", None),
    "by": ("what is counted apart", None),
    "q": ("looked for in ids, places, customers, buses, addresses and profiles", "M-10"),
    "verdict": ("only this verdict", None),
    "severity": ("only this severity", None),
    "detector": ("only episodes of this detector", "suspended_load"),
    "open": ("only those that have not ended, or that have", None),
    "final": ("only bills that may be given out, or that may not", None),
    "standing": ("only cases of this standing", None),
    "task": ("only clocks with this task", None),
    "sort": ("what comes first", None),
    "least_kva": ("at least so much contracted capacity, kVA", 315),
    "energy": ("which energy of the intervals", None),
    "event": ("only lines of this kind of event", None),
    "account": ("name of an account", "li.wei"),
    "deed": ("what is done with it", None),
    "state": ("only those in this state", None),
    "acknowledged": ("only those that somebody has acknowledged, or nobody", None),
    "incident": ("id of an incident", None),
    "order": ("id of an order to a meter", None),
    "at": ("an instant of the slot, ISO 8601 with an offset", "2026-11-20T10:00:00+08:00"),
    "version": ("version of the bill; none = the newest", 1),
    "kind": ("kind of subject", "service_point"),
    "subject": ("id of a meter, service point, area or group, or a category", "SP-001"),
    "area": ("id of an area or feeder", "TQ-01"),
    "days": ("so many days back", 31),
    "show": ("all, or only those above what is charged once", None),
}
"""What a parameter of a name is, wherever it occurs, and an example; its own description goes before."""

_PROBLEM: Final = {"$ref": "#/components/schemas/Problem"}
_ALWAYS: Final = (429, 503)
_EXAMPLES: Final[Mapping[int, tuple[str, str]]] = {
    400: ("Bad Request", "Take the NUL character (%00) out of the address."),
    401: ("Unauthorized", "Log in first, or send a token: Authorization: Bearer ..."),
    403: ("Forbidden", "Ask an administrator for the role that may do this."),
    404: ("There is nothing here", "Look the id up in the list."),
    413: (
        "Request Entity Too Large",
        "Send less at once: in several requests, or with the command on the server.",
    ),
    422: (
        "This address does not fit",
        "A part of the address is not understood. Start again from the overview.",
    ),
    429: ("Too Many Requests", "Wait as long as Retry-After says, then ask again."),
    503: ("The database does not answer", "Check that the database runs, then ask again."),
}
_LIST_HEADERS: Final = {
    "X-Total-Count": {"description": "Number of all entries", "schema": {"type": "integer"}},
    "Link": {"description": "Addresses of neighbouring parts (RFC 8288)", "schema": {"type": "string"}},
}
_TAG: Final = {"ETag": {"description": "Weak tag of the content", "schema": {"type": "string"}}}
_KNOWN_TAG: Final = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "tag of what is known already: 304 if it has not changed",
    "schema": {"type": "string"},
}


def operation_id(route: APIRoute) -> str:
    """Return the name of an operation for generated clients: the function's own."""
    return route.name.removeprefix("api_")


def describe(app: FastAPI) -> None:
    """Let an application describe its API in full."""

    def described() -> Document:
        if app.openapi_schema is None:
            app.openapi_schema = document_of(app)
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]  # FastAPI's documented way


def document_of(app: FastAPI) -> Document:
    """Return the OpenAPI document of an application."""
    document = get_openapi(title=app.title, routes=app.routes, tags=app.openapi_tags, **_about())
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Problem"] = TypeAdapter(Problem).json_schema()
    for path, method, operation in operations(document):
        _complete(path, method, operation)
    return document


def operations(document: Document) -> Iterator[tuple[str, str, Document]]:
    """Give path, method and description of every operation."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def _about() -> Document:
    return {name: value for name, value in ABOUT.items() if name != "openapi_tags"}


def _complete(path: str, method: str, operation: Document) -> None:
    parameters = operation.setdefault("parameters", [])
    for parameter in parameters:
        _explain(parameter)
    responses = operation["responses"]
    for status in _refusals(path, method, operation):
        responses[str(status)] = _problem(status)
    for status, told in responses.items():
        if status >= "400":
            told.setdefault("content", {MEDIA_TYPE: {"schema": _PROBLEM}})
    answered = responses.get("200", {})
    if method == "get" and "application/json" in answered.get("content", {}) and path.startswith("/api/"):
        answered.setdefault("headers", {}).update(_TAG)
        responses["304"] = {"description": "Not changed since the tag that was sent", "headers": _TAG}
        parameters.append(_KNOWN_TAG)
    if any(parameter["name"] == "offset" for parameter in parameters):
        answered.setdefault("headers", {}).update(_LIST_HEADERS)


def _explain(parameter: Document) -> None:
    told, example = PARAMETERS.get(parameter["name"], ("", None))
    if not parameter.get("description"):
        parameter["description"] = parameter["schema"].get("description") or told
    if example is not None and "example" not in parameter:
        is_list = parameter["schema"].get("type") == "array"
        parameter["example"] = [example] if is_list else example


def _refusals(path: str, method: str, operation: Document) -> Iterator[int]:
    yield from _ALWAYS
    if operation["parameters"] or "requestBody" in operation:
        yield from (400, 422)
    if "{" in path:
        yield 404
    if path.startswith(("/api/", "/metrics")):
        yield from (401, 403)
    if method != "get":
        yield 413


def _problem(status: int) -> Document:
    title, next_step = _EXAMPLES[status]
    example = {
        "type": f"/api/docs#{KINDS[status]}",
        "title": title,
        "status": status,
        "detail": "",
        "instance": "/api/...",
        "next_step": next_step,
    }
    told: Document = {
        "description": HTTPStatus(status).phrase,
        "content": {MEDIA_TYPE: {"schema": _PROBLEM, "example": example}},
    }
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        told["headers"] = {"Retry-After": {"description": "Seconds to wait", "schema": {"type": "integer"}}}
    return told
