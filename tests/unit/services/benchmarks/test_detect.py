import pytest

from detectors.catalogue import about, detectors
from pipeline.daily_reduction import with_daily_rows
from services.benchmarks import detect


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detect, "METERS", 8)
    monkeypatch.setattr(detect, "PART", 4)
    monkeypatch.setattr(detect, "DAYS", 2)


@pytest.mark.usefixtures("small")
def test_every_detector_is_measured() -> None:
    begun: list[str] = []
    rows = detect.detect(begun.append)
    assert begun == [*detectors.all(), "daily rows alone"]
    for name in detectors.all():
        assert any(row.what.startswith(f"{name}:") for row in rows)
    assert all(row.value > 0 for row in rows)


def test_the_fleet_has_every_column_and_table_that_any_detector_wants() -> None:
    for name in detectors.all():
        rule = about(name)
        fleet = detect.fleet_of(rule, meters=4, days=2)
        window = with_daily_rows(detect.window_of(rule, fleet), fleet.registry)
        assert detect.lacking(rule, window, fleet.registry) == [], name


@pytest.mark.usefixtures("small")
def test_a_detector_without_its_table_is_not_evaluated(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = about("suspension_rule")
    monkeypatch.setattr(detect, "lacking", lambda *_: ["suspension"])
    (row,) = detect.rows_of(rule)
    assert row.what == "suspension_rule: not evaluated, the fleet has no suspension"
    assert row.ratio is None
    assert row.holds is None
