"""Voltages and currents in closed form, whose figures are known without any program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.waveform.record import Channel, ChannelKind, Recording, Stretch

RATE_HZ = 10_000.0
U_V = 220.0
PHASES = (0.0, -2.0 * np.pi / 3.0, 2.0 * np.pi / 3.0)


def times_s(duration_s: float, rate_hz: float = RATE_HZ) -> NDArray[np.float64]:
    return np.arange(round(duration_s * rate_hz)) / rate_hz


def wave(
    at_s: NDArray[np.float64],
    shares: Mapping[float, float],
    *,
    frequency_hz: float = 50.0,
    volts: float = U_V,
    phase_rad: float = 0.0,
) -> NDArray[np.float64]:
    """A fundamental of so many volts, and parts of it by order, which need not be whole."""
    found = np.zeros(len(at_s))
    for order, share in {1.0: 1.0, **shares}.items():
        found += share * np.sin(order * (2.0 * np.pi * frequency_hz * at_s + phase_rad))
    return np.asarray(np.sqrt(2.0) * volts * found)


def three_phases(
    at_s: NDArray[np.float64],
    shares: Mapping[float, float] | None = None,
    *,
    frequency_hz: float = 50.0,
    amplitudes: Sequence[float] = (1.0, 1.0, 1.0),
) -> NDArray[np.float64]:
    return np.array(
        [
            amplitude * wave(at_s, shares or {}, frequency_hz=frequency_hz, phase_rad=phase)
            for amplitude, phase in zip(amplitudes, PHASES, strict=True)
        ]
    )


def channel(name: str) -> Channel:
    kind = ChannelKind.CURRENT if name.startswith("i") else ChannelKind.VOLTAGE
    return Channel(name=name, kind=kind, phase=name.partition("_")[2], unit="A" if name[0] == "i" else "V")


def recording(
    samples: NDArray[np.float64], names: Sequence[str] = ("u_a",), rate_hz: float = RATE_HZ
) -> Recording:
    return Recording(
        name="made",
        channels=tuple(channel(name) for name in names),
        stretches=(Stretch(starts_s=0.0, rate_hz=rate_hz, samples=np.atleast_2d(samples)),),
    )
