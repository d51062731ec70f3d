"""Slips of the archive: a wrong CT ratio, a meter swap, a wrong area, phase, category, suspension."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline.quantities import Kind
from simulators.faults.deed import BUSES, ONE_PHASE, Deed, Given, Key, deeds
from simulators.faults.deeds.usage import POWER_FACTOR, at_constant_power
from simulators.physics.conditions import Reader, Shown
from simulators.physics.window import Window
from simulators.physics.world import ArchiveSlips, FiledSuspension, MeterSwap, World


def _slipped(world: World, slips: ArchiveSlips) -> World:
    return replace(world, slips=slips)


def _wrong_ct(world: World, window: Window, given: Given) -> World:
    wrong = (*world.slips.wrong_ct, (window, given.number("ct")))
    return _slipped(world, replace(world.slips, wrong_ct=wrong))


def _meter_swap(world: World, window: Window, given: Given) -> World:
    """Let another device count from the window's start on; it stays."""
    opening = given.number("opening_kwh")
    start_s = window.starts_at.timestamp()
    swap = MeterSwap(at=window.starts_at, new_meter=given.text("new_meter"), opening_kwh=opening)

    def lens(read: Reader) -> Reader:
        def seen(stamp_s: float) -> Shown:
            shown = read(stamp_s)
            if stamp_s < start_s:
                return shown
            before = read(start_s)
            counters = {q: shown[q] - before[q] for q in shown if q.kind is Kind.COUNTER}
            return shown | {q: value + _opening(q, opening) for q, value in counters.items()}

        return seen

    swaps = (*world.slips.swaps, swap)
    return _slipped(world.seen_through(lens), replace(world.slips, swaps=swaps))


def _wrong_area(world: World, window: Window, given: Given) -> World:
    del window
    return _slipped(world, replace(world.slips, area=given.text("area")))


def _wrong_phase(world: World, window: Window, given: Given) -> World:
    del window
    return _slipped(world, replace(world.slips, phase=given.text("phase").upper()))


def _opening(quantity: str, opening_kwh: float) -> float:
    """Return what a new meter's register shows when it comes: its test energy, all in the valley rate."""
    tested = {"active_energy_import", "active_energy_import_t4", "active_energy_combined",
              "active_energy_combined_t4"}  # fmt: skip
    return opening_kwh if quantity in tested else 0.0


def _wrong_category(world: World, window: Window, given: Given) -> World:
    del window
    category, tariff = given.text("category"), given.text("tariff")
    return _slipped(world, replace(world.slips, category=category, tariff=tariff or None))


def _suspension_filed(world: World, window: Window, given: Given) -> World:
    """Let the customer keep to it; what is wrong is that it was granted."""
    remaining_kva = given.number("remaining_kva")
    filed = FiledSuspension(window=window, remaining_kva=remaining_kva)
    world = replace(world, suspensions=(*world.suspensions, filed))
    if not remaining_kva:
        return at_constant_power(world, window, given)
    running = np.abs(world.drawn.kva.sum(axis=0)[world.drawn.slots(window)])
    factor = min(remaining_kva / float(running.max(initial=remaining_kva)), 1.0)
    return world.carrying(world.drawn.scaled(window, factor), world.metered.scaled(window, factor))


deeds.register("wrong_ct")(
    Deed(
        what="the archive has another CT ratio than the one that is installed (20 entered as 400)",
        zh="互感器变比档案错误",
        detector="register_runaway",
        twin="a ratio that was really changed: another [[meters]] entry with that ct",
        also=("over_capacity", "area_balance", "loss_rise"),
        act=_wrong_ct,
        keys=(Key(name="ct", what="the ratio in the archive", default=400.0, least=1.0),),
    )
)
deeds.register("meter_swap")(
    Deed(
        what="another device takes the meter's place and address; without new_meter nobody tells the archive",
        zh="换表",
        detector="register_falls",
        twin="the same with new_meter: the archive has both meters with closing and opening registers",
        act=_meter_swap,
        keys=(
            Key(
                name="opening_kwh", what="register of the new meter, secondary side", unit="kWh", default=0.0
            ),
            Key(name="new_meter", what="its id in the archive; empty: not filed", default="", is_text=True),
        ),
        lines=BUSES,
    )
)
deeds.register("wrong_category")(
    Deed(
        what="the archive has another category or tariff than the customer's use (a shop as a home)",
        zh="电价类别错误",
        detector="tariff_class",
        twin="a home with a shop's hours (load = restaurant) that is filed as a home",
        act=_wrong_category,
        keys=(
            Key(name="category", what="the category in the archive", default="residential", is_text=True),
            Key(name="tariff", what="the tariff in the archive; empty: as it is", default="", is_text=True),
        ),
    )
)
deeds.register("suspension_filed")(
    Deed(
        what="a suspension against the rules: under 15 days, a third in the year, over six months",
        zh="违规报停",
        detector="suspension_rule",
        twin="twin = true on one that keeps them: 15 days or more, the first two of the year",
        act=_suspension_filed,
        keys=(
            Key(name="kw", what="what is still drawn in a full one", unit="kW", default=0.1),
            POWER_FACTOR,
            Key(name="remaining_kva", what="what may still run; 0 is a full one", unit="kVA", default=0.0),
        ),
        at_customers=True,
    )
)
deeds.register("wrong_area")(
    Deed(
        what="the archive puts the customer into another transformer area than the one that feeds him",
        zh="户变关系错误",
        detector="topology",
        twin="a neighbour at the end of the same line, whose voltage is as low",
        also=("area_balance", "loss_rise"),
        act=_wrong_area,
        keys=(Key(name="area", what="the area in the archive", is_text=True),),
    )
)
deeds.register("wrong_phase")(
    Deed(
        what="the archive gives another phase than the one that feeds the single-phase customer",
        zh="相别错误",
        detector="topology",
        twin="a customer whose own load moves his voltage more than the phase does",
        act=_wrong_phase,
        keys=(Key(name="phase", what="the phase in the archive", words=("a", "b", "c"), is_text=True),),
        wirings=ONE_PHASE,
    )
)
