"""Waveform files as people have them: pairs, containers, tables, in capitals, alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analysis.comtrade.recording import Side
from pipeline.errors import DataError
from storage.waveform_files import read_waveform
from tests.unit.analysis.comtrade.records import ascii_data, configuration

SAMPLES = Path(__file__).parents[2] / "data" / "comtrade"


def written(folder: Path, stem: str = "a", suffixes: tuple[str, str] = (".cfg", ".dat")) -> Path:
    (folder / (stem + suffixes[0])).write_text(configuration())
    (folder / (stem + suffixes[1])).write_bytes(ascii_data([[10, 20], [30, 40], [50, 60], [70, 80]]))
    return folder / (stem + suffixes[0])


@pytest.mark.parametrize("suffixes", [(".cfg", ".dat"), (".CFG", ".DAT"), (".cfg", ".DAT"), (".Cfg", ".dat")])
def test_a_pair_is_found_by_either_name_in_any_case(tmp_path: Path, suffixes: tuple[str, str]) -> None:
    path = written(tmp_path, suffixes=suffixes)
    assert read_waveform(path).samples == 4
    assert read_waveform(path.with_suffix(suffixes[1])).samples == 4


def test_the_sample_files() -> None:
    pair, container = (read_waveform(SAMPLES / f"sample_ascii{suffix}") for suffix in (".cfg", ".cff"))
    assert pair.samples == pair.samples_expected == 40
    assert np.array_equal(pair.stretches[0].samples, container.stretches[0].samples)
    # The file's first line: IA stored as -83, factor and offset of line 3, 933 : 1 and recorded secondary.
    first = (-83 * 0.1138916015625 + 0.05694580078125) * 933.0
    assert pair.stretches[0].samples[0, 0] == pytest.approx(first, rel=1e-12)
    secondary = read_waveform(SAMPLES / "sample_ascii.cfg", Side.SECONDARY)
    assert secondary.stretches[0].samples[0, 0] == pytest.approx(first / 933.0, rel=1e-12)
    assert read_waveform(SAMPLES / "sample_bin.cfg").stretches[0].rate_hz == 15_360.0
    floats = read_waveform(SAMPLES / "sample_float32.cff")
    assert floats.samples == floats.samples_expected == 301


def test_a_table(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("time_s,u_a,i_a\n0,1,2\n0.001,3,\n0.002,5,6\n", encoding="utf-8-sig")
    found = read_waveform(path)
    assert [channel.unit for channel in found.channels] == ["V", "A"]
    assert np.isnan(found.stretches[0].samples).sum() == 1


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.txt", r"a\.txt: a waveform is a file of \.cfg, \.dat, \.cff, \.csv"),
        ("none.csv", r"none\.csv cannot be read: No such file"),
        ("alone.cfg", r"alone\.cfg: there is no alone\.dat beside it"),
    ],
)
def test_what_cannot_be_read_says_why(tmp_path: Path, name: str, message: str) -> None:
    if name == "alone.cfg":
        (tmp_path / name).write_text(configuration())
    with pytest.raises(DataError, match=message):
        read_waveform(tmp_path / name)
