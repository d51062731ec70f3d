"""One slot of a meter explained in words: from what was due to what counts; the same for programs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from dashboard import chain_words, frame_words
from dashboard.asked_times import EARLIEST, AskedTime
from dashboard.asking import Ask, Asking
from dashboard.failures import NotFoundError, WrongAddressError
from dashboard.pages.meter_parts import meter_part
from dashboard.pages.meters import meter_card
from dashboard.rendering import reader
from dashboard.sides import primary_names
from dashboard.words import marked
from pipeline.errors import DataError
from pipeline.model import MeterId
from services.derive import MINUTES
from services.raw_bytes import told_bytes
from services.shown_values import shown_value
from services.slot_chain import SlotChain, flags_of, slot_chain
from services.slot_chain_document import chain_document

router = APIRouter()
LOCAL_TIME = Annotated[
    str, Query(pattern=r"^(\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d(:\d\d)?)?)?$")
]
"""With an offset it is told which of the two hours is meant that a clock change repeats."""


@router.get("/meters/{meter}/slot", response_class=HTMLResponse, include_in_schema=False)
def show_slot(asking: Ask, meter: str, at: LOCAL_TIME = "") -> HTMLResponse:
    """Show the chain behind the slot that holds ``at``, a local time; without it the last that is over."""
    card = meter_card(asking, meter)
    f = reader(asking, card.zone)
    chosen = _instant(at, f.zone) if at else asking.now - timedelta(minutes=MINUTES)
    chain = _chain(asking, meter, min(chosen, asking.now))
    after = chain.ends_at if chain.ends_at + timedelta(minutes=chain.minutes) <= asking.now else None
    return meter_part(
        asking,
        card,
        f,
        "slot",
        chain=chain,
        chain_words=chain_words,
        flags_of=flags_of,
        told_bytes=told_bytes,
        frame_words=frame_words,
        shown=lambda quantity, value: shown_value(quantity, value, f.zone),
        local=lambda instant: f"{instant.astimezone(f.zone):%Y-%m-%dT%H:%M}",
        exact=lambda instant: instant.astimezone(f.zone).isoformat(timespec="minutes"),
        before=chain.starts_at - timedelta(minutes=chain.minutes),
        after=after,
    )


@router.get("/api/meters/{meter}/chain", tags=["api"])
def api_chain(asking: Ask, meter: str, at: AskedTime) -> Mapping[str, object]:
    """Return how the value of the slot that holds ``at`` came about, as ``kilowatch explain --json`` does."""
    meter_card(asking, meter)
    if at > asking.now:
        raise WrongAddressError("at must be a time that has passed")
    return chain_document(_chain(asking, meter, at))


def _chain(asking: Asking, meter: str, at: datetime) -> SlotChain:
    try:
        return slot_chain(asking.connection, MeterId(meter), at, scope=asking.scope, primary=primary_names())
    except DataError as error:
        raise NotFoundError(
            marked("This meter hung in none of your areas at this time. Choose a later one.")
        ) from error


def _instant(text: str, zone: ZoneInfo) -> datetime:
    """Return the instant of a local time; of an hour that comes twice, without an offset, the first."""
    try:
        named = datetime.fromisoformat(text)
    except ValueError as error:
        raise WrongAddressError(f"at: {error}; expected a local time like 2026-03-01T08:15") from error
    instant = named if named.tzinfo is not None else named.replace(tzinfo=zone)
    if instant < EARLIEST:
        raise WrongAddressError(f"at: expected a time after {EARLIEST:%Y-%m-%d}")
    return instant
