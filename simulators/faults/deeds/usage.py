"""What customers do: load where none may be, more than agreed, at odd hours; and honest look-alikes."""

from __future__ import annotations

import math

import numpy as np

from simulators.faults.deed import Deed, Given, Key, Stake, deeds
from simulators.physics.local_time import local_times
from simulators.physics.phase_loads import Complex, PhaseLoads, shares_of
from simulators.physics.shapes import sunshine
from simulators.physics.window import Window
from simulators.physics.world import World

POWER_FACTOR = Key(name="power_factor", what="of that load, lagging", default=0.9, least=0.01, most=1.0)
POWER = Key(name="kw", what="power, primary side", unit="kW")


def lagging_kva(kw: float, power_factor: float) -> complex:
    """Return the complex power of a lagging load."""
    return complex(kw, kw * math.tan(math.acos(power_factor)))


def _on_phases(loads: PhaseLoads, kva: complex) -> Complex:
    """Return a load spread as the customer's own, shape (phases, 1)."""
    return (shares_of(loads) * kva)[:, None].astype(np.complex128)


def at_constant_power(world: World, window: Window, given: Given) -> World:
    """Draw a constant power instead of what would be drawn."""
    kva = _on_phases(world.drawn, lagging_kva(given.number("kw"), given.number("power_factor")))
    return world.carrying(world.drawn.replaced(window, kva), world.metered.replaced(window, kva))


def _more_load(world: World, window: Window, given: Given) -> World:
    more = _on_phases(world.drawn, lagging_kva(given.number("kw"), given.number("power_factor")))
    return world.carrying(world.drawn.added(window, more), world.metered.added(window, more))


def _bypassing_load(world: World, window: Window, given: Given) -> World:
    more = _on_phases(world.drawn, lagging_kva(given.number("kw"), given.number("power_factor")))
    return world.carrying(world.drawn.added(window, more), world.metered)


def _restored_early(world: World, window: Window, given: Given) -> World:
    """Draw what is usual, before the suspension's end."""
    del given
    usual = PhaseLoads.split(world.usual, shares_of(world.drawn).tolist())
    kva = usual.kva[:, usual.slots(window)]
    return world.carrying(world.drawn.replaced(window, kva), world.metered.replaced(window, kva))


def _overload(world: World, window: Window, given: Given) -> World:
    factor = given.number("factor")
    return world.carrying(world.drawn.scaled(window, factor), world.metered.scaled(window, factor))


def _capacitor_lost(world: World, window: Window, given: Given) -> World:
    factor = given.number("factor")

    def without(loads: PhaseLoads) -> PhaseLoads:
        own = loads.kva[:, loads.slots(window)]
        return loads.replaced(window, own.real + 1j * factor * own.imag)

    return world.carrying(without(world.drawn), without(world.metered))


def _hidden_pv(world: World, window: Window, given: Given) -> World:
    where = world.drawn.slots(window)
    grid = world.drawn.total
    times = local_times(grid.starts_at, grid.active_kw.size, grid.minutes, world.config.zone)
    made = given.number("kw") * sunshine(times)[where]
    less = -shares_of(world.drawn)[:, None] * made
    return world.carrying(world.drawn.added(window, less), world.metered.added(window, less))


deeds.register("load")(
    Deed(
        what="a customer in suspension or reduction draws a constant power",
        zh="报停用电",
        detector="suspended_load",
        twin="a kw below the set-point or the declared auxiliaries, or a single quarter of an hour",
        at_customers=True,
        act=at_constant_power,
        keys=(POWER, POWER_FACTOR),
        stake=Stake.DRAWN,
    )
)
deeds.register("restored_early")(
    Deed(
        what="the usual load comes back before the end of the suspension",
        zh="提前启用",
        detector="suspended_load",
        twin="a suspension whose to_days_ago is the day on which it came back",
        at_customers=True,
        act=_restored_early,
        stake=Stake.DRAWN,
    )
)
deeds.register("closed_point_load")(
    Deed(
        what="energy is drawn at a point that is disconnected or whose account is closed",
        zh="销户用电",
        detector="closed_point_use",
        twin="a kw of 0.002: less than 0.1 kWh a day",
        also=("suspended_load",),
        at_customers=True,
        act=at_constant_power,
        keys=(POWER, POWER_FACTOR),
        stake=Stake.DRAWN,
    )
)
deeds.register("overload")(
    Deed(
        what="the customer draws a multiple of what is usual: over the contract's capacity",
        zh="超容用电",
        detector="over_capacity",
        twin="a factor that keeps the peak below 1.05 of the capacity",
        also=("power_factor",),
        at_customers=True,
        act=_overload,
        keys=(Key(name="factor", what="times the load", default=1.3),),
        stake=Stake.DRAWN,
    )
)
deeds.register("capacitor_lost")(
    Deed(
        what="the capacitor bank fails: the reactive power rises, the active one stays",
        zh="无功补偿失效",
        detector="power_factor",
        twin="factor = 1.05: the power factor stays at its standard",
        at_customers=True,
        act=_capacitor_lost,
        keys=(Key(name="factor", what="times the reactive power", default=1.6),),
    )
)
deeds.register("night_load")(
    Deed(
        what="a load beside the usual one at odd hours; write it with at and nights",
        zh="异常时段用电",
        detector="profile_excess",
        twin="the same once (nights = 1), less than a fifth of the day's energy",
        at_customers=True,
        act=_more_load,
        keys=(POWER, POWER_FACTOR),
        stake=Stake.DRAWN,
    )
)
deeds.register("vacancy")(
    Deed(
        what="nobody is there: only what stands by is drawn",
        zh="空置",
        detector="sustained_drop",
        twin="it is the twin of theft_h1 and theft_h6: the feeder sees the drop too",
        at_customers=True,
        act=at_constant_power,
        keys=(Key(name="kw", what="power, primary side", unit="kW", default=0.02), POWER_FACTOR),
        innocent=True,
    )
)
deeds.register("hidden_pv")(
    Deed(
        what="generation behind the meter that nobody declared: it exports around noon",
        zh="私接光伏",
        detector="reverse_energy",
        twin="declared generation (pv_kw on the meter; the contract says so)",
        also=("sustained_drop", "shape_shift"),
        at_customers=True,
        act=_hidden_pv,
        keys=(Key(name="kw", what="peak power of the panels", unit="kW"),),
    )
)
deeds.register("bypass_load")(
    Deed(
        what="a load is tapped before the meter: the voltage falls with it, the meter does not see it",
        zh="绕表用电",
        detector="voltage_load_consistency",
        twin="a neighbour's load on the same line, which pulls the voltage of all",
        also=("area_balance", "loss_rise"),
        at_customers=True,
        act=_bypassing_load,
        keys=(POWER, POWER_FACTOR),
        stake=Stake.UNMETERED,
    )
)
