"""What edge nodes of Sparkplug B declared at birth: the names behind aliases, and each node's count.

Rules: Eclipse Sparkplug 3.0.0, chapters 5 (operational behaviour) and 6 (payloads): an alias holds from one
BIRTH to the next, messages of a node count 0 to 255 and around, a death certificate ends the session whose
``bdSeq`` it bears.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from protocols.mqtt.sparkplug_payload import Metric

SEQUENCE = 256
MAX_BORN = 1_000_000
"""Metrics kept of all births together; beyond, the longest-known node is forgotten, and asked again."""
BD_SEQ = "bdSeq"


@dataclass(frozen=True, slots=True)
class Born:
    """A metric as its birth certificate declares it."""

    name: str
    datatype: int | None


@dataclass(slots=True)
class _Node:
    seq: int | None = None
    bd_seq: int | None = None
    births: dict[str, dict[int | str, Born]] = field(default_factory=dict)
    """By device (empty for the node itself): metrics by alias and by name."""


class Births:
    """The edge nodes of one source."""

    def __init__(self) -> None:
        """Know nobody."""
        self._nodes: dict[str, _Node] = {}
        self._kept = 0

    def counted(self, node: str, seq: int | None) -> bool:
        """Note a message's number; False if messages before it were lost."""
        known = self._nodes.get(node)
        if known is None or seq is None:
            return True
        before, known.seq = known.seq, seq
        return before is None or seq in (before, (before + 1) % SEQUENCE)

    def node_born(self, node: str, seq: int | None, metrics: Sequence[Metric]) -> None:
        """Begin a node's session: whatever it declared before is void."""
        self._forget(node)
        bd_seq = next((m.value for m in metrics if m.name == BD_SEQ), None)
        self._nodes[node] = _Node(seq=seq, bd_seq=bd_seq if isinstance(bd_seq, int) else None)
        self._declare(node, "", metrics)

    def device_born(self, node: str, device: str, metrics: Sequence[Metric]) -> None:
        """Take what a device of a node declares."""
        self._nodes.setdefault(node, _Node())
        self._declare(node, device, metrics)

    def node_died(self, node: str, bd_seq: object) -> bool:
        """End a node's session; False if the certificate is an older session's."""
        known = self._nodes.get(node)
        if known is None:
            return True
        if known.bd_seq is not None and isinstance(bd_seq, int) and bd_seq != known.bd_seq:
            return False
        self._forget(node)
        return True

    def device_died(self, node: str, device: str) -> None:
        """Void what a device declared."""
        known = self._nodes.get(node)
        if known is not None:
            self._kept -= len(known.births.pop(device, {}))

    def is_born(self, node: str, device: str) -> bool:
        """Tell whether a birth of it is known."""
        known = self._nodes.get(node)
        return known is not None and device in known.births

    def declared(self, node: str, device: str) -> Mapping[int | str, Born]:
        """Return what was declared, by alias and by name."""
        known = self._nodes.get(node)
        return {} if known is None else known.births.get(device, {})

    def _declare(self, node: str, device: str, metrics: Sequence[Metric]) -> None:
        self.device_died(node, device)
        declared: dict[int | str, Born] = {}
        for metric in metrics:
            if metric.name is None:
                continue
            born = Born(metric.name, metric.datatype)
            declared[metric.name] = born
            if metric.alias is not None:
                declared[metric.alias] = born
        self._nodes[node].births[device] = declared
        self._kept += len(declared)
        while self._kept > MAX_BORN and len(self._nodes) > 1:
            self._forget(next(known for known in self._nodes if known != node))

    def _forget(self, node: str) -> None:
        gone = self._nodes.pop(node, None)
        if gone is not None:
            self._kept -= sum(map(len, gone.births.values()))
