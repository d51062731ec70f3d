from __future__ import annotations

from zoneinfo import ZoneInfo

from dashboard.formats import Formats
from dashboard.messages import instant_in, sentence
from dashboard.words import part_label, quantity_label, word
from pipeline.quantities import Kind, Quantity
from services.translations import translations

ZH, EN = (Formats(language, ZoneInfo("Asia/Shanghai")) for language in ("zh", "en"))
PARAMETERS: dict[str, float | int | str] = {
    "phase": "B",
    "extreme_v": 201.44,
    "limit_v": 204.6,
    "minutes": 45,
}


def test_a_message_is_told_in_the_readers_language() -> None:
    assert "201.4 V" in sentence("episode.undervoltage", PARAMETERS, EN)
    assert "供电电压" in sentence("episode.undervoltage", PARAMETERS, ZH)


def test_a_message_that_lacks_a_parameter_still_shows_what_was_found() -> None:
    assert sentence("episode.undervoltage", {"phase": "B"}, EN) == "episode.undervoltage: phase = B"
    assert sentence("episode.of_tomorrow", {}, EN) == "episode.of_tomorrow"


def test_only_instants_with_an_offset_are_read_as_times() -> None:
    assert instant_in("2026-11-20T06:00:00+00:00") is not None
    assert [instant_in(v) for v in ("2026-11-20T06:00:00", "2026-11-20", "ZT-2026-0117-000000", 7, None)] == [
        None
    ] * 5


def test_every_number_a_meter_gives_has_a_name_in_chinese() -> None:
    catalogue = translations("zh")
    numbers = [q for q in Quantity if q.kind in (Kind.COUNTER, Kind.REAL)]
    assert [q for q in numbers if quantity_label(q, catalogue).isascii()] == []
    assert quantity_label("voltage_a", catalogue) == "电压（A 相）"
    assert quantity_label("active_energy_import_t2", catalogue) == "正向有功电能（T2）"
    assert part_label("voltage_ab", catalogue) == "AB"


def test_an_unknown_code_stands_for_itself() -> None:
    assert word({}, "some_new_code", translations("en")) == "some new code"


def test_codes_and_quantities_in_a_message_are_told_by_their_names() -> None:
    used: dict[str, float | int | str] = {
        "why": "no contract in force",
        "days": 3,
        "energy_kwh": 12.0,
        "limit_kwh": 0.1,
    }
    assert "（无有效合同）" in sentence("episode.closed_point_use", used, ZH)
    disabled: dict[str, float | int | str] = {"parameter": "voltage_loss_trigger", "value": 0.0}
    assert "失压事件触发上限" in sentence("episode.threshold_disabled", disabled, ZH)
    assert "trigger of voltage loss" in sentence("episode.threshold_disabled", disabled, EN)
    fallen: dict[str, float | int | str] = {
        "register": "active_energy_import",
        "before_kwh": 9.0,
        "after_kwh": 1.0,
    }
    assert sentence("episode.register_reset", fallen, ZH).startswith("正向有功电能 示值由")


def test_a_check_of_power_quality_is_named_in_one_language() -> None:
    parameters: dict[str, float | int | str] = {
        "service_point": "SP-011",
        "month": "2026-11",
        "check": "voltage_deviation",
        "subject": "B",
        "value": -8.4,
        "limit": -7.0,
        "unit": "%",
        "standard": "GB/T 12325-2008 4.2",
        "figures": 1,
    }
    assert "voltage" not in sentence("episode.power_quality", parameters, ZH)
    assert "供电电压偏差" in sentence("episode.power_quality", parameters, ZH)
    assert "供电" not in sentence("episode.power_quality", parameters, EN)
