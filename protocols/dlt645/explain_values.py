"""Names what a DL/T 645 frame is about, and puts an answer's values into words, for people at a terminal."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.errors import DecodeError
from protocols.dlt645.catalogue import IDENTIFIER_2007, Item, lookup
from protocols.dlt645.describe import Described, describe, describe_load_records, words_of
from protocols.dlt645.explain import explain
from protocols.dlt645.frame import ABNORMAL, FROM_METER, MORE, payload
from protocols.dlt645.functions import Function1997, Function2007
from protocols.dlt645.memory import LOAD_RECORD

_READS: dict[int, int] = {Function2007.READ: 4, Function1997.READ: 2}
"""Bytes of the identifier that a read and its answer begin with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The identifier that a frame is about, and what an answer says of it."""

    identifier: str
    name: str
    zh: str
    fields: tuple[Described, ...] = ()


def subject_of(raw: bytes) -> Subject | None:
    """Return what a frame is about; None where it has no identifier, or one that the catalogue lacks.

    Args:
        raw: One whole frame, with or without its FE preamble.

    Raises:
        FrameError: If it is no frame.
    """
    identifier = explain(raw).get("di")
    if not isinstance(identifier, str):
        return None
    wire = bytes.fromhex(identifier)[::-1]
    if len(wire) == IDENTIFIER_2007 and wire[3] == LOAD_RECORD:
        return Subject(
            identifier=identifier,
            name="load record",
            zh="负荷记录",
            fields=_load_records(raw.lstrip(b"\xfe"), wire[2]),
        )
    item = lookup(wire)
    if item is None:
        return None
    english, chinese = words_of(item)
    return Subject(
        identifier=identifier,
        name=f"{item.row.name}{english}",
        zh=f"{item.row.zh}{chinese}",
        fields=_fields(raw.lstrip(b"\xfe"), item),
    )


def _content(frame: bytes) -> bytes | None:
    """Return the data after the identifier of a normal answer to a read; None for other frames."""
    control = frame[8]
    size = _READS.get(control & ~FROM_METER)
    if not control & FROM_METER or control & (ABNORMAL | MORE) or size is None:
        return None
    return payload(frame)[size:]


def _fields(frame: bytes, item: Item) -> tuple[Described, ...]:
    content = _content(frame)
    return describe(item, content) if content else ()


def _load_records(frame: bytes, load_class: int) -> tuple[Described, ...]:
    content = _content(frame)
    try:
        return describe_load_records(content, load_class) if content else ()
    except DecodeError:
        return ()
