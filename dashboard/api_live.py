"""What is new, as server-sent events: an open page learns at once whose readings or episodes have come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse

from dashboard.access import CallerScope
from dashboard.live import MOST_PAGES, Listener, LiveHub, News
from dashboard.problems import problem
from pipeline.model import Scope
from storage.announcements import Topic

router = APIRouter(tags=["api"])
BEAT_S = 15.0
"""A page that hears nothing for longer than two beats knows that its line is dead."""
LONGEST_STREAM_S = 600.0
"""Then the browser comes again by itself, and what it may see is asked anew."""
RETRY_MS = 2000
MOST_NAMES = 100
"""Meters named in one event; ``count`` is of all of them."""
LONGEST_NAME = 200

EVENTS: dict[str, Any] = {  # Any: as FastAPI types it
    "content": {"text/event-stream": {"schema": {"type": "string"}}},
    "description": "Events, until the stream ends.",
}


@router.get("/api/live", response_class=StreamingResponse, responses={200: EVENTS})
async def api_live(
    request: Request,
    scope: CallerScope,
    about: Annotated[list[Topic] | None, Query(description="only these; all where none is named")] = None,
    meter: Annotated[str | None, Query(max_length=LONGEST_NAME, description="only about this meter")] = None,
) -> Response:
    """Stream server-sent events ``readings``, ``coverage`` and ``episodes``, as soon as they are stored.

    Each has ``{"meters": [...], "count": n, "missed": n}``: the meters (at most 100 named) that have
    something new, of the caller's areas, and how many events were dropped because they were not fetched in
    time. ``listening`` tells whether the database is heard, ``beat`` comes every 15 s. After ten minutes the
    stream ends and is opened again.
    """
    live: LiveHub = request.app.state.live
    if live.pages >= MOST_PAGES:
        return problem(
            request.url.path,
            HTTPStatus.SERVICE_UNAVAILABLE,
            f"{MOST_PAGES} pages are open already",
            "Ask for what you need every ten seconds, as the pages do then.",
        )
    topics = frozenset(about or Topic)
    return StreamingResponse(
        _stream(live, scope, topics, meter),
        media_type="text/event-stream",
        # A proxy that gathers the answer before it passes it on would hold the events back.
        headers={"X-Accel-Buffering": "no"},
    )


async def _stream(
    live: LiveHub, scope: Scope, topics: frozenset[Topic], meter: str | None
) -> AsyncIterator[bytes]:
    with live.joined(scope, topics, meter) as listener:
        yield b"retry: %d\n\n" % RETRY_MS
        async for event in _events(listener):
            yield event


async def _events(listener: Listener) -> AsyncIterator[bytes]:
    clock = asyncio.get_running_loop().time
    ends_at = clock() + LONGEST_STREAM_S
    while clock() < ends_at:
        news = await listener.next(BEAT_S)
        if news is not None:
            yield _event(news)
        elif listener.closed:
            return
        else:
            yield _line("beat", {})


def _event(news: News) -> bytes:
    if news.topic is None:
        return _line("listening", {"listening": news.listening, "missed": news.missed})
    named = list(news.meters[:MOST_NAMES])
    return _line(news.topic, {"meters": named, "count": len(news.meters), "missed": news.missed})


def _line(name: str, data: Mapping[str, object]) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (name.encode(), orjson.dumps(data))
