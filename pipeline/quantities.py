"""The closed vocabulary of measured quantities, shared by every folder (DESIGN section 3).

A quantity's value is its column in storage and its header in a file. A new one is one row here and one
migration. Suffixes: phases ``_a _b _c``, neutral ``_n``, line-to-line ``_ab _bc _ca``, rates ``_t1 .. _t6``
(the meter's own rate numbers; a map by date names them 尖 峰 平 谷 深谷).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum, unique
from types import MappingProxyType


class Group(StrEnum):
    """What is read and stored together, on one schedule."""

    REGISTER = "register"
    DEMAND = "demand"
    ELECTRICAL = "electrical"
    SPECTRUM = "spectrum"
    STATISTICS = "statistics"
    DEVICE = "device"
    EVENT = "event"
    """What meters record by themselves (事件记录): no quantities, but a schedule."""


class Kind(StrEnum):
    """How a value is shaped and kept."""

    COUNTER = "counter"
    """A register that only grows: double precision at rest, equal to the meter's digits when rounded."""
    REAL = "real"
    """An electrical value: single precision at rest."""
    INSTANT = "instant"
    """A time told by the meter: POSIX seconds in a snapshot, ``timestamptz`` at rest."""
    SPECTRUM = "spectrum"
    """A tuple indexed by harmonic order; index 0 is the constant part."""
    WORDS = "words"
    """A tuple of 16-bit status words 1 to 7."""


@unique
class Quantity(StrEnum):
    """What a number from a meter measures. Power and energy are positive for import (IEC quadrants)."""

    # Register, active energy import
    ACTIVE_ENERGY_IMPORT = "active_energy_import"
    ACTIVE_ENERGY_IMPORT_T1 = "active_energy_import_t1"
    ACTIVE_ENERGY_IMPORT_T2 = "active_energy_import_t2"
    ACTIVE_ENERGY_IMPORT_T3 = "active_energy_import_t3"
    ACTIVE_ENERGY_IMPORT_T4 = "active_energy_import_t4"
    ACTIVE_ENERGY_IMPORT_T5 = "active_energy_import_t5"
    ACTIVE_ENERGY_IMPORT_T6 = "active_energy_import_t6"
    ACTIVE_ENERGY_IMPORT_A = "active_energy_import_a"
    ACTIVE_ENERGY_IMPORT_B = "active_energy_import_b"
    ACTIVE_ENERGY_IMPORT_C = "active_energy_import_c"
    # Register, active energy export
    ACTIVE_ENERGY_EXPORT = "active_energy_export"
    ACTIVE_ENERGY_EXPORT_T1 = "active_energy_export_t1"
    ACTIVE_ENERGY_EXPORT_T2 = "active_energy_export_t2"
    ACTIVE_ENERGY_EXPORT_T3 = "active_energy_export_t3"
    ACTIVE_ENERGY_EXPORT_T4 = "active_energy_export_t4"
    ACTIVE_ENERGY_EXPORT_T5 = "active_energy_export_t5"
    ACTIVE_ENERGY_EXPORT_T6 = "active_energy_export_t6"
    ACTIVE_ENERGY_EXPORT_A = "active_energy_export_a"
    ACTIVE_ENERGY_EXPORT_B = "active_energy_export_b"
    ACTIVE_ENERGY_EXPORT_C = "active_energy_export_c"
    # Register, active energy combined
    ACTIVE_ENERGY_COMBINED = "active_energy_combined"
    ACTIVE_ENERGY_COMBINED_T1 = "active_energy_combined_t1"
    ACTIVE_ENERGY_COMBINED_T2 = "active_energy_combined_t2"
    ACTIVE_ENERGY_COMBINED_T3 = "active_energy_combined_t3"
    ACTIVE_ENERGY_COMBINED_T4 = "active_energy_combined_t4"
    ACTIVE_ENERGY_COMBINED_T5 = "active_energy_combined_t5"
    ACTIVE_ENERGY_COMBINED_T6 = "active_energy_combined_t6"
    ACTIVE_ENERGY_COMBINED_A = "active_energy_combined_a"
    ACTIVE_ENERGY_COMBINED_B = "active_energy_combined_b"
    ACTIVE_ENERGY_COMBINED_C = "active_energy_combined_c"
    # Register, reactive energy import
    REACTIVE_ENERGY_IMPORT = "reactive_energy_import"
    REACTIVE_ENERGY_IMPORT_T1 = "reactive_energy_import_t1"
    REACTIVE_ENERGY_IMPORT_T2 = "reactive_energy_import_t2"
    REACTIVE_ENERGY_IMPORT_T3 = "reactive_energy_import_t3"
    REACTIVE_ENERGY_IMPORT_T4 = "reactive_energy_import_t4"
    REACTIVE_ENERGY_IMPORT_T5 = "reactive_energy_import_t5"
    REACTIVE_ENERGY_IMPORT_T6 = "reactive_energy_import_t6"
    # Register, reactive energy export
    REACTIVE_ENERGY_EXPORT = "reactive_energy_export"
    REACTIVE_ENERGY_EXPORT_T1 = "reactive_energy_export_t1"
    REACTIVE_ENERGY_EXPORT_T2 = "reactive_energy_export_t2"
    REACTIVE_ENERGY_EXPORT_T3 = "reactive_energy_export_t3"
    REACTIVE_ENERGY_EXPORT_T4 = "reactive_energy_export_t4"
    REACTIVE_ENERGY_EXPORT_T5 = "reactive_energy_export_t5"
    REACTIVE_ENERGY_EXPORT_T6 = "reactive_energy_export_t6"
    # Register, reactive energy q1
    REACTIVE_ENERGY_Q1 = "reactive_energy_q1"
    REACTIVE_ENERGY_Q1_T1 = "reactive_energy_q1_t1"
    REACTIVE_ENERGY_Q1_T2 = "reactive_energy_q1_t2"
    REACTIVE_ENERGY_Q1_T3 = "reactive_energy_q1_t3"
    REACTIVE_ENERGY_Q1_T4 = "reactive_energy_q1_t4"
    REACTIVE_ENERGY_Q1_T5 = "reactive_energy_q1_t5"
    REACTIVE_ENERGY_Q1_T6 = "reactive_energy_q1_t6"
    # Register, reactive energy q2
    REACTIVE_ENERGY_Q2 = "reactive_energy_q2"
    REACTIVE_ENERGY_Q2_T1 = "reactive_energy_q2_t1"
    REACTIVE_ENERGY_Q2_T2 = "reactive_energy_q2_t2"
    REACTIVE_ENERGY_Q2_T3 = "reactive_energy_q2_t3"
    REACTIVE_ENERGY_Q2_T4 = "reactive_energy_q2_t4"
    REACTIVE_ENERGY_Q2_T5 = "reactive_energy_q2_t5"
    REACTIVE_ENERGY_Q2_T6 = "reactive_energy_q2_t6"
    # Register, reactive energy q3
    REACTIVE_ENERGY_Q3 = "reactive_energy_q3"
    REACTIVE_ENERGY_Q3_T1 = "reactive_energy_q3_t1"
    REACTIVE_ENERGY_Q3_T2 = "reactive_energy_q3_t2"
    REACTIVE_ENERGY_Q3_T3 = "reactive_energy_q3_t3"
    REACTIVE_ENERGY_Q3_T4 = "reactive_energy_q3_t4"
    REACTIVE_ENERGY_Q3_T5 = "reactive_energy_q3_t5"
    REACTIVE_ENERGY_Q3_T6 = "reactive_energy_q3_t6"
    # Register, reactive energy q4
    REACTIVE_ENERGY_Q4 = "reactive_energy_q4"
    REACTIVE_ENERGY_Q4_T1 = "reactive_energy_q4_t1"
    REACTIVE_ENERGY_Q4_T2 = "reactive_energy_q4_t2"
    REACTIVE_ENERGY_Q4_T3 = "reactive_energy_q4_t3"
    REACTIVE_ENERGY_Q4_T4 = "reactive_energy_q4_t4"
    REACTIVE_ENERGY_Q4_T5 = "reactive_energy_q4_t5"
    REACTIVE_ENERGY_Q4_T6 = "reactive_energy_q4_t6"
    # Register, apparent
    APPARENT_ENERGY_IMPORT = "apparent_energy_import"
    # Demand, maximum, import
    MAX_DEMAND_IMPORT = "max_demand_import"
    MAX_DEMAND_IMPORT_T1 = "max_demand_import_t1"
    MAX_DEMAND_IMPORT_T2 = "max_demand_import_t2"
    MAX_DEMAND_IMPORT_T3 = "max_demand_import_t3"
    MAX_DEMAND_IMPORT_T4 = "max_demand_import_t4"
    MAX_DEMAND_IMPORT_T5 = "max_demand_import_t5"
    MAX_DEMAND_IMPORT_T6 = "max_demand_import_t6"
    MAX_DEMAND_IMPORT_AT = "max_demand_import_at"
    MAX_DEMAND_IMPORT_T1_AT = "max_demand_import_t1_at"
    MAX_DEMAND_IMPORT_T2_AT = "max_demand_import_t2_at"
    MAX_DEMAND_IMPORT_T3_AT = "max_demand_import_t3_at"
    MAX_DEMAND_IMPORT_T4_AT = "max_demand_import_t4_at"
    MAX_DEMAND_IMPORT_T5_AT = "max_demand_import_t5_at"
    MAX_DEMAND_IMPORT_T6_AT = "max_demand_import_t6_at"
    # Demand, maximum, export
    MAX_DEMAND_EXPORT = "max_demand_export"
    MAX_DEMAND_EXPORT_T1 = "max_demand_export_t1"
    MAX_DEMAND_EXPORT_T2 = "max_demand_export_t2"
    MAX_DEMAND_EXPORT_T3 = "max_demand_export_t3"
    MAX_DEMAND_EXPORT_T4 = "max_demand_export_t4"
    MAX_DEMAND_EXPORT_T5 = "max_demand_export_t5"
    MAX_DEMAND_EXPORT_T6 = "max_demand_export_t6"
    MAX_DEMAND_EXPORT_AT = "max_demand_export_at"
    MAX_DEMAND_EXPORT_T1_AT = "max_demand_export_t1_at"
    MAX_DEMAND_EXPORT_T2_AT = "max_demand_export_t2_at"
    MAX_DEMAND_EXPORT_T3_AT = "max_demand_export_t3_at"
    MAX_DEMAND_EXPORT_T4_AT = "max_demand_export_t4_at"
    MAX_DEMAND_EXPORT_T5_AT = "max_demand_export_t5_at"
    MAX_DEMAND_EXPORT_T6_AT = "max_demand_export_t6_at"
    # Demand, present
    DEMAND_IMPORT = "demand_import"
    # Electrical, voltage
    VOLTAGE_A = "voltage_a"
    VOLTAGE_B = "voltage_b"
    VOLTAGE_C = "voltage_c"
    VOLTAGE_AB = "voltage_ab"
    VOLTAGE_BC = "voltage_bc"
    VOLTAGE_CA = "voltage_ca"
    # Electrical, current
    CURRENT_A = "current_a"
    CURRENT_B = "current_b"
    CURRENT_C = "current_c"
    CURRENT_N = "current_n"
    # Electrical, active power
    ACTIVE_POWER = "active_power"
    ACTIVE_POWER_A = "active_power_a"
    ACTIVE_POWER_B = "active_power_b"
    ACTIVE_POWER_C = "active_power_c"
    # Electrical, reactive power
    REACTIVE_POWER = "reactive_power"
    REACTIVE_POWER_A = "reactive_power_a"
    REACTIVE_POWER_B = "reactive_power_b"
    REACTIVE_POWER_C = "reactive_power_c"
    # Electrical, apparent power
    APPARENT_POWER = "apparent_power"
    APPARENT_POWER_A = "apparent_power_a"
    APPARENT_POWER_B = "apparent_power_b"
    APPARENT_POWER_C = "apparent_power_c"
    # Electrical, power factor
    POWER_FACTOR = "power_factor"
    POWER_FACTOR_A = "power_factor_a"
    POWER_FACTOR_B = "power_factor_b"
    POWER_FACTOR_C = "power_factor_c"
    # Electrical, angle and frequency
    PHASE_ANGLE_A = "phase_angle_a"
    PHASE_ANGLE_B = "phase_angle_b"
    PHASE_ANGLE_C = "phase_angle_c"
    FREQUENCY = "frequency"
    # Electrical, distortion
    VOLTAGE_THD_A = "voltage_thd_a"
    VOLTAGE_THD_B = "voltage_thd_b"
    VOLTAGE_THD_C = "voltage_thd_c"
    CURRENT_THD_A = "current_thd_a"
    CURRENT_THD_B = "current_thd_b"
    CURRENT_THD_C = "current_thd_c"
    # spectrum
    VOLTAGE_HARMONIC_A = "voltage_harmonic_a"
    VOLTAGE_HARMONIC_B = "voltage_harmonic_b"
    VOLTAGE_HARMONIC_C = "voltage_harmonic_c"
    CURRENT_HARMONIC_A = "current_harmonic_a"
    CURRENT_HARMONIC_B = "current_harmonic_b"
    CURRENT_HARMONIC_C = "current_harmonic_c"
    # Statistics, the meter's own voltage qualification (DL/T 645 identifier 0310)
    VOLTAGE_MINUTES_MONITORED = "voltage_minutes_monitored"
    VOLTAGE_MINUTES_OVER = "voltage_minutes_over"
    VOLTAGE_MINUTES_UNDER = "voltage_minutes_under"
    VOLTAGE_HIGHEST = "voltage_highest"
    VOLTAGE_HIGHEST_AT = "voltage_highest_at"
    VOLTAGE_LOWEST = "voltage_lowest"
    VOLTAGE_LOWEST_AT = "voltage_lowest_at"
    VOLTAGE_MINUTES_MONITORED_A = "voltage_minutes_monitored_a"
    VOLTAGE_MINUTES_OVER_A = "voltage_minutes_over_a"
    VOLTAGE_MINUTES_UNDER_A = "voltage_minutes_under_a"
    VOLTAGE_HIGHEST_A = "voltage_highest_a"
    VOLTAGE_HIGHEST_A_AT = "voltage_highest_a_at"
    VOLTAGE_LOWEST_A = "voltage_lowest_a"
    VOLTAGE_LOWEST_A_AT = "voltage_lowest_a_at"
    VOLTAGE_MINUTES_MONITORED_B = "voltage_minutes_monitored_b"
    VOLTAGE_MINUTES_OVER_B = "voltage_minutes_over_b"
    VOLTAGE_MINUTES_UNDER_B = "voltage_minutes_under_b"
    VOLTAGE_HIGHEST_B = "voltage_highest_b"
    VOLTAGE_HIGHEST_B_AT = "voltage_highest_b_at"
    VOLTAGE_LOWEST_B = "voltage_lowest_b"
    VOLTAGE_LOWEST_B_AT = "voltage_lowest_b_at"
    VOLTAGE_MINUTES_MONITORED_C = "voltage_minutes_monitored_c"
    VOLTAGE_MINUTES_OVER_C = "voltage_minutes_over_c"
    VOLTAGE_MINUTES_UNDER_C = "voltage_minutes_under_c"
    VOLTAGE_HIGHEST_C = "voltage_highest_c"
    VOLTAGE_HIGHEST_C_AT = "voltage_highest_c_at"
    VOLTAGE_LOWEST_C = "voltage_lowest_c"
    VOLTAGE_LOWEST_C_AT = "voltage_lowest_c_at"
    # device
    CLOCK_OFFSET = "clock_offset"
    TEMPERATURE = "temperature"
    BATTERY_VOLTAGE = "battery_voltage"
    STATUS_WORDS = "status_words"

    # An enumeration hashes its name by a Python function, in every look-up of a value; text hashes at once.
    __hash__ = str.__hash__

    @property
    def group(self) -> Group:
        """The group this quantity is read and stored with."""
        return _GROUPS[self]

    @property
    def kind(self) -> Kind:
        """How its values are shaped."""
        return _KINDS[self]

    @property
    def unit(self) -> str:
        """The one unit this quantity is kept in, whatever the meter sends; empty for times and words."""
        return _UNITS[self]


_BY_PREFIX: tuple[tuple[str, Group, Kind, str], ...] = (
    # The first prefix that fits decides.
    ("active_energy", Group.REGISTER, Kind.COUNTER, "kWh"),
    ("reactive_energy", Group.REGISTER, Kind.COUNTER, "kvarh"),
    ("apparent_energy", Group.REGISTER, Kind.COUNTER, "kVAh"),
    ("max_demand", Group.DEMAND, Kind.REAL, "kW"),
    ("demand_import", Group.DEMAND, Kind.REAL, "kW"),
    ("voltage_thd", Group.ELECTRICAL, Kind.REAL, "%"),
    ("current_thd", Group.ELECTRICAL, Kind.REAL, "%"),
    ("voltage_harmonic", Group.SPECTRUM, Kind.SPECTRUM, "%"),
    ("current_harmonic", Group.SPECTRUM, Kind.SPECTRUM, "%"),
    ("voltage_minutes", Group.STATISTICS, Kind.REAL, "min"),
    ("voltage_highest", Group.STATISTICS, Kind.REAL, "V"),
    ("voltage_lowest", Group.STATISTICS, Kind.REAL, "V"),
    ("voltage", Group.ELECTRICAL, Kind.REAL, "V"),
    ("current", Group.ELECTRICAL, Kind.REAL, "A"),
    ("active_power", Group.ELECTRICAL, Kind.REAL, "kW"),
    ("reactive_power", Group.ELECTRICAL, Kind.REAL, "kvar"),
    ("apparent_power", Group.ELECTRICAL, Kind.REAL, "kVA"),
    ("power_factor", Group.ELECTRICAL, Kind.REAL, "1"),
    ("phase_angle", Group.ELECTRICAL, Kind.REAL, "deg"),
    ("frequency", Group.ELECTRICAL, Kind.REAL, "Hz"),
    ("clock_offset", Group.DEVICE, Kind.REAL, "s"),
    ("temperature", Group.DEVICE, Kind.REAL, "°C"),
    ("battery_voltage", Group.DEVICE, Kind.REAL, "V"),
    ("status_words", Group.DEVICE, Kind.WORDS, ""),
)


def _describe(quantity: str) -> tuple[Group, Kind, str]:
    group, kind, unit = next(row[1:] for row in _BY_PREFIX if quantity.startswith(row[0]))
    return (group, Kind.INSTANT, "") if quantity.endswith("_at") else (group, kind, unit)


_GROUPS = {q: _describe(q)[0] for q in Quantity}
_KINDS = {q: _describe(q)[1] for q in Quantity}
_UNITS = {q: _describe(q)[2] for q in Quantity}

QUANTITIES_OF: Mapping[Group, tuple[Quantity, ...]] = MappingProxyType(
    {group: tuple(q for q in Quantity if q.group is group) for group in Group}
)
"""The quantities of each group, in the order of the enumeration."""

QUADRANTS_OF: Mapping[Quantity, tuple[Quantity, Quantity]] = MappingProxyType(
    {
        Quantity.REACTIVE_ENERGY_IMPORT: (Quantity.REACTIVE_ENERGY_Q1, Quantity.REACTIVE_ENERGY_Q2),
        Quantity.REACTIVE_ENERGY_EXPORT: (Quantity.REACTIVE_ENERGY_Q3, Quantity.REACTIVE_ENERGY_Q4),
    }
)
"""The quadrants whose sum a reactive energy is: lagging, then leading (DESIGN section 3)."""
