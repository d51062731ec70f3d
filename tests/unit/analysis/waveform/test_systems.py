"""Which channels belong together."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.waveform.record import ChannelKind
from analysis.waveform.systems import systems_of
from tests.unit.analysis.waveform.signals import channel, three_phases, times_s


def test_three_voltages_and_three_currents_are_two_systems_in_any_order() -> None:
    names = ("i_b", "u_c", "u_a", "i_a", "u_b", "i_c", "u_n")
    voltages, currents = systems_of([channel(name) for name in names])
    assert voltages.kind is ChannelKind.VOLTAGE
    assert voltages.members == (2, 4, 1)
    assert currents.members == (3, 0, 5)


def test_a_second_set_of_phases_is_a_second_system() -> None:
    systems = systems_of([channel(f"u_{phase}") for phase in "abcabc"])
    assert [system.members for system in systems] == [(0, 1, 2), (3, 4, 5)]


@pytest.mark.parametrize("names", [("u_a",), ("u_a", "u_b"), ("u_a", "u_b", "i_c")])
def test_less_than_three_phases_are_no_system(names: tuple[str, ...]) -> None:
    assert systems_of([channel(name) for name in names]) == []


def test_two_line_voltages_tell_the_third() -> None:
    (system,) = systems_of([channel("u_ab"), channel("u_bc")])
    assert system.between_phases
    assert system.channels == (0, 1)
    a, b, c = three_phases(times_s(0.02))
    between = system.triple(np.array([a - b, b - c]))
    assert between[2] == pytest.approx(c - a)
