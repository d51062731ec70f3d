"""The inbox over a real database: filters, order, what forms do, and who may."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from dashboard.app import create_app
from dashboard.cookies import SESSION
from dashboard.forgery import HEADER, form_secret
from pipeline.accounts import Role
from pipeline.model import EVERYTHING, MeterId, Severity, Verdict
from pipeline.registry import Area, Installation, Meter, Registry, ServicePoint
from storage.access_events import access_events
from storage.cases import all_feedback
from storage.customers import CustomerFilter, Sort, customer_cards
from storage.dashboard_episodes import episode_card
from storage.dashboard_queries import meter_cards
from storage.database import Connection, connect
from storage.episode_changes import episode_changes
from storage.episodes import save_episodes
from storage.fleet_figures import open_episodes
from storage.fleet_standings import meter_standings, open_episode_counts
from storage.registry import save_registry
from tests.findings import finding
from tests.fix_dashboard import NOW, browsing
from tests.tester import let_in

EN = {"Accept-Language": "en"}
DAY = timedelta(days=1)


@pytest.fixture
def database(plain_database_url: str) -> Iterator[Connection]:
    archive = Registry(
        areas=[Area(id="TA-1"), Area(id="TA-2")],
        service_points=[ServicePoint(id=f"SP-{n}", area=f"TA-{1 + n // 3}") for n in (1, 2, 3)],
        meters=[Meter(id=MeterId(f"M-{n}")) for n in (1, 2, 3)],
        installations=[Installation(meter=MeterId(f"M-{n}"), service_point=f"SP-{n}") for n in (1, 2, 3)],
    )
    with connect(plain_database_url) as connection:
        save_registry(connection, archive)
        save_episodes(
            connection,
            [
                finding(id="a", energy_kwh=5.0, starts_at=NOW - timedelta(hours=5)),
                finding(
                    id="b", meter="M-2", severity=Severity.MINOR, energy_kwh=90.0,
                    starts_at=NOW - timedelta(days=3), ends_at=NOW - timedelta(days=2),
                ),
                finding(
                    id="c", meter="M-3", verdict=Verdict.UNKNOWN, energy_kwh=None, score=1.0,
                    starts_at=NOW - timedelta(days=40),
                ),
            ],
        )  # fmt: skip
        yield connection


@pytest.fixture
def client(database: Connection) -> Iterator[httpx.Client]:
    app = create_app(database.info.dsn, clock=lambda: NOW)
    with browsing(app) as client:
        let_in(app, "li", "lis-token", Role.ENGINEER)
        let_in(app, "wang", "wangs-token", Role.ENGINEER, frozenset({"TA-2"}))
        client.headers.update(EN)
        yield client


def ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return re.findall(r'data-row href="/episodes/(\w+)"', answer.text)


def seen(client: httpx.Client, query: str) -> dict[str, str]:
    """Return what the form beside a list sends of the list."""
    (digest,) = re.findall(r'name="seen" value="(\w+)"', client.get(f"/episodes{query}").text)
    return {"seen": digest}


def state(database: Connection, episode: str) -> tuple[str, str | None, str | None, int]:
    card = episode_card(database, episode, scope=EVERYTHING)
    assert card is not None
    return card.state, card.assignee, card.note, card.revision


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["a", "c", "b"]),
        ("sort=newest", ["a", "b", "c"]),
        ("sort=oldest", ["c", "b", "a"]),
        ("sort=energy", ["b", "a", "c"]),
        ("sort=sure", ["c", "a", "b"]),
        ("sort=meter", ["a", "b", "c"]),
        ("area=TA-1", ["a", "b"]),
        ("age=1", ["a"]),
        ("age=7&sort=oldest", ["b", "a"]),
        ("age=older", ["c"]),
        ("assignee=-&state=closed", ["b"]),
        ("assignee=Li", []),
        ("handling=unfinished&severity=minor", ["b"]),
        ("handling=closed", []),
        ("meter=M-3", ["c"]),
        ("severity=20", ["b"]),
        ("verdict=unknown&state=open", ["c"]),
    ],
)
def test_the_address_narrows_and_orders_pages_answers_and_files_alike(
    client: httpx.Client, query: str, found: list[str]
) -> None:
    assert ids(client.get(f"/episodes?{query}")) == found
    told = client.get(f"/api/episodes?{query}").json()
    assert ([episode["id"] for episode in told["episodes"]], told["total"]) == (found, len(found))
    narrowed = "&".join(part for part in query.split("&") if not part.startswith("sort="))
    lines = client.get(f"/api/export/episodes?{narrowed}").text.splitlines()
    assert [json.loads(line)["id"] for line in lines] == sorted(found)


def test_a_severity_is_shown_by_its_code_also_where_its_number_is_asked_for(client: httpx.Client) -> None:
    assert '<option value="minor" selected>' in client.get("/episodes?severity=20").text


def test_a_deed_with_ticked_episodes_leaves_the_others_and_says_what_it_did(
    client: httpx.Client, database: Connection
) -> None:
    form = {"deed": "acknowledge", "episodes": ["a@0", "c@0"]}
    answer = client.post("/episodes?sort=newest", data=form, follow_redirects=True)
    assert "2 episodes were changed" in answer.text
    assert ids(answer) == ["a", "b", "c"]
    assert state(database, "a") == ("acknowledged", None, None, 1)
    assert state(database, "b") == ("open", None, None, 0)
    (line,) = episode_changes(database, "c")
    assert (line.deed, line.at) == ("acknowledged", NOW)
    assert line.person.startswith("tester ")


def test_a_deed_reaches_the_whole_filter_and_nothing_else(client: httpx.Client, database: Connection) -> None:
    form = {"deed": "close", "text": "fuse changed", "whole": "true", **seen(client, "?area=TA-1")}
    client.post("/episodes?area=TA-1", data=form)
    assert state(database, "a") == state(database, "b") == ("closed", None, "fuse changed", 1)
    assert state(database, "c")[0] == "open"


def test_a_filter_that_finds_others_than_were_shown_changes_nothing(
    client: httpx.Client, database: Connection
) -> None:
    form = {"deed": "close", "text": "fuse changed", "whole": "true"}
    stale = seen(client, "?area=TA-1")
    client.post("/episodes/b", data={"deed": "assign", "assignee": "li", "revision": "0"})
    # As many as were shown: others, one of another revision, or nobody knows which.
    for shown in (seen(client, ""), stale, {}):
        answer = client.post("/episodes?area=TA-1", data={**form, **shown})
        assert answer.status_code == 422
        assert "The list has changed meanwhile" in answer.text
        # The list is there, narrowed as before, with what was typed and with the digest of what it is now.
        assert re.findall(r'data-row href="/episodes/(\w+)"', answer.text) == ["a", "b"]
        assert re.search(r'name="text"[^>]* value="fuse changed"', answer.text)
        assert re.findall(r'name="seen" value="(\w+)"', answer.text) == [seen(client, "?area=TA-1")["seen"]]
    assert state(database, "a")[0] == state(database, "b")[0] == "open"


def test_what_somebody_else_changed_meanwhile_is_left_and_told(
    client: httpx.Client, database: Connection
) -> None:
    client.post("/episodes/a", data={"deed": "assign", "assignee": "li", "revision": "0"})
    form = {"deed": "close", "text": "x", "episodes": ["a@0", "b@0"]}
    answer = client.post("/episodes", data=form)
    assert answer.status_code == 200
    assert "1 episode was changed" in answer.text
    assert "1 was left as it is, because somebody else" in answer.text
    assert re.search(r'name="text"[^>]* value="x"', answer.text)
    assert state(database, "a") == ("open", "li", None, 1)
    typed = {"deed": "close", "text": "wire changed", "revision": "0"}
    one = client.post("/episodes/a", data=typed)
    assert one.status_code == 409
    assert "Somebody else has changed this episode meanwhile" in one.text
    assert re.search(r'name="text"[^>]* value="wire changed"', one.text)
    assert 'name="revision" value="1"' in one.text
    assert state(database, "a")[3] == 1


def test_one_episode_is_worked_on_to_its_end_and_its_page_tells_the_history(
    client: httpx.Client, database: Connection
) -> None:
    deeds = [
        {"deed": "acknowledge"},
        {"deed": "assign", "assignee": "li"},
        {"deed": "note", "text": "was there on Tuesday"},
        {"deed": "close", "text": "wire changed"},
        {"deed": "reopen"},
        {"deed": "assign", "assignee": ""},
    ]
    for revision, deed in enumerate(deeds):
        client.post("/episodes/a", data={**deed, "revision": str(revision)})
    assert state(database, "a") == ("open", None, "wire changed", 6)
    shown = client.get("/episodes/a").text
    assert re.findall(r"<li><strong>([\w ]+)</strong>", shown)[:6] == [
        "Assigned", "Reopened", "Closed", "Note", "Assigned", "Acknowledged",
    ]  # fmt: skip


def test_a_finding_goes_on_to_the_feedback_from_which_cases_learn(
    client: httpx.Client, database: Connection
) -> None:
    client.post("/episodes", data={"deed": "confirm", "text": "Loose terminal", "episodes": ["a@0"]})
    client.post("/episodes/b", data={"deed": "reject", "revision": "0"})
    assert [(f.episode, f.outcome.value, f.cause) for f in all_feedback(database)] == [
        ("a", "confirmed", "Loose terminal"),
        ("b", "not-confirmed", ""),
    ]
    assert (state(database, "a")[0], state(database, "b")[0]) == ("confirmed", "rejected")
    # One of an old revision files nothing.
    client.post("/episodes/b", data={"deed": "confirm", "revision": "0"})
    assert len(all_feedback(database)) == 2


@pytest.mark.parametrize(
    "form",
    [
        {"deed": "close", "episodes": ["a@0"]},
        {"deed": "note", "text": "   ", "episodes": ["a@0"]},
        {"deed": "acknowledge"},
        {"deed": "acknowledge", "episodes": ["a"]},
        {"deed": "acknowledge", "episodes": ["a@-1"]},
        {"deed": "burn", "episodes": ["a@0"]},
        {"deed": "assign", "assignee": "x" * 81, "episodes": ["a@0"]},
        {"deed": "note", "text": "a\x00b", "episodes": ["a@0"]},
    ],
)
def test_a_form_that_does_not_fit_is_refused_and_changes_nothing(
    client: httpx.Client, database: Connection, form: dict[str, str | list[str]]
) -> None:
    assert client.post("/episodes", data=form).status_code == 422
    assert state(database, "a") == ("open", None, None, 0)


def test_a_refusal_shows_the_form_again_in_the_readers_language(client: httpx.Client) -> None:
    client.headers["Accept-Language"] = "zh"
    form = {"deed": "close", "text": " ", "assignee": "li", "episodes": ["b@0"]}
    many = client.post("/episodes?sort=newest", data=form)
    one = client.post("/episodes/a", data={"deed": "note", "revision": "0"})
    assert (many.status_code, one.status_code) == (422, 422)
    assert "关闭异常须填写原因" in many.text
    assert "请先填写备注内容" in one.text
    assert re.findall(r'data-row href="/episodes/(\w+)"', many.text) == ["a", "b", "c"]
    assert re.findall(r'name="episodes" value="(\S+)" checked', many.text) == ["b@0"]
    nothing = client.post("/episodes?sort=newest", data={"deed": "note", "text": "was there"})
    assert re.search(r'name="text"[^>]* value="was there"', nothing.text)


def test_the_audit_says_what_was_done_to_which_episodes(client: httpx.Client, database: Connection) -> None:
    client.post("/episodes", data={"deed": "close", "text": " fuse ", "episodes": ["a@0", "b@0", "c@9"]})
    client.post("/episodes/c", data={"deed": "assign", "assignee": "", "revision": "0"})
    assigned, closed = access_events(database, limit=2)
    assert closed.after == {"deed": "close", "episodes": ["b", "a"], "text": "fuse"}
    assert assigned.after == {"deed": "assign", "episodes": ["c"], "assignee": ""}


def test_work_is_given_to_accounts_that_may_see_it(client: httpx.Client, database: Connection) -> None:
    def offered(path: str) -> list[str]:
        (select,) = re.findall(
            r'Assign to <select name="assignee">(.+?)</select>', client.get(path).text, re.DOTALL
        )
        return re.findall(r'<option value="(\w*)"', select)

    assert offered("/episodes") == ["", "tester", "li", "wang"]
    assert offered("/episodes/a") == ["", "tester", "li"]  # in TA-1
    assert offered("/episodes/c") == ["", "tester", "li", "wang"]  # in TA-2
    form = {"deed": "assign", "assignee": "wang", "text": "please look"}
    many = client.post("/episodes", data={**form, "episodes": ["a@0", "c@0"]})
    one = client.post("/episodes/a", data={**form, "revision": "0"})
    for refused in (many, one):
        assert refused.status_code == 422
        assert "This account may not see all of these episodes" in refused.text
        assert re.search(r'name="text"[^>]* value="please look"', refused.text)
    nobody = client.post("/episodes/a", data={"deed": "assign", "assignee": "zhao", "revision": "0"})
    assert "Choose an account of the list" in nobody.text
    assert (state(database, "a")[1], state(database, "c")[1]) == (None, None)
    client.post("/episodes", data={**form, "episodes": ["c@0"]})
    assert state(database, "c")[1] == "wang"


def test_who_has_had_it_and_has_no_account_any_more_stays_on_the_form(
    client: httpx.Client, database: Connection
) -> None:
    database.execute("UPDATE episode SET assignee = 'crew 2' WHERE id = 'a'")
    assert '<option value="crew 2" selected>' in client.get("/episodes/a").text
    client.post("/episodes/a", data={"deed": "assign", "assignee": "crew 2", "revision": "0"})
    assert state(database, "a")[1::2] == ("crew 2", 1)


def test_a_list_is_narrowed_to_what_is_mine(client: httpx.Client) -> None:
    client.post("/episodes/a", data={"deed": "assign", "assignee": "tester", "revision": "0"})
    client.post("/episodes/c", data={"deed": "assign", "assignee": "li", "revision": "0"})
    assert ids(client.get("/episodes?assignee=%40me")) == ["a"]
    assert ids(client.get("/episodes?assignee=li")) == ["c"]
    client.post(
        "/episodes?assignee=%40me",
        data={"deed": "acknowledge", "whole": "true", **seen(client, "?assignee=%40me")},
    )
    assert ids(client.get("/episodes?handling=acknowledged")) == ["a"]


def test_a_detector_that_amends_an_episode_leaves_what_people_did(
    client: httpx.Client, database: Connection
) -> None:
    client.post("/episodes/a", data={"deed": "acknowledge", "revision": "0"})
    save_episodes(database, [finding(id="a", energy_kwh=6.0)])
    assert state(database, "a") == ("acknowledged", None, None, 1)


def test_who_may_only_read_sees_no_form_and_changes_nothing(database: Connection) -> None:
    app = create_app(database.info.dsn, clock=lambda: NOW)
    with browsing(app, token=None) as client:
        let_in(app, "viewer", "viewers-token", Role.VIEWER)
        client.cookies.set(SESSION, "viewers-token")
        client.headers[HEADER] = form_secret("viewers-token")
        shown = client.get("/episodes").text
        assert 'name="episodes"' not in shown
        assert ">Acknowledge<" not in shown
        assert client.post("/episodes", data={"deed": "acknowledge", "episodes": ["a@0"]}).status_code == 403
        assert client.post("/episodes/a", data={"deed": "acknowledge"}).status_code == 403
    assert state(database, "a")[0] == "open"


def test_an_engineer_of_one_area_changes_nothing_of_another(database: Connection) -> None:
    app = create_app(database.info.dsn, clock=lambda: NOW)
    with browsing(app, token=None) as client:
        let_in(app, "second", "seconds-token", Role.ENGINEER, frozenset({"TA-2"}))
        client.cookies.set(SESSION, "seconds-token")
        client.headers[HEADER] = form_secret("seconds-token")
        form = {"deed": "acknowledge", "episodes": ["a@0", "c@0"]}
        client.post("/episodes", data=form)
        client.post("/episodes", data={"deed": "acknowledge", "whole": "true", **seen(client, "")})
        assert client.post("/episodes/a", data={"deed": "acknowledge"}).status_code == 404
    assert (state(database, "a")[3], state(database, "c")[3]) == (0, 2)


@pytest.mark.parametrize("deed", [{"deed": "close", "text": "wire changed"}, {"deed": "reject"}])
def test_what_is_closed_or_rejected_counts_nowhere_as_still_to_be_dealt_with(
    client: httpx.Client, database: Connection, deed: dict[str, str]
) -> None:
    def open_of(meter: str) -> int:
        (standing,) = (
            s for s in meter_standings(database, scope=EVERYTHING, now=NOW, silent=DAY) if s.meter == meter
        )
        (card,) = meter_cards(database, scope=EVERYTHING, now=NOW, since=NOW - DAY, meters=[meter])
        assert card.open_episodes == standing.open_episodes
        return standing.open_episodes

    def customers() -> list[int]:
        wanted = CustomerFilter(month=NOW.date().replace(day=1), least_kva=0.0)
        found = customer_cards(database, wanted, Sort.CUSTOMER, scope=EVERYTHING, limit=9)
        return [card.episodes for card in found]

    # Of meter M-1 one abnormal episode goes on, of M-3 an undecided one; that of M-2 has ended.
    assert (open_of("M-1"), open_of("M-3"), customers()) == (1, 1, [1, 0, 0])
    client.post("/episodes/a", data={**deed, "revision": "0"})
    assert (open_of("M-1"), open_of("M-3"), customers()) == (0, 1, [0, 0, 0])
    assert ids(client.get("/episodes?state=open")) == ["c"]
    assert sorted(ids(client.get("/episodes?state=closed"))) == ["a", "b"]
    assert [(c.verdict, c.episodes) for c in open_episode_counts(database, scope=EVERYTHING)] == [
        ("unknown", 1)
    ]
    assert [(e.verdict, e.number) for e in open_episodes(database, NOW)] == [("unknown", 1)]
    assert 'class="open-mark"' not in client.get("/episodes/a").text
    client.post("/episodes/a", data={"deed": "reopen", "revision": "1"})
    assert (open_of("M-1"), ids(client.get("/episodes?state=open"))) == (1, ["a", "c"])


def test_an_open_page_keeps_its_own_language_whatever_another_tab_has_chosen(client: httpx.Client) -> None:
    client.get("/episodes?lang=zh")
    assert "Episodes" not in re.findall(r"<h1>(.+)</h1>", client.get("/episodes").text)
    anew = client.get("/episodes?lang=zh", headers={"Kilowatch-Language": "en"})
    assert re.findall(r"<h1>(.+)</h1>", anew.text) == ["Episodes"]
    # Nor does it choose for the others when it fetches itself.
    assert "kilowatch_language" not in anew.headers.get("Set-Cookie", "")


def test_a_refusal_is_told_in_the_readers_language_on_the_page_of_the_form(client: httpx.Client) -> None:
    referer = f"http://{client.base_url.netloc.decode()}/episodes?sort=newest"
    client.headers.update({"Accept-Language": "zh", "Referer": referer})
    for answer in (
        client.post("/readings", data={}),
        client.post("/episodes", data={"deed": "burn"}),
        client.post("/episodes", data={"deed": "note"}, headers={HEADER: "old"}),
        client.post("/episodes/none", data={"deed": "note"}),
    ):
        assert answer.status_code >= 400
        (told,) = re.findall(r'role="alert"><strong>(.+?)</strong> ([^<]+)<', answer.text)
        assert all(re.fullmatch(r"[^a-zA-Z]+", text) for text in told), told
        # The page that the form stands on, as it was asked for.
        assert '<option value="newest" selected>' in answer.text
