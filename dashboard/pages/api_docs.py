"""The page that explains the API to programmers, made from its OpenAPI document; nothing of other hosts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from dashboard.asking import Ask
from dashboard.openapi import Document, operations
from dashboard.problems import KINDS
from dashboard.rendering import page
from dashboard.words import marked

router = APIRouter(include_in_schema=False)

PROBLEMS: Final[Mapping[str, str]] = {
    "bad-request": marked("The request could not be read as one; see next_step."),
    "not-logged-in": marked("Send a token or log in."),
    "not-allowed": marked("The account's role or areas do not reach so far."),
    "not-found": marked("Nothing stands there, or the account may not see it: the two are told alike."),
    "method-not-allowed": marked("The address knows other methods; see the header Allow."),
    "conflict": marked("Somebody else changed it first: fetch it again, then decide anew."),
    "too-long": marked("The body is larger than the server takes."),
    "too-long-a-head": marked("Address and headers together are longer than the server takes."),
    "does-not-fit": marked("A parameter or field has a value that does not fit; detail names it."),
    "too-many-requests": marked("Wait as many seconds as Retry-After says."),
    "server-fault": marked("A fault of the server's own; its log tells more."),
    "database-away": marked("The database does not answer; the server comes back with it by itself."),
}
"""What to do about each kind of problem."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of an operation."""

    name: str
    place: str
    form: str
    is_required: bool
    description: str
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation as the page shows it."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    parameters: Sequence[Parameter]
    answers: Sequence[tuple[str, str, str]]
    """Status, description, media types."""
    schema: str
    """Name of the schema of a good answer; empty where it has none."""


@router.get("/api/docs", name="api_docs", response_class=HTMLResponse)
def show_api_docs(asking: Ask) -> HTMLResponse:
    """Show every operation with its parameters and answers, and what the errors mean."""
    document = asking.request.app.openapi()
    return page(
        asking,
        "api_docs.html",
        about=document["info"],
        operations=[_operation(*each) for each in operations(document)],
        schemas=dict(_schemas(document)),
        problems=[(status, kind, PROBLEMS[kind]) for status, kind in KINDS.items()],
    )


def _operation(path: str, method: str, operation: Document) -> Operation:
    answers = operation["responses"]
    return Operation(
        id=operation["operationId"],
        method=method.upper(),
        path=path,
        summary=operation["summary"],
        description=operation.get("description", ""),
        parameters=[_parameter(each) for each in operation["parameters"]],
        answers=[
            (status, told["description"], ", ".join(told.get("content", ())))
            for status, told in sorted(answers.items())
        ],
        schema=_schema_of(answers),
    )


def _parameter(parameter: Document) -> Parameter:
    example = parameter.get("example", "")
    return Parameter(
        name=parameter["name"],
        place=parameter["in"],
        form=form_of(parameter["schema"]),
        is_required=parameter.get("required", False),
        description=parameter["description"],
        example=", ".join(map(str, example)) if isinstance(example, list) else str(example),
    )


def _schema_of(answers: Document) -> str:
    for status in ("200", "201"):
        schema = answers.get(status, {}).get("content", {}).get("application/json", {}).get("schema", {})
        reference = schema.get("$ref") or schema.get("items", {}).get("$ref", "")
        if reference:
            return _named(reference)
    return ""


def _schemas(document: Document) -> Iterator[tuple[str, Sequence[tuple[str, str, str]]]]:
    """Give the fields of every schema: name, form, description."""
    for name, schema in sorted(document["components"]["schemas"].items()):
        fields = schema.get("properties", {})
        if fields:
            yield name, [(n, form_of(f), f.get("description", "")) for n, f in fields.items()]


def form_of(schema: Mapping[str, Any]) -> str:  # Any: JSON schema
    """Return what a JSON schema allows in a few words: ``array of string``, ``integer or null``."""
    if "$ref" in schema:
        return _named(schema["$ref"])
    if "enum" in schema or "const" in schema:
        return " | ".join(map(str, schema.get("enum", [schema.get("const")])))
    for either in ("anyOf", "oneOf", "allOf"):
        if either in schema:
            return " | ".join(form_of(part) for part in schema[either])
    kind = schema.get("type", "any")
    if kind == "array":
        return f"array of {form_of(schema.get('items', {}))}"
    shown = " | ".join(kind) if isinstance(kind, list) else str(kind)
    return f"{shown} ({schema['format']})" if "format" in schema else shown


def _named(reference: str) -> str:
    return reference.rpartition("/")[2]
