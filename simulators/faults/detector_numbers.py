"""The detectors that planted faults are for: their names, and their numbers in the detector catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

DETECTORS: Mapping[str, str | None] = MappingProxyType(
    {
        "register_tie_out": "D01",
        "register_falls": "D02",
        "register_runaway": "D03",
        "register_stopped": "D04",
        "energy_power_deviation": "D05",
        "power_identity": "D06",
        "voltage_loss": "D07",
        "current_loss": "D08",
        "unbalance": "D09",
        "wiring_error": "D10",
        "line_neutral_difference": "D11",
        "meter_tamper": "D12",
        "parameter_change": "D13",
        "clock_error": "D14",
        "suspended_load": "D15",
        "suspension_rule": "D16",
        "closed_point_use": "D17",
        "over_capacity": "D18",
        "power_factor": "D19",
        "demand_deviation": "D20",
        "sustained_drop": "D21",
        "long_low_use": "D22",
        "profile_excess": "D23",
        "shape_shift": "D24",
        "repeated_curve": "D25",
        "area_balance": "D26",
        "ntl_attribution": "D27",
        "voltage_load_consistency": "D28",
        "topology": "D29",
        "tariff_class": "D30",
        "reverse_energy": "D31",
        "validation": "D32",
        "communication_blackout": "D33",
        "change_rank": "D34",
        "load_class_change": "D35",
        "loss_rise": "D36",
        "average_price": "D37",
        # Outside the catalogue: judged by coverage, and by the quality of supply.
        "missing_reads": None,
        "voltage_deviation": None,
        "harmonic_distortion": None,
    }
)
"""A detector's number is its lasting key; names of detectors that are still to come may change."""
