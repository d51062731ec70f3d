"""What load statistics would need the archive or the readings to hold, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from dashboard.formats import Formats
from dashboard.words import marked, quantity_label
from pipeline.load_wants import want_text
from pipeline.quantities import Quantity

KEYS: Final[Mapping[str, str]] = {
    "contract_demand_kw": marked("contract demand"),
    "capacity_kva": marked("capacity"),
    "basic_charge": marked("kind of basic charge"),
    "category": marked("category of use"),
    "tariff": marked("tariff"),
    "import_kvarh": marked("reactive energy of each slot"),
}
"""Entries of the archive and columns of files; quantities have their own names."""
_QUANTITIES: Final = frozenset(quantity.value for quantity in Quantity)


def wants_of(detail: Mapping[str, Any], f: Formats) -> Sequence[str]:  # Any: JSON
    """Return what statistics or an advice want, each once.

    Months that were worked out before there were keys have the English sentences alone.
    """
    if "wanted" not in detail:
        told = detail["wants"] or {}
        return [told] if isinstance(told, str) else list(dict.fromkeys(told.values()))
    wanted = detail["wanted"] or {}
    records = [wanted] if "key" in wanted else wanted.values()
    return list(dict.fromkeys(told_want(each, f) for each in records))


def told_want(want: Mapping[str, Any], f: Formats) -> str:  # Any: JSON
    """Return one thing that is wanted.

    Raises:
        KeyError: If there is no such text.
    """
    comma = f.catalogue.gettext(", ")
    return want_text(
        want["key"],
        want["parameters"],
        f.language,
        lambda names: comma.join(_name(name, f) for name in names),
    )


def _name(key: str, f: Formats) -> str:
    """Return the word of a key of the archive with the key itself, or the name of a quantity."""
    if key in KEYS:
        return f"{f.catalogue.gettext(KEYS[key])} ({key})"
    return quantity_label(key, f.catalogue) if key in _QUANTITIES else key
