"""The small web server answers several at once, turns strangers away, and outlives a slow client."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import httpx
import pytest

from pipeline.errors import ConfigError
from services.status import server
from services.status.permit import Permit
from services.status.server import Answer, Path, serving


def failing() -> Answer:
    raise ValueError("a fault")


PATHS = {
    "/health": Path(answer=lambda: Answer(content=b'{"status": "live"}')),
    "/metrics": Path(answer=lambda: Answer(content=b"up 1\n", content_type="text/plain"), open_to_all=False),
    "/fault": Path(answer=failing),
}


@pytest.fixture
def port() -> Iterator[int]:
    with serving("127.0.0.1", 0, PATHS, Permit("s3cret")) as port:
        yield port


def test_it_answers_by_path(port: int) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        assert client.get("/health?verbose").json() == {"status": "live"}
        assert client.get("/elsewhere").status_code == 404
        assert client.get("/metrics").status_code == 403
        allowed = client.get("/metrics", headers={"Authorization": "Bearer s3cret"})
        assert (allowed.status_code, allowed.text) == (200, "up 1\n")
        assert client.post("/health").status_code == 501


def test_a_fault_in_one_answer_is_told_and_costs_no_other(
    port: int, caplog: pytest.LogCaptureFixture
) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        assert client.get("/fault").status_code == 500
        assert client.get("/health").status_code == 200
    assert "status.failed" in caplog.text


def test_a_client_that_says_nothing_holds_up_nobody_and_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server._Handler, "timeout", 0.2)
    with (
        serving("127.0.0.1", 0, PATHS, Permit()) as port,
        socket.create_connection(("127.0.0.1", port), timeout=10) as slow,
    ):
        slow.sendall(b"GET /hea")
        assert httpx.get(f"http://127.0.0.1:{port}/health").status_code == 200
        assert slow.recv(100) == b"", "it is let go"


def test_too_many_at_once_are_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MOST_AT_ONCE", 1)
    began, go_on = threading.Event(), threading.Event()

    def slowly() -> Answer:
        began.set()
        go_on.wait(10)
        return Answer(content=b"{}")

    with serving("127.0.0.1", 0, {"/slow": Path(answer=slowly)}, Permit()) as port:
        url = f"http://127.0.0.1:{port}/slow"
        first = threading.Thread(target=httpx.get, args=(url,))
        first.start()
        began.wait(10)
        assert httpx.get(url).status_code == 503
        go_on.set()
        first.join()


def test_a_port_that_is_taken_is_told_with_the_settings_to_change() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(ConfigError, match="KILOWATCH_METRICS_PORT"),
            serving("127.0.0.1", port, PATHS, Permit()),
        ):
            pass
