"""Faults of the way to a meter, and of its clock: silence, the same dark hours every day, jumps and drift."""

from __future__ import annotations

from dataclasses import replace

from simulators.faults.deed import BUSES, Deed, Given, Key, deeds
from simulators.physics.meter_clock import ClockChange
from simulators.physics.window import Window
from simulators.physics.world import World

SUMMER_TIME_S = 3600.0


def _silent(world: World, window: Window, given: Given) -> World:
    del given
    return replace(world, silences=(*world.silences, window))


def _clock_jump(world: World, window: Window, given: Given) -> World:
    change = ClockChange(window=window, jump_s=given.number("seconds"))
    return replace(world, clock=(*world.clock, change))


def _summer_time(world: World, window: Window, given: Given) -> World:
    del given
    return replace(world, clock=(*world.clock, ClockChange(window=window, jump_s=SUMMER_TIME_S)))


def _clock_drift(world: World, window: Window, given: Given) -> World:
    change = ClockChange(window=window, drift_s_per_day=given.number("seconds_per_day"))
    return replace(world, clock=(*world.clock, change))


deeds.register("silent")(
    Deed(
        what="the meter does not answer, though it goes on measuring and storing",
        zh="通信中断",
        detector="missing_reads",
        twin="an outage: it has nothing to tell either (deed = outage)",
        act=_silent,
        lines=BUSES,
    )
)
deeds.register("blackout")(
    Deed(
        what="no answer in the same hours of every day; write it with nights",
        zh="定时失联",
        detector="communication_blackout",
        twin="one evening only (nights = 1), or hours that change",
        also=("missing_reads",),
        act=_silent,
        lines=BUSES,
    )
)
deeds.register("clock_jump")(
    Deed(
        what="the meter's clock jumps, and is set right at the end of the window",
        zh="时钟跳变",
        detector="clock_error",
        twin="seconds = 40: below the minute from which it counts",
        act=_clock_jump,
        keys=(Key(name="seconds", what="meter minus true time", unit="s", default=420.0, least=-86400.0),),
        lines=("dlt645",),
    )
)
deeds.register("summer_time")(
    Deed(
        what="the meter's clock goes by a summer time (夏令时) that is not kept there: an hour ahead",
        zh="夏令时误设",
        detector="clock_error",
        twin="a fleet whose zone keeps summer time: its meters change with it",
        act=_summer_time,
        lines=("dlt645",),
    )
)
deeds.register("clock_drift")(
    Deed(
        what="the meter's clock drifts, and is set right at the end of the window",
        zh="时钟漂移",
        detector="clock_error",
        twin="seconds_per_day = 0.1: a second in ten days, below what counts",
        act=_clock_drift,
        keys=(
            Key(name="seconds_per_day", what="drift", unit="s/d", default=2.0, least=-3600.0, most=3600.0),
        ),
        lines=("dlt645",),
    )
)
