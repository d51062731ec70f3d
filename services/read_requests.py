"""How one process asks another, the owner of a bus, for a read: over the table ``read_request``."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime

from pydantic import TypeAdapter

from collectors.targets import MeterRead
from pipeline.errors import BusBusyError
from pipeline.model import MeterId
from pipeline.quantities import Quantity
from services.bus_reading import BusReading
from services.inquiry import Inquiry, Reply
from services.present_reading import PresentReading, as_json, from_json, present_reading
from storage.database import connect
from storage.requests import ReadRequest, file_request, get_request, withdraw_request

POLL_S = 0.5
TAKE_WITHIN_S = 30.0
"""An owner takes what is asked of it within one turn; after this it is held for dead."""
SERVE_WITHIN_S = 3600.0
METERS = "meters"
"""The key of a result under which each meter's present values are."""
REPLIES = "replies"
"""The key of a result under which each meter's reply to an inquiry is."""
INQUIRY = "inquiry:"
"""In place of the names of quantities: what follows is an inquiry in JSON."""
_INQUIRIES = TypeAdapter(Inquiry)
_REPLIES = TypeAdapter(Reply)


def this_process() -> str:
    """Return a name for this process that a person can find."""
    return f"{socket.gethostname()}:{os.getpid()}"


async def ask_owner(url: str, bus: str, since: datetime, until: datetime) -> BusReading:
    """File a backfill request on an owned bus and wait until its owner has served it.

    Raises:
        BusBusyError: If the owner does not take it in time, or fails.
    """
    request_id = await asyncio.to_thread(_file, url, bus, since, until)
    result = (await _served(url, bus, request_id)).result or {}
    return BusReading(**{**result, "bus": bus, "served_by": "collector"})


async def ask_owner_to_read(
    url: str, bus: str, meter: MeterId, wanted: Collection[Quantity]
) -> PresentReading:
    """File a request for present values of one meter on an owned bus and wait for what it says.

    Raises:
        BusBusyError: If the owner does not take it in time, or fails.
    """
    request_id = await asyncio.to_thread(_file_present, url, bus, meter, wanted)
    request = await _served(url, bus, request_id)
    if not request.result or not request.result.get(METERS):
        raise BusBusyError(f"bus {bus}: its owner {request.taken_by} does not read meter {meter}")
    return from_json(request.result[METERS][0])


async def ask_owner_to_answer(url: str, bus: str, meter: MeterId, inquiry: Inquiry) -> Reply:
    """File an inquiry about one meter on an owned bus and wait for what the meter says.

    Raises:
        BusBusyError: If the owner does not take it in time, or fails, as when the meter is silent.
    """
    asked = INQUIRY + _INQUIRIES.dump_json(inquiry).decode()
    request = await _served(url, bus, await asyncio.to_thread(_file_present, url, bus, meter, [asked]))
    if not request.result or not request.result.get(REPLIES):
        raise BusBusyError(f"bus {bus}: its owner {request.taken_by} does not ask meter {meter}")
    return _REPLIES.validate_json(request.result[REPLIES][0])


def inquiry_in(request: ReadRequest) -> Inquiry | None:
    """Return what a request asks in place of present values; None for any other request."""
    asked = next((text for text in request.quantities if text.startswith(INQUIRY)), None)
    return None if asked is None else _INQUIRIES.validate_json(asked.removeprefix(INQUIRY))


def reply_result(replies: Collection[Reply]) -> dict[str, object]:
    """Return what the owner writes beside a served inquiry: text, for the database sorts keys of objects."""
    return {REPLIES: [_REPLIES.dump_json(reply).decode() for reply in replies]}


async def _served(url: str, bus: str, request_id: int) -> ReadRequest:
    """Wait until the owner of a bus has served a request."""
    waited_s = 0.0
    while True:
        request = await asyncio.to_thread(_look, url, request_id)
        if request.error is not None:
            raise BusBusyError(f"bus {bus}: its owner {request.taken_by} failed: {request.error}")
        if request.served_at is not None:
            return request
        if request.taken_at is None:
            late = waited_s > TAKE_WITHIN_S and await asyncio.to_thread(_withdraw, url, request_id)
        else:
            late = waited_s > SERVE_WITHIN_S
        if late:
            raise BusBusyError(f"bus {bus} is owned, but its owner does not serve request {request_id}")
        await asyncio.sleep(POLL_S)
        waited_s += POLL_S


def result_of(reading: BusReading) -> dict[str, object]:
    """Return what the owner writes beside a served request."""
    return {name: value for name, value in asdict(reading).items() if name not in {"bus", "served_by"}}


def present_result(reading: BusReading, reads: Collection[MeterRead]) -> dict[str, object]:
    """Return what the owner writes beside a served request for present values: what each meter said."""
    return {**result_of(reading), METERS: [as_json(present_reading(read)) for read in reads]}


def _file(url: str, bus: str, since: datetime, until: datetime) -> int:
    with connect(url) as connection:
        return file_request(
            connection, bus=bus, kind="backfill", starts_at=since, ends_at=until, filed_by=this_process()
        )


def _file_present(url: str, bus: str, meter: MeterId, wanted: Collection[str]) -> int:
    with connect(url) as connection:
        return file_request(
            connection,
            bus=bus,
            kind="present",
            meter=meter,
            quantities=sorted(wanted),
            filed_by=this_process(),
        )


def _look(url: str, request_id: int) -> ReadRequest:
    with connect(url) as connection:
        return get_request(connection, request_id)


def _withdraw(url: str, request_id: int) -> bool:
    with connect(url) as connection:
        return withdraw_request(connection, request_id, f"not taken within {TAKE_WITHIN_S:.0f} s")
