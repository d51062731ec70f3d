"""The line of an owned bus while its owner gives an order: one turn, and no order is ever sent twice."""

from __future__ import annotations

from typing import Protocol

from collectors.exchange import Outcome
from pipeline.errors import TransportError
from protocols.session import Query, Session


class Ordering(Protocol):
    """Where an order is given, and what it changed is read back."""

    async def order(self, session: Session, query: Query) -> Outcome:
        """Send an order exactly once, whatever becomes of it."""
        ...

    async def ask(self, session: Session, query: Query) -> Outcome:
        """Ask what changes nothing, again if need be."""
        ...

    async def switch(self, url: str) -> None:
        """Go on with another setting of the line."""
        ...


class AskInTurn(Protocol):
    """Asks one meter of a bus while its owner holds the turn."""

    async def __call__(self, query: Query, *, order: bool = False, session: Session | None = None) -> Outcome:
        """Ask; an order is sent once."""
        ...


class TurnLine:
    """Implements :class:`Ordering` on a bus that this process owns and reads."""

    def __init__(self, ask: AskInTurn) -> None:
        """Take the owner's way to ask one meter; the turn is the caller's to hold."""
        self._ask = ask

    async def order(self, session: Session, query: Query) -> Outcome:
        """Send an order exactly once, whatever becomes of it."""
        return await self._ask(query, order=True, session=session)

    async def ask(self, session: Session, query: Query) -> Outcome:
        """Ask what changes nothing, again if need be."""
        return await self._ask(query, session=session)

    async def switch(self, url: str) -> None:
        """Refuse: the neighbours on the bus are read at its rate.

        Raises:
            TransportError: Always.
        """
        raise TransportError(f"the collector does not change the rate of a bus that it reads, to {url}")
