"""Theft by false readings: the eight patterns h1 to h8 of the literature, and a replayed curve.

The feeder carries what is drawn; the meter sees what the pattern makes of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulators.faults.deed import Deed, Given, Key, Stake, deeds
from simulators.physics.window import Window
from simulators.physics.world import World, random_of

Floats = NDArray[np.float64]
Pattern = Callable[[Floats, Given, np.random.Generator, int], Floats]
"""From active power in kW, the keys, what is random and the slots of a day to the power that is metered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Theft:
    """A pattern in words and as a function."""

    what: str
    zh: str
    detector: str
    twin: str
    pattern: Pattern
    keys: tuple[Key, ...] = ()


def _scale(power: Floats, given: Given, _rng: np.random.Generator, _day: int) -> Floats:
    return power * given.number("factor")


def _cap(power: Floats, given: Given, _rng: np.random.Generator, _day: int) -> Floats:
    return np.minimum(power, given.number("kw"))


def _less(power: Floats, given: Given, _rng: np.random.Generator, _day: int) -> Floats:
    return np.maximum(power - given.number("kw"), 0.0)


def _nothing(power: Floats, _given: Given, _rng: np.random.Generator, _day: int) -> Floats:
    return np.zeros_like(power)


def _random_scale(power: Floats, given: Given, rng: np.random.Generator, _day: int) -> Floats:
    return power * _random_shares(power.size, given, rng)


def _random_mean(power: Floats, given: Given, rng: np.random.Generator, _day: int) -> Floats:
    return float(power.mean()) * _random_shares(power.size, given, rng)


def _random_shares(count: int, given: Given, rng: np.random.Generator) -> Floats:
    low, high = sorted((given.number("least"), given.number("most")))
    shares: Floats = rng.uniform(low, high, count)
    return shares


def _flat_mean(power: Floats, _given: Given, _rng: np.random.Generator, _day: int) -> Floats:
    return np.full_like(power, power.mean())


def _reversed_day(power: Floats, _given: Given, _rng: np.random.Generator, day: int) -> Floats:
    """Turn each whole day of the window round; a rest stays as it is."""
    whole = power.size // day * day
    return np.concatenate([power[:whole].reshape(-1, day)[:, ::-1].ravel(), power[whole:]])


FACTOR = Key(name="factor", what="share that is metered", default=0.4, most=1.0)
LEAST = Key(name="least", what="smallest share that is metered", default=0.1, most=1.0)
MOST = Key(name="most", what="greatest share that is metered", default=0.8, most=1.0)
VACANT = "an empty home (deed = vacancy): the area's supply falls with it"
THEFTS = {
    "h1": _Theft(
        what="a constant share of the power is metered", zh="按比例少计", detector="sustained_drop",
        twin=VACANT, pattern=_scale, keys=(FACTOR,),
    ),
    "h2": _Theft(
        what="no more than so many kW are metered", zh="封顶少计", detector="sustained_drop",
        twin="a cap above the customer's peak", pattern=_cap,
        keys=(Key(name="kw", what="the cap", unit="kW"),),
    ),
    "h3": _Theft(
        what="so many kW less are metered, but not below zero", zh="定量少计", detector="sustained_drop",
        twin=VACANT, pattern=_less, keys=(Key(name="kw", what="what is missing", unit="kW"),),
    ),
    "h4": _Theft(
        what="nothing is metered in the windows; write 4 to 12 hours a day with nights", zh="定时停计",
        detector="long_low_use", twin="an outage in the same hours (deed = outage)", pattern=_nothing,
    ),
    "h5": _Theft(
        what="a random share of each slot's power is metered", zh="随机比例少计", detector="sustained_drop",
        twin=VACANT, pattern=_random_scale, keys=(LEAST, MOST),
    ),
    "h6": _Theft(
        what="a random share of the mean power is metered", zh="均值随机少计", detector="sustained_drop",
        twin=VACANT, pattern=_random_mean, keys=(LEAST, MOST),
    ),
    "h7": _Theft(
        what="the mean power is metered all the time", zh="均值平摊", detector="shape_shift",
        twin="a customer of load = flat", pattern=_flat_mean,
    ),
    "h8": _Theft(
        what="each day is metered backwards: peak energy goes to the valley", zh="峰谷倒置",
        detector="shape_shift", twin="a customer who really shifts his load (deed = night_load)",
        pattern=_reversed_day,
    ),
}  # fmt: skip


def _act(pattern: Pattern) -> Callable[[World, Window, Given], World]:
    def act(world: World, window: Window, given: Given) -> World:
        metered = world.metered
        total = metered.total
        power = total.active_kw[metered.slots(window)]
        day = 24 * 60 // metered.minutes
        wanted = pattern(power, given, random_of(world, window.starts_at.isoformat()), day)
        # Where nothing is drawn a share of it cannot be metered either.
        factor = np.divide(wanted, power, out=np.zeros_like(power), where=np.abs(power) > 0)
        return world.carrying(world.drawn, metered.scaled(window, factor))

    return act


def _replayed(world: World, window: Window, given: Given) -> World:
    """Meter again what was metered some days before."""
    where = world.metered.slots(window)
    back = round(given.number("days_back") * 24 * 60 / world.metered.minutes)
    if where.start < back:
        return world
    source = world.metered.kva[:, where.start - back : where.stop - back].copy()
    return world.carrying(world.drawn, world.metered.replaced(window, source))


for name, theft in THEFTS.items():
    deeds.register(f"theft_{name}")(
        Deed(
            what=theft.what,
            zh=theft.zh,
            detector=theft.detector,
            at_customers=True,
            also=("area_balance", "loss_rise", "energy_power_deviation"),
            twin=theft.twin,
            act=_act(theft.pattern),
            keys=theft.keys,
            stake=Stake.UNMETERED,
        )
    )
deeds.register("replayed_curve")(
    Deed(
        what="what was metered some days before is metered again, to the last digit",
        zh="复制曲线",
        detector="repeated_curve",
        twin="a constant load (load = flat): equal for hours, but never the noise of another day",
        also=("area_balance", "loss_rise"),
        at_customers=True,
        act=_replayed,
        keys=(Key(name="days_back", what="how long before", unit="d", default=7.0, least=1.0),),
        stake=Stake.UNMETERED,
    )
)
