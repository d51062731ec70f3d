"""Every panel of the Grafana dashboards asks what the reading account may ask, and gets an answer."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from psycopg import sql
from psycopg.conninfo import make_conninfo

from pipeline.model import MeterId
from pipeline.registry import Area, Installation, Meter, Registry, ServicePoint
from services.database_users import make_user_of
from services.metrics.catalogue import EVERY
from storage.database import Connection, connect
from storage.database_rights import Rights
from storage.registry import save_registry
from tests.fix_dashboard import NOW, PLANT, seed

FOLDER = Path(__file__).parents[2] / "dashboard" / "grafana"
CURRENT_SCHEMA_VERSION = 41
"""Of Grafana 12; older ones are brought up by Grafana itself."""
SAMPLES = {name for metric in EVERY.values() for name in metric.sample_names}
PASSWORD = "reads-views-only"  # noqa: S105 - of an account of this test
GIVEN = {"meter": f"'{PLANT}'", "area": "'TA-01','TA-02','-'"}


@cache
def dashboards() -> dict[str, dict[str, Any]]:  # Any: what JSON holds
    return {path.stem: json.loads(path.read_text("utf-8")) for path in (FOLDER / "dashboards").glob("*.json")}


def panels(source: str) -> list[tuple[str, str, str]]:
    """Return dashboard, title and question of every panel of one kind of source."""
    return [
        (name, panel["title"], target["rawSql" if "rawSql" in target else "expr"])
        for name, dashboard in dashboards().items()
        for panel in dashboard["panels"]
        for target in panel["targets"]
        if target["datasource"]["uid"] == source
    ]


def expanded(question: str) -> str:
    """Return a question as Grafana's PostgreSQL source sends it, over two days in steps of 15 minutes."""
    since, until = (f"'{at.isoformat()}'" for at in (NOW - timedelta(days=2), NOW))
    question = re.sub(r"\$__timeFilter\((\w+)\)", rf"\1 BETWEEN {since} AND {until}", question)
    question = re.sub(
        r"\$__timeGroupAlias\((\w+), \$__interval\)",
        r'floor(extract(epoch FROM \1)/900)*900 AS "time"',
        question,
    )
    question = re.sub(r"\$\{(\w+):sqlstring\}", lambda found: GIVEN[found[1]], question)
    assert "$" not in question, question
    return question


@pytest.fixture(scope="module")
def reader(timescale_url: str, _timescale_template: str) -> Iterator[psycopg.Connection]:
    """The reading account's connection to a city on TimescaleDB."""
    from tests.fix_database import _database  # noqa: PLC0415 - the plug-in

    name = f"kw_reader_{os.getpid()}"
    with _database(timescale_url, _timescale_template) as url, connect(url) as owner:
        seed(owner)
        make_user_of(url, name, PASSWORD, Rights.READ)
        make_user_of(url, name, PASSWORD, Rights.READ)  # again changes nothing
        try:
            given = make_conninfo(url, user=name, password=PASSWORD)
            with psycopg.connect(given, autocommit=True) as connection:
                yield connection
        finally:
            for statement in ("DROP OWNED BY {}", "DROP ROLE {}"):
                owner.execute(sql.SQL(statement).format(sql.Identifier(name)))


@pytest.mark.parametrize(("dashboard", "title", "question"), panels("kilowatch"))
def test_a_panel_gets_an_answer(
    dashboard: str, title: str, question: str, reader: psycopg.Connection
) -> None:
    rows = reader.execute(expanded(question).encode()).fetchall()
    sparse = {"kilowatch-quality", "kilowatch-collectors"}  # a city has no verdicts and no collector
    if dashboard not in sparse and "distortion" not in title:
        assert rows, (title, "finds nothing in a city full of readings")


@pytest.mark.parametrize("name", dashboards())
def test_what_can_be_chosen_gets_an_answer(name: str, reader: psycopg.Connection) -> None:
    for variable in dashboards()[name]["templating"]["list"]:
        assert reader.execute(variable["query"].encode()).fetchall()


def test_the_figures_are_those_of_the_archive(reader: psycopg.Connection) -> None:
    found = {title: question for _, title, question in panels("kilowatch")}
    assert reader.execute(expanded(found["Meters 电表"]).encode()).fetchone() == (30,)
    assert reader.execute(expanded(found["Silent meters 无读数电表"]).encode()).fetchone() == (0,)


@pytest.mark.parametrize(
    "question",
    [
        "SELECT * FROM public.meter",
        "SELECT * FROM public.service_point",
        "SELECT * FROM public.account",
        "SELECT * FROM public.electrical_reading",
        "UPDATE grafana.unmatched SET messages = 0",
        "CREATE TABLE grafana.x (a int)",
        "CREATE TABLE public.x (a int)",
        "SET default_transaction_read_only = off; DELETE FROM public.episode",
    ],
)
def test_the_account_sees_the_views_alone_and_writes_nothing(
    question: str, reader: psycopg.Connection
) -> None:
    with pytest.raises(psycopg.Error, match=r"permission denied|read-only"):
        reader.execute(question.encode())


MOVED = datetime(2026, 5, 31, 16, tzinfo=UTC)
"""Midnight in Shanghai: the meter hung in A until then, and in B since."""


@pytest.fixture
def moved(database: Connection) -> Connection:
    save_registry(
        database,
        Registry(
            meters=[Meter(id=MeterId("M1"))],
            areas=[Area(id="A"), Area(id="B")],
            service_points=[ServicePoint(id="PA", area="A"), ServicePoint(id="PB", area="B")],
            installations=[
                Installation(meter=MeterId("M1"), service_point="PA", ends_at=MOVED),
                Installation(meter=MeterId("M1"), service_point="PB", starts_at=MOVED),
            ],
        ),
    )
    database.execute("SET TIME ZONE 'UTC'")
    return database


def test_a_finding_belongs_to_the_place_where_it_was_found(moved: Connection) -> None:
    for name, meter, point, at in (
        ("of the point", "", "PA", MOVED + timedelta(days=9)),
        ("before", "M1", None, MOVED - timedelta(days=9)),
        ("after", "M1", None, MOVED + timedelta(days=9)),
        ("of nothing", "unknown", None, MOVED),
    ):
        moved.execute(
            "INSERT INTO episode (id, detector, version, meter, service_point, starts_at, detected_at, "
            "verdict, severity, score, message, parameters, evidence) VALUES (%s, 'd', 1, %s, %s, %s, now(), "
            "'abnormal', 30, 1, 'm', '{}', '{}')",
            (name, meter, point, at),
        )
    found: dict[str, str] = dict(moved.execute("SELECT id, area FROM grafana.episode").fetchall())
    assert found == {"of the point": "A", "before": "A", "after": "B", "of nothing": None}


def test_days_and_months_begin_at_midnight_of_the_area_and_are_told_by_area(moved: Connection) -> None:
    for day in (date(2026, 5, 31), date(2026, 6, 1)):
        moved.execute(
            "INSERT INTO voltage_day (meter, day, phase, minutes_monitored, minutes_over, minutes_under, "
            "coverage) VALUES ('M1', %s, 'a', 1, 0, 0, 1)",
            (day,),
        )
    days = moved.execute("SELECT time, area FROM grafana.voltage_day ORDER BY time").fetchall()
    assert days == [(MOVED - timedelta(days=1), "A"), (MOVED, "B")]
    moved.execute(
        "INSERT INTO quality_judgement (service_point, month, meter_id, number, check_name, subject, "
        "verdict, detail) SELECT 'PB', '2026-06-01', meter_id, 1, 'c', 's', 'normal', '{}' FROM meter"
    )
    assert moved.execute("SELECT time, area FROM grafana.quality_verdict").fetchall() == [(MOVED, "B")]


def test_every_panel_of_a_dashboard_with_areas_keeps_to_the_chosen_ones() -> None:
    for name, dashboard in dashboards().items():
        if "area" in {variable["name"] for variable in dashboard["templating"]["list"]}:
            for title, question in ((t, q) for n, t, q in panels("kilowatch") if n == name):
                assert "${area:sqlstring}" in question, (name, title)


@pytest.mark.parametrize(("dashboard", "title", "question"), panels("kilowatch-metrics"))
def test_a_panel_of_metrics_names_what_there_is(dashboard: str, title: str, question: str) -> None:
    named = set(re.findall(r"kilowatch_\w+", question))
    assert named, (dashboard, title)
    assert named <= SAMPLES


@pytest.mark.parametrize("name", dashboards())
def test_a_dashboard_is_sound_and_in_both_languages(name: str) -> None:
    found = dashboards()[name]
    assert found["uid"] == name
    assert found["schemaVersion"] == CURRENT_SCHEMA_VERSION
    numbers = [panel["id"] for panel in found["panels"]]
    assert len(set(numbers)) == len(numbers)
    places = [tuple(panel["gridPos"][side] for side in "xywh") for panel in found["panels"]]
    assert all(x + w <= 24 for x, _, w, _ in places)
    assert not any(_overlap(a, b) for i, a in enumerate(places) for b in places[:i])
    for title in (found["title"], *(panel["title"] for panel in found["panels"])):
        assert re.search(r"[A-Za-z]", title), title
        assert re.search(r"[\u4e00-\u9fff]", title), title


def _overlap(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    (ax, ay, aw, ah), (bx, by, bw, bh) = a, b
    return ax < bx + bw and bx < ax + aw and ay < by + bh and by < ay + ah


def test_the_sources_that_panels_ask_are_provisioned_without_a_secret() -> None:
    text = (FOLDER / "provisioning" / "datasources" / "kilowatch.yaml").read_text()
    sources = {source["uid"]: source for source in yaml.safe_load(text)["datasources"]}
    asked = {t["datasource"]["uid"] for d in dashboards().values() for p in d["panels"] for t in p["targets"]}
    assert asked == set(sources)
    assert sources["kilowatch"]["secureJsonData"]["password"].startswith("$__file{")
