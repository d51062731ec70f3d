"""Spells out the identifiers of events and freezes, which differ by one code only, from short tables.

An ``[[event]]`` gives the counter and the records of the family ``03`` of the standard, and where the meters
of 2013 mirror it under a code of their own (``twin``), that family's single items too. Each ``[[freeze]]``
gives every ``[[freeze_item]]`` under its own code.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from pipeline.errors import ConfigError
from pipeline.events import EventKind
from protocols.dlt645.catalogue_rows import AXES, Entry, Part, Row, parse_row, parse_tokens
from protocols.dlt645.values import parse_format

_SCOPES: Final[Mapping[str, tuple[str, str]]] = {
    "total": ("total", "总"),
    "A": ("phase A", "A相"),
    "B": ("phase B", "B相"),
    "C": ("phase C", "C相"),
}
"""What a part of a record may be repeated for: the word after the part's name."""
TWIN_ITEMS_FROM: Final = 2
"""In a family of 2013 the record's items follow the start, which is 01."""


def family_rows(table: Entry, where: str) -> Iterator[Row]:
    """Yield the rows that a file's ``[[event]]`` and ``[[freeze]]`` tables stand for.

    Raises:
        ConfigError: If a table is wrong; names file and code.
    """
    for entry in table.get("event", ()):
        try:
            yield from _event_rows(entry, _layouts(table))
        except (KeyError, ValueError) as error:
            raise ConfigError(f"{where}, event {entry.get('code')!r}: {error}") from error
    for freeze in table.get("freeze", ()):
        yield from _freeze_rows(freeze, table["freeze_item"], where)


def _layouts(table: Entry) -> Mapping[str, tuple[Part, ...]]:
    """Return the parts of each record layout by its name."""
    parts = {name: tuple(_part(*fields) for fields in rows) for name, rows in table["part"].items()}
    return {
        name: tuple(part for word in words for part in _scoped(parts, word))
        for name, words in table["record"].items()
    }


def _part(name: str, zh: str, notation: str, unit: str) -> Part:
    return Part(name=name, zh=zh, form=parse_format(notation), unit=unit)


def _scoped(parts: Mapping[str, tuple[Part, ...]], word: str) -> tuple[Part, ...]:
    """Return a part as often as its word says: ``register 10`` ten times, ``increment A`` for phase A."""
    name, _, scope = word.partition(" ")
    if scope.isdecimal():
        return tuple(
            replace(part, name=f"{part.name} {number}", zh=f"{part.zh}{number}")
            for number in range(1, int(scope) + 1)
            for part in parts[name]
        )
    english, chinese = _SCOPES[scope] if scope else ("", "")
    return tuple(
        replace(part, name=part.name.format(english), zh=part.zh.format(chinese)) for part in parts[name]
    )


def _event_rows(entry: Entry, layouts: Mapping[str, Sequence[Part]]) -> Iterator[Row]:
    kind = EventKind(entry["kind"])
    code = entry.get("code", "")
    numbered = code.startswith("30 ")
    phases = entry.get("phases", "")
    stem = f"03 {code}" if numbered else f"03 {code} {phases or '00'}"
    total = f"03 {code} 00" if numbered else f"03 {code} 00 00"
    row = Row(
        tokens=parse_tokens(total),
        name=f"{entry['name']}: count",
        zh=f"{entry['zh']}总次数",
        parts=tuple(layouts[entry["count"]]),
        event=kind,
        source=entry["source"],
    )
    if code:
        yield row
    if "record" in entry:
        yield replace(
            row,
            tokens=(*parse_tokens(stem), AXES["record10"]),
            name=f"{entry['name']}: record",
            zh=f"{entry['zh']}记录",
            parts=tuple(layouts[entry["record"]]),
            to_confirm=entry.get("to_confirm", ""),
        )
    if "twin" in entry:
        yield from _twin_rows(entry, row, layouts)


def _twin_rows(entry: Entry, row: Row, layouts: Mapping[str, Sequence[Part]]) -> Iterator[Row]:
    """Yield the items of a family of 2013: counter, minutes, start, the record's items, end, what follows."""
    place = f"{entry['twin']} {'phase' if entry.get('phases') else '00'}"
    unsure = "" if "code" in entry else entry.get("to_confirm", "")
    row = replace(row, source=entry["twin_source"], to_confirm=unsure)

    def item(codes: str, part: Part, what: str, zh: str) -> Row:
        tokens = parse_tokens(f"{place} {codes}")
        tokens = (*tokens, AXES["record10"]) if len(tokens) == 3 else tokens  # noqa: PLR2004 - nn is open
        return replace(
            row, tokens=tokens, name=f"{entry['name']}: {what}", zh=f"{entry['zh']}{zh}", parts=(part,)
        )

    count, minutes, start, end = (layouts[name][0] for name in ("count", "minutes", "start", "end"))
    yield item("00 01", count, "count", "总次数")
    if any(part.unit == minutes.unit for part in row.parts):
        yield item("00 02", minutes, "minutes", "累计时间")
    yield item("01", start, "start", "发生时刻")
    record, after = (layouts.get(entry.get(key, ""), ()) for key in ("twin_record", "twin_after"))
    for code, part in enumerate(record, start=TWIN_ITEMS_FROM):
        yield item(f"{code:02X}", part, part.name, part.zh)
    if "twin_end" in entry:
        yield item(entry["twin_end"], end, "end", "结束时刻")
        for code, part in enumerate(after, start=int(entry["twin_end"], 16) + 1):
            yield item(f"{code:02X}", part, part.name, part.zh)


def _freeze_rows(freeze: Entry, items: Sequence[Entry], where: str) -> Iterator[Row]:
    for item in items:
        if freeze["code"] not in item.get("only", (freeze["code"],)):
            continue
        shared = {key: value for key, value in item.items() if key not in ("code", "only")}
        if freeze.get("total_only"):
            shared.pop("repeat", None)
        yield parse_row(
            {
                **shared,
                "di": f"05 {freeze['code']} {item['code']} {freeze['last']}",
                "name": f"{freeze['name']}: {item['name']}",
                "zh": f"{freeze['zh']}{item['zh']}",
                "source": freeze["source"],
            },
            where,
        )
