"""Prefect's own client of its server, whose failures say what is away and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.exceptions import PrefectHTTPStatusError
from prefect.settings import get_current_settings

from services.flow_server import away, not_named, refused


@contextmanager
def prefect_server() -> Iterator[SyncPrefectClient]:
    """Give a client of the server while the block runs.

    Raises:
        FlowServerError: If none is named (Prefect would start one that ends with the command), none answers,
            or the one that answers refuses us.
    """
    url = get_current_settings().api.url
    if not url:
        raise not_named()
    try:
        with get_client(sync_client=True) as client:
            yield client
    except (httpx.TransportError, httpx.InvalidURL) as error:
        raise away(url, error) from error
    except PrefectHTTPStatusError as error:
        raise refused(url, error.response) from error
