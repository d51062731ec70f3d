"""Names what a DL/T 645 frame is about, and puts an answer's values into words, for people at a terminal."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.errors import DecodeError
from protocols.dlt645.catalogue import IDENTIFIER_2007, Item, lookup
from protocols.dlt645.describe import Described, describe, describe_load_records, words_of
from protocols.dlt645.explain_orders import explain_in_full
from protocols.dlt645.frame import ABNORMAL, FROM_METER, MORE, payload
from protocols.dlt645.functions import Function1997, Function2007
from protocols.dlt645.memory import LOAD_RECORD

_READS: dict[int, int] = {Function2007.READ: 4, Function1997.READ: 2}
"""Bytes of the identifier that a read and its answer begin with."""
_WRITES: dict[int, int] = {Function2007.WRITE: 12, Function1997.WRITE: 6}
"""Bytes of identifier, password and operator before what is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The identifier that a frame is about, and what an answer says of it or a write would set."""

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
    identifier = explain_in_full(raw).get("di")
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
    """Return the content of a normal answer to a read, or of a write; None for other frames."""
    control = frame[8]
    is_answer = bool(control & FROM_METER)
    size = (_READS if is_answer else _WRITES).get(control & ~FROM_METER)
    data = payload(frame)
    if size is None or (is_answer and control & (ABNORMAL | MORE)):
        return None
    return data[size:]


def _fields(frame: bytes, item: Item) -> tuple[Described, ...]:
    content = _content(frame)
    return describe(item, content) if content else ()


def _load_records(frame: bytes, load_class: int) -> tuple[Described, ...]:
    content = _content(frame)
    try:
        return describe_load_records(content, load_class) if content else ()
    except DecodeError:
        return ()
