"""Part 1: the point, its meter, its transformers and its supply (监测点及计量信息)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from pipeline.registry import Wiring
from reports.power_quality.blocks import Facts, Note, Part
from reports.power_quality.subject import MonthlyReport
from reports.power_quality.telling import NOTHING, Telling


def site(report: MonthlyReport, t: Telling) -> Part:
    """Return what the archive says of the point; what it lacks is named with its entry."""
    month, point = report.month, report.month.point
    rows = [
        (t("service_point"), point.service_point),
        (t("point_name"), point.name or NOTHING),
        (t("customer"), point.customer or NOTHING),
        (t("period"), f"{t.time(month.starts_at)} – {t.time(month.ends_at)} ({t.zone.key})"),
        (t("network_level"), f"{t.number(point.nominal_kv)} kV"),
        (t("wiring"), t(f"wiring_{point.wiring.value}")),
        (t("nominal_voltage"), f"{t.number(point.nominal_v)} V"),
        (t("ratios"), t("ratios_value", ct=t.number(point.ct), pt=t.number(point.pt))),
        (t("rated_current"), _filed(point.rated_current_a, "A", "[[meter]] rated_current_a", t)),
        (t("max_demand_current"), _filed(point.max_demand_current_a, "A", "[[supply]] demand_current_a", t)),
        *_supply(report, t),
        (
            t("point_class"),
            t("not_filed", entry="[[supply]] point_class")
            if point.point_class is None
            else t("point_class_value", letter=point.point_class.value),
        ),
        (t("agreed_band"), _band(point.agreed_band_percent, t)),
        (t("capacitors"), _capacitors(point.capacitors_mvar, t)),
        (t("meter"), point.meter),
        *_instrument(report, t),
        (t("reading_period"), t("every_minutes", minutes=t.number(month.period_s / 60.0))),
        (
            t("spectrum_period"),
            t("not_measured")
            if month.spectrum_period_s is None
            else t("every_minutes", minutes=t.number(month.spectrum_period_s / 60.0)),
        ),
    ]
    if month.recorded.names:
        rows.append((t("waveform_records"), ", ".join(month.recorded.names)))
    blocks = [Facts(rows=rows)]
    if point.wiring is Wiring.THREE_PHASE_THREE_WIRE:
        return Part(number=1, title=t("part_1"), blocks=[*blocks, Note(text=t("three_wire_note"))])
    return Part(number=1, title=t("part_1"), blocks=blocks)


def _supply(report: MonthlyReport, t: Telling) -> list[tuple[str, str]]:
    supply = report.month.point.supply
    return [
        (
            t(key),
            _filed(None if supply is None else getattr(supply, key), "MVA", f"[[supply]] {key}", t),
        )
        for key in ("short_circuit_mva", "agreed_mva", "equipment_mva")
    ]


def _instrument(report: MonthlyReport, t: Telling) -> list[tuple[str, str]]:
    instrument = report.month.point.instrument
    told = [
        (t(f"instrument_{name}"), getattr(instrument, name) or t("not_filed", entry=f"[[meter]] {name}"))
        for name in ("model", "serial", "accuracy_class", "firmware")
    ]
    return [*told, (t("instrument_verified_until"), _verified(report, t))]


def _verified(report: MonthlyReport, t: Telling) -> str:
    """Return until when the verification holds, and whether that covers the month."""
    last = report.month.point.instrument.verified_until
    if last is None:
        return t("not_filed", entry="[[meter]] verified_until")
    # The month's last day: its end is the midnight after it, or now.
    ends_on = (report.month.ends_at - timedelta(microseconds=1)).astimezone(t.zone).date()
    return last.isoformat() if last >= ends_on else t("verification_lapsed", day=last.isoformat())


def _band(band: tuple[float, float] | None, t: Telling) -> str:
    if band is None:
        return t("none_filed", entry="[[supply]] agreed_band_percent")
    return " … ".join(f"{percent:+g} %" for percent in band)


def _capacitors(steps_mvar: Sequence[float], t: Telling) -> str:
    if not steps_mvar:
        return t("none_filed", entry="[[supply]] capacitor_steps_kvar")
    return " + ".join(t.number(1000.0 * step) for step in steps_mvar) + " kvar"


def _filed(value: float | None, unit: str, entry: str, t: Telling) -> str:
    return t("not_filed", entry=entry) if value is None else f"{t.number(value)} {unit}"
