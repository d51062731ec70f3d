"""Puts a message's facts into words, in Chinese or English."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from alerts.outgoing import Outgoing
from pipeline.alarms.contents import DIGEST, TEST, event_document
from pipeline.messages import DETECTOR_TEXTS
from pipeline.model import Json
from pipeline.templates import templates_of

TEXTS = templates_of("alarms.toml")
_TIME: Final = "%Y-%m-%d %H:%M"


def said(key: str, language: str, **values: object) -> str:
    """Return a text of the catalogue, filled."""
    return TEXTS[key].in_language(language).format(**values)


def name_of(kind: str, code: str, language: str) -> str:
    """Return what a cause, a condition or a detector is called; what has no name stands for itself."""
    known = TEXTS.get(f"{kind}_{code}")
    if known is not None:
        return known.in_language(language)
    detector = DETECTOR_TEXTS.get(code)
    return code.replace("_", " ") if detector is None else detector.name.in_language(language)


def place_named(place: str, language: str) -> str:
    """Return where an incident is."""
    kind, _, name = place.partition(" ")
    return said(f"place_{kind}" if kind else "place_several", language, name=name)


def worded(number: str, content: Mapping[str, Json], language: str, planned_at: datetime) -> Outgoing:
    """Return a message about one incident, a digest of many, or a test.

    Args:
        number: The message's id.
        content: As ``pipeline.alarms.contents`` makes it.
        language: ``zh`` or ``en``.
        planned_at: When it became due.
    """
    occasion = content["occasion"]
    if occasion == TEST:
        title = said("title_test", language, channel=content["channel"])
        text = said("text_test", language)
        url = None
    elif occasion == DIGEST:
        title, text, url = _digest(content, language)
    else:
        incident = _object(content["incident"])
        title = _title(incident, str(occasion), language)
        zone = ZoneInfo(str(content["zone"]))
        text = "\n".join(_lines(incident, language, zone))
        url = incident["url"]
    return Outgoing(
        id=number,
        title=title,
        text=text,
        url=None if url is None else str(url),
        document=event_document(content, planned_at),
    )


def _title(incident: Mapping[str, Json], occasion: str, language: str) -> str:
    return said(
        "title",
        language,
        severity=said(f"severity_{incident['severity']}", language),
        occasion=said(f"occasion_{occasion}", language),
        cause=name_of("cause", str(incident["cause"]), language),
        place=place_named(str(incident["place"]), language),
    )


def _lines(incident: Mapping[str, Json], language: str, zone: ZoneInfo) -> Iterator[str]:
    yield said("line_size", language, signals=incident["signals"], meters=incident["meters"])
    for what, count in _object(incident["kinds"]).items():
        yield said("line_kind", language, what=name_of("what", what, language), count=count)
    areas = incident["areas"]
    if isinstance(areas, Sequence) and areas:
        listed = ("、" if language == "zh" else ", ").join(map(str, areas))
        more = int(str(incident["areas_in_all"])) - len(areas)
        key = "line_areas_more" if more else "line_areas"
        yield said(key, language, areas=listed, more=more)
    yield said("line_since", language, time=_shown(incident["starts_at"], zone))
    if incident["ends_at"] is not None:
        yield said("line_until", language, time=_shown(incident["ends_at"], zone))
    yield said("line_id", language, id=incident["id"])


def _digest(content: Mapping[str, Json], language: str) -> tuple[str, str, Json]:
    title = said(
        "title_digest",
        language,
        severity=said(f"severity_{content['severity']}", language),
        count=content["count"],
    )
    listed = content["incidents"]
    incidents = [_object(i) for i in listed] if isinstance(listed, Sequence) else []
    lines = [_title(incident, str(incident["occasion"]), language) for incident in incidents]
    more = int(str(content["count"])) - len(lines)
    if more:
        lines.append(said("line_more", language, count=more))
    return title, "\n".join(lines), content["url"]


def _object(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}


def _shown(instant: Json, zone: ZoneInfo) -> str:
    local = datetime.fromisoformat(str(instant)).astimezone(zone)
    return f"{local.strftime(_TIME)} {zone.key}"
