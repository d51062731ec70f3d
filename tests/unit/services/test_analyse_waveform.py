"""The form of ``kilowatch waveform --json``, and its figures on signals in closed form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from analysis.waveform.options import Options
from pipeline.errors import DataError
from services.analyse_waveform import Request, analyse_waveform
from tests.unit.analysis.comtrade.records import binary, configuration
from tests.unit.analysis.waveform.signals import U_V, three_phases, times_s, wave

THREE = ("u_a", "u_b", "u_c")


def analysed(  # the JSON form
    folder: Path,
    columns: dict[str, NDArray[np.float64]],
    rate_hz: float = 10_000.0,
    request: Request | None = None,
) -> Any:
    path = folder / "made.csv"
    length = len(next(iter(columns.values())))
    table = np.column_stack([np.arange(length) / rate_hz, *columns.values()])
    header = ",".join(("time_s", *columns))
    np.savetxt(path, table, delimiter=",", header=header, comments="", fmt="%.12g")
    return analyse_waveform(path, request or Request())


def test_windows_have_the_keys_and_the_figures_of_the_design(tmp_path: Path) -> None:
    samples = three_phases(times_s(0.6), {5.0: 0.1, 3.5: 0.02})
    samples[2] *= 0.95
    found = analysed(tmp_path, dict(zip(THREE, samples + 5.0, strict=True)))
    assert [w["start_s"] for w in found["windows"]] == pytest.approx([0.0, 0.2, 0.4], abs=1e-9)
    window = found["windows"][1]
    assert window["frequency_hz"] == pytest.approx(50.0, rel=1e-9)
    assert window["unbalance_percent"] == pytest.approx(100.0 * 0.05 / 2.95, rel=1e-6)
    assert window["systems"][0]["zero_sequence_percent"] == pytest.approx(100.0 * 0.05 / 2.95, rel=1e-6)
    channel = window["channels"]["u_a"]
    assert channel["rms"] == pytest.approx(np.sqrt(25.0 + U_V**2 * 1.0104), rel=1e-6)
    assert channel["thd_percent"] == pytest.approx(10.0, rel=1e-6)
    assert len(channel["harmonics_percent"]) == 51
    assert channel["harmonics_percent"][0] == pytest.approx(100.0 * 5.0 / U_V, rel=1e-6)
    assert channel["harmonics_percent"][1] == pytest.approx(100.0)
    assert channel["harmonics_percent"][5] == pytest.approx(10.0, rel=1e-6)
    assert channel["interharmonics_percent"][3] == pytest.approx(2.0, rel=1e-6)
    assert found["events"] == []


def test_currents_have_their_own_figures(tmp_path: Path) -> None:
    at_s = times_s(0.4)
    current = wave(at_s, {5.0: 0.2, 7.0: 0.14}, volts=60.0)
    found = analysed(tmp_path, {"u_a": wave(at_s, {}), "i_a": current}, request=Request(demand_a=100.0))
    channel = found["windows"][0]["channels"]["i_a"]
    assert channel["thd_percent"] == pytest.approx(24.413111, rel=1e-6)
    assert channel["tdd_percent"] == pytest.approx(14.647867, rel=1e-6)
    assert channel["k_factor"] == pytest.approx(2.793884, rel=1e-6)
    assert "k_factor" not in found["windows"][0]["channels"]["u_a"]


def test_events_of_each_channel_and_of_the_phases_together(tmp_path: Path) -> None:
    samples = three_phases(times_s(1.5))
    samples[0, 5000:6000] *= 0.7
    found = analysed(tmp_path, dict(zip(THREE, samples, strict=True)))
    (event,) = found["events"]
    assert (event["kind"], event["channel"]) == ("dip", "u_a")
    assert event["start_s"] == pytest.approx(0.5, abs=0.01)
    assert event["duration_s"] == pytest.approx(0.110, abs=0.001)
    assert event["residual_percent"] == pytest.approx(70.0, abs=0.1)
    assert found["polyphase_events"][0]["channels"] == ("u_a",)
    assert [w["flagged"] for w in found["windows"]] == [False, False, True, True, False, False, False]


def test_swapped_phases_are_a_wiring_fault_not_an_unbalance(tmp_path: Path) -> None:
    samples = three_phases(times_s(0.4))
    found = analysed(tmp_path, {"u_a": samples[0], "u_b": samples[2], "u_c": samples[1]})
    window = found["windows"][0]
    assert window["unbalance_percent"] is None
    assert window["systems"][0]["wiring_fault"] == "phase_order"


def test_whole_intervals_of_3_s_and_10_minutes(tmp_path: Path) -> None:
    samples = wave(times_s(601.0, 400.0), {})
    found = analysed(tmp_path, {"u_a": samples}, rate_hz=400.0)
    assert len(found["intervals"]["3s"]) == 200
    (ten,) = found["intervals"]["10min"]
    assert ten["values"] == 3000
    assert ten["channels"]["u_a"]["rms"] == pytest.approx(U_V, rel=1e-4)
    assert ten["channels"]["u_a"]["rms_unflagged"] == pytest.approx(U_V, rel=1e-4)
    assert found["intervals"]["2h"] == []


def test_ten_minutes_of_flicker_that_a_dip_touched_are_flagged(tmp_path: Path) -> None:
    samples = wave(times_s(661.0, 800.0), {})
    samples[80_000:80_080] *= 0.7
    found = analysed(tmp_path, {"u_a": samples}, rate_hz=800.0)
    (ten,) = found["flicker"]
    assert (ten["channel"], ten["start_s"], ten["flagged"]) == ("u_a", pytest.approx(60.0), True)
    assert ten["pst"] > 1.0
    assert found["long_term_flicker"] == []


def test_a_cut_off_record_is_analysed_as_far_as_it_goes(tmp_path: Path) -> None:
    stored = np.round(three_phases(times_s(0.5, 1000.0))[:2] * 10.0).astype(int).T
    text = configuration(form="BINARY", samples=900).replace(",0.1,0.5,", ",0.1,0,")
    (tmp_path / "a.cfg").write_text(text)
    (tmp_path / "a.dat").write_bytes(binary("BINARY", stored.tolist())[:-5])
    found: Any = analyse_waveform(tmp_path / "a.cfg", Request())  # the JSON form
    assert found["record"]["incomplete"]
    assert found["record"]["samples"] == 499
    assert found["record"]["samples_expected"] == 900
    assert found["windows"][0]["channels"]["UA"]["rms"] == pytest.approx(U_V, rel=1e-3)
    assert any("499 of 900" in note for note in found["notes"])
    # What is not there is no interruption.
    assert found["events"] == []


def test_the_declared_voltage_may_be_told(tmp_path: Path) -> None:
    found = analysed(tmp_path, {"u_a": np.zeros(5000)}, request=Request(options=Options(declared_v=U_V)))
    assert found["events"][0]["kind"] == "interruption"
    assert found["windows"][0]["frequency_hz"] is None


def test_a_bad_file_is_a_data_error(tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("hello")
    with pytest.raises(DataError, match=r"bad\.csv, line 1"):
        analyse_waveform(tmp_path / "bad.csv", Request())
