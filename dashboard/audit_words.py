"""What a line of the audit says of a change, in the reader's words: fields by their names, codes too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from dashboard import words
from dashboard.account_words import ROLES
from dashboard.formats import Formats
from dashboard.words import marked
from dashboard.work_words import DEEDS
from pipeline.model import Json
from services.episode_work import PAST

FIELDS: Mapping[str, str] = {
    "full_name": marked("Name"),
    "role": marked("Role"),
    "areas": marked("Areas"),
    "disabled_at": marked("Shut since"),
    "expires_at": marked("Expires"),
    "sessions_closed": marked("Sessions closed"),
    "tokens_revoked": marked("Tokens revoked"),
    "deed": marked("What was done"),
    "outcome": marked("Outcome"),
    "episodes": marked("Episodes"),
    "incident": marked("Incident"),
    "meters": marked("Meters"),
    "area": marked("Area"),
    "assignee": marked("Assigned to"),
    "text": marked("Cause or note"),
    "note": marked("Note"),
    "cause": marked("Cause found"),
    "recovered_kwh": marked("Energy made up, kWh"),
}
"""The fields of what was before and after; others are told by the name they have."""
CODES: Mapping[str, Mapping[str, str]] = {
    "role": ROLES,
    "outcome": words.OUTCOMES,
    "deed": {deed.value: DEEDS[past] for deed, past in PAST.items()},
}
"""Fields that hold codes, with the words for these."""
INSTANTS: Final = frozenset({"disabled_at", "expires_at"})
MOST_SHOWN: Final = 20
"""Of a long list; the API has all."""


def change_told(values: Mapping[str, Json] | None, f: Formats) -> list[tuple[str, str]]:
    """Return name and value of each field of one side of a change."""
    text = f.catalogue.gettext
    return [(text(FIELDS.get(key, key)), _value(key, value, f)) for key, value in (values or {}).items()]


def _value(key: str, value: Json, f: Formats) -> str:
    text = f.catalogue.gettext
    if key == "areas" and value is None:
        return text("all")
    if value is None or value == "":
        return "–"
    if isinstance(value, Sequence) and not isinstance(value, str):
        more = f" … ({len(value)})" if len(value) > MOST_SHOWN else ""
        return ", ".join(str(each) for each in value[:MOST_SHOWN]) + more
    if key in INSTANTS and isinstance(value, str):
        return f.when(datetime.fromisoformat(value))
    return words.word(CODES[key], str(value), f.catalogue) if key in CODES else str(value)
