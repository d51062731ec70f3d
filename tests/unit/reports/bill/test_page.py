"""A bill's page: numbers that people pay by, each line's way to its registers, nothing taken for markup."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from analysis.settlement.bill_documents import bill_document, exact
from analysis.settlement.settle import settle
from pipeline.bill_texts import BILL_TEXTS
from reports.bill.page import LANGUAGES, Wording, page
from tests.gathered_months import gathered
from tests.settled_plants import PLANT


def document(**changed: object) -> dict[str, Any]:  # Any: JSON
    month = gathered(archive=PLANT)
    return {
        **bill_document(settle(month), month, exact),
        "name": "Foundry",
        "customer": "Works",
        "version": None,
        **changed,
    }


class _Anchors(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.ids.add(value)
            if name == "href" and value and tag == "a":
                self.links.append(value)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_line_leads_to_a_register_that_is_there(language: str) -> None:
    anchors = _Anchors()
    anchors.feed(page(document(), language))
    assert "#register-1" in anchors.links
    assert {link.removeprefix("#") for link in anchors.links} <= anchors.ids


def test_amounts_registers_and_sources_are_written_in_both_languages() -> None:
    zh, en = page(document(), "zh"), page(document(), "en")
    for shown in (zh, en):
        assert "5,952.00 kWh" in shown
        assert "1,297.60" in shown
        assert "2026-04-01 00:00" in shown
    assert "结算日冻结" in zh
    assert "settlement freeze" in en
    assert "基本电费（容量）" in zh


def test_a_refused_bill_says_so_before_anything_else() -> None:
    month = replace(gathered([]), pairs=(), lacks=())
    bill = settle(month)
    assert not bill.is_final
    shown = page({**bill_document(bill, month, exact), "name": "", "customer": "", "version": 3}, "en")
    assert shown.index("Not to be given out") < shown.index("What is charged")


def test_names_are_text_and_never_markup() -> None:
    shown = page(document(name="<script>alert(1)</script>", customer="A & B"), "en")
    assert "<script>" not in shown
    assert "A &amp; B" in shown


def test_numbers_keep_their_digits_and_times_are_local() -> None:
    t = Wording(language="en", zone=ZoneInfo("Europe/Berlin"))
    assert [t.number(text) for text in ("1234567.1", "0.12345", "80.5000", None)] == [
        "1,234,567.10",
        "0.12345",
        "80.50",
        "–",
    ]
    assert (t.price("0.5000"), t.plain("100.00"), t.signed(Decimal("-0.5"))) == ("0.5000", "100", "-0.50")
    assert t.time("2026-07-01T00:00:00+00:00") == "2026-07-01 02:00"
    told = t.finding({"code": "unheard_of", "parameters": {"at": "2026-07-01T00:00:00+00:00"}})
    assert told == "unheard_of: at = 2026-07-01 02:00"


def test_no_text_is_left_out_or_left_over() -> None:
    told = re.findall(r"""\bt\(["'](\w+)["']""", _templates())
    assert {f"word.{key}" for key in told} <= set(BILL_TEXTS)


def _templates() -> str:
    from importlib.resources import files  # noqa: PLC0415 - of this test alone

    places = (
        files("reports.bill") / "templates" / "bill.html",
        files("dashboard") / "templates" / "bill.html",
        files("dashboard") / "templates" / "bills.html",
    )
    return "".join(place.read_text(encoding="utf-8") for place in places)
