"""A server lets go of who sends or takes nothing, and of nobody else."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from typing import ClassVar

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.responses import Response, StreamingResponse

from dashboard.slow_clients import GUARDS, PatientProtocol

PATIENCE_S = 1.0


class HastyProtocol(PatientProtocol):
    request_within_s: ClassVar[float] = PATIENCE_S
    takes_again_within_s: ClassVar[float] = PATIENCE_S


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    app = FastAPI()

    @app.get("/")
    def get() -> str:
        return "ok"

    @app.get("/slow")
    def slow() -> Response:
        time.sleep(2 * PATIENCE_S)
        return Response("at last")

    @app.get("/endless")
    def endless() -> Response:
        return StreamingResponse(b"x" * 65_536 for _ in range(10_000))

    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host="127.0.0.1",
            port=0,
            log_level="critical",
            http=HastyProtocol,
            ws="none",
            limit_concurrency=GUARDS["limit_concurrency"],
        )
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        thread.join(0.02)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join(20)


@pytest.mark.parametrize(
    "begun",
    [b"", b"GET / HTTP/1.1\r\nHost: x\r\n", b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{"],
)
def test_who_does_not_end_a_request_is_let_go(port: int, begun: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as opened:
        began = time.monotonic()
        opened.sendall(begun)
        assert _ended(opened)
        assert PATIENCE_S * 0.8 < time.monotonic() - began < 15


def test_who_drips_byte_after_byte_is_let_go(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as opened, pytest.raises(ConnectionError):
        _drip(opened)


def test_who_takes_nothing_is_let_go(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as opened:
        opened.sendall(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(3 * PATIENCE_S)
        taken = 0
        try:
            while piece := opened.recv(1 << 20):
                taken += len(piece)
        except ConnectionError:
            pass
        assert taken < 65_536 * 10_000


def test_an_answer_may_take_its_time_and_a_connection_serves_again(port: int) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
        assert client.get("/slow").text == "at last"
        assert client.get("/").json() == "ok"


def _drip(opened: socket.socket) -> None:
    for _ in range(150):
        opened.sendall(b"G")
        time.sleep(0.1)


def _ended(opened: socket.socket) -> bool:
    try:
        while opened.recv(4096):
            pass
    except ConnectionError:
        pass
    except TimeoutError:
        return False
    return True
