"""``kilowatch clocks``: how far each meter's clock is off, and how fast it runs away."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.output import JsonFlag, print_json, print_table


def clocks(
    *,
    due: Annotated[bool, typer.Option("--due", help="Only those that somebody has to set.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """List the meters' clocks (时钟偏差): offset, drift in seconds a day, and whose task each is.

    Example: kilowatch clocks --due
    """
    from services.clocks import ClockTask, all_clocks

    states = [state for state in all_clocks() if not due or state.task is not ClockTask.NOTHING]
    if as_json:
        for state in states:
            print_json(
                {
                    "meter": state.meter,
                    "offset_s": round(state.offset_s, 1),
                    "measured_at": state.measured_at,
                    "drift_s_per_day": None if state.drift is None else round(state.drift.s_per_day, 3),
                    "drift_days": None if state.drift is None else round(state.drift.days, 1),
                    "task": state.task.value,
                }
            )
        return
    rows = [
        (
            state.meter,
            f"{state.offset_s:+.1f}",
            "" if state.drift is None else f"{state.drift.s_per_day:+.2f}",
            state.measured_at,
            state.task.value,
        )
        for state in states
    ]
    columns = ("meter", "offset s", "drift s/d", "measured", "task")
    print_table(f"{len(rows) or 'no'} clock{'s' * (len(rows) != 1)}", columns, rows)
