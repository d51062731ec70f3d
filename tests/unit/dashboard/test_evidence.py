"""How values of evidence are written: units, shares, quantities, sentences and lists of lists."""

from __future__ import annotations

import pytest

from dashboard.evidence import written
from dashboard.formats import Formats
from pipeline.model import Json
from pipeline.registry import DEFAULT_ZONE

ZH, EN = Formats("zh", DEFAULT_ZONE), Formats("en", DEFAULT_ZONE)


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("voltage_a", 219.5, "219.5 V"),
        ("current_b", 2.5, "2.50 A"),
        ("rated_a", 5.0, "5 A"),
        ("lagging_kvarh", 12.0, "12 kvarh"),
        ("share_without_a_step", 0.528, "52.8 %"),
        ("unexplained_by_right_wiring", 0.9, "90.0 %"),
        ("share_percent", 40.0, "40 %"),
        ("factor_by_angle", [[-45, 3.0], [0, 2.5]], "-45, 3; 0, 2.50"),
        ("reasons", ["account closed", "relay open"], "account closed, relay open"),
        ("register", "active_energy_import", "Active energy, import"),
    ],
)
def test_a_value_is_written_with_its_unit(key: str, value: Json, text: str) -> None:
    assert written(key, value, EN).replace("\N{NO-BREAK SPACE}", " ") == text


def test_a_sentence_is_written_in_the_readers_language() -> None:
    said = "median of the last four same weekdays before the drop"
    assert written("usual_means", said, EN) == said
    assert written("usual_means", said, ZH) == "下降之前最近四个相同星期日电量的中位数"


@pytest.mark.parametrize(
    ("key", "value", "en", "zh"),
    [
        ("kind", "cover_open", "cover opened", "开表盖"),
        ("reasons", ["no contract in force"], "no contract in force", "无有效合同"),
        ("source", "0.5 kW for a full suspension", "0.5 kW for a full suspension", "整户暂停：0.5 kW"),
        (
            "wanted_entries",
            ["[[contract]] of service point S: tariff"],
            None,
            "用电户 S 的 [[contract]]：tariff",
        ),
        ("note", "", "", ""),
        ("note", "written by hand", "written by hand", "written by hand"),
    ],
)
def test_codes_and_sentences_are_written_in_both_languages(
    key: str, value: Json, en: str | None, zh: str
) -> None:
    assert written(key, value, EN) == (value[0] if en is None and isinstance(value, list) else en)
    assert written(key, value, ZH) == zh
