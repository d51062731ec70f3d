"""The names people see for the vocabulary's codes; each is a key of the catalogues."""

from __future__ import annotations

import re
from collections.abc import Mapping
from gettext import NullTranslations

from pipeline.quantities import Quantity


def marked(text: str) -> str:
    """Return ``text`` as it is: marks it for the catalogues, to be translated where it is shown."""
    return text


GROUPS: Mapping[str, str] = {
    "register": marked("Energy registers"),
    "demand": marked("Demand"),
    "electrical": marked("Electrical values"),
    "spectrum": marked("Harmonics"),
    "statistics": marked("Voltage statistics"),
    "device": marked("Meter's own state"),
}
STATUSES: Mapping[str, str] = {
    "got": marked("In time"),
    "late": marked("Late"),
    "backfilled": marked("Backfilled"),
    "not stored": marked("Not stored by the meter"),
    "missing": marked("Missing"),
}
CAUSES: Mapping[str, str] = {
    "no answer": marked("No answer"),
    "checksum": marked("Checksum wrong"),
    "refused": marked("Refused by the meter"),
    "wrong parameters": marked("Wrong parameters"),
    "clock": marked("Meter clock wrong"),
    "link": marked("Line down"),
    "bus busy": marked("Bus busy"),
    "not in archive": marked("Not in the archive"),
    "not asked": marked("Collector did not run"),
}
VERDICTS: Mapping[str, str] = {
    "abnormal": marked("Abnormal"),
    "normal": marked("Normal"),
    "unknown": marked("Not decidable"),
}
SEVERITIES: Mapping[int, str] = {
    40: marked("Critical"),
    30: marked("Major"),
    20: marked("Minor"),
    10: marked("Notice"),
}
SEVERITY_CODES: Mapping[int, str] = {40: "critical", 30: "major", 20: "minor", 10: "info"}
"""The codes that stand in addresses and style classes."""
WIRINGS: Mapping[str, str] = {
    "1P2W": marked("Single-phase, two wires"),
    "3P3W": marked("Three-phase, three wires"),
    "3P4W": marked("Three-phase, four wires"),
}
ROLES: Mapping[str, str] = {
    "main": marked("Main meter"),
    "check": marked("Check meter"),
    "sub": marked("Sub-meter, subtracted"),
}
ORIGINS: Mapping[str, str] = {
    "present": marked("Read now"),
    "daily freeze": marked("Daily freeze"),
    "settlement freeze": marked("Settlement freeze"),
    "load record": marked("Load record"),
    "push": marked("Pushed"),
    "manual": marked("By hand"),
}
STATES: Mapping[str, str] = {
    "critical": marked("Critical episode open"),
    "major": marked("Major episode open"),
    "minor": marked("Minor episode open"),
    "silent": marked("Silent"),
    "gaps": marked("Reads missing today"),
    "never": marked("Never read"),
    "good": marked("In order"),
}
DETECTORS: Mapping[str, str] = {
    "suspended_load": marked("Load during suspension"),
    "undervoltage": marked("Undervoltage"),
    "overvoltage": marked("Overvoltage"),
    "voltage_loss": marked("Voltage loss"),
    "current_loss": marked("Current loss"),
    "overload": marked("Over contract capacity"),
    "over_demand": marked("Over contract demand"),
    "register_stopped": marked("Register stopped"),
    "sustained_drop": marked("Sustained drop of use"),
    "missing_reads": marked("Missing reads"),
}
SUSPENSIONS: Mapping[str, str] = {
    "stop": marked("Suspension"),
    "reduction": marked("Capacity reduction"),
    "closed": marked("Account closed"),
}
EVIDENCE: Mapping[str, str] = {
    "service_point": marked("Service point"),
    "suspension": marked("Suspension"),
    "max_kw": marked("Maximum"),
    "max_at": marked("Time of maximum"),
    "limit_kw": marked("Limit"),
    "limit_kva": marked("Limit"),
    "limit_v": marked("Limit"),
    "setpoint_w": marked("Power set-point"),
    "setpoint_kw": marked("Power set-point"),
    "remaining_kva": marked("Remaining capacity"),
    "energy_kwh": marked("Energy"),
    "over_kwh": marked("Energy above the limit"),
    "minutes": marked("Duration"),
    "minutes_over": marked("Time above the limit"),
    "days": marked("Days"),
    "day": marked("Day"),
    "unit": marked("Unit"),
    "phase": marked("Phase"),
    "extreme_v": marked("Extreme value"),
    "reason": marked("Reason"),
    "coverage": marked("Coverage"),
    "penalty": marked("Penalty basis"),
    "penalty_basis": marked("Penalty basis"),
    "clears": marked("What would clear it"),
    "would_clear": marked("What would clear it"),
    "what_would_clear_it": marked("What would clear it"),
    "capacity_kva": marked("Contract capacity"),
    "starts_at": marked("Start"),
    "ends_at": marked("End"),
    "meters": marked("Meters"),
    "rule": marked("Rule"),
    "source": marked("Source"),
}
"""Keys of episodes' parameters and evidence."""
VALUES: Mapping[str, str] = {}
"""Codes that stand as values in parameters and evidence."""
_BASES: Mapping[str, str] = {
    "active_energy_import": marked("Active energy, import"),
    "active_energy_export": marked("Active energy, export"),
    "active_energy_combined": marked("Active energy, combined"),
    "reactive_energy_import": marked("Reactive energy, import"),
    "reactive_energy_export": marked("Reactive energy, export"),
    "reactive_energy_q1": marked("Reactive energy, quadrant I"),
    "reactive_energy_q2": marked("Reactive energy, quadrant II"),
    "reactive_energy_q3": marked("Reactive energy, quadrant III"),
    "reactive_energy_q4": marked("Reactive energy, quadrant IV"),
    "apparent_energy_import": marked("Apparent energy, import"),
    "max_demand_import": marked("Maximum demand, import"),
    "max_demand_export": marked("Maximum demand, export"),
    "demand_import": marked("Present demand"),
    "voltage_minutes_monitored": marked("Voltage monitored"),
    "voltage_minutes_over": marked("Voltage above its band"),
    "voltage_minutes_under": marked("Voltage below its band"),
    "voltage_highest": marked("Highest voltage"),
    "voltage_lowest": marked("Lowest voltage"),
    "voltage_thd": marked("Voltage distortion"),
    "current_thd": marked("Current distortion"),
    "voltage": marked("Voltage"),
    "current": marked("Current"),
    "active_power": marked("Active power"),
    "reactive_power": marked("Reactive power"),
    "apparent_power": marked("Apparent power"),
    "power_factor": marked("Power factor"),
    "phase_angle": marked("Phase angle"),
    "frequency": marked("Frequency"),
    "clock_offset": marked("Clock offset"),
    "temperature": marked("Temperature"),
    "battery_voltage": marked("Battery voltage"),
}
_PARTS: Mapping[str, str] = {
    "a": marked("phase A"),
    "b": marked("phase B"),
    "c": marked("phase C"),
    "n": marked("neutral"),
    "ab": marked("A to B"),
    "bc": marked("B to C"),
    "ca": marked("C to A"),
    **{f"t{rate}": f"T{rate}" for rate in range(1, 7)},
}


def quantity_label(quantity: Quantity | str, catalogue: NullTranslations) -> str:
    """Return a quantity's name: base and part, such as "Voltage, phase A" (电压 A相)."""
    base, part = str(quantity), ""
    if base not in _BASES:
        base, _, part = base.rpartition("_")
    if base not in _BASES:
        return str(quantity)
    name = catalogue.gettext(_BASES[base])
    if not part:
        return name
    return catalogue.gettext("%(quantity)s, %(part)s") % {
        "quantity": name,
        "part": catalogue.gettext(_PARTS.get(part, part)),
    }


def part_label(quantity: Quantity | str, catalogue: NullTranslations) -> str:
    """Return only the part, such as "phase A": for a legend under a title that names the base."""
    part = str(quantity).rpartition("_")[2]
    found = _PARTS.get(part)
    return catalogue.gettext(found) if found is not None else quantity_label(quantity, catalogue)


def word(names: Mapping[str, str], code: str | None, catalogue: NullTranslations) -> str:
    """Return the name of a code in the reader's language; an unknown code stands for itself."""
    if code is None:
        return ""
    found = names.get(code)
    return catalogue.gettext(found) if found is not None else re.sub(r"[_ ]+", " ", code)
