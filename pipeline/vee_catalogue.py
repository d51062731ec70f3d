"""The eleven rules of estimation by name: what each wants, when it is used, and which limits it keeps to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from pipeline import estimation, register_estimates, scalar_estimation, vee_gaps
from pipeline.vee_adjustment import adjust_to_registers


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimationRule:
    """One line of the list."""

    title: str
    """As Oracle calls it (docs.oracle.com, "Estimation VEE Rules")."""
    method: str
    """What a final interval or register says that it was made by; empty where it is a part of others."""
    does: str
    needs: str
    when: str
    """How a run comes to use it."""
    code: Callable[..., Any]  # Any: each rule takes and gives what is its own
    limits: tuple[str, ...] = ()


IN_ORDER = "in the order of [[estimation]], else the built-in one"
REGISTERS = "kilowatch vee registers"

ESTIMATION_RULES: tuple[EstimationRule, ...] = (
    EstimationRule(
        title="Create Estimation For Gap",
        method="",
        does="finds the stretches that want an estimate",
        needs="a slot that is missing, negative, impossible, or shared out evenly",
        when="every run",
        code=vee_gaps.gaps,
    ),
    EstimationRule(
        title="Interpolation",
        method="interpolation",
        does="draws the line between the neighbours of a short gap",
        needs="an actual slot before and after",
        when=IN_ORDER,
        code=estimation.interpolation,
        limits=("interpolated_minutes",),
    ),
    EstimationRule(
        title="Averaging",
        method="mean of like days",
        does="takes each slot's mean over the nearest like days",
        needs="enough like days on which the slot is actual",
        when=IN_ORDER,
        code=estimation.averaging,
        limits=("like_days", "reach_days", "final_after_days"),
    ),
    EstimationRule(
        title="Proxy Day",
        method="proxy day",
        does="takes the like day whose outdoor temperature is nearest",
        needs="[[temperature]] of the area; an actual like day; a gap within one day",
        when=IN_ORDER,
        code=estimation.proxy_day,
        limits=("reach_days", "final_after_days"),
    ),
    EstimationRule(
        title="Profile",
        method="class profile",
        does="scales the class's load profile to what the meter draws",
        needs="[[load_profile]], named by [[estimation]]; an actual slot",
        when=IN_ORDER,
        code=estimation.profile,
        limits=("reach_days", "final_after_days"),
    ),
    EstimationRule(
        title="Interval Adjustment From Scalar",
        method="..., scaled",
        does="gives a gap between two registers the shape of one of the rules above; its sum stays, so does "
        "what lies on either side of each register read within",
        needs="a gap whose sum the registers tell",
        when="every gap of known sum",
        code=estimation.adjust_from_scalar,
    ),
    EstimationRule(
        title="Subtractive Interval Adjustment",
        method="..., fitted",
        does="changes the estimates alone so that all slots add up to what the register grew",
        needs="registers beside the intervals, read at slot edges",
        when="kilowatch vee run --intervals --readings",
        code=adjust_to_registers,
    ),
    EstimationRule(
        title="Scalar Calculation From Interval",
        method="from intervals",
        does="adds the energy of all slots to the register before; where few are missing, shares between two "
        "reads by the slots on both sides",
        needs="a read before, and every slot in between; or a read after it too, and 99 % of the slots",
        when=REGISTERS,
        code=scalar_estimation.from_intervals,
    ),
    EstimationRule(
        title="Scalar Proration",
        method="prorated",
        does="draws the line between the reads before and after",
        needs="a read before and after",
        when=REGISTERS,
        code=scalar_estimation.prorated,
    ),
    EstimationRule(
        title="Scalar Profile",
        method="class profile",
        does="lets the register grow as the class's load profile does",
        needs="two reads before; [[load_profile]], named by [[estimation]]",
        when=REGISTERS,
        code=scalar_estimation.from_profile,
    ),
    EstimationRule(
        title="Scalar Estimation",
        method="mean use",
        does="lets the register grow by the mean daily use",
        needs="two reads before",
        when=REGISTERS,
        code=scalar_estimation.from_history,
    ),
)
"""What is measured goes before what is usual."""

BESIDE_THEM = frozenset({estimation.KNOWN_OUTAGE})
"""Estimators that are a fact and no rule of that list."""
INTERVAL_METHODS = frozenset(name for name, _ in estimation.ESTIMATORS)
REGISTER_METHODS = frozenset(name for name, _ in register_estimates.METHODS)

WANTED: Mapping[str, str] = MappingProxyType(
    {
        "rows": "the intervals as they came",
        "installed": "[[installation]]",
        "suspended": "[[suspension]]",
        "finals": "what was given out before: the database has it, a run on files takes --before",
        "register_kwh": "registers beside the intervals: --readings with --intervals",
        "multiplier": "a ratio told by the meter itself: the collector keeps the ratio registers of DL/T 645 "
        "meters that have them (04000306, 04000307); a product of 1 was never set and tells nothing",
        "filed_multiplier": "[[ratio]]",
        "units": "units told by the source: profiles and dialects turn every unit into the quantity's as "
        "they decode, and a file's column names it, so none can differ here and it says unchecked",
    }
)
"""What the fields that a rule of validation wants mean for those who run it."""
