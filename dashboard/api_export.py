"""Whole tables as CSV or Parquet, streamed: readings, intervals, coverage, episodes and bills (数据导出)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import Annotated, Any, Final, TypeVar

import pyarrow as pa  # type: ignore[import-untyped]  # pyarrow ships no types
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from dashboard.access import CallerScope
from dashboard.api_bills import BillQuestion
from dashboard.api_coverage import Stretch
from dashboard.asking import Dashboard
from dashboard.episode_filters import ApiEpisodeQuestion
from dashboard.failures import WrongAddressError
from pipeline.model import MeterId, Scope
from pipeline.quantities import Kind, Quantity
from services.export import (
    Borrow,
    IntervalState,
    Wanted,
    episode_tables,
    export_bills,
    export_coverage,
    export_episodes,
    export_intervals,
    export_readings,
)
from storage.area_scope import limited_to
from storage.bills import BillFilter
from storage.columns import table_of
from storage.database import Connection
from storage.episode_files import episode_line
from storage.export_tables import BILLS, COVERAGE, EPISODES, INTERVALS, readings_schema
from storage.table_stream import MEDIA_TYPES, TableFormat, stream_tables

router = APIRouter(tags=["export"])
Piece = TypeVar("Piece")
AT_ONCE: Final = 2
"""Pieces that are worked out at one time: exports wait for each other, and pages do not wait for exports."""
LINES: Final = "application/x-ndjson"
_NUMBERS: Final = (Kind.COUNTER, Kind.REAL, Kind.INSTANT)


class EpisodeFormat(StrEnum):
    """The forms of DESIGN section 7 for episodes."""

    JSONL = "jsonl"
    CSV = "csv"
    PARQUET = "parquet"


def _file(*media_types: str) -> dict[int | str, dict[str, Any]]:  # Any: a part of the OpenAPI document
    schema = {"schema": {"type": "string", "format": "binary"}}
    return {200: {"description": "The file", "content": dict.fromkeys(media_types, schema)}}


TABLE: Final = _file(*MEDIA_TYPES.values())
EPISODE_FILE: Final = _file(*MEDIA_TYPES.values(), LINES)
Form = Annotated[TableFormat, Query(alias="format", description="the form of the file")]


@dataclass(frozen=True, kw_only=True)
class Whose:
    """Whose data, and of which time."""

    span: Annotated[Stretch, Depends()]
    meter: Annotated[list[str] | None, Query(description="only these meters; none = all in scope")] = None

    def wanted(self, scope: Scope) -> Wanted:
        """Return what is asked for within the caller's areas."""
        return Wanted(
            scope=scope,
            starts_at=self.span.since,
            ends_at=self.span.until,
            meters=None if self.meter is None else [MeterId(name) for name in self.meter],
        )


@router.get("/api/export/readings", response_class=StreamingResponse, responses=TABLE)
async def export_readings_file(
    request: Request,
    scope: CallerScope,
    whose: Annotated[Whose, Depends()],
    quantity: Annotated[list[Quantity], Query(min_length=1, description="numbers of one table")],
    form: Form = TableFormat.CSV,
) -> StreamingResponse:
    """Return readings on the meters' own side, by meter and time: ``meter_id``, ``taken_at``, ``origin``, ...

    The file is one that ``kilowatch detect`` and ``kilowatch quality`` read. Quantities of several tables
    (registers, electrical values) are fetched in several files.
    """
    wanted = list(dict.fromkeys(quantity))
    if any(q.kind not in _NUMBERS for q in wanted) or len({table_of(q) for q in wanted}) > 1:
        raise WrongAddressError(f"these quantities do not share one table of numbers: {', '.join(wanted)}")
    tables = export_readings(_borrow(request, scope), wanted, whose.wanted(scope))
    return await _table_file(request, "readings", readings_schema(wanted), tables, form)


@router.get("/api/export/intervals", response_class=StreamingResponse, responses=TABLE)
async def export_intervals_file(  # noqa: PLR0913 - one question with all that bounds it
    request: Request,
    scope: CallerScope,
    whose: Annotated[Whose, Depends()],
    *,
    state: Annotated[
        IntervalState, Query(description="raw, or with what stands in for it (final)")
    ] = IntervalState.FINAL,
    minutes: Annotated[int, Query(ge=1, le=1440, description="length of the intervals")] = 15,
    form: Form = TableFormat.CSV,
) -> StreamingResponse:
    """Return intervals on the primary side: ``meter_id``, ``starts_at``, ``minutes``, ``import_kwh``, ...

    The file is one that ``kilowatch detect``, ``load``, ``forecast`` and ``settle`` read.
    """
    tables = export_intervals(_borrow(request, scope), state, minutes, whose.wanted(scope))
    return await _table_file(request, f"intervals-{state.value}", INTERVALS, tables, form)


@router.get("/api/export/coverage", response_class=StreamingResponse, responses=TABLE)
async def export_coverage_file(
    request: Request, scope: CallerScope, whose: Annotated[Whose, Depends()], form: Form = TableFormat.CSV
) -> StreamingResponse:
    """Return what every scheduled instant brought: ``status``, and for what is missing its ``cause``."""
    tables = export_coverage(_borrow(request, scope), whose.wanted(scope))
    return await _table_file(request, "coverage", COVERAGE, tables, form)


@router.get("/api/export/episodes", response_class=StreamingResponse, responses=EPISODE_FILE)
async def export_episodes_file(
    request: Request,
    scope: CallerScope,
    question: Annotated[ApiEpisodeQuestion, Depends()],
    form: Annotated[
        EpisodeFormat, Query(alias="format", description="the form of the file")
    ] = EpisodeFormat.JSONL,
) -> StreamingResponse:
    """Return episodes in the order of their ids, with the keys of the episode files."""
    dashboard: Dashboard = request.app.state.dashboard
    pieces = export_episodes(_borrow(request, scope), question.filter(dashboard.clock()), scope=scope)
    if form is EpisodeFormat.JSONL:
        lines = (b"".join(episode_line(episode) for episode in piece) for piece in pieces)
        return await _streamed(request, "episodes.jsonl", lines, LINES)
    return await _table_file(request, "episodes", EPISODES, episode_tables(pieces), TableFormat(form.value))


@router.get("/api/export/bills", response_class=StreamingResponse, responses=TABLE)
async def export_bills_file(
    request: Request,
    scope: CallerScope,
    question: Annotated[BillQuestion, Depends()],
    form: Form = TableFormat.CSV,
) -> StreamingResponse:
    """Return the newest version of each bill, newest months first; numbers as text of all digits."""
    wanted = BillFilter(month=question.month, service_point=question.point, is_final=question.final)
    tables = export_bills(_borrow(request, scope), wanted, scope=scope)
    return await _table_file(request, "bills", BILLS, tables, form)


def _borrow(request: Request, scope: Scope) -> Borrow:
    """Return what lends a connection for one piece, which sees rows of the caller's areas only."""
    dashboard: Dashboard = request.app.state.dashboard

    @contextmanager
    def lend() -> Iterator[Connection]:
        with dashboard.pool.connection() as connection, limited_to(connection, scope):
            yield connection

    return lend


async def _table_file(
    request: Request, name: str, schema: pa.Schema, tables: Iterator[pa.Table], form: TableFormat
) -> StreamingResponse:
    # The first piece is worked out before the answer begins, so that a database that is away can be told.
    first = await _turn(request, tables)
    whole: Iterable[pa.Table] = () if first is None else chain([first], tables)
    stream = stream_tables(schema, whole, form)
    return _answer(request, f"{name}.{form.value}", stream, MEDIA_TYPES[form])


async def _streamed(
    request: Request, name: str, pieces: Iterator[bytes], media_type: str
) -> StreamingResponse:
    first = await _turn(request, pieces)
    return _answer(request, name, iter(()) if first is None else chain([first], pieces), media_type)


def _answer(request: Request, name: str, pieces: Iterator[bytes], media_type: str) -> StreamingResponse:
    async def in_turn() -> AsyncIterator[bytes]:
        while (piece := await _turn(request, pieces)) is not None:
            yield piece

    return StreamingResponse(
        in_turn(),
        media_type=media_type,
        headers={"Content-Disposition": f'attachment; filename="kilowatch-{name}"'},
    )


async def _turn(request: Request, pieces: Iterator[Piece]) -> Piece | None:
    """Return the next piece when it is this export's turn; None after the last."""
    turns: asyncio.Semaphore = request.app.state.exports
    async with turns:
        return await run_in_threadpool(next, pieces, None)
