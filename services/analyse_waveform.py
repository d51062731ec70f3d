"""Analyses a record of voltages and currents out of a file, by IEC 61000-4-7, -4-15 and -4-30."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analysis.comtrade.recording import Side
from analysis.waveform import indices
from analysis.waveform.aggregation import LEAST_VALUES_OF_3_S, Aggregates, aggregate
from analysis.waveform.events import Event
from analysis.waveform.flicker import PST_PER_PLT, plt
from analysis.waveform.options import Options
from analysis.waveform.record import ChannelKind, Recording
from analysis.waveform.sequences import Unbalance, unbalance
from analysis.waveform.severities import Severity
from analysis.waveform.survey import Survey, survey
from analysis.waveform.window_figures import WindowFigures
from analysis.waveform.windows import TICK_S, WINDOWS_OF_3_S
from storage.waveform_files import read_waveform

_WHOLE_S: Final = 1e-6
"""How much an interval may lack of its 10 minutes and still be whole: rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked of a record beside its file."""

    side: Side = Side.PRIMARY
    options: Options = field(default_factory=Options)
    demand_a: float | None = None
    """The maximum demand current, for the demand distortion."""


def analyse_waveform(
    path: Path, request: Request, tell: Callable[[str], None] = lambda _news: None
) -> dict[str, object]:
    """Return what a record shows, in the form of ``kilowatch waveform --json`` (DESIGN, section 6).

    Args:
        path: A COMTRADE file or a table.
        request: What is asked.
        tell: Called as the work goes on.

    Raises:
        DataError: If the file cannot be read; names file and line.
    """
    tell(f"reading {path.name}")
    recording = read_waveform(path, request.side)
    found = survey(recording, request.options, tell)
    tell("writing")
    return {
        "record": _record(recording),
        "windows": [w for figures in found.windows for w in _windows(recording, found, figures, request)],
        "declared_v": found.events.declared_v,
        "events": [{"channel": event.channels[0], **_event(event)} for event in found.events.single],
        "polyphase_events": [{"channels": e.channels, **_event(e)} for e in found.events.polyphase],
        "intervals": _intervals(recording, found.windows, request),
        "flicker": [{"channel": s.channel, "start_s": s.starts_s, "pst": s.pst} for s in found.severities],
        "long_term_flicker": list(_long_term(found.severities)),
        "notes": [*recording.notes, *_incomplete(recording), *found.notes],
    }


def _record(recording: Recording) -> dict[str, object]:
    starts_at = recording.starts_at
    return {
        "name": recording.name,
        "starts_at": None if starts_at is None else starts_at.isoformat(),
        "nominal_hz": recording.nominal_hz,
        "duration_s": recording.ends_s,
        "samples": recording.samples,
        "samples_expected": recording.samples_expected,
        "incomplete": recording.is_incomplete,
        "stretches": [
            {"start_s": s.starts_s, "rate_hz": s.rate_hz, "samples": int(s.samples.shape[1])}
            for s in recording.stretches
        ],
        "channels": [
            {"name": c.name, "kind": c.kind.value, "phase": c.phase, "unit": c.unit}
            for c in recording.channels
        ],
    }


def _incomplete(recording: Recording) -> list[str]:
    if not recording.is_incomplete:
        return []
    return [f"the file holds {recording.samples} of {recording.samples_expected} samples: it was cut off"]


def _windows(
    recording: Recording, found: Survey, figures: WindowFigures, request: Request
) -> Iterator[dict[str, object]]:
    """Yield each window; those that only complete a 150/180-cycle interval are left out."""
    channels = _channels(recording, figures.rms, figures.orders, request)
    between = _percent(figures.interharmonics, figures.orders).tolist()
    frequencies = figures.plan.frequencies_hz.tolist()
    for number in np.flatnonzero(~figures.plan.overlaps).tolist():
        of_channels = channels[number]
        for name, inner in zip(of_channels, between[number], strict=True):
            of_channels[name]["interharmonics_percent"] = inner
        systems = [
            {
                "channels": [recording.channels[place].name for place in system.channels],
                **_unbalance(
                    unbalance(
                        system.triple(figures.fundamentals[number]), between_phases=system.between_phases
                    )
                ),
            }
            for system in found.systems
        ]
        voltages = [
            s for s, system in zip(systems, found.systems, strict=True) if system.kind is ChannelKind.VOLTAGE
        ]
        yield {
            "start_s": float(figures.starts_s[number]),
            "frequency_hz": frequencies[number] if figures.is_synchronised else None,
            "flagged": bool(figures.flagged[number]),
            "cycles": figures.plan.cycles,
            "grouping": "subgroups" if figures.is_grouped else "lines",
            "channels": of_channels,
            "unbalance_percent": voltages[0]["unbalance_percent"] if voltages else None,
            "systems": systems,
        }


def _unbalance(found: Unbalance) -> dict[str, object]:
    return {
        "unbalance_percent": found.negative_percent,
        "zero_sequence_percent": found.zero_percent,
        "wiring_fault": None if found.wiring_fault is None else found.wiring_fault.value,
    }


def _channels(
    recording: Recording, rms: NDArray[np.float64], orders: NDArray[np.float64], request: Request
) -> list[dict[str, dict[str, object]]]:
    """Return the figures of each channel by name, for each window or interval."""
    highest = min(request.options.thd_order, orders.shape[-1] - 1)
    upper = orders[..., 1:]
    shares = _percent(orders, orders).tolist()
    figures: dict[str, list[list[float]]] = {"rms": rms.tolist()}
    if highest > 0:
        figures["thd_percent"] = (100.0 * indices.thd_f(upper, highest)).tolist()
        figures["k_factor"] = indices.k_factor(upper, upper.shape[-1]).tolist()
        if request.demand_a is not None:
            figures["tdd_percent"] = (100.0 * indices.tdd(upper, highest, request.demand_a)).tolist()
    of_currents = {"k_factor", "tdd_percent"}
    return [
        {
            channel.name: {
                **{
                    name: values[number][place]
                    for name, values in figures.items()
                    if channel.kind is ChannelKind.CURRENT or name not in of_currents
                },
                "thd_orders": [2, highest],
                "harmonics_percent": shares[number][place],
            }
            for place, channel in enumerate(recording.channels)
        }
        for number in range(len(rms))
    ]


def _percent(parts: NDArray[np.float64], orders: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return parts in percent of order 1; NaN where there is none."""
    fundamental = orders[..., 1:2] if orders.shape[-1] > 1 else np.full((*orders.shape[:-1], 1), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(fundamental > 0.0, 100.0 * parts / fundamental, np.nan)


def _event(event: Event) -> dict[str, object]:
    return {
        "kind": event.kind.value,
        "start_s": event.starts_s,
        "duration_s": event.duration_s,
        "residual_percent": event.residual_percent,
        "begins_before": event.begins_before,
        "ends_after": event.ends_after,
    }


def _intervals(
    recording: Recording, windows: Sequence[WindowFigures], request: Request
) -> Mapping[str, list[dict[str, object]]]:
    """Return the whole intervals of 3 s, 10 minutes and 2 hours."""
    found: dict[str, list[dict[str, object]]] = {"3s": [], "10min": [], "2h": []}
    for figures in windows:
        values = np.concatenate((figures.rms[..., None], figures.orders), axis=-1)
        plan = figures.plan
        threes = aggregate(values, plan.interval_3s, figures.flagged, least=LEAST_VALUES_OF_3_S)
        starts = _first(figures.starts_s, plan.interval_3s, threes.intervals)
        found["3s"] += _joined(recording, threes, starts, threes.counts == WINDOWS_OF_3_S, request)
        own = ~plan.overlaps
        tens = aggregate(values[own], plan.interval_10min[own], figures.flagged[own])
        starts = _first(figures.starts_s[own], plan.interval_10min[own], tens.intervals)
        ends = np.array([plan.ends_s[own & (plan.interval_10min == n)][-1] for n in tens.intervals])
        begins = np.array([plan.starts_s[own & (plan.interval_10min == n)][0] for n in tens.intervals])
        whole = ends - begins >= TICK_S - _WHOLE_S
        found["10min"] += _joined(recording, tens, starts, whole, request)
        places = np.flatnonzero(whole)
        groups = np.arange(len(places)) // PST_PER_PLT
        hours = aggregate(tens.values[places], groups, tens.flagged[places])
        found["2h"] += _joined(
            recording, hours, starts[places][::PST_PER_PLT], hours.counts == PST_PER_PLT, request
        )
    return found


def _first(
    starts_s: NDArray[np.float64], intervals: NDArray[np.int64], numbers: NDArray[np.int64]
) -> NDArray[np.float64]:
    return np.array([starts_s[intervals == number][0] for number in numbers])


def _joined(
    recording: Recording,
    joined: Aggregates,
    starts_s: NDArray[np.float64],
    whole: NDArray[np.bool_],
    request: Request,
) -> Iterator[dict[str, object]]:
    channels = _channels(recording, joined.values[..., 0], joined.values[..., 1:], request)
    for number in np.flatnonzero(whole).tolist():
        for place, figures in enumerate(channels[number].values()):
            figures["rms_unflagged"] = float(joined.unflagged[number, place, 0])
        yield {
            "start_s": float(starts_s[number]),
            "flagged": bool(joined.flagged[number]),
            "windows": int(joined.counts[number]),
            "channels": channels[number],
        }


def _long_term(severities: Sequence[Severity]) -> Iterator[dict[str, object]]:
    """Yield the long-term severity of every twelve short-term ones of a channel."""
    for channel in dict.fromkeys(severity.channel for severity in severities):
        own = [severity for severity in severities if severity.channel == channel]
        for first in range(0, len(own) - PST_PER_PLT + 1, PST_PER_PLT):
            twelve = own[first : first + PST_PER_PLT]
            yield {"channel": channel, "start_s": twelve[0].starts_s, "plt": plt([s.pst for s in twelve])}
