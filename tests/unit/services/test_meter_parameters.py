from datetime import UTC, datetime, timedelta

from services.meter_parameters import is_due

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_parameters_are_read_once_a_day() -> None:
    assert is_due(None, NOW)
    assert is_due(NOW - timedelta(days=1), NOW)
    assert not is_due(NOW - timedelta(hours=23), NOW)
