"""A store that writes while a test runs and is emptied when it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.store import Store


@asynccontextmanager
async def storing(store: Store) -> AsyncIterator[None]:
    """Run the store's writer; everything handed over is committed at the end."""
    writing = asyncio.create_task(store.run())
    try:
        yield
        await store.drain()
    finally:
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
