"""Which orders of ours meters may have obeyed: out of the record of ``kilowatch control``."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from pipeline.errors import AuditError, ConfigError
from pipeline.model import MeterId
from pipeline.records import MeterOrder, OrderKind
from pipeline.registry import Registry
from protocols.dlt645.frame import padded_address
from protocols.dlt645.kept_parameters import KEPT, TABLES, kept_value
from services.audit import Audit, Entry
from services.control_settings import load_control_settings
from services.order_kinds import written_content
from services.order_record import Order, OrderRecord, record_of
from services.order_sending import Result
from services.read_meter import parse_meter_url

SURELY_NOT = frozenset({Result.NOT_SENT, Result.REFUSED})
"""Of an order without an answer nobody knows: the meter may have obeyed."""
_log = logging.getLogger("kilowatch.detect")


def sent_orders(registry: Registry) -> Sequence[MeterOrder]:
    """Return the orders to the archive's meters that are on record at this host.

    The archive is the whole one: in a part of it an address may be unique that is not.

    A record that is damaged or of somebody else explains nothing: then changes are told as if nobody had
    ordered them, and the log says why.
    """
    audit = Audit(load_control_settings().audit_file)
    try:
        return orders_in(audit.entries(), registry)
    except AuditError as error:
        _log.warning("orders unknown", extra={"reason": str(error)})
        return ()


def orders_in(entries: Sequence[Entry], registry: Registry) -> list[MeterOrder]:
    """Return the orders of a record that meters of the archive may have obeyed, oldest first."""
    outcomes = {entry.order: entry.details.get("result") for entry in entries if entry.event == "outcome"}
    asked = {entry.order: entry for entry in entries if entry.event == "requested"}
    meters = _meters_by_address(registry)
    return [
        order
        for entry in entries
        if entry.event == "sending" and entry.order in asked and outcomes.get(entry.order) not in SURELY_NOT
        for order in _of(entry, _record(asked[entry.order]), meters)
    ]


def _of(
    sending: Entry, record: OrderRecord, meters: Mapping[str, Sequence[tuple[MeterId, str]]]
) -> Iterator[MeterOrder]:
    """Yield an order for the meter that its URL names; more than one fits only where lines are alike.

    A meter of which the archive names no line is told by its address, if no other has it.
    """
    try:
        kind, where = OrderKind(record.order.kind), parse_meter_url(record.order.url)
    except (ValueError, ConfigError):
        return
    found = meters.get(padded_address(where.address), ())
    same_line = [meter for meter, line in found if line == where.line_url]
    for meter in same_line or [meter for meter, line in found if not line and len(found) == 1]:
        identifier = record.order.arguments.get("identifier", "").upper()
        yield MeterOrder(
            id=sending.order,
            meter=meter,
            kind=kind,
            parameter=KEPT.get(identifier, identifier),
            value=_written(record.order, identifier) if kind is OrderKind.WRITE else None,
            sent_at=sending.at,
        )


def _written(order: Order, identifier: str) -> float | None:
    """Return what a write leaves at rest of a watched parameter.

    A meter may fill a table up, so the checksum of what was written is not surely that of what is read.
    """
    if KEPT.get(identifier, "") in {"", *TABLES}:
        return None
    try:
        return kept_value(identifier, written_content(order, bytes.fromhex(identifier)[::-1]))
    except ValueError:
        return None


def _record(entry: Entry) -> OrderRecord:
    try:
        return record_of(entry.details)
    except (KeyError, TypeError, ValueError) as error:
        raise AuditError(f"entry {entry.number} of the audit holds no order: {error!r}") from error


def _meters_by_address(registry: Registry) -> Mapping[str, list[tuple[MeterId, str]]]:
    """Return the meters of each address with the URLs of their lines."""
    line_of = {bus.id: bus.url for bus in registry.buses}
    found: dict[str, list[tuple[MeterId, str]]] = defaultdict(list)
    for meter, address, bus in _placed(registry):
        entry = meter, line_of.get(bus or "", "")
        if entry not in found[address]:
            found[address].append(entry)
    return found


def _placed(registry: Registry) -> Iterable[tuple[MeterId, str, str | None]]:
    for placed in registry.installations:
        if placed.address is not None and placed.address.isdigit():
            yield placed.meter, padded_address(placed.address), placed.bus
