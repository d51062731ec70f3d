"""``kilowatch waveform``: what it prints, and how it ends."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.unit.analysis.waveform.signals import three_phases, times_s
from tests.unit.cli.invoke import Invoke

SAMPLES = Path(__file__).parents[2] / "data" / "comtrade"


@pytest.fixture
def dipped(tmp_path: Path) -> Path:
    at_s = times_s(1.0)
    samples = three_phases(at_s, {5.0: 0.04})
    samples[1, 5000:6000] *= 0.5
    path = tmp_path / "dip.csv"
    header = "time_s,u_a,u_b,u_c"
    np.savetxt(path, np.column_stack([at_s, *samples]), delimiter=",", header=header, comments="", fmt="%.9g")
    return path


def test_json_has_the_keys_of_the_design(kilowatch: Invoke, dipped: Path) -> None:
    ran = kilowatch("waveform", str(dipped), "--json")
    assert ran.status == 0
    (found,) = ran.lines
    assert {"windows", "events"} <= set(found)
    assert {"start_s", "frequency_hz", "channels", "unbalance_percent"} <= set(found["windows"][0])
    assert {"rms", "thd_percent", "harmonics_percent"} <= set(found["windows"][0]["channels"]["u_a"])
    (event,) = found["events"]
    assert {"kind", "channel", "start_s", "duration_s", "residual_percent"} <= set(event)
    assert event["channel"] == "u_b"


def test_people_see_a_table(kilowatch: Invoke, dipped: Path) -> None:
    ran = kilowatch("waveform", str(dipped), "--declared-v", "220")
    assert ran.status == 0
    assert "5: 4.00" in ran.out
    assert "dip" in ran.out
    assert "50.00" in ran.out
    assert "2 are flagged" in ran.out


def test_a_cut_off_file_is_shown_and_ends_with_status_1(kilowatch: Invoke, tmp_path: Path) -> None:
    for suffix in (".cfg", ".dat"):
        (tmp_path / f"a{suffix}").write_bytes((SAMPLES / f"sample_ascii{suffix}").read_bytes())
    whole = (tmp_path / "a.dat").read_bytes()
    (tmp_path / "a.dat").write_bytes(whole[: len(whole) // 2])
    ran = kilowatch("waveform", str(tmp_path / "a.cfg"))
    assert ran.status == 1
    assert "of 40 samples: it was cut off" in ran.out
    assert kilowatch("waveform", str(SAMPLES / "sample_ascii.cfg")).status == 0


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("none.csv",), 1, "none.csv cannot be read"),
        (("none.xyz",), 1, "a waveform is a file of .cfg"),
        (("x.csv", "--side", "left"), 2, "primary, secondary, recorded"),
        (("x.csv", "--nominal-hz", "16.7"), 2, "write 50 or 60"),
    ],
)
def test_bad_input_and_wrong_usage(
    kilowatch: Invoke, arguments: tuple[str, ...], status: int, message: str
) -> None:
    ran = kilowatch("waveform", *arguments)
    assert ran.status == status
    assert message in ran.err
