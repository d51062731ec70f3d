"""The names people see for the vocabulary's codes; each is a key of the catalogues."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from gettext import NullTranslations

from pipeline.messages import DETECTOR_TEXTS, EVIDENCE_LABELS, said
from pipeline.quantities import Quantity

_QUANTITIES = frozenset(quantity.value for quantity in Quantity)
_NUMBER = re.compile(r"\d+(\.\d+)?")


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
    "event": marked("Events"),
}
SOURCE_TAGS: Mapping[str, str] = {
    "S": marked("a public source"),
    "D": marked("practice of the trade, to be confirmed"),
    "M": marked("measured"),
    "own": marked("our own choice"),
}
"""Where a rule's number comes from."""
SOURCE_LETTERS: Mapping[str, str] = {"S": "S", "D": "D", "M": "M", "own": marked("own")}
"""The same, as short as beside a number."""
HOLDS: Mapping[str, str] = {
    "date": marked("a filed number holds from its date on"),
    "end": marked("of filed numbers the newest holds"),
    "nowhere": marked("the same everywhere"),
}
"""How the dates of a rule's filed numbers count, by ``services.rule_numbers.Holds``."""
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
STANDINGS: Mapping[str, str] = {
    "open": marked("Worth a visit"),
    "waiting": marked("Waiting for a second hit"),
    "confirmed": marked("Confirmed"),
    "rejected": marked("Not confirmed"),
    "cleared": marked("Withdrawn"),
}
"""What becomes of a case."""
OUTCOMES: Mapping[str, str] = {"confirmed": marked("Confirmed"), "not-confirmed": marked("Not confirmed")}
USUAL_CAUSES = (
    marked("Wire before the meter"),
    marked("Meter opened"),
    marked("Loose terminal"),
    marked("Wrong wiring"),
    marked("Meter faulty"),
    marked("Wrong in the archive"),
    marked("Empty home"),
    marked("Changed use"),
)
"""What a form offers as the cause; anything else may be written."""
SEVERITIES: Mapping[int, str] = {
    40: marked("Critical"),
    30: marked("Major"),
    20: marked("Minor"),
    10: marked("Notice"),
}
SEVERITY_CODES: Mapping[int, str] = {40: "critical", 30: "major", 20: "minor", 10: "info"}
"""The codes that stand in addresses and style classes."""
SEVERITY_OF: Mapping[str, int] = {code: number for number, code in SEVERITY_CODES.items()}
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
SUSPENSIONS: Mapping[str, str] = {
    "stop": marked("Suspension"),
    "reduction": marked("Capacity reduction"),
    "closed": marked("Account closed"),
}
EVIDENCE: Mapping[str, str] = {
    "day": marked("Day"),
    "verdict": marked("Verdict"),
    "maximum": marked("Maximum"),
    "kw": marked("Power"),
    "max_kw": marked("Maximum"),
    "at": marked("Time"),
    "energy": marked("Energy"),
    "penalty": marked("Penalty basis"),
    "limit": marked("Limit"),
    "value": marked("Value"),
    "basis": marked("Basis"),
    "rule": marked("Rule"),
    "capacity_suspended_kva": marked("Suspended capacity"),
    "days": marked("Days"),
    "occasions": marked("Occasions"),
    "wanted_entries": marked("Archive entries wanted"),
    "above_kwh": marked("Energy of the slots above the limit"),
    "above_means": marked("Counted as"),
    "suspension_kwh": marked("Energy in the whole suspension"),
    "suspension_means": marked("Counted as"),
    "of_which_estimated_kwh": marked("Of which estimated"),
    "uncertainty_kw": marked("Uncertainty"),
    "kwh": marked("Energy"),
    "minutes_above": marked("Time above the limit"),
    "days_above": marked("Days above the limit"),
    "slots": marked("Slots"),
    "missing": marked("Slots missing"),
    "undecided": marked("Slots undecided"),
    "judged_by": marked("Judged by"),
    "source": marked("Source"),
    "step_kwh": marked("Register step"),
    "step_share": marked("Step as a share of the slot"),
    "suspension": marked("Suspension"),
    "service_point": marked("Service point"),
    "id": marked("Number"),
    "kind": marked("Kind"),
    "from": marked("From"),
    "to": marked("To"),
    "remaining_kva": marked("Remaining capacity"),
    "quantity": marked("Quantity"),
    "phase": marked("Phase"),
    "extreme_v": marked("Extreme value"),
    "extreme_at": marked("Time of the extreme value"),
    "deviation_percent": marked("Deviation from nominal"),
    "limit_kw": marked("Limit"),
    "limit_v": marked("Limit"),
    "energy_kwh": marked("Energy"),
    "minutes": marked("Duration"),
    "standard": marked("Standard"),
    "limit_confirmed": marked("Limit checked against the standard"),
    "nominal_v": marked("Nominal voltage"),
    "low_v": marked("Lower limit"),
    "high_v": marked("Upper limit"),
    "points_outside": marked("Points outside"),
    "points_missing": marked("Points missing"),
    "judged": marked("Judged by"),
    "meters": marked("Meters"),
    "meters_without_data": marked("Meters without data"),
    "overlapping_suspensions": marked("Overlapping suspensions"),
    "unknown_days": marked("Days that cannot be judged"),
    "examined_from": marked("Examined from"),
    "examined_to": marked("Examined to"),
    "reason": marked("Reason"),
    "detector": marked("Detector"),
    "entry": marked("Archive entry"),
    "each_point": marked("Each point"),
    "unit": marked("Unit"),
}
"""Keys of episodes' parameters and evidence."""
ORDER: Sequence[str] = tuple(
    dict.fromkeys(
        (
            "day",
            "verdict",
            "wiring",
            "max_kw",
            "kwh",
            "usual_kwh",
            "deviation",
            "sum",
            "loss_percent",
            "usual_percent",
            "limit_percent",
            "missing_kwh",
            "metered_kwh",
            "factor",
            "formula",
            "how",
            *EVIDENCE,
        )
    )
)
"""The order in which facts and columns are shown: what is judged before what it is judged by."""
TABLES: Mapping[str, str] = {"days": marked("Day by day")}
"""Titles of tables in the evidence that differ from the key's name."""
_SENTENCES = (
    marked("interval energy"),
    marked("measured power"),
    marked("measured demand"),
    marked("slots"),
    marked("energy of the day"),
    marked("slot"),
    marked("highest slot"),
    marked("setpoint_w of the suspension"),
    marked("auxiliaries_kw of the suspension"),
    marked("%(n)s x remaining_kva of the suspension"),
    marked("%(n)s kW for a full suspension"),
    marked("all energy of the slots above the limit, not only the part above it"),
    marked("all known energy of the slots wholly inside the suspension and the window"),
    marked("net import of main meters less meters to subtract, actual intervals only"),
    marked(
        "net import of main meters less meters to subtract, actual intervals only; active power, with "
        "reactive power where measured, against kVA"
    ),
    marked("Rules on supply and use of electricity (供电营业规则), use of suspended or sealed equipment"),
    marked("unknown: the contract does not say whether the tariff is two-part"),
    marked("single-part tariff: %(n)s yuan per kW (kVA) of the suspended capacity used, per occasion"),
    marked(
        "two-part tariff: basic charge of the suspended capacity for the days of use, plus twice that charge"
    ),
)
"""Texts that detectors put into their evidence, with the first number replaced."""
_BASIC_CHARGES: Mapping[str, str] = {"capacity": marked("capacity"), "demand": marked("demand")}
"""What a basic charge is counted by."""
VALUES: Mapping[str, str] = {
    **VERDICTS,
    **SUSPENSIONS,
    **_BASIC_CHARGES,
    **{text: text for text in _SENTENCES},
}
"""Codes and texts that stand as values in parameters and evidence."""
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
    "voltage_harmonic": marked("Voltage harmonics"),
    "current_harmonic": marked("Current harmonics"),
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
    "at": marked("its time"),
    **{f"t{rate}": f"T{rate}" for rate in range(1, 7)},
}


def quantity_label(quantity: Quantity | str, catalogue: NullTranslations) -> str:
    """Return a quantity's name: base and part, such as "Voltage, phase A" (电压 A相)."""
    base, part = str(quantity), ""
    if base not in _BASES:
        base, _, part = base.rpartition("_")
    if base not in _BASES:
        return str(quantity).replace("_", " ")
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


def detector_name(code: str, language: str) -> str:
    """Return what a detector is called; one that has no texts stands for itself."""
    texts = DETECTOR_TEXTS.get(code)
    return code.replace("_", " ") if texts is None else texts.name.in_language(language)


def what_clears(code: str, language: str) -> str:
    """Return what would clear a detector's episodes; empty where nobody wrote it down."""
    texts = DETECTOR_TEXTS.get(code)
    return "" if texts is None else texts.clears.in_language(language)


def evidence_label(key: str, catalogue: NullTranslations, language: str) -> str:
    """Return what a key of parameters or evidence is called; quantities by their names."""
    if key not in EVIDENCE and key in EVIDENCE_LABELS:
        return EVIDENCE_LABELS[key].in_language(language)
    return word(EVIDENCE, key, catalogue) if key in EVIDENCE else quantity_label(key, catalogue)


def value_text(value: str, catalogue: NullTranslations, language: str) -> str:
    """Return a value of parameters or evidence in the reader's language; other texts as they are."""
    if value in _QUANTITIES:
        return quantity_label(value, catalogue)
    known = said(value, language)
    if known is not None:
        return known
    if value in VALUES:
        return catalogue.gettext(VALUES[value])
    number = _NUMBER.search(value)
    pattern = "" if number is None else value[: number.start()] + "%(n)s" + value[number.end() :]
    if number is None or pattern not in VALUES:
        return value
    return catalogue.gettext(VALUES[pattern]) % {"n": number.group()}


def has_evidence_label(key: str) -> bool:
    """Tell whether a key of parameters or evidence has a name of its own."""
    return key in EVIDENCE or key in EVIDENCE_LABELS


def word(names: Mapping[str, str], code: str | None, catalogue: NullTranslations) -> str:
    """Return the name of a code in the reader's language; an unknown code stands for itself."""
    if code is None:
        return ""
    found = names.get(code)
    return catalogue.gettext(found) if found is not None else re.sub(r"[_ ]+", " ", code)
