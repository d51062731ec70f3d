"""What people do with episodes, over the API."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from dashboard.app import create_app
from pipeline.accounts import Role
from pipeline.model import MeterId
from pipeline.registry import Meter, Registry
from storage.cases import all_feedback
from storage.database import Connection, connect
from storage.episodes import save_episodes
from storage.registry import save_registry
from tests.findings import finding
from tests.fix_dashboard import NOW, browsing
from tests.tester import TESTER, let_in


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
    assigned = client.post("/api/episodes/a/assign", json={"assignee": TESTER, "revision": 0})
    assert assigned.status_code == 200
    client.post("/api/episodes/a/close", json={"text": "fuse changed"})
    found = client.get("/api/episodes/a/handling").json()
    changes = found.pop("changes")
    assert found == {
        "episode": "a",
        "state": "closed",
        "assignee": TESTER,
        "note": "fuse changed",
        "revision": 2,
    }
    assert [(c["deed"], c["detail"]) for c in changes] == [("closed", "fuse changed"), ("assigned", TESTER)]


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


@pytest.mark.parametrize("assignee", ["nobody-at-all", "stranger", "viewer", "-", "@me"])
def test_work_is_given_only_to_an_account_that_may_see_and_do_it(database: Connection, assignee: str) -> None:
    app = create_app(database.info.dsn, clock=lambda: NOW)
    with browsing(app) as client:
        let_in(app, "stranger", "strangers-token", Role.ENGINEER, frozenset({"TA-9"}))
        let_in(app, "viewer", "viewers-token", Role.VIEWER)
        answer = client.post("/api/episodes/a/assign", json={"assignee": assignee})
        assert answer.status_code == 422
        assert "Nothing was changed." in answer.json()["next_step"]
        handling = client.get("/api/episodes/a/handling").json()
    assert (handling["assignee"], handling["revision"]) == (None, 0)


def test_spaces_around_a_name_do_not_count(client: httpx.Client) -> None:
    given = client.post("/api/episodes/a/assign", json={"assignee": f" {TESTER} "})
    assert (given.status_code, given.json()["assignee"]) == (200, TESTER)
    nobody = client.post("/api/episodes/a/assign", json={"assignee": " "})
    assert (nobody.status_code, nobody.json()["assignee"]) == (200, None)


def test_who_has_it_may_keep_it_also_when_shut_out_since(client: httpx.Client, database: Connection) -> None:
    database.execute("UPDATE episode SET assignee = 'gone' WHERE id = 'a'")
    kept = client.post("/api/episodes/a/assign", json={"assignee": "gone", "text": "still there"})
    assert (kept.status_code, kept.json()["assignee"], kept.json()["note"]) == (200, "gone", "still there")
