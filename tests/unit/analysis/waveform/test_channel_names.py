"""What names, units and phase letters of many recorders say."""

from __future__ import annotations

import pytest

from analysis.waveform.channel_names import kind_and_scale, phase_of, unique
from analysis.waveform.record import ChannelKind


@pytest.mark.parametrize(
    ("name", "unit", "kind", "scale"),
    [
        ("VA", "kV", ChannelKind.VOLTAGE, 1e3),
        ("VA", "KV", ChannelKind.VOLTAGE, 1e3),
        ("line 1", "V", ChannelKind.VOLTAGE, 1.0),
        ("Ток", "A", ChannelKind.CURRENT, 1.0),
        ("相电流", "mA", ChannelKind.CURRENT, 1e-3),
        ("IA", "ka", ChannelKind.CURRENT, 1e3),
        ("u_a", "", ChannelKind.VOLTAGE, 1.0),
        ("i_c", "", ChannelKind.CURRENT, 1.0),
        ("frequency", "Hz", ChannelKind.OTHER, 1.0),
        ("test/out1", "none", ChannelKind.OTHER, 1.0),
        ("index", "", ChannelKind.OTHER, 1.0),
        ("U", "MV", ChannelKind.VOLTAGE, 1e6),
    ],
)
def test_the_unit_decides_and_else_the_name(name: str, unit: str, kind: ChannelKind, scale: float) -> None:
    told, factor = kind_and_scale(name, unit)
    assert told is kind
    assert factor == pytest.approx(scale)


@pytest.mark.parametrize(
    ("name", "told", "phase"),
    [
        ("IA ", "", "a"),
        ("u_b", "", "b"),
        ("U L3", "", "c"),
        ("V1", "", "a"),
        ("Uab", "", "ab"),
        ("U31", "", "ca"),
        ("3I0", "", "n"),
        ("u_n", "", "n"),
        ("anything", "L2", "b"),
        ("VA", "B", "b"),
        ("VN", "N", "n"),
        ("Ud", "", ""),
        ("相电流", "", ""),
        ("VA", "?", ""),
    ],
)
def test_the_phase_field_decides_and_else_the_name(name: str, told: str, phase: str) -> None:
    assert phase_of(name, told) == phase


def test_names_become_unique() -> None:
    assert unique(["UA", "UA", " ", "UA "]) == ("UA", "UA (2)", "channel 3", "UA (3)")
