import pytest

from detectors.catalogue import detectors
from services.benchmarks import detect


def test_every_detector_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detect, "METERS", 8)
    monkeypatch.setattr(detect, "PART", 4)
    monkeypatch.setattr(detect, "DAYS", 2)
    begun: list[str] = []
    rows = detect.detect(begun.append)
    assert begun == list(detectors.all())
    for name in begun:
        assert any(row.what.startswith(f"{name}:") for row in rows)
    assert all(row.value > 0 and row.limit is not None and row.limit > 0 for row in rows)
