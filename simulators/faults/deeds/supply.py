"""Faults of the supply: voltage too low or too high, unbalance, outages, harmonics."""

from __future__ import annotations

from dataclasses import replace

from simulators.faults.deed import FOUR_WIRE, THREE_PHASE, Deed, Given, Key, Stake, deeds
from simulators.physics.circuit import PHASES
from simulators.physics.conditions import Distorted
from simulators.physics.supply import VoltageEvent
from simulators.physics.window import Change, Window
from simulators.physics.world import World

PHASE = Key(name="phase", what="which phase", words=tuple(PHASES), is_text=True, default="a")


def _voltage(world: World, window: Window, given: Given) -> World:
    return world.supplied(
        VoltageEvent(starts_at=window.starts_at, ends_at=window.ends_at, factor=given.number("factor"))
    )


def _unbalance_voltage(world: World, window: Window, given: Given) -> World:
    return world.supplied(
        VoltageEvent(
            starts_at=window.starts_at,
            ends_at=window.ends_at,
            factor=given.number("factor"),
            phase=PHASES.index(given.text("phase")),
        )
    )


def _unbalance_current(world: World, window: Window, given: Given) -> World:
    more = [[given.number("kw") if name == given.text("phase") else 0.0] for name in PHASES]
    return world.carrying(world.drawn.added(window, more), world.metered.added(window, more))


def _outage(world: World, window: Window, given: Given) -> World:
    del given
    return world.without_power(window)


def _harmonics(world: World, window: Window, given: Given) -> World:
    voltage, current = given.number("voltage_factor"), given.number("current_factor")

    def apply(own: Distorted) -> Distorted:
        return replace(own, voltage=own.voltage * voltage, current=own.current * current)

    return world.distorted(Change(window=window, apply=apply))


deeds.register("voltage")(
    Deed(
        what="the supply's voltage is multiplied by a factor; the load keeps its power",
        zh="电压越限",
        detector="voltage_deviation",
        twin="a factor that stays within the limits (0.955 to 1.02), or minutes = 5: a single instant",
        act=_voltage,
        keys=(Key(name="factor", what="times the voltage", least=0.05, most=3.0),),
    )
)
deeds.register("unbalance_voltage")(
    Deed(
        what="one phase of the supply has another voltage than the others; a broken neutral lifts it",
        zh="电压不平衡",
        detector="unbalance",
        twin="factor = 0.95: below the limit of 30 %",
        also=("voltage_deviation", "voltage_loss"),
        act=_unbalance_voltage,
        keys=(
            PHASE,
            Key(name="factor", what="times the phase's voltage", default=1.5, least=0.05, most=3.0),
        ),
        wirings=THREE_PHASE,
    )
)
deeds.register("unbalance_current")(
    Deed(
        what="a single-phase load hangs on one phase",
        zh="电流不平衡",
        detector="unbalance",
        twin="a kw below a quarter of the phase's load",
        at_customers=True,
        act=_unbalance_current,
        keys=(PHASE, Key(name="kw", what="power on that phase, primary side", unit="kW")),
        stake=Stake.DRAWN,
        wirings=FOUR_WIRE,
    )
)
deeds.register("outage")(
    Deed(
        what="no power: nothing flows, the meter is dark and stores nothing",
        zh="停电",
        detector="missing_reads",
        twin="it is the twin of silent, total_voltage_loss and theft_h4",
        at_customers=True,
        act=_outage,
        innocent=True,
    )
)
deeds.register("harmonics")(
    Deed(
        what="voltage and current are distorted more than usual; spectra and THD rise together",
        zh="谐波超标",
        detector="harmonic_distortion",
        twin="factors of 1.2 on an ordinary load: its voltage stays below the 5 % of GB/T 14549 at 0.38 kV",
        act=_harmonics,
        keys=(
            Key(name="voltage_factor", what="times the voltage's THD", default=4.0),
            Key(name="current_factor", what="times the current's THD", default=3.0),
        ),
    )
)
