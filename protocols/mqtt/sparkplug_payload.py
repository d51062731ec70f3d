"""Sparkplug B payloads: bytes to metrics and back.

Numbers and types of the fields are facts of Eclipse Sparkplug 3.0.0, chapter 6 (payloads), checked against
the schema of Eclipse Tahu. Only what readings need is described; protocol buffers pass over the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import islice
from typing import Any, TypeAlias

from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

from protocols.mqtt.findings import MAX_PAYLOAD_BYTES, TOO_LARGE
from protocols.mqtt.numbers import UnreadableError

MAX_METRICS = 10_000
"""Of one message; a birth of an edge node names every metric of it."""

MetricValue: TypeAlias = bool | int | float | str | bytes


class DataType(IntEnum):
    """What a metric's value is (Sparkplug 3.0.0, chapter 6); the others are no single values."""

    INT8 = 1
    INT16 = 2
    INT32 = 3
    INT64 = 4
    UINT8 = 5
    UINT16 = 6
    UINT32 = 7
    UINT64 = 8
    FLOAT = 9
    DOUBLE = 10
    BOOLEAN = 11
    STRING = 12
    DATE_TIME = 13
    TEXT = 14


_SIGNED_BITS: Mapping[int, int] = {
    DataType.INT8: 8,
    DataType.INT16: 16,
    DataType.INT32: 32,
    DataType.INT64: 64,
}
_LONG = frozenset({DataType.INT64, DataType.UINT64, DataType.DATE_TIME})


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One value with its name, its alias, or both."""

    name: str | None = None
    alias: int | None = None
    timestamp_ms: int | None = None
    datatype: int | None = None
    is_historical: bool = False
    is_null: bool = False
    value: MetricValue | None = None
    """As on the wire: negative whole numbers need :func:`signed`. None for what is no single value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """One message's content."""

    timestamp_ms: int | None = None
    metrics: tuple[Metric, ...] = ()
    seq: int | None = None
    left_out: int = 0
    """Metrics beyond ``MAX_METRICS``."""


def decode(payload: bytes) -> Payload:
    """Read a message.

    Raises:
        UnreadableError: If it is too large, or no protocol buffer of this kind.
    """
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise UnreadableError(TOO_LARGE)
    try:
        message = _PAYLOAD.FromString(payload)
    except DecodeError:
        raise UnreadableError("not a Sparkplug B payload") from None
    metrics = tuple(map(_metric, islice(message.metrics, MAX_METRICS)))
    return Payload(
        timestamp_ms=message.timestamp if message.HasField("timestamp") else None,
        metrics=metrics,
        seq=message.seq if message.HasField("seq") else None,
        left_out=len(message.metrics) - len(metrics),
    )


def encode(payload: Payload) -> bytes:
    """Write a message."""
    message = _PAYLOAD()
    if payload.timestamp_ms is not None:
        message.timestamp = payload.timestamp_ms
    if payload.seq is not None:
        message.seq = payload.seq
    for metric in payload.metrics:
        _fill(message.metrics.add(), metric)
    written: bytes = message.SerializeToString()
    return written


def signed(value: MetricValue, datatype: int | None) -> MetricValue:
    """Return a whole number with its sign: on the wire it is the two's complement."""
    bits = 0 if datatype is None else _SIGNED_BITS.get(datatype, 0)
    if not bits or isinstance(value, bool) or not isinstance(value, int):
        return value
    low = value & ((1 << bits) - 1)
    return low - (1 << bits) if low >> (bits - 1) else low


def _metric(message: Any) -> Metric:  # noqa: ANN401 - a class that protobuf makes at run time
    field = message.WhichOneof("value")
    value: MetricValue | None = None if field is None else getattr(message, field)
    if field == "string_value" and isinstance(value, bytes):
        value = _text(value)
    return Metric(
        name=_text(message.name) if message.HasField("name") else None,
        alias=message.alias if message.HasField("alias") else None,
        timestamp_ms=message.timestamp if message.HasField("timestamp") else None,
        datatype=message.datatype if message.HasField("datatype") else None,
        is_historical=message.is_historical,
        is_null=message.is_null,
        value=value,
    )


def _fill(message: Any, metric: Metric) -> None:  # noqa: ANN401 - as above
    if metric.name is not None:
        message.name = metric.name.encode()
    if metric.alias is not None:
        message.alias = metric.alias
    if metric.timestamp_ms is not None:
        message.timestamp = metric.timestamp_ms
    if metric.datatype is not None:
        message.datatype = metric.datatype
    if metric.is_historical:
        message.is_historical = True
    if metric.is_null:
        message.is_null = True
    if metric.value is not None:
        field, value = _on_wire(metric.value, metric.datatype)
        setattr(message, field, value)


def _on_wire(value: MetricValue, datatype: int | None) -> tuple[str, MetricValue]:
    """Return the field that carries a value, and the value as it stands there."""
    match value:
        case bool():
            return "boolean_value", value
        case int():
            if datatype in _LONG or value >> 32 not in (0, -1):
                return "long_value", value & 0xFFFF_FFFF_FFFF_FFFF
            return "int_value", value & 0xFFFF_FFFF
        case float():
            return ("float_value" if datatype == DataType.FLOAT else "double_value"), value
        case str():
            return "string_value", value.encode()
        case _:
            return "bytes_value", value


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _schema() -> FileDescriptorProto:
    """Describe the messages; texts are taken as bytes, so that a broken character costs only itself."""
    file = FileDescriptorProto(name="kilowatch/sparkplug_b", package="kilowatch.sparkplug_b", syntax="proto2")
    kind = FieldDescriptorProto
    metric = file.message_type.add(name="Metric")
    metric.oneof_decl.add(name="value")
    plain: Sequence[tuple[str, int, Any]] = (  # Any: an enumeration that the stubs name otherwise
        ("name", 1, kind.TYPE_BYTES),
        ("alias", 2, kind.TYPE_UINT64),
        ("timestamp", 3, kind.TYPE_UINT64),
        ("datatype", 4, kind.TYPE_UINT32),
        ("is_historical", 5, kind.TYPE_BOOL),
        ("is_transient", 6, kind.TYPE_BOOL),
        ("is_null", 7, kind.TYPE_BOOL),
    )
    values: Sequence[tuple[str, int, Any]] = (  # Any: as above
        ("int_value", 10, kind.TYPE_UINT32),
        ("long_value", 11, kind.TYPE_UINT64),
        ("float_value", 12, kind.TYPE_FLOAT),
        ("double_value", 13, kind.TYPE_DOUBLE),
        ("boolean_value", 14, kind.TYPE_BOOL),
        ("string_value", 15, kind.TYPE_BYTES),
        ("bytes_value", 16, kind.TYPE_BYTES),
    )
    for name, number, type_ in plain:
        metric.field.add(name=name, number=number, type=type_, label=kind.LABEL_OPTIONAL)
    for name, number, type_ in values:
        metric.field.add(name=name, number=number, type=type_, label=kind.LABEL_OPTIONAL, oneof_index=0)
    payload = file.message_type.add(name="Payload")
    payload.field.add(name="timestamp", number=1, type=kind.TYPE_UINT64, label=kind.LABEL_OPTIONAL)
    payload.field.add(
        name="metrics",
        number=2,
        type=kind.TYPE_MESSAGE,
        type_name=".kilowatch.sparkplug_b.Metric",
        label=kind.LABEL_REPEATED,
    )
    payload.field.add(name="seq", number=3, type=kind.TYPE_UINT64, label=kind.LABEL_OPTIONAL)
    return file


def _payload_class() -> Any:  # noqa: ANN401 - a class that protobuf makes at run time
    pool = DescriptorPool()
    pool.Add(_schema())
    return GetMessageClass(pool.FindMessageTypeByName("kilowatch.sparkplug_b.Payload"))


_PAYLOAD = _payload_class()
