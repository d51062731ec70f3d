"""Our COMTRADE reader against one that is not ours, PyPI comtrade 0.2.0, in an environment of its own.

On sound records both give the same numbers. Where the other one fails or tells what is not there, a test says
what it does and what ours does instead: that is why there is one of our own (decision 0047).
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import pytest

from analysis.comtrade.recording import Side
from analysis.waveform.record import Recording
from storage.waveform_files import read_waveform
from tests.unit.analysis.comtrade.records import ascii_data, binary, configuration

ROOT: Final = Path(__file__).parents[2]
SAMPLES: Final = ROOT / "tests" / "data" / "comtrade"
ROWS: Final = [[10, -20], [300, -400], [-5, 6], [7, 0], [12, -13], [9, 9]]

Peer: TypeAlias = Callable[[Path], dict[str, Any]]  # Any: the other process's JSON


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    made = subprocess.run(  # noqa: S603 - our own script
        [ROOT / "scripts" / "peer", "comtrade"], capture_output=True, text=True, check=True
    )
    python = made.stdout.strip().splitlines()[-1]
    command = [python, "-I", str(ROOT / "tests" / "peers" / "comtrade_reader.py")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own script

        def read(path: Path) -> dict[str, Any]:  # Any: the other process's JSON
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(f"{path}\n")
            process.stdin.flush()
            found: dict[str, Any] = json.loads(process.stdout.readline())
            return found

        yield read
        assert process.stdin is not None
        process.stdin.close()


def ours(path: Path) -> Recording:
    return read_waveform(path, Side.RECORDED)


def assert_same(found: Recording, theirs: dict[str, Any], scale: float = 1.0) -> None:  # Any: JSON
    samples = np.concatenate([stretch.samples for stretch in found.stretches], axis=1)
    times_s = np.concatenate(
        [s.starts_s + np.arange(s.samples.shape[1]) / s.rate_hz for s in found.stretches]
    )
    assert samples == pytest.approx(np.array(theirs["values"]) * scale, rel=1e-12, abs=1e-12, nan_ok=True)
    assert times_s == pytest.approx(np.array(theirs["times_s"]), abs=1e-9)


def written(folder: Path, text: str | bytes, data: bytes) -> Path:
    path = folder / "a.cfg"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    path.with_suffix(".dat").write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("name", "scale"),
    [
        ("sample_ascii.cfg", 1.0),
        ("sample_ascii.cff", 1.0),
        ("sample_bin.cfg", 1e3),
        ("sample_float32.cff", 1.0),
    ],
)
def test_the_sample_files(peer: Peer, name: str, scale: float) -> None:
    assert_same(ours(SAMPLES / name), peer(SAMPLES / name), scale)


@pytest.mark.parametrize("edition", ["1991", "1999", "2013"])
@pytest.mark.parametrize("form", ["ASCII", "BINARY", "BINARY32", "FLOAT32"])
@pytest.mark.parametrize("rates", [None, "2\n1000,4\n5000,6", "0\n0,6"])
def test_every_edition_form_and_kind_of_rate(
    peer: Peer, tmp_path: Path, edition: str, form: str, rates: str | None
) -> None:
    text = configuration(edition=edition, form=form, samples=6, rates=rates, tail="1\n0,0\nB,3\n")
    data = ascii_data(ROWS) if form == "ASCII" else binary(form, ROWS)
    path = written(tmp_path, text, data)
    assert_same(ours(path), peer(path))


def test_a_cut_off_file_is_filled_with_nothing_by_the_other(peer: Peer, tmp_path: Path) -> None:
    path = written(tmp_path, configuration(form="BINARY", samples=6), binary("BINARY", ROWS[:4]))
    assert peer(path)["values"][0][4:] == [0.0, 0.0]
    found = ours(path)
    assert found.samples == 4
    assert found.is_incomplete


def test_a_value_that_is_missing_is_a_number_to_the_other(peer: Peer, tmp_path: Path) -> None:
    lowest = float(np.finfo(np.float32).min)
    text = configuration(form="FLOAT32", edition="2013", samples=1)
    path = written(tmp_path, text, binary("FLOAT32", [[lowest, 1.0]]))
    assert peer(path)["values"][0][0] < -1e37
    assert np.isnan(ours(path).stretches[0].samples[0, 0])


def test_minus_one_of_1991_is_missing_to_the_other(peer: Peer, tmp_path: Path) -> None:
    text = configuration(form="BINARY", edition="1991", samples=2)
    path = written(tmp_path, text, binary("BINARY", [[-1, 1], [2, 3]]))
    assert np.isnan(peer(path)["values"][0][0])
    assert ours(path).stretches[0].samples[0, 0] == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("text", "rows", "error"),
    [
        (configuration(samples=2, channels=("Ток", "UB")).encode("cp1251"), ROWS[:2], "UnicodeDecodeError"),
        (configuration(samples=2, channels=("A相电压", "UB")).encode("gbk"), ROWS[:2], "UnicodeDecodeError"),
        (configuration(samples=2, edition="2013").encode(), [["", 1], [2, 3]], "ValueError"),
    ],
)
def test_what_the_other_ends_with_ours_reads(
    peer: Peer, tmp_path: Path, text: bytes, rows: Sequence[Sequence[object]], error: str
) -> None:
    path = written(tmp_path, text, ascii_data(rows))
    assert peer(path)["error"] == error
    assert ours(path).samples == 2
