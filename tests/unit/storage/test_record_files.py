from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.errors import DataError
from pipeline.events import EventKind
from storage.record_files import read_events, read_parameters


def _written(folder: Path, *lines: str) -> Path:
    path = folder / "records.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_events_have_their_kind_and_times(tmp_path: Path) -> None:
    path = _written(
        tmp_path,
        "meter_id,kind,starts_at,ends_at",
        "M1,cover_open,2026-01-01T08:00:00+08:00,2026-01-01T08:10:00+08:00",
        "M2,magnetic_field,2026-01-01T09:00:00+08:00,",
    )
    opened, magnet = read_events(path)
    assert (opened.meter, opened.event.kind) == ("M1", EventKind.COVER_OPEN)
    assert opened.event.starts_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert opened.event.ends_at == datetime(2026, 1, 1, 0, 10, tzinfo=UTC)
    assert magnet.event.ends_at is None


def test_the_end_of_events_may_be_unknown(tmp_path: Path) -> None:
    path = _written(tmp_path, "meter_id,kind,starts_at", "M1,programming,2026-01-01T08:00:00+08:00")
    assert read_events(path)[0].event.ends_at is None


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("M1,opened,2026-01-01T08:00:00+08:00", "kind"),
        (",cover_open,2026-01-01T08:00:00+08:00", "meter_id"),
        ("M1,cover_open,2026-01-01T08:00:00", "starts_at"),
    ],
)
def test_what_cannot_be_understood_is_named(tmp_path: Path, line: str, column: str) -> None:
    with pytest.raises(DataError, match=f"line 2, column {column}"):
        read_events(_written(tmp_path, "meter_id,kind,starts_at", line))


def test_parameters_are_numbers_and_empty_ones_left_out(tmp_path: Path) -> None:
    path = _written(
        tmp_path,
        "meter_id,name,taken_at,value",
        "M1,voltage_loss_trigger,2026-01-01T08:00:00+08:00,171.6",
        "M1,ct_ratio,2026-01-01T08:00:00+08:00,",
    )
    (reading,) = read_parameters(path)
    assert (reading.name, reading.value) == ("voltage_loss_trigger", 171.6)
    assert reading.taken_at == datetime(2026, 1, 1, tzinfo=UTC)


def test_a_value_that_is_no_number_is_named(tmp_path: Path) -> None:
    path = _written(tmp_path, "meter_id,name,taken_at,value", "M1,ct_ratio,2026-01-01T08:00:00+08:00,forty")
    with pytest.raises(DataError, match="line 2, column value"):
        read_parameters(path)
