"""Opens the line of a meter for orders: one of our own, or that of the bus's owner for one turn."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from collectors.lending import LentLine
from collectors.order_line import OrderLine
from collectors.transports import line_for
from pipeline.errors import BusBusyError, TransportError
from services.bus_leases import leased
from services.ordered_meter import OrderedMeter
from services.settings import load_settings
from services.wiring import utc_now


@asynccontextmanager
async def ordered_line(meter: OrderedMeter, *, changes_rate: bool = False) -> AsyncIterator[OrderLine]:
    """Have the line of a meter open while the block runs.

    Args:
        meter: Whose line.
        changes_rate: The order leaves the meter at another rate than its line: only for a line of our own.

    Raises:
        BusBusyError: If another process owns the bus and does not lend its line here.
        StorageError: If a database is set, which says whose bus this is, and is away.
        TransportError: If the line does not open.
    """
    async with AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(leased([meter.bus.id]))
            line = _own_line(meter)
            stack.push_async_callback(line.close)
            await line.open()
        except BusBusyError as busy:
            line = await _borrowed(meter, busy, changes_rate=changes_rate)
            stack.push_async_callback(line.close)
        yield line


def _own_line(meter: OrderedMeter) -> OrderLine:
    return OrderLine(meter.bus, now=utc_now, lock_dir=load_settings().lock_dir)


async def _borrowed(meter: OrderedMeter, busy: BusBusyError, *, changes_rate: bool) -> OrderLine:
    """Return the line of the bus's owner, which is ours for one turn."""
    whose = str(busy).partition(";")[0]
    if changes_rate:
        raise BusBusyError(f"{whose}; a rate is changed on a line of our own: stop the collector for it")
    lock_dir = load_settings().lock_dir
    lent = LentLine(meter.bus.id, lock_dir, line_for(meter.bus.url).baudrate)
    line = OrderLine(
        meter.bus, now=utc_now, lock_dir=lock_dir, make_line=lambda _url: lent, claim=_OwnersClaim()
    )
    try:
        await line.open()
    except TransportError as error:
        raise BusBusyError(f"{whose}; {error}") from error
    return line


class _OwnersClaim:
    """The owner of the bus has it for us. Implements ``collectors.bus_claim.Claim``."""

    def acquire(self) -> None:
        """Agree."""

    def release(self) -> None:
        """Leave the bus to its owner."""
