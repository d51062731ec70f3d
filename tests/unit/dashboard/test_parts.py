"""Every module with a router is a part of the application, and no address hides another."""

from starlette.routing import Route

from dashboard.parts import in_order, routers


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
