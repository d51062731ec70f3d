"""What people do with episodes, over the API."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from dashboard.app import create_app
from pipeline.model import MeterId
from pipeline.registry import Meter, Registry
from storage.cases import all_feedback
from storage.database import Connection, connect
from storage.episodes import save_episodes
from storage.registry import save_registry
from tests.findings import finding
from tests.fix_dashboard import NOW, browsing


@pytest.fixture
def database(plain_database_url: str) -> Iterator[Connection]:
    with connect(plain_database_url) as connection:
        save_registry(connection, Registry(meters=[Meter(id=MeterId("M-1"))]))
        save_episodes(connection, [finding(id="a")])
        yield connection


@pytest.fixture
def client(database: Connection) -> Iterator[httpx.Client]:
    with browsing(create_app(database.info.dsn, clock=lambda: NOW)) as client:
        yield client


def test_deeds_and_their_history_are_there_as_json(client: httpx.Client) -> None:
    assigned = client.post("/api/episodes/a/assign", json={"assignee": "Li Wei", "revision": 0})
    assert assigned.status_code == 200
    client.post("/api/episodes/a/close", json={"text": "fuse changed"})
    found = client.get("/api/episodes/a/handling").json()
    changes = found.pop("changes")
    assert found == {
        "episode": "a",
        "state": "closed",
        "assignee": "Li Wei",
        "note": "fuse changed",
        "revision": 2,
    }
    assert [(c["deed"], c["detail"]) for c in changes] == [("closed", "fuse changed"), ("assigned", "Li Wei")]


def test_a_revision_that_is_over_is_a_conflict_that_says_what_is_there(client: httpx.Client) -> None:
    client.post("/api/episodes/a/acknowledge", json={"revision": 0})
    answer = client.post("/api/episodes/a/acknowledge", json={"revision": 0})
    assert answer.status_code == 409
    assert "revision 1" in answer.json()["detail"]


def test_a_confirmation_is_feedback(client: httpx.Client, database: Connection) -> None:
    client.post("/api/episodes/a/confirm", json={"text": "Meter opened"})
    assert [(f.episode, f.cause) for f in all_feedback(database)] == [("a", "Meter opened")]


@pytest.mark.parametrize(
    ("address", "body", "status"),
    [
        ("/api/episodes/none/acknowledge", {}, 404),
        ("/api/episodes/a/burn", {}, 422),
        ("/api/episodes/a/close", {}, 422),
        ("/api/episodes/a/acknowledge", {"revision": -1}, 422),
        ("/api/episodes/a/assign", {"assignee": "x" * 81}, 422),
    ],
)
def test_what_does_not_fit_is_refused(
    client: httpx.Client, address: str, body: dict[str, object], status: int
) -> None:
    answer = client.post(address, json=body)
    assert answer.status_code == status
    assert client.get("/api/episodes/a/handling").json()["revision"] == 0
