"""What hands do to the meter itself: covers opened, parameters changed, demand begun again, a relay bridged.

The meter notes it as it notes the same thing when the line orders it: event records, counters, parameters and
demand registers tell it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from pipeline.events import EventKind
from simulators.faults.deed import Deed, Given, Key, Stake, deeds
from simulators.faults.deeds.usage import POWER, POWER_FACTOR, at_constant_power
from simulators.physics.handling import Bridged, DemandReset, Handling, Opened, Programmed
from simulators.physics.window import Window
from simulators.physics.world import World

LINES: Final = ("dlt645",)
PARTS: Final = {
    "cover": EventKind.COVER_OPEN,
    "terminal_cover": EventKind.TERMINAL_COVER_OPEN,
    "magnetic_field": EventKind.MAGNETIC_FIELD,
}
PARAMETERS: Final = {
    # Name: identifier, what is written there, bytes of an entry.
    "voltage_loss_trigger": ("04090101", "0000", 2),
    "tariff_table": ("04010001", "000004" * 14, 3),
    "ct_ratio": ("04000306", "000001", 3),
    "pt_ratio": ("04000307", "000001", 3),
    "display": ("04000302", "06", 1),
}
"""What may be changed: voltage loss is no event any more, all day is valley, a ratio of 1, a display that
only moves the programming counter."""
ORDER_MARGIN: Final = timedelta(minutes=30)
"""A work order begins so long before the work and ends so long after it."""
ORDERED: Final = Key(
    name="ordered",
    what="the archive has a work order (工单) for it",
    default="no",
    words=("no", "yes"),
    is_text=True,
)


def _handled(world: World, handling: Handling, given: Given, worked: Window) -> World:
    """Return the world with something done to the meter, by order of the utility or behind its back."""
    world = replace(world, handlings=(*world.handlings, handling))
    return _with_order(world, worked) if given.text(ORDERED.name) == "yes" else world


def _with_order(world: World, worked: Window) -> World:
    order = Window(starts_at=worked.starts_at - ORDER_MARGIN, ends_at=worked.ends_at + ORDER_MARGIN)
    return replace(world, work_orders=(*world.work_orders, order))


def _instant(window: Window) -> Window:
    return Window(starts_at=window.starts_at, ends_at=window.starts_at)


def _opened(world: World, window: Window, given: Given) -> World:
    """Open it for some minutes; from then on it meters a share, until somebody mends it."""
    closed_at = window.starts_at + timedelta(minutes=given.number("open_minutes"))
    opened = Window(starts_at=window.starts_at, ends_at=closed_at)
    world = world.carrying(world.drawn, world.metered.scaled(window, given.number("factor")))
    return _handled(world, Opened(kind=PARTS[given.text("part")], window=opened), given, opened)


def _programmed(world: World, window: Window, given: Given) -> World:
    """Change a parameter; who sets it right at the end has an order."""
    identifier, content, entry_bytes = PARAMETERS[given.text("parameter")]
    handling = Programmed(identifier=identifier, content=content, entry_bytes=entry_bytes, window=window)
    world = _handled(world, handling, given, _instant(window))
    return _with_order(world, Window(starts_at=window.ends_at, ends_at=window.ends_at))


def _demand_reset(world: World, window: Window, given: Given) -> World:
    return _handled(world, DemandReset(window=window), given, _instant(window))


def _bridged(world: World, window: Window, given: Given) -> World:
    world = at_constant_power(world, window, given)
    return replace(world, handlings=(*world.handlings, Bridged(window=window)))


deeds.register("meter_opened")(
    Deed(
        what="a cover is opened or a magnet set on the case; then the meter counts a share of what is drawn",
        zh="开盖",
        detector="meter_tamper",
        twin='the same with ordered = "yes"; factor = 1 opens it without a drop of use',
        also=("sustained_drop", "energy_power_deviation", "area_balance", "loss_rise"),
        act=_opened,
        keys=(
            Key(
                name="part",
                what="what is opened",
                default="cover",
                words=tuple(PARTS),
                is_text=True,
            ),
            Key(name="open_minutes", what="for how long", unit="min", default=10.0, least=1.0),
            Key(name="factor", what="share that is metered from then on", default=0.6, most=1.0),
            ORDERED,
        ),
        stake=Stake.UNMETERED,
        at_customers=True,
        lines=LINES,
    )
)
deeds.register("parameter_changed")(
    Deed(
        what="a parameter of the meter is changed, and set right by order at the end of the window",
        zh="参数篡改",
        detector="parameter_change",
        twin='the same with ordered = "yes"',
        also=("shape_shift",),
        act=_programmed,
        keys=(
            Key(
                name="parameter",
                what="which one",
                default="voltage_loss_trigger",
                words=tuple(PARAMETERS),
                is_text=True,
            ),
            ORDERED,
        ),
        lines=LINES,
    )
)
deeds.register("demand_reset")(
    Deed(
        what="maximum demand begins again at the start of the window, though no settlement day came",
        zh="需量清零",
        detector="demand_deviation",
        twin='the same with ordered = "yes"',
        also=("parameter_change",),
        act=_demand_reset,
        keys=(ORDERED,),
        lines=LINES,
    )
)
deeds.register("bridged_relay")(
    Deed(
        what="the meter's relay is open, and a wire around its contacts carries a load through the meter",
        zh="跳闸后用电",
        detector="closed_point_use",
        twin="a kw of 0.002: less than 0.1 kWh a day",
        also=("suspended_load",),
        at_customers=True,
        act=_bridged,
        keys=(POWER, POWER_FACTOR),
        stake=Stake.DRAWN,
        lines=LINES,
    )
)
