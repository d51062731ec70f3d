"""Events of waveform records as a month's checks take them: COMTRADE says when, and of which phases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from analysis.power_quality.point_month import QualityPoint
from analysis.power_quality.supply_events import SupplyKind
from pipeline.errors import DataError
from pipeline.model import MeterId
from pipeline.registry import Wiring
from services.recorded_events import recorded_events

POINT = QualityPoint(
    service_point="SP",
    meter=MeterId("M"),
    wiring=Wiring.THREE_PHASE_FOUR_WIRE,
    zone=ZoneInfo("Asia/Shanghai"),
    nominal_v=220.0,
    nominal_kv=0.38,
)
RATE_HZ, SECONDS, BEGINS_S, LASTS_S = 3200, 1.0, 0.4, 0.1


def record(folder: Path, began: str, residual: float = 0.6) -> Path:
    """Write a COMTRADE record of 1999 with a dip of phase B that begins and ends at zero crossings."""
    t = np.arange(int(RATE_HZ * SECONDS)) / RATE_HZ
    waves = [np.sqrt(2.0) * 220.0 * np.sin(2 * np.pi * 50.0 * t - n * 2 * np.pi / 3) for n in range(3)]
    lag_s = 1 / 150.0
    waves[1][(t >= BEGINS_S + lag_s) & (t < BEGINS_S + lag_s + LASTS_S)] *= residual
    lines = ["WORKS,REC,1999", "3,3A,0D"]
    lines += [f"{n + 1},U{p},{p},,V,0.02,0,0,-32767,32767,1,1,S" for n, p in enumerate("ABC")]
    lines += ["50", "1", f"{RATE_HZ},{len(t)}", began, began, "ASCII", "1"]
    path = folder / f"{began[:2]}.cfg"
    path.write_text("\r\n".join(lines) + "\r\n", "ascii")
    rows = (
        f"{n + 1},{round(1e6 * t[n])}," + ",".join(str(round(w[n] / 0.02)) for w in waves)
        for n in range(len(t))
    )
    path.with_suffix(".dat").write_text("\r\n".join(rows) + "\r\n", "ascii")
    return path


def test_a_dip_has_its_time_on_the_points_clock_its_phase_and_its_residual(tmp_path: Path) -> None:
    later = record(tmp_path, "12/09/2026,16:00:00.000000", residual=0.05)
    first = record(tmp_path, "11/09/2026,08:00:00.000000")
    dip, interruption = recorded_events([later, first], POINT)
    began = datetime(2026, 9, 11, 0, 0, tzinfo=UTC) + timedelta(seconds=BEGINS_S + 1 / 150.0)
    assert abs(dip.starts_at - began) <= timedelta(milliseconds=20)
    assert dip.duration_s == pytest.approx(LASTS_S + 0.01, abs=0.0101)
    assert (dip.kind, dip.phases, dip.source) == (SupplyKind.DIP, ("B",), "waveform")
    assert dip.residual_percent == pytest.approx(60.0, abs=0.1)
    assert interruption.starts_at.astimezone(UTC).date().isoformat() == "2026-09-12"
    assert interruption.residual_percent == pytest.approx(5.0, abs=0.1)


def test_a_table_has_no_place_in_a_month(tmp_path: Path) -> None:
    table = tmp_path / "wave.csv"
    table.write_text("time_s,u_a\n" + "\n".join(f"{n / 1000},{n % 20}" for n in range(1000)), "utf-8")
    with pytest.raises(DataError, match="does not say when it was recorded"):
        recorded_events([table], POINT)
