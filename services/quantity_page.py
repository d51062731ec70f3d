"""The reference page of the quantities: the names of columns and file headers, with unit and group."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.quantities import Group, Kind, Quantity

INTRODUCTION = """# Quantities 量

The closed vocabulary of measured values. A name is a column in the database, a header in a file and a word of
`--quantity`. Phases `_a _b _c`, neutral `_n`, line to line `_ab _bc _ca`, rates of the meter `_t1` to `_t6`.
Power and energy are positive for import. 3P3W meters give `voltage_ab` and `voltage_bc`; phase B is null.
"""
GROUPS = {
    Group.REGISTER: "Registers 电能示值",
    Group.DEMAND: "Demand 需量",
    Group.ELECTRICAL: "Electrical 电气量",
    Group.SPECTRUM: "Spectrum 谐波",
    Group.STATISTICS: "Quality statistics 电压合格率统计",
    Group.DEVICE: "Device 装置",
}
KINDS = {
    Kind.COUNTER: "counter, double precision",
    Kind.REAL: "single precision",
    Kind.INSTANT: "time",
    Kind.SPECTRUM: "array by harmonic order; `;` in CSV",
    Kind.WORDS: "status words",
}


def quantity_lines() -> Iterator[str]:
    """Yield the page, without its head."""
    yield INTRODUCTION
    for group, title in GROUPS.items():
        yield f"## {title}\n"
        yield "| quantity | unit | kept as |"
        yield "|---|---|---|"
        for quantity in Quantity:
            if quantity.group is group:
                yield f"| `{quantity.value}` | {quantity.unit} | {KINDS[quantity.kind]} |"
        yield ""
