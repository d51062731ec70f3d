"""Where detectors are filed, and what each of them must tell about itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from pipeline.block import MeterMatrix
from pipeline.model import Episode
from pipeline.plugins import PluginRegistry
from pipeline.quantities import Quantity
from pipeline.registry import Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One number of a rule: its default and where the default comes from."""

    name: str
    default: float
    unit: str
    source: str
    tag: str
    """``S`` supported by a public source, ``D`` domain practice, ``M`` measured, ``own`` our choice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What a rule looks at; where it is missing the rule is silent or says ``unknown``."""

    quantities: tuple[Quantity, ...] = ()
    interval_energy: bool = False
    archive: tuple[str, ...] = ()
    """Tables of the registry."""


class Detector(Protocol):
    """A pure rule over aligned columns; never reads a clock, a file or a database."""

    name: ClassVar[str]
    version: ClassVar[int]
    """Grows when the same data may give other episodes."""
    needs: ClassVar[Needs]
    parameters: ClassVar[tuple[Parameter, ...]]
    messages: ClassVar[tuple[str, ...]]
    """The keys of ``pipeline.messages`` that its episodes may carry."""

    def detect(self, window: MeterMatrix, registry: Registry) -> Sequence[Episode]:
        """Return the episodes in ``window``; none for no data. Changes nothing that it is given."""
        ...


detectors: PluginRegistry[Callable[..., Detector]] = PluginRegistry("detectors")
"""Detectors by name; calling an entry makes the rule, with other parameters if named."""
