"""A stand-in for the API of Prefect on the loopback that answers what the pages ask."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.threads import web_server

DEPLOYMENT = "5d3f0b9e-0000-4000-8000-000000000001"
RUN = "5d3f0b9e-0000-4000-8000-000000000002"
FLOW = "5d3f0b9e-0000-4000-8000-000000000003"


class FakePrefect:
    """What it knows, and what it was asked to run."""

    def __init__(self) -> None:
        self.started: list[Mapping[str, Any]] = []
        self.run_state = "Running"
        self.last_state = "Completed"
        self.late = 0
        self.is_paused = False
        self.status = "READY"
        self.url = ""

    def answer(self, path: str, body: Mapping[str, Any]) -> Any:
        if path.startswith("/api/deployments/name/"):
            return {"id": DEPLOYMENT, "paused": self.is_paused, "status": self.status}
        if path.endswith("/create_flow_run"):
            self.started.append(body)
            return {"id": RUN}
        if path == f"/api/flow_runs/{RUN}":
            return {"state_name": self.run_state}
        if path == "/api/flows/filter":
            return [{"id": FLOW, "name": "remote_reading"}]
        if path == "/api/deployments/filter":
            schedule = {"active": True, "schedule": {"cron": "7,22 * * * *", "timezone": "Asia/Shanghai"}}
            return [
                {
                    "id": DEPLOYMENT,
                    "name": "field",
                    "flow_id": FLOW,
                    "paused": False,
                    "schedules": [schedule],
                }
            ]
        return self._runs(body["flow_runs"]["state"])

    def _runs(self, state: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        if state.get("name") == {"any_": ["Late"]}:
            return [{"deployment_id": DEPLOYMENT}] * self.late
        if state.get("name") == {"any_": ["Scheduled"]}:
            return [{"expected_start_time": "2026-07-15T07:07:00Z"}]
        if state.get("type") == {"any_": ["RUNNING"]}:
            return []
        return [
            {
                "id": RUN,
                "start_time": "2026-07-15T06:22:01Z",
                "end_time": None,
                "state_name": self.last_state,
                "total_run_time": 12.5,
            }
        ]


@contextmanager
def fake_prefect() -> Iterator[FakePrefect]:
    """Serve a stand-in until the block ends."""
    fake = FakePrefect()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _answer(self, body: Mapping[str, Any]) -> None:
            told = json.dumps(fake.answer(self.path, body)).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

    with web_server(Handler) as url:
        fake.url = f"{url}/api"
        yield fake
