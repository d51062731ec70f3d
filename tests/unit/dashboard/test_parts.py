"""Every module with a router is a part of the application, and no address hides another."""

from fastapi import APIRouter, FastAPI
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from starlette.routing import Route

from dashboard.parts import answer_heads, in_order, joined, routers
from tests.asgi_client import AsgiClient


def _endpoint() -> None:
    """Stand for any page."""


def test_pages_and_endpoints_are_found_by_their_files() -> None:
    paths = {route.path for router in routers() for route in router.routes if isinstance(route, Route)}
    assert {"/", "/meters", "/login", "/api/meters", "/api/episodes/{episode}", "/health"} <= paths


def test_a_plain_address_goes_before_one_with_a_parameter() -> None:
    paths = ["/a/{b}", "/a/{b}/c", "/a/d", "/{e}", "/a"]
    found = in_order([Route(path, _endpoint) for path in paths])
    order = [route.path for route in found if isinstance(route, Route)]
    assert order.index("/a/d") < order.index("/a/{b}")
    assert order.index("/a") < order.index("/{e}")


def test_a_plain_address_of_one_router_goes_before_a_parameter_of_another() -> None:
    vague, plain = APIRouter(), APIRouter()
    vague.get("/meters/{meter}")(lambda meter: f"meter {meter}")
    plain.get("/meters/silent")(lambda: "all that are silent")
    app = FastAPI()
    app.include_router(joined([vague, plain]))
    client = AsgiClient(app)
    assert client.get("/meters/silent").json() == "all that are silent"
    assert client.get("/meters/7").json() == "meter 7"


def test_pages_answer_heads_and_endpoints_need_not() -> None:
    router = APIRouter()
    router.get("/page", response_class=HTMLResponse)(_endpoint)
    router.post("/page", response_class=HTMLResponse)(_endpoint)
    router.get("/data")(_endpoint)
    answer_heads(router.routes)
    assert [route.methods for route in router.routes if isinstance(route, Route | APIRoute)] == [
        {"GET", "HEAD"},
        {"POST"},
        {"GET"},
    ]
