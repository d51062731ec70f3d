"""Orders to a meter through the pages: off, asked, approved by another person, read back, and refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from dashboard import order_desk
from dashboard.app import create_app
from dashboard.forgery import HEADER
from pipeline.accounts import Role
from services import control
from services.audit import Audit
from services.control import OrderDesk
from services.control_settings import load_control_settings
from services.order_record import Order
from services.persons import Person
from storage.database import connect
from tests.fix_dashboard import NOW, browsing
from tests.tester import let_in
from tests.threads import line_of
from tests.unit.services.obedient_meter import ObedientMeter

METER, ADDRESS = "M-1001", "202611200000"
ELSEWHERE = "M-3001"
"""A Modbus meter of the other area."""
EN, ZH = {"Accept-Language": "en"}, {"Accept-Language": "zh-CN"}
OPEN = {"meter": METER, "order": "relay-open"}
PASSWORD = "correct horse battery"  # noqa: S105 - made up here


@dataclass
class Desk:
    """Two engineers of the meter's area, one of another, a viewer; the meter; the record."""

    li: httpx.Client
    wang: httpx.Client
    stranger: httpx.Client
    viewer: httpx.Client
    meter: ObedientMeter
    audit: Audit
    url: str

    def asked(self, **changed: str) -> str:
        """Ask as Li; return the order's address."""
        answer = self.li.post("/orders", data={**OPEN, **changed})
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"]

    @property
    def events(self) -> list[str]:
        return [entry.event for entry in self.audit.entries()]


@pytest.fixture(scope="module")
def people(city_url: str) -> Iterator[dict[str, httpx.Client]]:
    places = {"li": "TA-01", "wang": "TA-01", "stranger": "TA-02", "viewer": "TA-01"}
    with ExitStack() as stack:
        found = {}
        for name, area in places.items():
            app = create_app(city_url, clock=lambda: NOW)
            role = Role.VIEWER if name == "viewer" else Role.ENGINEER
            let_in(app, name, f"token-of-{name}", role, frozenset({area}), password=PASSWORD)
            found[name] = stack.enter_context(browsing(app, f"token-of-{name}"))
        yield found


@pytest.fixture
def desk(
    people: dict[str, httpx.Client], city_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Desk]:
    for name, value in {
        "DATABASE_URL": city_url,
        "LOCK_DIR": str(tmp_path),
        "AUDIT_FILE": str(tmp_path / "audit.jsonl"),
        "ALLOW_WRITES": "relay,alarm,parameters,supply_guard",
        "METER_PASSWORDS": "02:123456,04:123456",
        "METER_OPERATOR": "00000001",
    }.items():
        monkeypatch.setenv(f"KILOWATCH_{name}", value)
    meter = ObedientMeter(ADDRESS)
    with line_of([meter]) as peer:
        with connect(city_url) as connection:
            connection.execute("UPDATE bus SET url = %s WHERE id = 'rs485-01'", (f"tcp://{peer}",))
        yield Desk(**people, meter=meter, audit=Audit(tmp_path / "audit.jsonl"), url=city_url)


def text_of(answer: httpx.Response) -> str:
    """What a reader sees, without tags."""
    assert answer.status_code == 200, answer.text
    without = re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", answer.text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", without)


def test_switched_off_the_page_says_so_and_nothing_can_be_asked_for(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KILOWATCH_ALLOW_WRITES")
    english = text_of(desk.li.get("/orders", headers=EN))
    assert "Control is switched off." in english
    assert "KILOWATCH_ALLOW_WRITES=relay,alarm" in english
    assert "远程控制未启用" in text_of(desk.li.get("/orders", headers=ZH))
    assert "Ask for an order" not in english
    refused = desk.li.post("/orders", data=OPEN, headers=EN)
    assert (refused.status_code, "Control is switched off." in refused.text) == (403, True)
    assert desk.events == []


def test_one_asks_another_approves_and_the_page_shows_what_the_meter_shows(desk: Desk) -> None:
    address = desk.asked()
    assert desk.meter.heard == []
    shown = text_of(desk.wang.get(address, headers=EN))
    assert "Open the relay: the supply is cut off" in shown
    assert "waits for a second person" in shown
    assert "68 00 00 20 11 26 20 68 1C" in shown, "the frame, with the meter's address"
    assert "**" in shown
    assert "56 34 12" not in shown
    approved = desk.wang.post(f"{address}/approval", headers=EN, follow_redirects=True)
    over = text_of(approved)
    assert "the meter obeyed" in over
    assert "read back: confirmed" in over
    assert "the relay is open" in over
    assert [frame.control for frame in desk.meter.heard] == [0x1C, 0x11]
    assert desk.events == ["requested", "approved", "sending", "outcome"]
    chinese = text_of(desk.viewer.get(address, headers=ZH))
    assert "继电器处于断开（拉闸）状态" in chinese
    assert "pages/" not in chinese
    assert "the relay is open" not in chinese
    listed = text_of(desk.viewer.get("/orders", headers=ZH))
    assert "pages/" not in listed
    assert "拉闸" in listed
    assert re.search(r"\bli\b", listed)
    assert "wang" in listed
    again = desk.wang.post(f"{address}/approval", headers=EN)
    assert (again.status_code, "does not wait any more" in again.text) == (403, True)
    assert len(desk.meter.heard) == 2


def test_nobody_approves_their_own_order_by_page_or_program(desk: Desk) -> None:
    address = desk.asked()
    page = desk.li.get(address, headers=EN)
    assert "Approve and send" not in page.text
    assert "another person, with another account, approves it" in text_of(page)
    for path in (f"{address}/approval", f"/api{address}/approval"):
        refused = desk.li.post(path, headers=EN)
        assert (refused.status_code, "another person" in refused.text) == (403, True)
    assert desk.events == ["requested"]
    assert desk.meter.heard == []


def test_a_token_may_ask_and_never_approve(desk: Desk, people: dict[str, httpx.Client]) -> None:
    form = {"name": "orders", "present": PASSWORD, "days": "1", "role": "engineer", "areas": ["TA-01"]}
    made = people["wang"].post("/account/tokens", data=form, follow_redirects=True)
    secret = re.search(r"kw_[\w-]{40,}", made.text)
    assert secret is not None, made.text
    program = httpx.Client(
        base_url=people["wang"].base_url, headers={"Authorization": f"Bearer {secret[0]}"}, timeout=30
    )
    with program:
        asked = program.post("/api/orders", json=OPEN)
        assert (asked.status_code, asked.json()["state"]) == (201, "waiting")
        address = desk.asked(order="alarm-on")
        refused = program.post(f"/api{address}/approval")
        assert refused.status_code == 403
        assert program.get(f"/api{address}").json()["state"] == "waiting"
    given = desk.li.post(f"/api/orders/{asked.json()['id']}/approval").json()
    assert (given["state"], given["result"], given["read_back"]) == ("over", "done", "confirmed")
    assert given["decided_by"] == "pages/li"


@pytest.mark.parametrize("who", ["li", "wang"])
def test_an_order_is_withdrawn_or_turned_down_once_and_then_never_given(desk: Desk, who: str) -> None:
    address = desk.asked()
    client = desk.li if who == "li" else desk.wang
    assert "cancelled" in text_of(client.post(f"{address}/cancellation", headers=EN, follow_redirects=True))
    for path in ("approval", "cancellation"):
        assert desk.wang.post(f"{address}/{path}").status_code == 403
    assert desk.events == ["requested", "cancelled"]
    assert desk.meter.heard == []


def test_a_viewer_and_whoever_is_of_another_area_change_nothing(desk: Desk) -> None:
    address = desk.asked()
    for deed in ("approval", "cancellation"):
        assert desk.viewer.post(f"{address}/{deed}").status_code == 403
        assert desk.stranger.post(f"{address}/{deed}").status_code == 404
    assert desk.viewer.post("/orders", data=OPEN).status_code == 403
    assert desk.stranger.post("/orders", data=OPEN).status_code == 404
    assert desk.stranger.get(address).status_code == 404
    assert METER not in desk.stranger.get("/orders").text
    assert desk.stranger.get("/api/orders").json() == []
    assert "Approve and send" not in desk.viewer.get(address, headers=EN).text
    assert desk.events == ["requested"]


def test_a_form_of_another_site_sends_nothing(desk: Desk) -> None:
    address = desk.asked()
    for path, data in (("/orders", OPEN), (f"{address}/approval", {}), (f"{address}/cancellation", {})):
        assert desk.wang.post(path, data=data, headers={HEADER: "forged"}).status_code == 403
    assert desk.events == ["requested"]


def test_a_protected_customer_keeps_the_supply_also_when_protected_after_the_wish(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = desk.asked()
    monkeypatch.setenv("KILOWATCH_PROTECTED_METERS", ADDRESS)
    for order in ("relay-open", "guard-off"):
        refused = desk.li.post("/orders", data={**OPEN, "order": order}, headers=ZH)
        assert (refused.status_code, "保电" in refused.text) == (403, True)
    assert desk.wang.post(f"{address}/approval").status_code == 403
    assert desk.li.post("/orders", data={**OPEN, "order": "relay-close"}).status_code == 303
    assert desk.meter.heard == []


def test_a_service_point_that_the_archive_protects_keeps_its_supply(desk: Desk) -> None:
    address = desk.asked()
    with connect(desk.url) as connection:
        connection.execute(
            "INSERT INTO protected_supply (service_point, reason, ends_at) "
            "SELECT service_point, '高考保电', '2099-06-10+08' FROM installation WHERE address = %s",
            (ADDRESS,),
        )
    try:
        refused = desk.li.post("/orders", data=OPEN, headers=ZH)
        assert (refused.status_code, "保电" in refused.text) == (403, True)
        assert "its supply is not taken away" in text_of(desk.wang.get(address, headers=EN))
        assert desk.wang.post(f"{address}/approval").status_code == 403
        assert desk.meter.heard == []
        meter = text_of(desk.li.get(f"/meters/{METER}", headers=EN))
        assert "Protected supply until 10 Jun 2099 00:00, 高考保电" in meter
    finally:
        with connect(desk.url) as connection:
            connection.execute("DELETE FROM protected_supply")
    assert "Protected supply" not in desk.li.get(f"/meters/{METER}", headers=EN).text


def test_a_meter_that_hangs_elsewhere_by_now_is_not_what_was_asked_for(desk: Desk) -> None:
    address = desk.asked()
    with connect(desk.url) as connection:
        connection.execute("UPDATE bus SET url = 'tcp://127.0.0.1:1' WHERE id = 'rs485-01'")
    refused = desk.wang.post(f"{address}/approval", headers=EN)
    assert (refused.status_code, "reached another way" in refused.text) == (403, True)
    assert desk.events == ["requested"]


def test_a_parameter_is_written_and_read_back(desk: Desk) -> None:
    address = desk.asked(order="write", identifier="04000103", value="30")
    assert "04000103" in text_of(desk.wang.get(address, headers=EN))
    over = desk.wang.post(f"/api{address}/approval").json()
    assert (over["result"], over["read_back"]) == ("done", "confirmed")
    wrong = desk.li.post("/orders", data={**OPEN, "order": "write", "identifier": "04000103", "value": "x"})
    assert wrong.status_code == 422
    assert "change it, then ask again" in wrong.text
    assert re.search(r'<pre lang="en">[^<]*not &#39;x&#39;', wrong.text), wrong.text


def test_what_is_not_switched_on_or_no_order_or_no_such_meter_is_refused(desk: Desk) -> None:
    assert desk.li.post("/orders", data={**OPEN, "order": "meter-clear"}).status_code == 403
    assert "Clear every register" not in desk.li.get("/orders", headers=EN).text
    assert desk.li.post("/orders", data={**OPEN, "order": "explode"}).status_code == 422
    assert desk.li.post("/orders", data={**OPEN, "meter": "nowhere"}).status_code == 404
    assert desk.stranger.post("/orders", data={**OPEN, "meter": ELSEWHERE}).status_code == 422
    assert desk.events == []


def test_orders_of_the_command_line_are_seen_with_all_areas_and_never_approved_here(
    desk: Desk, city_url: str
) -> None:
    app = create_app(city_url, clock=lambda: NOW)
    let_in(app)
    by_command = OrderDesk(settings=load_control_settings(), person=Person(account="li", host="station"))
    url = f"dlt645+tcp://127.0.0.1:1/{ADDRESS}"
    record = by_command.request(Order(kind="relay", url=url, arguments={"order": "open"}))
    with browsing(app) as administrator:
        page = administrator.get(f"/orders/{record.id}", headers=EN)
        assert "asked for on the command line" in text_of(page)
        assert administrator.post(f"/orders/{record.id}/approval").status_code == 403
    assert desk.li.get(f"/orders/{record.id}").status_code == 404


def test_a_damaged_record_is_told_and_nothing_is_sent(desk: Desk) -> None:
    address = desk.asked()
    record = desk.audit.path
    record.write_bytes(record.read_bytes().replace(b"relay", b"alarm", 1))
    answer = desk.wang.post(f"{address}/approval")
    assert answer.status_code == 503
    assert "the record was changed here" in answer.text
    for path in ("/orders", address, "/api/orders"):
        looked_at = desk.wang.get(path, headers=ZH)
        assert looked_at.status_code == 503
        assert "the record was changed here" in looked_at.text
        assert "填写的内容有误" not in looked_at.text, "nobody has filled in anything"
    assert '<pre lang="en">' in desk.wang.get("/orders", headers=ZH).text
    assert desk.meter.heard == []


@pytest.mark.parametrize(
    ("variable", "value"), [("AUDIT_FILE", f"/{'x' * 300}/audit.jsonl"), ("ALLOW_WRITES", "everything")]
)
def test_a_record_or_setting_that_does_not_serve_is_told_with_the_next_step(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(f"KILOWATCH_{variable}", value)
    answer = desk.li.get("/orders", headers=EN)
    assert answer.status_code == 503
    assert "Orders rest until those who run the server" in answer.text
    assert f"KILOWATCH_{variable}" in answer.text


def test_who_has_asked_sees_the_page_go_on_by_itself(desk: Desk) -> None:
    address = desk.asked()
    for path, part in (("/orders", "orders"), (address, "order")):
        page = desk.li.get(path).text
        _, _, live = page.partition(f'<div data-live="{part}">')
        assert "waits for a second person" in live or "待第二人" in live


@pytest.fixture
def moved(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An order that was asked for an hour before the meter was moved to the other area; its address."""
    with pytest.MonkeyPatch.context() as an_hour_ago:
        an_hour_ago.setattr(control, "utc_now", lambda: NOW - timedelta(hours=1))
        address = desk.asked()
    monkeypatch.setattr(order_desk, "utc_now", lambda: NOW)
    moved_at = NOW - timedelta(minutes=1)
    with connect(desk.url) as connection:
        connection.execute(
            "UPDATE installation SET ends_at = %s "
            "WHERE meter_id = (SELECT meter_id FROM meter WHERE id = %s)",
            (moved_at, METER),
        )
        connection.execute(
            "INSERT INTO installation (meter_id, service_point, starts_at, role, bus, address, profile) "
            "SELECT meter_id, 'SP-017', %s, role, bus, address, profile FROM installation "
            "WHERE meter_id = (SELECT meter_id FROM meter WHERE id = %s)",
            (moved_at, METER),
        )
    yield address
    with connect(desk.url) as connection:
        connection.execute("DELETE FROM installation WHERE starts_at = %s", (moved_at,))
        connection.execute("UPDATE installation SET ends_at = NULL WHERE ends_at = %s", (moved_at,))


def test_an_order_stays_with_the_area_where_the_meter_hung_when_it_was_asked_for(
    desk: Desk, moved: str
) -> None:
    for path in (moved, f"/api{moved}"):
        assert desk.li.get(path).status_code == 200
        assert desk.stranger.get(path).status_code == 404
    assert [each["meter"] for each in desk.li.get("/api/orders").json()] == [METER]
    assert desk.stranger.get("/api/orders").json() == []
    assert desk.wang.post(f"{moved}/approval").status_code == 403, "it hangs elsewhere by now"
    assert desk.stranger.post(f"{moved}/cancellation").status_code == 404
    assert desk.meter.heard == []


def test_an_order_behind_the_longest_list_is_seen_by_its_address_and_given(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = desk.asked()
    monkeypatch.setattr(order_desk, "MOST_SHOWN", 2)
    for _ in range(2):
        desk.asked(order="alarm-on")
    assert len(desk.li.get("/api/orders").json()) == 2
    assert desk.wang.get(address).status_code == 200
    assert desk.wang.post(f"{address}/approval").status_code == 303
    assert len(desk.meter.heard) == 2


def test_orders_of_other_areas_push_none_out_of_the_list(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    address = desk.asked()
    monkeypatch.setattr(order_desk, "MOST_SHOWN", 2)
    by_command = OrderDesk(settings=load_control_settings(), person=Person(account="li", host="station"))
    url = f"dlt645+tcp://127.0.0.1:1/{ADDRESS}"
    for order in ("open", "permit", "close"):
        by_command.request(Order(kind="relay", url=url, arguments={"order": order}))
    assert [f"/orders/{each['id']}" for each in desk.li.get("/api/orders").json()] == [address]
