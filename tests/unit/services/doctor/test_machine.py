"""The machine asks real servers of this host, and takes no address amiss."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from services.doctor.machine import Machine
from tests.fix_alarm_receivers import Certificates


@pytest.mark.parametrize("url", ["http://:::8646/health", "http://[::1", "nothing", "http://127.0.0.1:9/"])
def test_an_address_that_leads_nowhere_does_not_answer(url: str) -> None:
    assert not Machine().answers(url)
    assert not Machine().answers_here(url)


class Healthy(BaseHTTPRequestHandler):
    """Answers that it is well."""

    def do_GET(self) -> None:
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_server_of_this_host_answers_whatever_name_its_certificate_is_for(
    certificates: Certificates,
) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Healthy) as server:
        server.socket = certificates.server.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"https://127.0.0.1:{server.server_port}/health"
        here, elsewhere = Machine().answers_here(url), Machine().answers(url)
        server.shutdown()
    assert (here, elsewhere) == (True, False)
