"""The list of cases and one case, as an engineer reads them in both languages, and the feedback's form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

import httpx
import pytest
from psycopg.types.json import Jsonb

from dashboard.app import create_app
from pipeline.accounts import Role
from services.cases import work_out_cases
from storage.database import connect
from tests.fix_dashboard import NOW, PLANT, browsing, save_episode
from tests.tester import let_in
from tests.unit.detectors.case_episodes import episode

AMOUNTS = {"one_in": 62.0, "amount": 31.0}
EN, ZH = {"Accept-Language": "en"}, {"Accept-Language": "zh-CN"}


@pytest.fixture(scope="module")
def url(city_url: str) -> str:
    """The city with a second hit at the plant, and what stands out of a rank."""
    with connect(city_url) as connection:
        save_episode(connection, episode("second", "voltage_loss", "SP-001", day=248.0, kwh=40.0))
        connection.execute(
            "UPDATE episode SET meter = %s, evidence = %s WHERE id = 'second'",
            (
                PLANT,
                Jsonb({"standing_out": [{"message": "episode.change_base", "parameters": AMOUNTS}]}),
            ),
        )
        work_out_cases(connection, NOW)
    return city_url


@pytest.fixture(scope="module")
def client(url: str) -> Iterator[httpx.Client]:
    with browsing(create_app(url, clock=lambda: NOW)) as client:
        yield client


@pytest.fixture(scope="module")
def plant(client: httpx.Client) -> str:
    """The address of the plant's case."""
    cases = client.get("/api/cases").json()["cases"]
    return next(f"/cases/{case['id']}" for case in cases if PLANT in case["meters"])


def text_of(answer: httpx.Response) -> str:
    """What a reader sees, without tags."""
    assert answer.status_code == 200, answer.text
    without = re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", answer.text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", without)


def test_the_list_says_what_a_visit_brings_and_how_far_the_crews_come(client: httpx.Client) -> None:
    shown = text_of(client.get("/cases", headers=EN))
    assert "华光铸造有限公司" in shown
    assert "kWh for a visit" in shown
    assert "1 more waits for a second hit" in shown
    assert "The crews reach this far" not in shown
    every = text_of(client.get("/cases?standing=waiting", headers=EN))
    assert "Voltage outside" in every or "Voltage deviation" in every


def test_the_line_of_the_budget_stands_below_the_last_case_of_the_day(client: httpx.Client, url: str) -> None:
    with connect(url) as connection:
        connection.execute(
            "INSERT INTO inspection_case SELECT 'copy', 'Another', meters, standing, starts_at, ends_at, "
            "detected_at, probability, energy_kwh, visits, priority_kwh / 2, episodes, hits FROM "
            "inspection_case WHERE place = '华光铸造有限公司'"
        )
        try:
            shown = text_of(client.get("/cases?budget=1", headers=EN))
        finally:
            connection.execute("DELETE FROM inspection_case WHERE id = 'copy'")
    plant, line, other = (
        shown.index(text)
        for text in ("华光铸造有限公司", "The crews reach this far in a day: 1 case.", "Another")
    )
    assert plant < line < other


def test_a_case_says_why_what_to_check_and_what_clears_it(client: httpx.Client, plant: str) -> None:
    shown = text_of(client.get(plant, headers=EN))
    for text in (
        "Load during suspension",
        "Voltage loss",
        "believed to be true",
        "The quietest quarter of a usual day draws 31 % of what it did",
        "one in 62",
        "What to check on site",
        "seal of the suspended transformer",
        "What would clear it",
        "What was found there",
    ):
        assert text in shown
    chinese = text_of(client.get(plant, headers=ZH))
    for text in ("稽查工单", "现场核查要点", "查暂停变压器封印", "为此前的 31%", "核查情况", "权重"):
        assert text in chinese
    told = text_of(client.get("/episodes/second", headers=ZH))
    assert "突出的变化" in told
    assert "为此前的 31%" in told


def test_what_was_found_is_filed_by_the_form_and_shown(client: httpx.Client, plant: str) -> None:
    form = {
        "outcome": "not-confirmed",
        "episodes": ["second"],
        "cause": "fuse <changed>",
        "recovered_kwh": "",
        "name": "Wang",
    }
    answer = client.post(plant, data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, plant)
    shown = client.get(plant, headers=EN)
    assert "fuse &lt;changed&gt;" in shown.text
    assert "Not confirmed" in text_of(shown)
    assert "Wang (" in text_of(shown)
    assert client.post(plant, data={**form, "recovered_kwh": "12.5"}).status_code == 303
    assert "12.5 kWh" in text_of(client.get(plant, headers=EN))


@pytest.mark.parametrize(
    "wrong", [{"outcome": ""}, {"episodes": []}, {"episodes": ["foreign"]}, {"recovered_kwh": "much"}]
)
def test_a_form_that_does_not_fit_files_nothing(
    client: httpx.Client, plant: str, wrong: dict[str, object]
) -> None:
    form: dict[str, object] = {"outcome": "confirmed", "episodes": ["second"], "cause": "never filed"}
    assert client.post(plant, data={**form, **wrong}).status_code == 422
    assert "never filed" not in client.get(plant, headers=EN).text


def test_who_may_only_read_gets_no_form_but_the_next_step(url: str, plant: str) -> None:
    app = create_app(url, clock=lambda: NOW)
    let_in(app, "viewer", "viewers-token", Role.VIEWER)
    with browsing(app, "viewers-token") as viewer:
        shown = viewer.get(plant, headers=EN)
        assert 'class="feedback"' not in shown.text
        assert "may only read" in text_of(shown)
        found = {"outcome": "confirmed", "episodes": ["second"]}
        refused = viewer.post(plant, data=found, headers=EN)
    assert refused.status_code == 403
    assert "may only read" in refused.text


def test_a_case_that_is_gone_and_an_empty_list_say_what_to_do(client: httpx.Client) -> None:
    assert "No such case" in client.get("/cases/nobody", headers=EN).text
    assert "choose another state" in text_of(client.get("/cases?standing=cleared", headers=EN))


def test_a_case_leads_to_its_customer_and_to_load_and_bills_of_its_point(
    client: httpx.Client, plant: str
) -> None:
    shown = client.get(plant, headers=EN).text
    for address in (f"/customers/{quote('华光铸造有限公司')}", "/load?q=SP-001", "/bills?point=SP-001"):
        assert f'href="{address}"' in shown
        assert client.get(address).status_code == 200
