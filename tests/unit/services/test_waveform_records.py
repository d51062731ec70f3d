"""Events of waveform records as a month's checks take them: COMTRADE says when, and of which phases."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from analysis.power_quality.recorded import joined
from analysis.power_quality.supply_events import SupplyEvent, SupplyKind
from pipeline.errors import DataError
from services.waveform_records import waveform_record
from tests.comtrade_dip import BEGINS_S, LASTS_S, record

ZONE = ZoneInfo("Asia/Shanghai")


def events(paths: list[Path]) -> Sequence[SupplyEvent]:
    return joined(waveform_record(path, "SP", ZONE).recorded for path in paths).events


def test_a_dip_has_its_time_on_the_points_clock_its_phase_and_its_residual(tmp_path: Path) -> None:
    later = record(tmp_path, "12/09/2026,16:00:00.000000", residual=0.05)
    first = record(tmp_path, "11/09/2026,08:00:00.000000")
    dip, dead = events([later, first])
    began = datetime(2026, 9, 11, 0, 0, tzinfo=UTC) + timedelta(seconds=BEGINS_S + 1 / 150.0)
    assert abs(dip.starts_at - began) <= timedelta(milliseconds=20)
    assert dip.duration_s == pytest.approx(LASTS_S + 0.01, abs=0.0101)
    assert (dip.kind, dip.phases, dip.source) == (SupplyKind.DIP, ("B",), "waveform")
    assert dip.residual_percent == pytest.approx(60.0, abs=0.1)
    assert dead.starts_at.astimezone(UTC).date().isoformat() == "2026-09-12"
    assert dead.kind is SupplyKind.DIP, "the other two phases were there"
    assert dead.residual_percent == pytest.approx(5.0, abs=0.1)


def test_a_table_has_no_place_in_a_month(tmp_path: Path) -> None:
    table = tmp_path / "wave.csv"
    table.write_text("time_s,u_a\n" + "\n".join(f"{n / 1000},{n % 20}" for n in range(1000)), "utf-8")
    with pytest.raises(DataError, match="does not say when it was recorded"):
        waveform_record(table, "SP", ZONE)
