"""How a flow says when it runs: each flow's file files itself here, so that a new flow is one new file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from prefect import Flow
from prefect.client.schemas.objects import ConcurrencyLimitStrategy

from pipeline.plugins import PluginRegistry

WAIT = ConcurrencyLimitStrategy.ENQUEUE
"""A run that finds another one of its flow running waits for it: nothing of a day or a month is left out."""
SKIP = ConcurrencyLimitStrategy.CANCEL_NEW
"""A run that finds another one running is cancelled: the next one, soon, does its work too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduled:
    """One flow and when it runs."""

    flow: Flow[..., Any]  # Any: flows return what they like
    cron: str
    """In the time of the site (``KILOWATCH_FLOW_ZONE``)."""
    zh: str
    """What it does, in Chinese; in English it is the flow's docstring."""
    collision: ConcurrencyLimitStrategy = WAIT
    """What becomes of a run that finds another one running."""
    at_once: int | None = None
    """How many runs that people ask for may run at a time; None for a flow that nobody asks for."""


FLOWS = PluginRegistry[Scheduled]("flows")
"""Every flow by its name."""


def scheduled(entry: Scheduled) -> Scheduled:
    """File a flow under its name."""
    return FLOWS.register(entry.flow.name)(entry)
