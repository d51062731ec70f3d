"""What a chart needs to know before it fetches its curve: address, names, limits, marked stretches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from urllib.parse import urlencode

from dashboard.formats import Formats
from dashboard.messages import Told
from dashboard.rendering import path_of
from dashboard.sides import band_shown
from dashboard.words import SEVERITY_CODES, SUSPENSIONS, part_label, word
from pipeline.model import Json, MeterId, Verdict
from pipeline.quantities import Quantity
from pipeline.registry import Meter, Wiring
from storage.dashboard_queries import MeterCard, SuspensionCard


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One curve: its name and how it is drawn."""

    label: str
    colour: str
    """A colour of the style sheet: ``actual``, ``estimated``, ``phase-a`` ..."""
    step: bool = False
    """Each value holds until the next point."""
    dashed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A value that must be kept."""

    value: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Between:
    """An area filled between two of a chart's lines."""

    upper: int
    """The place of the upper line among the chart's."""
    lower: int
    colour: str
    label: str
    """What it says that a value lies in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A stretch of time marked behind the curves."""

    since: datetime
    until: datetime
    label: str
    kind: str
    """A severity's code, or ``suspension``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Everything that ``charts.js`` reads from the page."""

    id: str
    title: str
    unit: str
    digits: int
    address: str
    """Where the curve is fetched, packed as ``dashboard.curves.pack`` says."""
    since: datetime
    until: datetime
    lines: Sequence[Line]
    limits: Sequence[Limit] = ()
    band: tuple[float, float] | None = None
    between: Between | None = None
    stretches: Sequence[Stretch] = field(default=())
    live: bool = False
    """The open page takes in what is stored after it was drawn."""

    def config(self, f: Formats) -> dict[str, Json]:
        """Return what the script needs, ready for JSON."""
        return {
            "id": self.id,
            "live": self.live,
            "address": self.address,
            "unit": self.unit,
            "digits": self.digits,
            "zone": f.zone.key,
            "locale": f.locale.language + "-" + (f.locale.territory or ""),
            "since": self.since.timestamp(),
            "until": self.until.timestamp(),
            "lines": [
                {"label": s.label, "colour": s.colour, "step": s.step, "dashed": s.dashed} for s in self.lines
            ],
            "limits": [{"value": limit.value, "label": limit.label} for limit in self.limits],
            "band": list(self.band) if self.band is not None else None,
            "between": None if self.between is None else asdict(self.between),
            "stretches": [
                {
                    "since": s.since.timestamp(),
                    "until": s.until.timestamp(),
                    "label": s.label,
                    "kind": s.kind,
                }
                for s in self.stretches
            ],
            "time": f.catalogue.gettext("Time"),
            "lowest": f.catalogue.gettext("lowest"),
            "highest": f.catalogue.gettext("highest"),
            "widest": f.catalogue.gettext("at the widest"),
        }


def load_chart(  # noqa: PLR0913 - what a chart shows
    card: MeterCard,
    f: Formats,
    *,
    since: datetime,
    until: datetime,
    limits: Sequence[Limit] = (),
    stretches: Sequence[Stretch] = (),
) -> Chart:
    """Return the load curve (负荷曲线): mean power of each slot, primary side, estimated slots told apart."""
    text = f.catalogue.gettext
    return Chart(
        id="load",
        title=text("Load curve"),
        unit="kW",
        digits=2,
        address=curve_address(card.meter, "load", since, until),
        since=since,
        until=until,
        lines=(
            Line(label=text("Measured"), colour="actual", step=True),
            Line(label=text("Estimated"), colour="estimated", step=True, dashed=True),
        ),
        limits=limits,
        stretches=stretches,
        live=True,
    )


def voltage_chart(
    card: MeterCard, f: Formats, *, since: datetime, until: datetime, stretches: Sequence[Stretch] = ()
) -> Chart:
    """Return the voltages that the meter's wiring has, as the meter shows them, with their band."""
    quantities = voltages_of(card.wiring)
    colours = {"a": "phase-a", "b": "phase-b", "c": "phase-c", "ab": "phase-a", "bc": "phase-c"}
    return Chart(
        id="voltage",
        title=f.catalogue.gettext("Voltage"),
        unit="V",
        digits=1,
        address=curve_address(card.meter, "series", since, until, quantities),
        since=since,
        until=until,
        lines=[
            Line(label=part_label(q, f.catalogue), colour=colours[q.value.rpartition("_")[2]])
            for q in quantities
        ],
        band=band_of(card),
        stretches=stretches,
        live=True,
    )


def voltages_of(wiring: str) -> tuple[Quantity, ...]:
    """Return the voltages that a meter of this wiring measures; 3P3W has no phase B."""
    if wiring == Wiring.ONE_PHASE:
        return (Quantity.VOLTAGE_A,)
    if wiring == Wiring.THREE_PHASE_THREE_WIRE:
        return (Quantity.VOLTAGE_AB, Quantity.VOLTAGE_BC)
    return (Quantity.VOLTAGE_A, Quantity.VOLTAGE_B, Quantity.VOLTAGE_C)


def band_of(card: MeterCard) -> tuple[float, float]:
    """Return the permitted band of the supply voltage as the meter shows it, V."""
    meter = Meter(
        id=MeterId(card.meter),
        wiring=Wiring(card.wiring),
        rated_voltage_v=card.rated_voltage_v,
        nominal_voltage_v=card.nominal_voltage_v,
    )
    low_v, high_v = band_shown(meter, pt=card.pt, profile=card.profile)
    return round(low_v, 1), round(high_v, 1)


def stretches_of(
    episodes: Sequence[Told], *, now: datetime, suspensions: Sequence[Stretch] = ()
) -> list[Stretch]:
    """Return what is marked behind a meter's curves: suspensions, then abnormal episodes."""
    return [
        *suspensions,
        *(
            Stretch(
                since=e.card.starts_at,
                until=e.card.ends_at or now,
                label=e.detector,
                kind=SEVERITY_CODES.get(e.card.severity, "info"),
            )
            for e in episodes
            if e.card.verdict == Verdict.ABNORMAL
        ),
    ]


def suspension_stretches(suspensions: Sequence[SuspensionCard], f: Formats, now: datetime) -> list[Stretch]:
    """Return suspensions as marked stretches."""
    return [
        Stretch(
            since=s.starts_at,
            until=s.ends_at or now,
            label=word(SUSPENSIONS, s.kind, f.catalogue),
            kind="suspension",
        )
        for s in suspensions
    ]


def curve_address(
    meter: str, what: str, since: datetime, until: datetime, quantities: Sequence[Quantity] = ()
) -> str:
    """Return where a chart fetches a meter's curve: its ``load``, or the ``series`` of quantities."""
    query = [
        ("since", since.isoformat()),
        ("until", until.isoformat()),
        ("format", "binary"),
        *(("quantity", q.value) for q in quantities),
    ]
    return f"{path_of('api', 'meters', meter, what)}?{urlencode(query)}"
