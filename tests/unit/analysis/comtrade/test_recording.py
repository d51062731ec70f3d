"""Volts over time out of stored numbers: sides, rates, gaps."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.comtrade.recording import Side, parse_recording
from analysis.waveform.record import ChannelKind, Recording
from pipeline.errors import DataError
from tests.unit.analysis.comtrade.records import ascii_data, binary, configuration

ROWS = [[10, 20], [30, 40], [50, 60], [70, 80]]


def parsed(text: str, data: bytes, side: Side = Side.PRIMARY) -> Recording:
    return parse_recording(text.encode(), data, ("a.cfg", "a.dat"), side)


def test_values_are_factor_times_stored_plus_offset() -> None:
    found = parsed(configuration(), ascii_data(ROWS))
    assert [(c.name, c.kind, c.phase, c.unit) for c in found.channels] == [
        ("UA", ChannelKind.VOLTAGE, "a", "V"),
        ("UB", ChannelKind.VOLTAGE, "b", "V"),
    ]
    assert pytest.approx(np.array(ROWS) * 0.1 + 0.5) == found.stretches[0].samples.T
    assert found.stretches[0].rate_hz == 1000.0
    assert found.samples == found.samples_expected == 4
    assert not found.is_incomplete
    assert found.name == "station, recorder"


@pytest.mark.parametrize(
    ("recorded", "wanted", "factor"),
    [
        ("S", Side.PRIMARY, 100.0),
        ("S", Side.SECONDARY, 1.0),
        ("P", Side.PRIMARY, 1.0),
        ("p", Side.SECONDARY, 0.01),
        ("S", Side.RECORDED, 1.0),
        ("?", Side.PRIMARY, 1.0),
    ],
)
def test_the_wanted_side_of_the_transformers(recorded: str, wanted: Side, factor: float) -> None:
    text = configuration(primary=10_000.0, secondary=100.0, side=recorded)
    found = parsed(text, ascii_data(ROWS), wanted)
    assert found.stretches[0].samples[0, 0] == pytest.approx(1.5 * factor)


@pytest.mark.parametrize(("unit", "factor", "told"), [("kV", 1e3, "V"), ("mV", 1e-3, "V"), ("Hz", 1.0, "Hz")])
def test_units_become_volts_and_amperes(unit: str, factor: float, told: str) -> None:
    found = parsed(configuration().replace(",V,", f",{unit},"), ascii_data(ROWS))
    assert found.stretches[0].samples[0, 0] == pytest.approx(1.5 * factor)
    assert found.channels[0].unit == told


def test_1991_knows_no_sides() -> None:
    found = parsed(configuration(edition="1991", form="BINARY"), binary("BINARY", ROWS))
    assert found.stretches[0].samples[1].tolist() == pytest.approx([2.5, 4.5, 6.5, 8.5])


def test_each_rate_is_a_stretch_one_step_after_the_other() -> None:
    found = parsed(configuration(rates="2\n1000,2\n5000,4"), ascii_data(ROWS))
    assert [s.rate_hz for s in found.stretches] == [1000.0, 5000.0]
    assert [s.starts_s for s in found.stretches] == pytest.approx([0.0, 0.0012])
    assert [s.samples.shape[1] for s in found.stretches] == [2, 2]


def test_the_data_s_own_times_count_where_there_is_no_rate() -> None:
    data = b"1,0,1,1,0,0\n2,500,1,1,0,0\n3,1000,1,1,0,0\n4,1500,1,1,0,0\n"
    (stretch,) = parsed(configuration(rates="0\n0,4", tail="2\n"), data).stretches
    assert stretch.rate_hz == pytest.approx(1000.0)


def test_neither_a_rate_nor_a_time_is_an_error() -> None:
    with pytest.raises(DataError, match=r"a\.dat, sample 2: there is neither a sampling rate nor a time"):
        parsed(configuration(rates="0\n0,2"), b"1,0,1,1,0,0\n2,,1,1,0,0\n")


def test_missing_samples_in_the_middle_are_a_gap_not_a_shift() -> None:
    data = b"1,0,1,1,0,0\n2,0,1,1,0,0\n9,0,1,1,0,0\n10,0,1,1,0,0\n"
    found = parsed(configuration(samples=10), data)
    assert [s.starts_s for s in found.stretches] == pytest.approx([0.0, 0.008])
    assert found.is_incomplete
    assert "6 samples are missing" in found.notes[0]


def test_numbers_that_do_not_rise_are_taken_as_they_come() -> None:
    data = b"1,0,1,1,0,0\n1,0,2,1,0,0\n0,0,3,1,0,0\n"
    found = parsed(configuration(samples=3), data)
    assert found.stretches[0].samples[0].tolist() == pytest.approx([0.6, 0.7, 0.8])
    assert "do not rise" in found.notes[0]


def test_a_truncated_file_is_incomplete_and_never_filled_with_nothing() -> None:
    found = parsed(configuration(form="BINARY", samples=9), binary("BINARY", ROWS))
    assert found.samples == 4
    assert found.samples_expected == 9
    assert found.is_incomplete


def test_names_in_another_code_page_are_read_and_noted() -> None:
    text = configuration(channels=("Фаза А", "Фаза В")).encode("cp1251")  # noqa: RUF001 - Cyrillic is meant
    found = parse_recording(text, ascii_data(ROWS), ("a.cfg", "a.dat"))
    assert found.channels[0].name == "Фаза А"  # noqa: RUF001 - Cyrillic is meant
    assert "cp1251" in found.notes[0]


def test_values_beyond_all_measure_are_missing() -> None:
    found = parsed(configuration().replace(",V,0.1,", ",V,1e308,"), ascii_data(ROWS))
    assert np.isnan(found.stretches[0].samples).all()
