"""How a simulated meter of either edition hears its line: frames, what hands did meanwhile, an answer."""

from __future__ import annotations

from collections.abc import Callable

from protocols.dlt645.framer import Framer
from protocols.session import NEED_DATA, Dropped
from simulators.dlt645.core import MeterCore
from simulators.dlt645.hands import Hands


class Listening:
    """Cuts what the line brings into frames and answers those that are meant; a dark meter is silent."""

    __slots__ = ("_answer", "_core", "_framer", "_hands", "_is_meant")

    def __init__(
        self, core: MeterCore, is_meant: Callable[[bytes], bool], answer: Callable[[bytes], bytes]
    ) -> None:
        """Listen for a meter.

        Args:
            core: The meter.
            is_meant: Tells whether a whole frame is for it.
            answer: Returns what it sends to such a frame; empty for silence.
        """
        self._core, self._is_meant, self._answer = core, is_meant, answer
        self._framer = Framer()
        self._hands = Hands(core)

    def receive(self, data: bytes) -> bytes:
        """Take bytes from the line and return what the meter sends."""
        self._framer.receive_data(data)
        answer = b""
        while (found := self._framer.next_event()) is not NEED_DATA:
            if isinstance(found, Dropped) or not self._is_meant(found):
                continue
            self._hands.settle()
            if self._core.has_power:
                answer += self._answer(found)
        return answer
