"""The names people see for the fields of an explained frame (报文解析); each is a key of the catalogues."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from dashboard.formats import Formats
from dashboard.words import marked
from pipeline.model import Json

FIELDS: Final[Mapping[str, str]] = {
    "ok": marked("frame whole"),
    "protocol": marked("protocol"),
    "version": marked("edition of the protocol"),
    "preamble": marked("preamble bytes"),
    "address": marked("address"),
    "control": marked("control code"),
    "dir": marked("direction"),
    "function": marked("function code"),
    "function_name": marked("function"),
    "error": marked("refused"),
    "more": marked("more frames follow"),
    "L": marked("data length L"),
    "data_minus_33": marked("data less 33H"),
    "di": marked("data identifier"),
    "value": marked("value"),
    "values": marked("values"),
    "reasons": marked("reasons"),
    "err_bits": marked("error word"),
    "pa": marked("authority PA"),
    "password": marked("password"),
    "operator": marked("operator code"),
    "deadline": marked("valid until"),
    "payload": marked("data"),
    "data": marked("data"),
    "seq": marked("frame number"),
    "serr": marked("security error word"),
    "blocks": marked("blocks"),
    "from": marked("from"),
    "transaction": marked("transaction number"),
    "crc": marked("checksum CRC"),
    "start": marked("first register"),
    "count": marked("registers asked for"),
    "registers": marked("registers"),
    "exception": marked("exception code"),
    "exception_name": marked("exception"),
}
"""What ``kilowatch decode`` calls a field; a name that is not here is told as it is."""
VALUES: Final[Mapping[str, str]] = {
    "req": marked("request"),
    "resp": marked("answer"),
    "unknown": marked("not known"),
    "modbus tcp": "Modbus TCP",
    "modbus rtu": "Modbus RTU",
    "read coils": marked("read coils"),
    "read discrete inputs": marked("read discrete inputs"),
    "read holding registers": marked("read holding registers"),
    "read input registers": marked("read input registers"),
    "write single coil": marked("write single coil"),
    "write single register": marked("write single register"),
    "write multiple coils": marked("write multiple coils"),
    "write multiple registers": marked("write multiple registers"),
    "mask write register": marked("mask write register"),
    "read and write multiple registers": marked("read and write multiple registers"),
    "encapsulated interface transport": marked("encapsulated interface transport"),
    "illegal function": marked("illegal function"),
    "illegal data address": marked("illegal data address"),
    "illegal data value": marked("illegal data value"),
    "server device failure": marked("server device failure"),
    "acknowledge": marked("acknowledge, still working"),
    "server device busy": marked("server device busy"),
    "memory parity error": marked("memory parity error"),
    "gateway path unavailable": marked("gateway path unavailable"),
    "gateway target device failed to respond": marked("gateway target device failed to respond"),
    "unknown exception": marked("unknown exception"),
}
_TOLD: Final = frozenset({"dir", "protocol", "function_name", "exception_name"})
"""Fields whose values are words."""


def field_name(name: str, f: Formats) -> str:
    """Return what a field is called."""
    return f.catalogue.gettext(FIELDS[name]) if name in FIELDS else name.replace("_", " ")


def field_value(name: str, value: Json, f: Formats) -> str:
    """Return a field's value as people read it: yes and no, words, lists side by side."""
    text = f.catalogue.gettext
    match value:
        case bool():
            return text("yes") if value else text("no")
        case list():
            return " ".join(str(each) for each in value)
        case str() if name in _TOLD and value in VALUES:
            return text(VALUES[value])
        case _:
            return str(value)
