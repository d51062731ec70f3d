"""``kilowatch waveform``: a record of voltages and currents by IEC 61000-4-7 and -4-30."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final, TypeAlias

import typer

from cli.output import JsonFlag, print_below, print_fields, print_json, print_table, status

MOST_ORDERS: Final = 4
LEAST_PERCENT: Final = 0.05
"""A harmonic below it is not worth a place in the table."""
INCOMPLETE: Final = 1
NOMINALS: Final = (50.0, 60.0)

Found: TypeAlias = dict[str, Any]  # Any: parts of the form that --json prints


def waveform(  # noqa: PLR0913 - a command with all its options
    file: Annotated[Path, typer.Argument(help="COMTRADE (.cfg beside its .dat, .cff) or a table (.csv).")],
    *,
    declared_v: Annotated[
        float | None,
        typer.Option(
            min=1e-3, help="Declared voltage of the channels, V; else what the record normally shows."
        ),
    ] = None,
    sliding: Annotated[
        bool, typer.Option("--sliding", help="Hold events to a reference that follows slow changes (MV, HV).")
    ] = False,
    nominal_hz: Annotated[
        float | None, typer.Option(help="50 or 60; else whichever the record is nearer to.")
    ] = None,
    side: Annotated[
        str, typer.Option(help="Side of the transformers: primary, secondary or recorded.")
    ] = "primary",
    thd_order: Annotated[int, typer.Option(min=2, max=50, help="Highest order that THD takes.")] = 40,
    demand_a: Annotated[
        float | None,
        typer.Option(min=1e-6, help="Maximum demand current for the demand distortion (TDD), A."),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Analyse a waveform: harmonics (谐波), unbalance (不平衡), dips (暂降), swells (暂升), flicker (闪变).

    Example: kilowatch waveform fault.cfg --declared-v 63508.5
    """
    from analysis.comtrade.recording import Side
    from analysis.waveform.options import Options
    from services.analyse_waveform import Request, analyse_waveform

    if side not in set(Side):
        raise typer.BadParameter(f"{side!r}: write {', '.join(Side)}", param_hint="--side")
    if nominal_hz is not None and nominal_hz not in NOMINALS:
        raise typer.BadParameter(f"{nominal_hz:g}: write 50 or 60", param_hint="--nominal-hz")
    options = Options(declared_v=declared_v, is_sliding=sliding, nominal_hz=nominal_hz, thd_order=thd_order)
    with status() as tell:
        found: Found = analyse_waveform(
            file, Request(side=Side(side), options=options, demand_a=demand_a), tell
        )
    if as_json:
        print_json(found)
        for note in found["notes"]:
            typer.echo(f"note: {note}", err=True)
    else:
        _show(found)
    if found["record"]["incomplete"]:
        raise typer.Exit(INCOMPLETE)


def _show(found: Found) -> None:
    record = found["record"]
    flagged = sum(window["flagged"] for window in found["windows"])
    # What events touched says nothing of how the voltage normally is (IEC 61000-4-30, 4.7).
    windows = [w for w in found["windows"] if not w["flagged"]] or found["windows"]
    fields = {
        "record": record["name"],
        **({"starts": record["starts_at"]} if record["starts_at"] else {}),
        "length": f"{record['duration_s']:.6g} s",
        "windows": f"{len(found['windows'])}, of which {flagged} are flagged: events touch them"
        + (", the figures leave them out" if 0 < flagged < len(found["windows"]) else ""),
        "samples": f"{record['samples']} at {_rates(record)}",
    }
    if found["declared_v"]:
        fields["declared"] = ", ".join(
            f"{channel} {level:.6g} V" for channel, level in found["declared_v"].items()
        )
    frequencies = [w["frequency_hz"] for w in windows if w["frequency_hz"] is not None]
    if frequencies:
        fields["frequency"] = (
            f"{_mean(frequencies):.4f} Hz ({min(frequencies):.4f} to {max(frequencies):.4f})"
        )
    unbalances = [w["unbalance_percent"] for w in windows if w["unbalance_percent"] is not None]
    if unbalances:
        fields["unbalance"] = f"{_mean(unbalances):.2f} %, at most {max(unbalances):.2f} %"
    faults = sorted({s["wiring_fault"] for w in windows for s in w["systems"] if s["wiring_fault"]})
    if faults:
        fields["wiring"] = f"{', '.join(faults)}: no unbalance can be told"
    print_fields(fields)
    if windows:
        columns = ("channel", "rms", "unit", "THD % mean", "THD % highest", "largest orders, % mean")
        print_table("", columns, [_channel(channel, windows) for channel in record["channels"]])
    events = [
        (e["kind"], ", ".join(e.get("channels", [e.get("channel")])), *_times(e))
        for e in (*found["events"], *found["polyphase_events"])
    ]
    if events:
        columns = ("event", "channel", "start s", "duration s", "residual %", "")
        single, together = len(found["events"]), len(found["polyphase_events"])
        title = f"{single} events of one channel, {together} of phases together"
        print_table(title, columns, events)
    if found["flicker"]:
        rows = [(f["channel"], f"{f['start_s']:.1f}", f"{f['pst']:.3f}") for f in found["flicker"]]
        print_table("short-term flicker", ("channel", "start s", "Pst"), rows)
    for note in found["notes"]:
        print_below(note)


def _channel(channel: Found, windows: Sequence[Found]) -> Sequence[object]:
    own = [window["channels"][channel["name"]] for window in windows]
    distortions = [c["thd_percent"] for c in own if _is_known(c.get("thd_percent"))]
    orders = list(zip(*(c["harmonics_percent"] for c in own), strict=False))
    means = {
        order: _mean([v for v in values if _is_known(v)]) for order, values in enumerate(orders) if order > 1
    }
    largest = sorted((o for o, mean in means.items() if mean >= LEAST_PERCENT), key=lambda o: -means[o])
    return (
        channel["name"],
        f"{_mean([c['rms'] for c in own if _is_known(c['rms'])]):.6g}",
        channel["unit"],
        f"{_mean(distortions):.3f}" if distortions else None,
        f"{max(distortions):.3f}" if distortions else None,
        ", ".join(f"{order}: {means[order]:.2f}" for order in largest[:MOST_ORDERS]),
    )


def _times(event: Found) -> Sequence[str]:
    open_ends = [
        text
        for key, text in (
            ("begins_before", "was there at the beginning"),
            ("ends_after", "still there at the end"),
        )
        if event[key]
    ]
    figures = f"{event['start_s']:.4f}", f"{event['duration_s']:.4f}", f"{event['residual_percent']:.2f}"
    return *figures, ", ".join(open_ends)


def _rates(record: Found) -> str:
    return ", ".join(dict.fromkeys(f"{stretch['rate_hz']:.6g} Hz" for stretch in record["stretches"]))


def _is_known(value: float | None) -> bool:
    return value is not None and value == value  # noqa: PLR0124 - NaN is the one value that differs from itself


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else float("nan")
