"""The page of faults in the documentation, written from the deeds themselves.

``python -m simulators.faults.page docs/simulators.md`` writes the table anew between its two marks.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from math import isinf
from pathlib import Path

from simulators.faults.deed import ALL_WIRINGS, ANY_LINE, Deed, Key, Stake, deeds
from simulators.faults.detector_numbers import DETECTORS

BEGIN, END = "<!-- deeds: begin -->", "<!-- deeds: end -->"


def page_with_deeds(page: str) -> str:
    """Return a page with the present table of deeds between its marks.

    Raises:
        ValueError: If the page lacks the marks.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page has no {BEGIN} ... {END}")
    return f"{before}{BEGIN}\n\n{deed_chapters()}\n{END}{after}"


def deed_chapters() -> str:
    """Return a chapter for each module of deeds, with a paragraph for each deed."""
    modules: dict[str, list[tuple[str, Deed]]] = {}
    for name, deed in deeds.all().items():
        modules.setdefault(deed.act.__module__, []).append((name, deed))
    lines: list[str] = []
    for module, entries in modules.items():
        title = (sys.modules[module].__doc__ or "").partition("\n")[0].rstrip(".")
        lines += [f"### {title}", ""]
        for name, deed in entries:
            lines += [*_paragraph(name, deed), ""]
    return "\n".join(lines)


def _paragraph(name: str, deed: Deed) -> Iterator[str]:
    innocent = ", an innocent look-alike unless `twin = false`" if deed.innocent else ""
    yield f"**`{name}`** ({deed.zh}): {deed.what}{innocent}."
    number = DETECTORS[deed.detector]
    also = f"; {', '.join(f'`{name}`' for name in deed.also)} may speak up too" if deed.also else ""
    yield f"For `{deed.detector}`{f' ({number})' if number else ''}{also}. Twin: {deed.twin}."
    if deed.keys:
        yield f"Keys: {'; '.join(map(_key, deed.keys))}."
    if deed.stake is not Stake.NONE:
        yield f"`energy_kwh`: {deed.stake.value}."
    where = []
    if tuple(deed.wirings) != ALL_WIRINGS:
        where.append(f"meters wired {', '.join(deed.wirings)}")
    if tuple(deed.lines) != ANY_LINE:
        where.append(f"lines of {', '.join(deed.lines)}")
    if where:
        yield f"Only {' and '.join(where)}."


def _key(key: Key) -> str:
    unit = "" if key.unit == "1" else f", {key.unit}"
    default = key.default if key.is_text or key.default is None else f"{key.default:g}"
    usual = "needed" if default is None else f"usually `{default}`" if default else "usually empty"
    if key.words:
        bounds = f", one of {' '.join(f'`{word}`' for word in key.words)}"
    elif key.is_text or (key.least <= 0 and isinf(key.most)):
        bounds = ""
    else:
        bounds = f", {key.least:g} or more" if isinf(key.most) else f", {key.least:g} to {key.most:g}"
    return f"`{key.name}` {key.what}{unit} ({usual}{bounds})"


if __name__ == "__main__":
    file = Path(sys.argv[1])
    file.write_text(page_with_deeds(file.read_text("utf-8")), "utf-8")
