"""Faults of the display: for a time the meter shows what it has not counted or measured."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.quantities import Quantity
from simulators.faults.deed import FOUR_WIRE, Deed, Given, Key, deeds
from simulators.faults.deeds.registers import counters
from simulators.physics.circuit import PHASES
from simulators.physics.conditions import Reader, Shown
from simulators.physics.registers import RATES
from simulators.physics.window import Change, Window
from simulators.physics.world import World

IMPORT_RATES = tuple(Quantity(f"active_energy_import_t{number}") for number in RATES)


def _within(window: Window, apply: Callable[[Shown], Shown]) -> Callable[[Reader], Reader]:
    """Return a lens that changes what is read in a window only."""

    def lens(read: Reader) -> Reader:
        def seen(stamp_s: float) -> Shown:
            shown = read(stamp_s)
            return shown | apply(counters(shown)) if window.holds(stamp_s) else shown

        return seen

    return lens


def _boot_zero(world: World, window: Window, given: Given) -> World:
    del given
    return world.seen_through(_within(window, lambda shown: dict.fromkeys(shown, 0.0)))


def _bad_read(world: World, window: Window, given: Given) -> World:
    less = given.number("kwh")
    total = Quantity.ACTIVE_ENERGY_IMPORT
    return world.seen_through(_within(window, lambda shown: {total: max(shown[total] - less, 0.0)}))


def _tie_out(world: World, window: Window, given: Given) -> World:
    rate, more = IMPORT_RATES[int(given.number("rate")) - 1], given.number("kwh")
    return world.seen_through(_within(window, lambda shown: {rate: shown[rate] + more}))


def _identity_break(world: World, window: Window, given: Given) -> World:
    current = Quantity(f"current_{given.text('phase')}")
    factor = given.number("factor")

    def apply(shown: Shown) -> Shown:
        return shown | {current: shown[current] * factor} if current in shown else shown

    return world.showing(Change(window=window, apply=apply))


def _swapped_currents(world: World, window: Window, given: Given) -> World:
    one, other = (Quantity(f"current_{phase}") for phase in given.text("phases"))

    def apply(shown: Shown) -> Shown:
        return shown | {one: shown[other], other: shown[one]}

    return world.showing(Change(window=window, apply=apply))


def _demand_misread(world: World, window: Window, given: Given) -> World:
    factor, demand = given.number("factor"), Quantity.MAX_DEMAND_IMPORT

    def apply(shown: Shown) -> Shown:
        return shown | {demand: shown[demand] * factor} if demand in shown else shown

    return world.showing(Change(window=window, apply=apply))


deeds.register("boot_zero")(
    Deed(
        what="after a restart the meter shows zero in every register until it has loaded them",
        zh="上电零值",
        detector="register_falls",
        twin="it is the twin of register_reset: the next reading stands where the last one stood",
        act=_boot_zero,
        innocent=True,
    )
)
deeds.register("bad_read")(
    Deed(
        what="the total is some kWh too low in the window (5 minutes: one read) and right again afterwards",
        zh="单次误读",
        detector="register_falls",
        twin="it is the twin of register_reset: the three-point test drops it",
        act=_bad_read,
        keys=(Key(name="kwh", what="how much too low, secondary side", unit="kWh", default=40.0),),
        innocent=True,
    )
)
deeds.register("tie_out")(
    Deed(
        what="one rate shows more than it should: the rates do not add up to the total",
        zh="电能示值不平",
        detector="register_tie_out",
        twin="kwh = 0.02: what rounding of four rates to 0.01 kWh makes",
        act=_tie_out,
        keys=(
            Key(name="kwh", what="how much more, secondary side", unit="kWh", default=0.5),
            Key(name="rate", what="number of the rate", default=1.0, least=1.0, most=4.0),
        ),
    )
)
deeds.register("identity_break")(
    Deed(
        what="one current is shown wrongly while powers and registers are right: P, U, I and PF disagree",
        zh="电气量不自洽",
        detector="power_identity",
        twin="factor = 0.97: within the accuracy of the display",
        act=_identity_break,
        needs_current=True,
        keys=(
            Key(name="phase", what="which phase", words=tuple(PHASES), is_text=True, default="b"),
            Key(name="factor", what="times the current shown", default=0.5),
        ),
    )
)
deeds.register("swapped_currents")(
    Deed(
        what="two currents are shown under each other's names while powers and registers are right",
        zh="电流通道互换",
        detector="power_identity",
        twin="phases that carry the same (load = flat): what is exchanged is equal",
        act=_swapped_currents,
        keys=(Key(name="phases", what="which two", words=("ab", "bc", "ac"), is_text=True, default="bc"),),
        wirings=FOUR_WIRE,
    )
)
deeds.register("demand_misread")(
    Deed(
        what="the register of maximum demand shows a multiple of the greatest demand of the curve",
        zh="需量异常",
        detector="demand_deviation",
        twin="factor = 1.02: within what the sliding of demand makes",
        act=_demand_misread,
        keys=(Key(name="factor", what="times the maximum demand", default=1.3),),
    )
)
