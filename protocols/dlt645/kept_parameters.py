"""Which parameters of a DL/T 645-2007 meter are watched, and what is kept of each answer: one number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from zlib import crc32

from protocols.dlt645.catalogue import lookup
from protocols.dlt645.describe import describe
from protocols.dlt645.frame import Frame
from protocols.dlt645.questions import MAX_DATA, read_query
from protocols.session import Answer, Query

KEPT: Final[Mapping[str, str]] = {
    # Identifiers and units are those of the catalogue, with their source there.
    "04090101": "voltage_loss_trigger",
    "04090102": "voltage_loss_restore",
    "04090103": "voltage_loss_current",
    "04090104": "voltage_loss_delay",
    # 电压合格上限, 下限: what the meter counts its own qualification by.
    "04000E03": "voltage_upper_limit",
    "04000E04": "voltage_lower_limit",
    "04000306": "ct_ratio",
    "04000307": "pt_ratio",
    "04000204": "rates",
    "04010000": "zone_table",
    "04010001": "day_table_1",
    "04010002": "day_table_2",
    "04010003": "day_table_3",
    "04010004": "day_table_4",
    "04000201": "year_zones",
    "04000202": "day_tables",
    "04000203": "day_periods",
    "04000801": "weekend_word",
    "04000802": "weekend_table",
    "04000103": "demand_period",
    "04000104": "demand_slide",
    "04000B01": "settlement_day_1",
    "04000B02": "settlement_day_2",
    "04000B03": "settlement_day_3",
    "04000601": "active_combination",
    "04000602": "reactive_combination_1",
    "04000603": "reactive_combination_2",
    "04000409": "active_constant",
    "0400040A": "reactive_constant",
    "04000703": "port_1_rate",
    "04000704": "port_2_rate",
    "04000901": "load_record_mode",
    "04000902": "freeze_mode",
    "04000A02": "load_record_interval_1",
    "04000E01": "power_limit",
}
"""Names of parameters at rest (``meter_parameter.name``): never rename one."""
TABLES: Final = frozenset({"zone_table", "day_table_1", "day_table_2", "day_table_3", "day_table_4"})
"""Of a table the CRC-32 of its bytes is kept: it tells that a table is another one, and fits a number."""
WORDS: Final = frozenset(
    {
        "weekend_word",
        "active_combination",
        "reactive_combination_1",
        "reactive_combination_2",
        "port_1_rate",
        "port_2_rate",
        "load_record_mode",
        "freeze_mode",
    }
)
"""Of a word of bits its byte is kept, also one with all of them set."""
DAYS: Final = frozenset({"settlement_day_1", "settlement_day_2", "settlement_day_3"})
"""DDhh as the number that its digits make: 100 is the first at midnight, 9999 none."""
PROGRAMMING_COUNT: Final = "programming_count"
"""How often the meter was programmed, by its own counter of that event."""
_IDENTIFIER: Final = 4


def parameter_queries() -> Sequence[Query]:
    """Return the questions for all of them."""
    wires = [bytes.fromhex(identifier)[::-1] for identifier in KEPT]
    items = [(wire, lookup(wire)) for wire in wires]
    return [read_query(wire, MAX_DATA if item is None else item.element_length) for wire, item in items]


def parameter_of(answer: Answer) -> tuple[str, float] | None:
    """Return name and value of a watched parameter; None for another answer, and for an absent value."""
    name = KEPT.get(answer.query.what)
    if name is None:
        return None
    value = kept_value(answer.query.what, Frame.decode(answer.raw).data[_IDENTIFIER:])
    return None if value is None else (name, value)


def kept_value(identifier: str, content: bytes) -> float | None:
    """Return what is kept of a watched parameter's content in wire order; None for an absent value."""
    name = KEPT[identifier]
    if name in TABLES:
        return float(crc32(content))
    if name in WORDS:
        return float(content[0]) if content else None
    item = lookup(bytes.fromhex(identifier)[::-1])
    fields = () if item is None else describe(item, content)
    text = fields[0].text if fields else None
    try:
        return None if text is None else float(text.replace(" ", "") if name in DAYS else text)
    except ValueError:  # digits that are no number
        return None
