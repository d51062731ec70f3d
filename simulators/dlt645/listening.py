"""How a simulated meter of either edition hears its line: frames, what hands did meanwhile, an answer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import datetime
from typing import Unpack

from protocols.dlt645.framer import Framer
from protocols.session import NEED_DATA, Dropped
from simulators.dlt645.core import MeterCore, MeterSettings
from simulators.dlt645.hands import Hands
from simulators.dlt645.measuring import Model


class ListeningMeter(ABC):
    """One slave on a line; many may share it, each is silent unless it is meant, and without power always."""

    __slots__ = ("_framer", "_hands", "core")

    def __init__(
        self,
        address: str,
        model: Model,
        clock: Callable[[], datetime],
        **settings: Unpack[MeterSettings],
    ) -> None:
        """Set the meter up.

        Args:
            address: Up to twelve digits.
            model: What it measures.
            clock: The true time, aware.
            settings: Wiring, memory, ratings and traits; see :class:`MeterCore`.
        """
        self.core = MeterCore(address, model, clock, **settings)
        self._framer = Framer()
        self._hands = Hands(self.core)

    def receive(self, data: bytes) -> bytes:
        """Take bytes from the line and return what the meter sends; empty for silence."""
        self._framer.receive_data(data)
        answer = b""
        while (found := self._framer.next_event()) is not NEED_DATA:
            if isinstance(found, Dropped) or not self._is_meant(found):
                continue
            self._hands.settle()
            if self.core.has_power:
                answer += self._answer(found)
        return answer

    @abstractmethod
    def _is_meant(self, raw: bytes) -> bool:
        """Tell whether a frame means this meter: its address, everybody's, or one shortened with AA."""

    @abstractmethod
    def _answer(self, raw: bytes) -> bytes:
        """Return what it sends to a frame that means it; empty for silence."""
