"""Analyses a record of voltages and currents out of a file, by IEC 61000-4-7, -4-15 and -4-30."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis.comtrade.recording import Side
from analysis.waveform import indices
from analysis.waveform.events import Event
from analysis.waveform.intervals import Joined, joined_intervals
from analysis.waveform.options import Options
from analysis.waveform.record import ChannelKind, Recording
from analysis.waveform.sequences import Unbalance, unbalance
from analysis.waveform.severities import long_term
from analysis.waveform.survey import Survey, survey
from analysis.waveform.window_figures import WindowFigures
from storage.waveform_files import read_waveform


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
        "frequency_10s": [{"start_s": at_s, "frequency_hz": hertz} for at_s, hertz in found.frequencies],
        "flicker": [
            {"channel": s.channel, "start_s": s.starts_s, "pst": s.pst, "flagged": s.flagged}
            for s in found.severities
        ],
        "long_term_flicker": [
            {"channel": s.channel, "start_s": s.starts_s, "plt": s.plt, "flagged": s.flagged}
            for s in long_term(found.severities)
        ],
        "notes": [*recording.notes, *_incomplete(recording), *found.notes],
    }


def _record(recording: Recording) -> dict[str, object]:
    starts_at = recording.starts_at
    return {
        "name": recording.name,
        "starts_at": None if starts_at is None else starts_at.isoformat(),
        "nominal_hz": recording.nominal_hz,
        "start_s": recording.starts_s,
        "duration_s": recording.ends_s - recording.starts_s,
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
    """Return the whole intervals of each length."""
    found: defaultdict[str, list[dict[str, object]]] = defaultdict(list)
    for figures in windows:
        for length, joined in joined_intervals(figures).items():
            found[length] += _joined(recording, joined, request)
    return found


def _joined(recording: Recording, joined: Joined, request: Request) -> Iterator[dict[str, object]]:
    values, unflagged = joined.figures.values, joined.figures.unflagged
    channels = _channels(recording, values[..., 0], values[..., 1:], request)
    for number in np.flatnonzero(joined.whole).tolist():
        for place, of_channel in enumerate(channels[number].values()):
            of_channel["rms_unflagged"] = float(unflagged[number, place, 0])
        yield {
            "start_s": float(joined.starts_s[number]),
            "flagged": bool(joined.figures.flagged[number]),
            "values": int(joined.figures.counts[number]),
            "channels": channels[number],
        }
