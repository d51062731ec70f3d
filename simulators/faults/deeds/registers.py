"""Faults of the registers: they stand still, begin anew, roll over, count too much or too little."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.quantities import Kind, Quantity
from simulators.faults.deed import Deed, Given, Key, Stake, deeds
from simulators.physics.circuit import PHASES
from simulators.physics.conditions import Reader, Shown
from simulators.physics.window import Window
from simulators.physics.world import World

IMPORT_PHASES = tuple(Quantity(f"active_energy_import_{phase}") for phase in PHASES)
ROLLING = (Quantity.ACTIVE_ENERGY_IMPORT, Quantity.ACTIVE_ENERGY_COMBINED)
ROLLED_RATE = Quantity.ACTIVE_ENERGY_IMPORT_T4
COMBINED_RATE = Quantity.ACTIVE_ENERGY_COMBINED_T4


def counters(shown: Shown) -> Shown:
    """Return only the registers of what a meter shows."""
    return {quantity: value for quantity, value in shown.items() if quantity.kind is Kind.COUNTER}


def _since(window: Window, apply: Callable[[Reader, float, Shown], Shown]) -> Callable[[Reader], Reader]:
    """Return a lens that changes what is read from a window's start on, its lasting effect included."""
    start_s = window.starts_at.timestamp()

    def lens(read: Reader) -> Reader:
        def seen(stamp_s: float) -> Shown:
            shown = read(stamp_s)
            return shown if stamp_s < start_s else shown | apply(read, stamp_s, counters(shown))

        return seen

    return lens


def _counting(world: World, window: Window, factor: float) -> World:
    """Return a world whose registers count ``factor`` of the energy in a window; what it lacks is lost."""
    start_s, end_s = window.starts_at.timestamp(), window.ends_at.timestamp()

    def apply(read: Reader, stamp_s: float, shown: Shown) -> Shown:
        before, latest = read(start_s), read(min(stamp_s, end_s))
        return {
            quantity: value + (factor - 1) * (latest[quantity] - before[quantity])
            for quantity, value in shown.items()
        }

    return world.seen_through(_since(window, apply))


def _stopped(world: World, window: Window, given: Given) -> World:
    del given
    return _counting(world, window, 0.0)


def _scaled(world: World, window: Window, given: Given) -> World:
    return _counting(world, window, given.number("factor"))


def _reset(world: World, window: Window, given: Given) -> World:
    """Begin at zero; nothing ends it, so only the window's start matters."""
    del given
    start_s = window.starts_at.timestamp()

    def apply(read: Reader, stamp_s: float, shown: Shown) -> Shown:
        del stamp_s
        before = read(start_s)
        return {quantity: value - before[quantity] for quantity, value in shown.items()}

    return world.seen_through(_since(window, apply))


def _rollover(world: World, window: Window, given: Given) -> World:
    """Let the total pass the end of its digits at the window's start; its parts have long counted on."""
    span = 10.0 ** given.number("digits")
    start_s = window.starts_at.timestamp()

    def lens(read: Reader) -> Reader:
        at_start = counters(read(start_s))
        more = span - at_start[Quantity.ACTIVE_ENERGY_IMPORT]
        parts = {ROLLED_RATE: more, COMBINED_RATE: more} | {
            phase: more * at_start[phase] / at_start[Quantity.ACTIVE_ENERGY_IMPORT]
            for phase in IMPORT_PHASES
            if phase in at_start
        }

        def seen(stamp_s: float) -> Shown:
            shown = read(stamp_s)
            total = more - (0.0 if stamp_s < start_s else span)
            shifts = {**parts, **dict.fromkeys(ROLLING, total)}
            return shown | {quantity: shown[quantity] + shift for quantity, shift in shifts.items()}

        return seen

    return world.seen_through(lens)


deeds.register("stopped_register")(
    Deed(
        what="the registers stand still while power flows; what was not counted is lost",
        zh="电能表停走",
        detector="register_stopped",
        twin="nobody draws anything (deed = vacancy, kw = 0)",
        also=("energy_power_deviation", "area_balance", "loss_rise"),
        act=_stopped,
        stake=Stake.UNCOUNTED,
    )
)
deeds.register("runaway_register")(
    Deed(
        what="the registers count a multiple of power times time",
        zh="电能表飞走",
        detector="register_runaway",
        twin="factor = 1.02: within the class of the meter and the timing of the reads",
        also=("energy_power_deviation", "area_balance", "loss_rise"),
        act=_scaled,
        keys=(Key(name="factor", what="counted energy over drawn energy", default=20.0),),
        stake=Stake.UNCOUNTED,
    )
)
deeds.register("worn_register")(
    Deed(
        what="the registers count less than power times time",
        zh="电能量超差",
        detector="energy_power_deviation",
        twin="factor = 0.98: within the class of the meter and the timing of the reads",
        also=("area_balance", "loss_rise"),
        act=_scaled,
        keys=(Key(name="factor", what="counted energy over drawn energy", default=0.7),),
        stake=Stake.UNCOUNTED,
    )
)
deeds.register("register_reset")(
    Deed(
        what="all registers begin at zero at the start of the window and count on from there",
        zh="示度清零",
        detector="register_falls",
        twin="a meter swap that the archive knows (deed = meter_swap with new_meter), or roll_over",
        act=_reset,
    )
)
deeds.register("roll_over")(
    Deed(
        what="the total of active import reaches the end of its digits at the start of the window",
        zh="示度翻转",
        detector="register_falls",
        twin="it is the twin of register_reset: the energy before and after adds up",
        act=_rollover,
        keys=(Key(name="digits", what="digits before the decimal point", default=6.0, least=4.0, most=8.0),),
        innocent=True,
    )
)
