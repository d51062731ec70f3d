"""Dips, swells and interruptions (电压暂降、暂升与短时中断): table, SARFI and ride-through curves.

GB/T 30137 sets no limits. Polls see no dips: without a log that was read nothing is said of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from analysis.power_quality.catalogue import Check, checks
from analysis.power_quality.judgement import Compliance, Evidence, Judgement, Reason
from analysis.power_quality.point_month import PointMonth
from analysis.power_quality.sags import extent, sarfi, supply_events
from analysis.power_quality.supply_events import (
    SupplyEvent,
    SupplyKind,
    event_limits,
    ride_through_curves,
    sarfi_percents,
)
from pipeline.event_counts import VOLTAGE_KINDS
from pipeline.model import Json

NAME = "voltage_events"
AT_THE_EDGE = 1
"""An event of the month before may be counted in this one: counters are read by the hour (own)."""


def judge(month: PointMonth) -> Sequence[Judgement]:
    """Return the events, and one figure for each residual voltage of SARFI."""
    reference = event_limits().reference
    # Records of other kinds, such as of a clock set, say nothing of the log of voltages.
    is_read = month.event_counts or any(event.kind in VOLTAGE_KINDS for event in month.events)
    if not is_read and not month.recorded.events:
        return [
            Judgement(
                check=NAME,
                subject="events",
                verdict=Compliance.NOT_APPLICABLE,
                reference=reference,
                reasons=(Reason(key="no_event_log"),),
            )
        ]
    found = supply_events(month)
    of_supply = [event for event in found if event.kind is not SupplyKind.CIRCUIT_FAULT]
    unknown = sum(event.residual_percent is None for event in of_supply)
    reasons = [Reason(key="no_event_limit")]
    if unknown:
        reasons.append(Reason(key="residual_unknown", parameters={"n": unknown}))
    lost = _not_recorded(month)
    if lost > AT_THE_EDGE:
        reasons.append(Reason(key="events_not_recorded", parameters={"n": lost}))
    worst = min(
        (e for e in of_supply if e.residual_percent is not None),
        key=lambda e: e.residual_percent or 0.0,
        default=None,
    )
    return [
        Judgement(
            check=NAME,
            subject="events",
            verdict=Compliance.NOT_APPLICABLE,
            reference=reference,
            value=float(len(of_supply)),
            unit="1",
            evidence=Evidence(
                n=len(of_supply),
                phase=None if worst is None else ", ".join(worst.phases) or None,
                at=None if worst is None else worst.starts_at,
            ),
            reasons=reasons,
            figures={
                "events": [_row(month, event) for event in of_supply],
                "circuit_faults": [
                    [", ".join(e.phases), e.starts_at.isoformat(), e.duration_s]
                    for e in found
                    if e.kind is SupplyKind.CIRCUIT_FAULT
                ],
                "counted_since_clear": [
                    {
                        "kind": c.kind.value,
                        "part": c.part,
                        "count": c.count,
                        "minutes": c.minutes,
                        "in_month": c.new,
                    }
                    for c in month.event_counts
                    if c.count
                ],
            },
        ),
        *(
            Judgement(
                check=NAME,
                subject=f"SARFI-{percent:g}",
                verdict=Compliance.NOT_APPLICABLE,
                reference=reference,
                value=float(sarfi(of_supply, percent)),
                unit="1",
                evidence=Evidence(n=len(of_supply)),
                reasons=(Reason(key="no_event_limit"),),
            )
            for percent in sarfi_percents()
        ),
    ]


def _not_recorded(month: PointMonth) -> int:
    """Return how many events the meter counted in the month of which it no longer has a record."""
    recorded = Counter(
        (event.kind, event.part)
        for event in month.events
        if month.starts_at <= event.starts_at < month.ends_at
    )
    return sum(max((total.new or 0) - recorded[total.kind, total.part], 0) for total in month.event_counts)


def _row(month: PointMonth, event: SupplyEvent) -> Json:
    """Return an event as a table and a plot of duration and residual voltage want it."""
    known = event.residual_percent is not None and event.duration_s is not None
    return {
        "kind": event.kind.value,
        "phases": list(event.phases),
        "starts_at": event.starts_at.isoformat(),
        "duration_s": event.duration_s,
        "residual_percent": None if event.residual_percent is None else round(event.residual_percent, 3),
        "source": event.source,
        "extent": extent(event, month.neighbours),
        "bears": {
            curve.name: curve.bears(event.residual_percent or 0.0, event.duration_s or 0.0) if known else None
            for curve in ride_through_curves()
        },
    }


checks.register(NAME)(Check(name=NAME, part=9, judge=judge))
