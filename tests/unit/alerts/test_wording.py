"""Messages in the words of their readers: every text is there in both languages."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from alerts.wording import TEXTS, name_of, place_named, worded
from pipeline.alarms.causes import cause_names
from pipeline.alarms.contents import content_of
from pipeline.alarms.model import Occasion, Planned, Told
from pipeline.alarms.operation import SEVERITIES
from pipeline.alarms.records import Language
from pipeline.model import Severity
from tests.alarm_signals import BEGIN, incident, signal, storm

ZONE = ZoneInfo("Asia/Shanghai")


def message(*names: str, language: Language = Language.CHINESE) -> Planned:
    about = tuple(
        Told(incident=name, channel="c", occasion=Occasion.OPENED, reopened=0, severity=Severity.MAJOR)
        for name in names
    )
    return Planned(channel="c", route="r", language=language, about=about)


def test_a_storm_is_told_in_chinese_and_english() -> None:
    whole = incident(place="", signals=300, meters=300, areas=("A1", "A2"))
    content = content_of(message("I1"), {"I1": whole}, {"I1": storm()}, ZONE, "https://k.grid.example/")
    chinese = worded("msg_1", content, "zh", BEGIN)
    assert chinese.title == "【严重】新告警：通信中断，多处"
    assert chinese.text.splitlines() == [
        "异常 300 项，涉及电表 300 块",
        "电表失联：300",
        "台区：A1、A2",
        "开始时间：2026-11-20 12:00 Asia/Shanghai",
        "编号：I1",
    ]
    english = worded("msg_1", content, "en", BEGIN)
    assert english.title == "[Major] New incident: Communication lost, several places"
    assert english.url == "https://k.grid.example/incidents/I1"
    assert english.document["type"] == "incident.opened"
    assert english.document["timestamp"] == BEGIN.isoformat()


def test_a_digest_lists_the_gravest_and_counts_the_rest() -> None:
    names = [f"I{n:03d}" for n in range(30)]
    incidents = {name: incident(name) for name in names}
    content = content_of(message(*names), incidents, {}, ZONE, None)
    told = worded("msg_1", content, "en", BEGIN)
    assert told.title == "[Major] 30 incidents"
    assert len(told.text.splitlines()) == 21
    assert told.text.endswith("and 10 more")
    assert told.url is None


def test_an_end_and_many_areas_are_told() -> None:
    over = incident(ends_at=BEGIN, areas=tuple(f"A{n:02d}" for n in range(25)))
    content = content_of(message("I1"), {"I1": over}, {"I1": [signal("1")]}, ZONE, None)
    text = worded("msg_1", content, "en", BEGIN).text
    assert "and 5 more" in text
    assert "Until: 2026-11-20 12:00 Asia/Shanghai" in text


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_cause_and_condition_has_a_name(language: str) -> None:
    for cause in cause_names():
        assert TEXTS[f"cause_{cause}"].in_language(language)
    for what in SEVERITIES:
        assert TEXTS[f"what_{what}"].in_language(language)


def test_a_detector_is_called_by_its_own_name_and_a_stranger_by_its_code() -> None:
    assert name_of("cause", "suspended_load", "en") == "Load during suspension"
    assert name_of("cause", "not_yet_named", "en") == "not yet named"


def test_a_place_is_named_by_its_kind() -> None:
    assert place_named("bus B 1", "en") == "line B 1"
    assert place_named("service_point SP1", "zh") == "用电户 SP1"
    assert place_named("whole", "zh") == "整个系统"
    assert place_named("", "en") == "several places"


def test_a_test_says_that_it_is_one() -> None:
    told = worded("msg_1", {"occasion": "test", "channel": "duty"}, "en", BEGIN)
    assert told.title == "Kilowatch: test of the channel duty"
    assert told.document["type"] == "incident.test"
