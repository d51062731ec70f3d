from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from pipeline.report_texts import REPORT_TEXTS
from reports.customers.sheet import Column, Fact, Told, Value, Word
from reports.customers.telling import NOTHING, PREFIX, Telling

EN = Telling(language="en", zone=ZoneInfo("Asia/Shanghai"))
ZH = Telling(language="zh", zone=ZoneInfo("Asia/Shanghai"))


@pytest.mark.parametrize(
    ("value", "digits", "told"),
    [
        (None, 2, NOTHING),
        (0.0, 2, "0.00"),
        (-0.000_001, 2, "0.00"),
        (Decimal("-0.000000"), 6, "0.000000"),
        (-1234.5, 1, "-1,234.5"),
        (12, 0, "12"),
        (True, 0, "yes"),
        (datetime(2026, 3, 1, 20, tzinfo=UTC), 0, "2026-03-02 04:00"),
        (Told(zh="电", en="power"), 0, "power"),
        ("SP", 0, "SP"),
    ],
)
def test_values_are_written_without_a_false_zero(value: Value, digits: int, told: str) -> None:
    assert EN.value(value, digits) == told


def test_units_are_signs_but_for_money() -> None:
    assert (EN.unit("kWh"), EN.unit("yuan/kWh"), ZH.unit("yuan/kWh")) == ("kWh", "yuan/kWh", "元/kWh")
    assert ZH.head(Column(name="amount", unit="yuan")) == "金额 (元)"


def test_a_fact_without_a_value_says_what_it_wants() -> None:
    wants = Word(key="wants_tariff", parameters={"tariff": "T"})
    assert EN.fact(Fact(name="prices", value=None, wants=wants)) == "not filed; wants [[tariff]] T"
    assert EN.fact(Fact(name="prices", value=None)) == NOTHING
    at = datetime(2026, 3, 1, tzinfo=UTC)
    assert (
        EN.fact(Fact(name="maximum", value=8.0, unit="kW", digits=1, at=at)) == "8.0 kW at 2026-03-01 08:00"
    )


def test_every_text_is_there_in_both_languages() -> None:
    own = {key: text for key, text in REPORT_TEXTS.items() if key.startswith(PREFIX)}
    assert len(own) > 150
    # English has no word after the number of a page.
    assert [key for key, text in own.items() if bool(text.en) != bool(text.zh)] == ["customer_page_after"]
