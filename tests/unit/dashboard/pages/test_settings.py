"""The numbers that rules judge by, as the page and its data show them: usual ones and the archive's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import httpx
import pytest

from dashboard.app import create_app
from pipeline.archive_records import Threshold
from pipeline.model import Scope
from pipeline.tariff import BasicTerms, EnergyCharge, Period, Tariff
from storage.database import connect
from storage.filed_thresholds import filed_thresholds
from storage.registry import save_registry
from tests.fix_dashboard import NOW, browsing, city

HERE = Threshold(
    detector="voltage_loss",
    parameter="trigger_percent",
    value=71.5,
    service_point="SP-001",
    starts_at=NOW,
    source="letter <1>",
)
THERE = Threshold(detector="voltage_loss", parameter="trigger_percent", value=66.0, service_point="SP-020")
CLASS = Threshold(detector="vee", parameter="spike_percent", value=1234567.0, category="welding")
TARIFF = Tariff(
    id="two-part",
    name="大工业",
    charges=(
        EnergyCharge(
            item="energy",
            price=Decimal("0.6000"),
            prices={Period.PEAK: Decimal("1.0050"), Period.VALLEY: Decimal("0.30")},
        ),
    ),
    basic=BasicTerms(capacity_price=Decimal(23), demand_price=Decimal("1250.5")),
)


@pytest.fixture(scope="module")
def settings_url(city_url: str) -> str:
    archive = replace(city(), thresholds=[HERE, THERE, CLASS], tariffs=[TARIFF])
    with connect(city_url) as connection:
        save_registry(connection, archive)
    return city_url


@pytest.fixture(scope="module")
def client(settings_url: str) -> Iterator[httpx.Client]:
    with browsing(create_app(settings_url, clock=lambda: NOW)) as client:
        yield client


def _rules(client: httpx.Client) -> dict[str, Any]:
    return {rule["name"]: rule for rule in client.get("/api/settings/rules", params={"lang": "en"}).json()}


def test_every_rule_is_listed_with_its_numbers_and_their_sources(client: httpx.Client) -> None:
    rules = _rules(client)
    numbers = {entry["number"]["parameter"]: entry for entry in rules["voltage_loss"]["numbers"]}
    assert numbers["trigger_percent"]["number"]["source"]
    assert [filed["value"] for filed in numbers["trigger_percent"]["filed"]] == [71.5, 66.0]
    assert len(rules) > 30


def test_validation_stands_among_the_rules_with_its_classes(client: httpx.Client) -> None:
    vee = _rules(client)["vee"]
    spike = next(entry for entry in vee["numbers"] if entry["number"]["parameter"] == "spike_percent")
    assert (spike["number"]["default"], spike["filed"][0]["category"]) == (180.0, "welding")


def test_a_threshold_of_another_area_is_not_told(settings_url: str) -> None:
    with connect(settings_url) as connection:
        seen = filed_thresholds(connection, scope=Scope(areas=frozenset({"TA-01"})))
    assert [(t.service_point, t.category) for t in seen] == [(None, "welding"), ("SP-001", None)]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["Rules and their numbers", "Voltage loss", "peak", "to be confirmed", "23"]),
        ("zh", ["规则及其参数", "失压", "峰", "待确认", "1.0050", "1,250.5", "1,234,567"]),
    ],
)
def test_the_page_tells_rules_and_tariffs_in_both_languages(
    client: httpx.Client, language: str, words: list[str]
) -> None:
    text = client.get("/settings", params={"lang": language}).text
    assert [word for word in words if word not in text] == []
    assert "letter &lt;1&gt;" in text


def test_one_rule_is_shown_alone_and_an_unknown_one_is_said(client: httpx.Client) -> None:
    alone = client.get("/settings", params={"rule": "vee", "lang": "en"}).text
    assert "spike_percent" in alone
    assert '<details class="rule" open>' in alone
    assert alone.count("<details") == 1
    assert "There is no such rule." in client.get("/settings", params={"rule": "none", "lang": "en"}).text


def test_settings_lead_to_the_users_and_the_audit(client: httpx.Client) -> None:
    shown = client.get("/settings?lang=en").text
    assert "Users and audit" in shown
    for path in ("/account", "/accounts", "/audit"):
        assert f'<a href="{path}">' in shown
