"""Which channels of a record are the three phases of one system."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from analysis.waveform.record import Channel, ChannelKind

_Number = TypeVar("_Number", np.float64, np.complex128)

PHASES: Final = ("a", "b", "c")
PAIRS: Final = ("ab", "bc", "ca")


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """The phases of one set of voltages or currents, as places among the channels."""

    kind: ChannelKind
    members: tuple[int | None, int | None, int | None]
    """Of a, b, c or ab, bc, ca; at most one of the latter is None: it is what the others leave."""
    between_phases: bool

    @property
    def channels(self) -> tuple[int, ...]:
        """Return those that were measured."""
        return tuple(member for member in self.members if member is not None)

    def triple(self, values: NDArray[_Number]) -> NDArray[_Number]:
        """Return the three phases of values by channel along the first axis; line voltages sum to 0."""
        measured = {place: values[m] for place, m in enumerate(self.members) if m is not None}
        left: NDArray[_Number] = -np.sum(list(measured.values()), axis=0)
        return np.stack([measured.get(place, left) for place in range(3)])


def systems_of(channels: Sequence[Channel]) -> list[System]:
    """Return the systems in the channels' order, voltages first; a second ``a`` begins a second system."""
    found = []
    for kind in (ChannelKind.VOLTAGE, ChannelKind.CURRENT):
        places: dict[str, list[int]] = defaultdict(list)
        for place, channel in enumerate(channels):
            if channel.kind is kind:
                places[channel.phase].append(place)
        for phases, between in ((PHASES, False), (PAIRS, True)):
            least = 2 if between else 3
            for number in range(max(len(places[phase]) for phase in phases)):
                a, b, c = (_at(places[phase], number) for phase in phases)
                if sum(member is not None for member in (a, b, c)) >= least:
                    found.append(System(kind=kind, members=(a, b, c), between_phases=between))
    return found


def _at(places: Sequence[int], number: int) -> int | None:
    return places[number] if number < len(places) else None
