"""How values of evidence are written: units, shares, quantities, sentences and lists of lists."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import pytest

from dashboard.evidence import evidence_of, written
from dashboard.formats import Formats
from dashboard.messages import told
from pipeline.model import Json
from pipeline.registry import DEFAULT_ZONE
from storage.dashboard_episodes import EpisodeCard
from storage.dashboard_queries import MeterCard

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


def card(parameters: dict[str, float | int | str], evidence: dict[str, Json], **more: object) -> EpisodeCard:
    fields: dict[str, Any] = {  # Any: the card's own types
        "id": "e1",
        "detector": "area_balance",
        "version": 1,
        "meter": "SUPPLY",
        "service_point": "SP-1",
        "service_point_name": None,
        "area": "TQ-1",
        "zone": None,
        "starts_at": datetime(2026, 3, 10, 16, tzinfo=UTC),
        "ends_at": datetime(2026, 3, 20, 16, tzinfo=UTC),
        "detected_at": datetime(2026, 3, 25, 16, tzinfo=UTC),
        "verdict": "abnormal",
        "severity": 30,
        "score": 1.0,
        "energy_kwh": 131.4,
        "message": "episode.area_loss_rises",
        "parameters": parameters,
        "evidence": evidence,
    }
    return EpisodeCard(**{**fields, **more})


RISEN: dict[str, float | int | str] = {
    "area": "TQ-1",
    "days": 10,
    "loss_percent": 3.24,
    "usual_percent": 1.27,
    "limit_percent": 1.77,
    "energy_kwh": 131.4,
}


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("minutes_above", 119, "119 min"),
        ("minutes_above", 1950, "32.50 h"),
        ("slope_percent_per_kw", 0.3, "0.30 %/kW"),
        ("drop_percent", -0.001, "0.00 %"),
    ],
)
def test_lengths_slopes_and_nothing_are_written_as_people_read_them(
    key: str, value: float, text: str
) -> None:
    assert written(key, value, EN).replace("\N{NO-BREAK SPACE}", " ") == text


def test_what_the_sentence_says_is_not_said_again() -> None:
    said = evidence_of(told(card(RISEN, {"members": 30}), EN), None, [])
    assert [facts.title for facts in said.facts] == ["What was measured"]
    more = evidence_of(told(card({**RISEN, "phase": "B"}, {}), EN), None, [])
    assert [(facts.title, facts.facts) for facts in more.facts] == [("Parameters", [("Phase", "B")])]


def test_what_is_to_be_paid_stands_first_and_what_is_judged_before_its_limit() -> None:
    evidence: dict[str, Json] = {
        "fit": {"load_angle_degrees": 25.8},
        "correction": {"slots": 288, "how": "assumed", "factor": 1.5, "missing_kwh": 10.0},
        "days": [{"limit_percent": 1.8, "usual_percent": 1.3, "day": "2026-03-11", "loss_percent": 3.2}],
    }
    shown = evidence_of(told(card(RISEN, evidence), EN), None, [])
    (correction,) = shown.lead
    assert [name for name, _ in correction.facts] == [
        "Missing energy",
        "Correction factor",
        "How it was worked out",
        "Slots",
    ]
    assert shown.tables[0].columns == ["Day", "Loss rate", "Usual loss rate", "Limit"]
    assert not shown.tables[0].is_wide


def test_a_limit_in_percent_is_no_line_in_a_curve_of_kilowatts() -> None:
    meter = MeterCard(
        **dict.fromkeys((f.name for f in fields(MeterCard)), None)  # type: ignore[arg-type]  # only these matter
        | {"meter": "SUPPLY", "wiring": "3P4W"}
    )
    (chart,) = evidence_of(told(card(RISEN, {}), EN), meter, []).charts
    assert (chart.unit, list(chart.limits)) == ("kW", [])
    above = card({"limit_kw": 10.0}, {}, message="episode.of_tomorrow", detector="suspended_load")
    (chart,) = evidence_of(told(above, EN), meter, []).charts
    assert [(limit.value, limit.label) for limit in chart.limits] == [(10.0, "Limit 10 kW")]
    # Half of ten days before and after, in whole local days.
    assert chart.since == datetime(2026, 3, 5, 16, tzinfo=UTC)
    assert chart.until == datetime(2026, 3, 26, 16, tzinfo=UTC)
    (chart,) = evidence_of(told(card({}, {}, ends_at=None), EN), meter, []).charts
    assert chart.until == datetime(2026, 3, 26, 16, tzinfo=UTC)  # it goes on: no time after it


def test_the_curve_that_was_judged_by_a_limit_stands_first() -> None:
    points: Json = [["2026-03-11T00:00:00+00:00", 1.0]]
    curves: dict[str, Json] = {
        "currents": {"unit": "A", "limits": {}, "lines": {"current_a": points}},
        "voltages": {"unit": "V", "limits": {"trigger": 171.6}, "lines": {"voltage_a": points}},
    }
    shown = evidence_of(told(card(RISEN, curves), EN), None, [])
    assert [chart.id for chart in shown.charts] == ["evidence-voltages", "evidence-currents"]
