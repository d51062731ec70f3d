"""Keeps the plans of a driver, by what they depend on: what is wanted, and what the meter has refused."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Final, TypeAlias

from pipeline.quantities import Quantity
from protocols.session import Query

MakePlan: TypeAlias = Callable[[frozenset[Quantity], frozenset[str]], Sequence[Query]]
"""Returns the questions that bring what is wanted without those refused; the same for the same arguments."""

PLANS_KEPT: Final = 64
"""A schedule asks the same groups slot after slot; meters of one model that refuse otherwise are few."""


class KeptPlans:
    """The plans that were made last."""

    def __init__(self, make: MakePlan) -> None:
        """Start with none; ``make`` makes those that are not kept."""
        self._make = make
        self._kept: dict[tuple[frozenset[Quantity], frozenset[str]], Sequence[Query]] = {}

    def plan(self, wanted: Collection[Quantity], refused: Collection[str]) -> Sequence[Query]:
        """Return the plan, made now if it is not kept."""
        key = frozenset(wanted), frozenset(refused)
        found = self._kept.get(key)
        if found is None:
            if len(self._kept) >= PLANS_KEPT:
                self._kept.clear()
            found = self._kept[key] = self._make(*key)
        return found
