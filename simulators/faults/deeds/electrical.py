"""Faults at a meter's terminals: lost voltages and currents, reversed and mixed-up wires, a bypass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pipeline.registry import Wiring
from simulators.faults.deed import FOUR_WIRE, ONE_PHASE, THREE_PHASE, Deed, Given, Key, Stake, deeds
from simulators.physics.circuit import PHASES, PHASORS, Circuit
from simulators.physics.window import Change, Window
from simulators.physics.world import World

PHASE = Key(name="phase", what="which phase", words=tuple(PHASES), is_text=True, default="b")
OUTER_PHASE = replace(PHASE, default="c")


def _rewired(world: World, window: Window, apply: Callable[[Circuit], Circuit]) -> World:
    return world.rewired(Change(window=window, apply=apply))


def _with_gain(circuit: Circuit, terminal: int, factor: float) -> Circuit:
    gains = list(circuit.gains)
    gains[terminal] *= factor
    return replace(circuit, gains=(gains[0], gains[1], gains[2]))


def _with_volts(circuit: Circuit, terminal: int, volts: complex) -> Circuit:
    own = list(circuit.volts)
    own[terminal] = volts
    return replace(circuit, volts=(own[0], own[1], own[2]))


def _voltage_loss(world: World, window: Window, given: Given) -> World:
    terminal, factor = PHASES.index(given.text("phase")), given.number("factor")
    three_wire = world.config.wiring is Wiring.THREE_PHASE_THREE_WIRE

    def apply(circuit: Circuit) -> Circuit:
        left, right = (circuit.volts[n] for n in range(3) if n != terminal)
        # An open terminal of a three-wire meter floats: b between its two coils, a and c with b.
        lost = 0j
        if three_wire:
            lost = (left + right) / 2 if terminal == 1 else circuit.volts[1]
        return _with_volts(circuit, terminal, lost + factor * (circuit.volts[terminal] - lost))

    return _rewired(world, window, apply)


def _phase_break(world: World, window: Window, given: Given) -> World:
    broken = PHASES.index(given.text("phase"))
    kept = [0.0 if row == broken else 1.0 for row in range(3)]
    factors = [[share] for share in kept]
    drawn, metered = world.drawn.scaled(window, factors), world.metered.scaled(window, factors)
    return _rewired(world.carrying(drawn, metered), window, lambda circuit: _with_volts(circuit, broken, 0j))


def _total_voltage_loss(world: World, window: Window, given: Given) -> World:
    del given
    return _rewired(world, window, lambda circuit: replace(circuit, volts=(0j, 0j, 0j)))


def _current_loss(world: World, window: Window, given: Given) -> World:
    terminal, factor = PHASES.index(given.text("phase")), given.number("factor")
    return _rewired(world, window, lambda circuit: _with_gain(circuit, terminal, factor))


def _reversed_current(world: World, window: Window, given: Given) -> World:
    terminal = PHASES.index(given.text("phase"))
    return _rewired(world, window, lambda circuit: _with_gain(circuit, terminal, -1.0))


def _bypass(world: World, window: Window, given: Given) -> World:
    factor = given.number("factor")
    return _rewired(world, window, lambda circuit: _with_gain(circuit, 0, factor))


def _miswired(world: World, window: Window, given: Given) -> World:
    """Connect terminal by terminal as the file says; a three-wire meter has current terminals a and c."""
    volts, currents, signs = given.text("voltages"), given.text("currents"), given.text("polarity")
    three_wire = world.config.wiring is Wiring.THREE_PHASE_THREE_WIRE
    terminals = (0, 2) if three_wire else (0, 1, 2)

    def apply(circuit: Circuit) -> Circuit:
        feeds, gains = [0, 1, 2], list(circuit.gains)
        for terminal in terminals:
            feeds[terminal] = PHASES.index(currents[terminal])
            gains[terminal] *= -1.0 if signs[terminal] == "-" else 1.0
        a, b, c = (PHASORS[PHASES.index(phase)] for phase in volts)
        return Circuit(
            volts=(a, b, c), feeds=(feeds[0], feeds[1], feeds[2]), gains=(gains[0], gains[1], gains[2])
        )

    return _rewired(world, window, apply)


ORDERS = ("abc", "acb", "bac", "bca", "cab", "cba")
SIGNS = ("+++", "++-", "+-+", "+--", "-++", "-+-", "--+", "---")

deeds.register("voltage_loss")(
    Deed(
        what="one voltage terminal of the meter has only a part of its voltage while current flows",
        zh="失压",
        detector="voltage_loss",
        twin="factor = 0.9: above the meter's 78 %; or the whole supply is low (deed = voltage)",
        also=("voltage_deviation", "unbalance", "area_balance", "loss_rise"),
        act=_voltage_loss,
        keys=(PHASE, Key(name="factor", what="share of the voltage that is left", default=0.6, most=1.0)),
        stake=Stake.UNCOUNTED,
        wirings=THREE_PHASE,
    )
)
deeds.register("phase_break")(
    Deed(
        what="a phase of the supply is broken: no voltage and no current on it",
        zh="断相",
        detector="voltage_loss",
        twin="an outage of the whole supply (deed = outage)",
        also=("voltage_deviation", "unbalance"),
        at_customers=True,
        act=_phase_break,
        keys=(PHASE,),
        wirings=FOUR_WIRE,
    )
)
deeds.register("total_voltage_loss")(
    Deed(
        what="all voltage terminals are dead while current flows, and the meter lives on its battery",
        zh="全失压",
        detector="voltage_loss",
        twin="an outage: no current flows either (deed = outage)",
        also=("voltage_deviation", "register_stopped"),
        act=_total_voltage_loss,
        stake=Stake.UNCOUNTED,
        wirings=THREE_PHASE,
    )
)
deeds.register("current_loss")(
    Deed(
        what="the current of one phase does not reach the meter: its transformer is open or shorted",
        zh="失流",
        detector="current_loss",
        twin="factor = 0.5: a light phase, far above the 0.5 % of the rated current that counts as lost",
        also=("unbalance", "area_balance", "loss_rise"),
        act=_current_loss,
        needs_current=True,
        keys=(
            OUTER_PHASE,
            Key(name="factor", what="share of the current that is left", default=0.0, most=1.0),
        ),
        stake=Stake.UNCOUNTED,
        wirings=THREE_PHASE,
    )
)
deeds.register("reversed_current")(
    Deed(
        what="the current terminals of one phase are exchanged: it counts backwards",
        zh="电流反极性",
        detector="wiring_error",
        twin="export of declared generation (pv_kw on the meter)",
        also=("power_factor", "area_balance", "loss_rise"),
        act=_reversed_current,
        needs_current=True,
        keys=(replace(PHASE, default="a"),),
        stake=Stake.UNCOUNTED,
    )
)
deeds.register("miswired")(
    Deed(
        what="voltage and current wires are mixed up: any permutation and polarity (3P3W: the 48 cases)",
        zh="错误接线",
        detector="wiring_error",
        twin="the same permutation of voltages and currents, '+++': it counts right all the same",
        also=("power_factor", "area_balance", "loss_rise"),
        act=_miswired,
        keys=(
            Key(
                name="voltages",
                what="phases at the voltage terminals a, b, c",
                words=ORDERS,
                is_text=True,
                default="abc",
            ),
            Key(
                name="currents",
                what="phases at the current terminals; b counts for nothing on 3P3W",
                words=ORDERS,
                is_text=True,
                default="abc",
            ),
            Key(
                name="polarity",
                what="sign at each current terminal",
                words=SIGNS,
                is_text=True,
                default="+++",
            ),
        ),
        stake=Stake.UNCOUNTED,
        wirings=THREE_PHASE,
    )
)
deeds.register("bypass")(
    Deed(
        what="a wire bridges the line terminals of a single-phase meter: part of the current goes round it",
        zh="分流窃电",
        detector="line_neutral_difference",
        twin="factor = 0.9: less than what meters and neighbours with a shared neutral differ by",
        also=("sustained_drop", "area_balance", "loss_rise"),
        act=_bypass,
        keys=(Key(name="factor", what="share of the current that still passes", default=0.4, most=1.0),),
        stake=Stake.UNCOUNTED,
        wirings=ONE_PHASE,
    )
)
