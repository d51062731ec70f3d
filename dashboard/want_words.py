"""What load statistics would need the archive or the readings to hold, in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from gettext import NullTranslations
from typing import Final

from dashboard.words import marked, quantity_label
from pipeline.quantities import Quantity

_PHRASES: Final[tuple[tuple[re.Pattern[str], str], ...]] = tuple(
    (re.compile(pattern), phrase)
    for pattern, phrase in (
        (
            r"\[\[(?P<entry>\w+)\]\] of service point (?P<name>.+?): (?P<keys>[\w, ]+)",
            marked("archive entry [[%(entry)s]] of service point %(name)s: %(keys)s"),
        ),
        (
            r"\[\[(?P<entry>\w+)\]\] of area (?P<name>.+?): (?P<keys>[\w, ]+)",
            marked("archive entry [[%(entry)s]] of area %(name)s: %(keys)s"),
        ),
        (
            r"\[\[tariff\]\] (?P<name>.+) in force (?:over the span|when the span begins)",
            marked("archive entry [[tariff]]: tariff %(name)s, in force in this month"),
        ),
        (
            r"one \[\[area_member\]\] of area (?P<name>.+) with role = 'supply'",
            marked("archive entry [[area_member]]: one supply point of area %(name)s (role supply)"),
        ),
        (
            r"intervals of the supply points of area (?P<name>.+?): (?P<keys>.+)",
            marked("energies of the supply points of area %(name)s: %(keys)s"),
        ),
        (r"readings: (?P<keys>[\w, ]+?)(?: with max_demand_import_at)?", marked("readings: %(keys)s")),
        (r"intervals: import_kvarh", marked("energies: reactive energy of each slot")),
        (r"one main meter: .*", marked("one main meter: values of several meters do not add up")),
    )
)
KEYS: Final[Mapping[str, str]] = {
    "contract_demand_kw": marked("contract demand"),
    "capacity_kva": marked("capacity"),
    "basic_charge": marked("kind of basic charge"),
    "category": marked("category of use"),
    "tariff": marked("tariff"),
}


def want_text(want: str, catalogue: NullTranslations) -> str:
    """Return what is wanted in the reader's language; a sentence that is not known stands for itself."""
    for pattern, phrase in _PHRASES:
        found = pattern.fullmatch(want)
        if found is not None:
            named = found.groupdict()
            if "keys" in named:
                keys = (_key(key, catalogue) for key in named["keys"].split(", "))
                named["keys"] = catalogue.gettext(", ").join(keys)
            return catalogue.gettext(phrase) % named
    return want


def _key(key: str, catalogue: NullTranslations) -> str:
    """Return the word of a key of the archive with the key itself, or the name of a quantity."""
    if key in KEYS:
        return f"{catalogue.gettext(KEYS[key])} ({key})"
    return quantity_label(key, catalogue) if key in {q.value for q in Quantity} else key
