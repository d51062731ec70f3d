"""Content that a caller has already is not sent again."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse, Response, StreamingResponse
from starlette.middleware.gzip import GZipMiddleware

from dashboard.etags import Etags, is_known, tag_of
from tests.asgi_client import AsgiClient

CONTENT = "meter " * 1000


@pytest.fixture
def client() -> AsgiClient:
    app = FastAPI()
    app.add_middleware(Etags)
    app.add_middleware(GZipMiddleware)

    @app.get("/api/thing")
    @app.get("/page")
    def thing() -> Response:
        return PlainTextResponse(CONTENT)

    @app.get("/api/stream")
    def stream() -> Response:
        return StreamingResponse(iter([b"a", b"b"]))

    @app.post("/api/thing")
    def post() -> Response:
        return PlainTextResponse("done")

    return AsgiClient(app)


def test_unchanged_content_comes_as_304_without_a_body(client: AsgiClient) -> None:
    first = client.get("/api/thing")
    again = client.get("/api/thing", headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, first.text) == (200, CONTENT)
    assert first.headers["Content-Encoding"] == "gzip"
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert "Content-Type" not in again.headers
    assert again.headers["Cache-Control"] == "private, no-cache"


def test_another_tag_brings_the_content(client: AsgiClient) -> None:
    assert client.get("/api/thing", headers={"If-None-Match": 'W/"other"'}).text == CONTENT


@pytest.mark.parametrize("path", ["/page", "/api/stream", "/api/absent"])
def test_pages_streams_and_refusals_bear_no_tag(client: AsgiClient, path: str) -> None:
    answer = client.get(path, headers={"If-None-Match": "*"})
    assert answer.status_code in {200, 404}
    assert "ETag" not in answer.headers


def test_what_changes_something_bears_no_tag(client: AsgiClient) -> None:
    assert client.post("/api/thing", headers={"If-None-Match": "*"}).text == "done"


@pytest.mark.parametrize("known", ['W/"a", {}', "{}", "*", '"x",{}'])
def test_a_tag_is_found_in_every_form_of_the_header(known: str) -> None:
    tag = tag_of(b"content")
    assert is_known(tag, known.format(tag))
    assert is_known(tag, known.format(tag.removeprefix("W/")))


def test_an_absent_header_names_no_tag() -> None:
    assert not is_known(tag_of(b"content"), "")
