"""``kilowatch explain``: how the value of one slot of one meter came about, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli.instants import instant_of
from cli.output import JsonFlag, cell, console, print_fields, print_json, print_table

if TYPE_CHECKING:
    from services.slot_chain import Edge, EnergyChain, SlotChain


def explain(
    meter: Annotated[str, typer.Argument(help="The meter's id.")],
    slot: Annotated[str, typer.Argument(help="Any time of the slot, with its offset.")],
    *,
    as_json: JsonFlag = False,
) -> None:
    """Tell the chain behind one slot (时段溯源): what was due, read and flagged, ratio, raw and final energy.

    Example: kilowatch explain M-1001 2026-03-01T08:15+08:00
    """
    from services.slot_chain import explain_slot
    from services.slot_chain_document import chain_document

    chain = explain_slot(meter, instant_of(slot))
    if as_json:
        print_json(chain_document(chain))
    else:
        _tell(chain)


def _tell(chain: SlotChain) -> None:
    from pipeline.errors import bounded_hex
    from services.raw_bytes import told_bytes
    from services.slot_chain import flags_of

    card = chain.card
    print_fields(
        {
            "meter": chain.meter,
            "slot": f"{chain.starts_at.isoformat(sep=' ')} + {chain.minutes} min",
            "place": f"{card.service_point or '-'}, area {card.area or '-'}",
            "line": f"{card.bus or 'pushes by itself'}, address {card.address or '-'}",
            "profile": card.profile or "-",
        }
    )
    print_table(
        "1. What was due, and what became of it",
        ("group", "slot", "status", "cause", "attempts"),
        [(c.group.value, c.slot_at, c.status.value, c.cause, c.attempts) for c in chain.coverage],
    )
    print_table(
        "   Raw frames (kept for a week unless set otherwise)",
        ("received", "question", "asked", "answered", "wrong"),
        [
            (
                message.received_at,
                frame.what,
                bounded_hex(frame.asked),
                (told := told_bytes(frame.answered)).text or bounded_hex(frame.answered),
                told.error,
            )
            for message in chain.raw
            for frame in message.frames
        ],
    )
    print_table(
        "2. What was read (on the meter's side), and what the checks flagged",
        ("taken", "origin", "quantity", "value", "unit", "flags"),
        [
            (
                reading.taken_at,
                reading.origin,
                quantity.value,
                value,
                quantity.unit,
                flags_of(reading.quality | reading.flags.get(quantity.value, 0)),
            )
            for reading in chain.readings
            for quantity, value in reading.values.items()
        ],
    )
    if chain.contradictions:
        print_table(
            "   Another message gave another value; the first is kept",
            ("taken", "quantity", "kept", "offered", "times"),
            [(c.taken_at, c.quantity, c.stored, c.offered, c.times) for c in chain.contradictions],
        )
    why = "the profile's values are primary ones already" if chain.is_primary else "CT x PT"
    console.print(
        f"[italic]3. Ratio[/italic]  CT {card.ct or 1:g}, PT {card.pt or 1:g}: x {chain.factor:g} ({why})"
    )
    console.print(
        "[italic]4. Energy: what the registers rose by, as derived, and what counts (primary side)[/italic]"
    )
    for energy in chain.energies:
        print_fields({f"  {name}": value for name, value in _energy_fields(energy).items()})
    if chain.findings:
        print_table(
            "5. Rules of validation that were not met around this slot",
            ("rule", "energy", "from", "slots", "expected", "came", "gone"),
            [(f.rule, f.energy, f.starts_at, f.slots, f.expected, f.came, f.gone_at) for f in chain.findings],
        )


def _energy_fields(energy: EnergyChain) -> dict[str, object]:
    stored = energy.stored
    fields: dict[str, object] = {
        energy.energy: energy.register.value,
        "register at the start": _edge(energy.opening),
        "register at the end": _edge(energy.closing),
        "rise x ratio": energy.by_edges,
    }
    if stored is None:
        return fields | {"raw": "not derived yet: kilowatch flows run abnormal_use"}
    why = ", ".join(filter(None, (stored.method, stored.reason, stored.author, stored.note)))
    agrees = {True: ", as the registers say", False: ", not what these registers say", None: ""}
    if energy.is_moved:
        agrees[None] = ", readings beside the edges moved to them along the line to their neighbours"
    return fields | {
        "raw": f"{cell(stored.raw_value)} {stored.raw_quality}, {stored.raw_method}{agrees[energy.agrees]}",
        "final": f"{cell(stored.value)} {stored.quality}, {why or 'the raw value stands'}",
    }


def _edge(edge: Edge | None) -> str:
    return "no reading near" if edge is None else f"{edge.value:.10g} at {cell(edge.taken_at)}, {edge.origin}"
