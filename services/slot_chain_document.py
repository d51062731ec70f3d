"""The chain behind a slot as a document for programs: one object, in the order in which things came about."""

from __future__ import annotations

from math import isnan

from pipeline.frames import RawMessage
from pipeline.model import Json, Value
from services.raw_bytes import ToldBytes, told_bytes
from services.slot_chain import Edge, EnergyChain, SlotChain, flags_of
from storage.slot_record import StoredReading


def chain_document(chain: SlotChain) -> dict[str, Json]:
    """Return the keys of ``kilowatch explain --json``; times are ISO 8601, energies on the primary side."""
    card = chain.card
    return {
        "meter": chain.meter,
        "from": chain.starts_at.isoformat(),
        "to": chain.ends_at.isoformat(),
        "minutes": chain.minutes,
        "place": {
            "service_point": card.service_point,
            "area": card.area,
            "bus": card.bus,
            "address": card.address,
            "profile": card.profile,
            "wiring": card.wiring,
        },
        "coverage": [
            {
                "group": line.group.value,
                "slot_at": line.slot_at.isoformat(),
                "status": line.status.value,
                "cause": line.cause,
                "attempts": line.attempts,
            }
            for line in chain.coverage
        ],
        "raw": [_message(message) for message in chain.raw],
        "readings": [_reading(reading) for reading in chain.readings],
        "contradictions": [
            {
                "taken_at": c.taken_at.isoformat(),
                "origin": c.origin,
                "quantity": c.quantity,
                "stored": c.stored,
                "offered": c.offered,
                "times": c.times,
            }
            for c in chain.contradictions
        ],
        "ratio": {
            "ct": card.ct or 1.0,
            "pt": card.pt or 1.0,
            "already_primary": chain.is_primary,
            "factor": chain.factor,
        },
        "energies": [_energy(energy) for energy in chain.energies],
        "findings": [
            {
                "rule": f.rule,
                "energy": f.energy,
                "from": f.starts_at.isoformat(),
                "slots": f.slots,
                "expected": f.expected,
                "came": f.came,
                "gone_at": None if f.gone_at is None else f.gone_at.isoformat(),
            }
            for f in chain.findings
        ],
    }


def _message(message: RawMessage) -> dict[str, Json]:
    return {
        "received_at": message.received_at.isoformat(),
        "source": message.source,
        "frames": [
            {
                "what": frame.what,
                "sent_at": None if frame.sent_at is None else frame.sent_at.isoformat(),
                "answered_at": None if frame.answered_at is None else frame.answered_at.isoformat(),
                "asked": _bytes(told_bytes(frame.asked)),
                "answered": _bytes(told_bytes(frame.answered)),
            }
            for frame in message.frames
        ],
    }


def _bytes(told: ToldBytes) -> dict[str, Json]:
    return {"hex": told.hex, "text": told.text, "fields": told.fields, "error": told.error}


def _reading(reading: StoredReading) -> dict[str, Json]:
    return {
        "taken_at": reading.taken_at.isoformat(),
        "received_at": reading.received_at.isoformat(),
        "slot_at": None if reading.slot_at is None else reading.slot_at.isoformat(),
        "meter_time": None if reading.meter_time is None else reading.meter_time.isoformat(),
        "origin": reading.origin,
        "flags": flags_of(reading.quality),
        "flags_of_quantities": {name: flags_of(mask) for name, mask in reading.flags.items()},
        "values": {quantity.value: _value(value) for quantity, value in reading.values.items()},
    }


def _energy(energy: EnergyChain) -> dict[str, Json]:
    stored = energy.stored
    return {
        "energy": energy.energy,
        "register": energy.register.value,
        "opening": _edge(energy.opening),
        "closing": _edge(energy.closing),
        "by_edges": energy.by_edges,
        "agrees": energy.agrees,
        "raw": None
        if stored is None
        else {
            "value": stored.raw_value,
            "quality": stored.raw_quality,
            "method": stored.raw_method,
            "version": stored.raw_version,
        },
        "final": None
        if stored is None
        else {
            "value": stored.value,
            "quality": stored.quality,
            "method": stored.method,
            "reason": stored.reason,
            "author": stored.author,
            "note": stored.note,
            "made_at": None if stored.made_at is None else stored.made_at.isoformat(),
        },
    }


def _edge(edge: Edge | None) -> dict[str, Json] | None:
    if edge is None:
        return None
    return {
        "taken_at": edge.taken_at.isoformat(),
        "origin": edge.origin,
        "value": edge.value,
        "off_s": edge.off_s,
    }


def _value(value: Value) -> Json:
    if isinstance(value, tuple):
        return [None if isnan(part) else part for part in value]
    return value
