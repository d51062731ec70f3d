"""A point's report made when somebody asks: by point or meter, within their areas, and nothing kept."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from pipeline.model import EVERYTHING, MeterId, Scope
from pipeline.registry import Installation, Meter, Registry, ServicePoint
from services.quality import judge_stored
from services.quality_asked import point_asked, report_asked
from services.settings import Settings
from storage.database import connect
from storage.quality_judgements import judged_months
from tests.fix_dashboard import NOW, PLANT

NOVEMBER = date(2026, 11, 1)


def test_the_report_of_a_month_is_the_same_by_point_and_by_meter(city_url: str) -> None:
    with connect(city_url) as connection:
        by_point = report_asked(connection, "SP-001", NOVEMBER, NOW, scope=EVERYTHING)
        by_meter = report_asked(connection, PLANT, NOVEMBER, NOW, scope=EVERYTHING)
        kept = judged_months(connection, scope=EVERYTHING, first=date.min, last=date.max)
    assert by_point is not None
    assert by_meter is not None
    assert (by_point.month.point.service_point, by_point.month_text) == ("SP-001", "2026-11")
    assert by_point.readings_sha256 == by_meter.readings_sha256
    assert list(by_point.judgements) == list(by_meter.judgements)
    assert kept == []


def test_it_judges_what_the_command_judges(city_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KILOWATCH_DATABASE_URL", city_url)
    with connect(city_url) as connection:
        asked = report_asked(connection, "SP-002", NOVEMBER, NOW, scope=EVERYTHING)
        (judged,) = judge_stored(NOVEMBER, ["SP-002"], Settings(), NOW)
        connection.execute("DELETE FROM quality_judgement")
        connection.execute(
            "DELETE FROM episode WHERE service_point = 'SP-002' AND detector LIKE %s", ("%month%",)
        )
    assert asked is not None
    assert list(asked.judgements) == list(judged.judgements)


@pytest.mark.parametrize("name", ["SP-001", PLANT])
def test_another_areas_point_is_not_there(city_url: str, name: str) -> None:
    with connect(city_url) as connection:
        assert report_asked(connection, name, NOVEMBER, NOW, scope=Scope(areas=frozenset({"TA-02"}))) is None
        own = report_asked(connection, name, NOVEMBER, NOW, scope=Scope(areas=frozenset({"TA-01"})))
    assert own is not None


def test_what_the_archive_does_not_have_is_none(city_url: str) -> None:
    with connect(city_url) as connection:
        assert report_asked(connection, "SP-999", NOVEMBER, NOW, scope=EVERYTHING) is None


def test_a_meter_means_the_point_at_which_it_hung_last() -> None:
    moved, alone = MeterId("moved"), MeterId("alone")
    june = datetime(2026, 6, 1, tzinfo=UTC)
    archive = Registry(
        meters=[Meter(id=moved), Meter(id=alone)],
        service_points=[ServicePoint(id="before"), ServicePoint(id="after")],
        installations=[
            Installation(meter=moved, service_point="after", starts_at=june),
            Installation(meter=moved, service_point="before", ends_at=june),
        ],
    )
    asked = {name: point_asked(archive, name) for name in ("before", "moved", "alone", "nobody")}
    assert asked == {"before": "before", "moved": "after", "alone": "alone", "nobody": None}
