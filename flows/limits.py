"""How many tasks read buses of one group at a time: limits at Prefect's server, made by deploying."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate, GlobalConcurrencyLimitUpdate
from prefect.concurrency.asyncio import ConcurrencySlotAcquisitionError
from prefect.concurrency.sync import concurrency

from pipeline.errors import FlowServerError


@contextmanager
def at_most(limit: str) -> Iterator[None]:
    """Wait for a place under a limit and hold it while the block runs.

    Raises:
        FlowServerError: If the server has no such limit; without one nothing would be limited.
    """
    with ExitStack() as stack:
        try:
            # A renewal that fails once must not end a reading that is under way.
            held = concurrency(limit, strict=True, raise_on_lease_renewal_failure=False)
            stack.enter_context(held)
        except ConcurrencySlotAcquisitionError as error:
            raise FlowServerError(
                f"{error}; run `kilowatch flows deploy` (or `flows serve`) again: it makes the limits of "
                "KILOWATCH_BUS_GROUPS"
            ) from error
        yield


def make_limits(client: SyncPrefectClient, names: Sequence[str], limit: int) -> list[str]:
    """Make the server's limits as they are wanted and return a line for each that was changed."""
    there = {each.name: each for each in client.read_global_concurrency_limits(limit=200)}
    changes = []
    for name in names:
        if name not in there:
            client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name=name, limit=limit))
            changes.append(f"limit {name!r}: created, {limit} at a time")
        elif (there[name].limit, there[name].active) != (limit, True):
            client.update_global_concurrency_limit(
                name, GlobalConcurrencyLimitUpdate(limit=limit, active=True)
            )
            changes.append(f"limit {name!r}: {limit} at a time")
    return changes
