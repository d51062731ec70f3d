"""Writes the reference pages of the documentation from the data that the code itself runs on.

``make reference`` writes them anew; a contract test holds the pages in the repository against the data.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final

from pipeline.quantities import Quantity
from pipeline.registry import Wiring
from protocols.dlt645.bits import bit_tables
from protocols.dlt645.catalogue_rows import AXES, Axis, Part, Row, Token
from protocols.dlt645.combination import MEANINGS, is_combined
from protocols.dlt645.identifier_files import open_questions, rows
from protocols.mqtt.dialects import dialects
from protocols.profile import Profile
from services.detector_page import detector_lines
from services.metrics.page import metric_lines
from services.quantity_page import quantity_lines
from services.settings_page import settings_lines
from services.vee_page import vee_page
from services.wiring import load_profiles

Page = tuple[str, str]
"""File name and text."""

HEAD: Final = (
    "<!-- Written by `make reference` from the project's data; change the data, not this page. -->\n"
)
LONG_RECORD: Final = 4
"""A row of more fields is a record; its fields stand in a list of layouts."""
FAMILIES_2007: Final[Mapping[int, str]] = {
    0x00: "00 Energy 电能量",
    0x01: "01 Maximum demand 最大需量",
    0x02: "02 Instantaneous values 变量",
    0x03: "03 Events and statistics 事件记录",
    0x04: "04 Parameters 参变量",
    0x05: "05 Freezes 冻结数据",
}
FAMILIES_1997: Final[Mapping[int, str]] = {
    0x09: "9 Energy 电能量",
    0x0A: "A Maximum demand 最大需量",
    0x0B: "B Variables and times 变量",
    0x0C: "C Parameters 参变量",
}
AXIS_WORDS: Final[Mapping[str, str]] = {
    "rate": "tariff 费率; 00 is the total 总",
    "rate97": "tariff 费率; 0 is the total 总",
    "settlement": "00 now 当前, then the last settlement periods 上n结算日",
    "month": "00 this month 本月, then the months before 上n月",
    "active97": "active: this month, last month, the month before",
    "reactive97": "reactive: this month, last month, the month before",
    "phase": "phase A, B, C 相",
    "phase97": "phase A, B, C 相",
    "total_phase97": "total 总, phase A, B, C",
    "total_phase": "total 总, phase A, B, C",
    "order": "harmonic order 谐波次数",
    "word": "status word 运行状态字",
    "number": "number 序号",
    "six": "1 forward, 2 reverse, 3 to 6 quadrants I to IV",
    "eight": "period table 日时段表",
    "fourteen": "entry of a table",
    "zone97": "entry of a table",
    "record10": "the last n records 上n次记录",
    "class10": "class of a password 权限, 01 is class 00",
}
SOURCES: Final = (
    "Sources: **STD** read in the text of DL/T 645-2007; **FW** read in meter or concentrator firmware; "
    "**LOG** seen in captured traffic; **MEM** general knowledge, to be confirmed."
)
METERS_HEAD: Final = (
    "A profile (表计配置) says how a meter model is read. `documented` rests on one source, "
    "`cross-checked` on independent ones that agree, `interop` was read from another implementation, "
    "`hardware` from the meter."
)
IDENTIFIERS_HEAD: Final = (
    "Every identifier that Kilowatch decodes, encodes, simulates and explains, as the standard writes "
    "it: DI3 first. A name in braces stands for the codes listed under [axes](#axes); where these "
    "have a block code, it stands for all of them. Past settlement periods and freezes become "
    "readings of their own time; combined reactive energy becomes reactive import or export where the "
    "meter's combination word (04000602, 04000603) says that it is."
)
LOAD_RECORDS: Final = (
    "`06 0k 00 00` the earliest, `06 0k 00 01` from a time on, `06 0k 00 02` the latest blocks of "
    "class k (1 to 6, 0 for all), DL/T 645-2007 annex B. They become readings of their own time."
)


def pages() -> Iterator[Page]:
    """Yield every reference page."""
    yield "meters.md", _meters_page()
    yield "dlt645-identifiers.md", _identifiers_page()
    yield "validation.md", f"{HEAD}\n{vee_page()}"
    yield "detectors.md", "\n".join([HEAD, *detector_lines(), ""])
    yield "metrics.md", "\n".join([HEAD, *metric_lines(), ""])
    yield "settings.md", "\n".join([HEAD, *settings_lines()])
    yield "quantities.md", "\n".join([HEAD, *quantity_lines()])


def write_pages(folder: Path) -> None:
    """Write the pages into a folder, which is made where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages():
        (folder / name).write_text(text, encoding="utf-8")


# Supported meters


def _meters_page() -> str:
    profiles = sorted(load_profiles().values(), key=lambda profile: (profile.protocol, profile.name))
    lines = [
        HEAD,
        "# Supported meters 支持的电能表\n",
        METERS_HEAD + "\n",
        *_table(
            ("profile", "meter", "protocol", "trust", "side", "quantities", "of one source only", "memory"),
            (_meter_cells(profile) for profile in profiles),
        ),
        "",
        *(line for profile in profiles for line in _profile_section(profile)),
        "## MQTT dialects 方言\n",
        "Topics are the filters a source subscribes to unless it names its own; see [MQTT](../mqtt.md).\n",
        *_table(("dialect", "topics"), ((f"`{name}`", _topics(name)) for name in dialects.all())),
        "",
    ]
    return "\n".join(lines)


def _meter_cells(profile: Profile) -> Sequence[str]:
    single = sum(point.single_source for point in profile.points)
    memory = []
    if profile.load_record_minutes:
        memory.append(f"load record {profile.load_record_minutes} min, {profile.load_record_days} d")
    if profile.daily_freeze_days:
        memory.append(f"daily freeze {profile.daily_freeze_days} d")
    return (
        f"[`{profile.name}`](#{profile.name})",
        profile.description,
        profile.protocol,
        profile.trust.value,
        profile.side.value,
        str(len(profile.quantities)),
        f"{single} of {len(profile.points)}" if profile.points else "-",
        ", ".join(memory) or "-",
    )


def _profile_section(profile: Profile) -> Iterator[str]:
    yield f"### {profile.name}\n"
    yield f"{profile.description}. Source: {profile.source}."
    if profile.models:
        yield f"Models: {', '.join(profile.models)}."
    if profile.firmware:
        yield f"Firmware: {profile.firmware}."
    if profile.probe:
        bounds = (f"`{quantity}` {low:g} to {high:g}" for quantity, (low, high) in profile.probe.items())
        yield f"Refused unless it reads {', '.join(bounds)}."
    if profile.identity:
        told = (
            f"{name.replace('_', ' ')} {register.between[0]:g} to {register.between[1]:g}"
            for name, register in profile.identity.items()
        )
        yield f"`kilowatch scan` tells it from {', '.join(profile.covers)} by its {', '.join(told)}."
    for other, why in profile.lookalikes.items():
        yield f"`kilowatch scan` cannot tell it from {other}: {why}."
    single = sorted(point.quantity for point in profile.points if point.single_source)
    if single:
        yield f"Of one source only: {', '.join(f'`{quantity}`' for quantity in single)}."
    yield ""
    named = [quantity for quantity in Quantity if quantity in profile.quantities]
    yield f"Reads {', '.join(f'`{quantity}`' for quantity in named)}.\n"
    limited = sorted({wiring for point in profile.points for wiring in point.wiring})
    if limited:
        without = [w.value for w in Wiring if not any(_has(point.wiring, w) for point in profile.points)]
        yield (
            "Some are read on some wirings only"
            + (f"; none on {', '.join(without)}" if without else "")
            + ".\n"
        )


def _has(wiring: Iterable[str], one: Wiring) -> bool:
    given = set(wiring)
    return not given or one in given


def _topics(dialect: str) -> str:
    return ", ".join(f"`{topic}`" for topic in dialects.get(dialect).topics)


# Identifiers


def _identifiers_page() -> str:
    lines = [
        HEAD,
        "# DL/T 645 identifiers 数据标识\n",
        IDENTIFIERS_HEAD + "\n",
        SOURCES + "\n",
        *_family_sections(4, FAMILIES_2007, "10 to 1F Events of meters since 2013, item by item"),
        "## 06 Load records 负荷记录\n",
        LOAD_RECORDS + "\n",
        *_open_section(),
        "# DL/T 645-1997\n",
        *_family_sections(2, FAMILIES_1997, ""),
        *_layout_section(),
        *_axis_section(),
        *_bit_section(),
    ]
    return "\n".join(lines)


def _family_sections(identifier_bytes: int, names: Mapping[int, str], others: str) -> Iterator[str]:
    found = sorted(rows(identifier_bytes), key=_first_code)
    for title, family in groupby(found, key=lambda row: names.get(_first_code(row), others)):
        yield f"## {title}\n"
        yield from _table(
            ("identifier", "中文", "name", "content", "unit", "becomes", "written", "source"),
            (_row_cells(row) for row in family),
        )
        yield ""


def _open_section() -> Iterator[str]:
    yield "## To be confirmed 待确认\n"
    yield from _table(
        ("identifiers", "中文", "name", "what no source at hand says", "source"),
        ((f"`{q.di}`", q.zh, q.name, q.to_confirm, q.source) for q in open_questions()),
    )
    yield ""


def _first_code(row: Row) -> int:
    first = row.tokens[0]
    return first if isinstance(first, int) else 0


def _row_cells(row: Row) -> Sequence[str]:
    long = len(row.parts) > LONG_RECORD
    size = sum(part.form.length for part in row.parts)
    content = (
        f"[{len(row.parts)} fields, {size} bytes](#{_layout_anchor(row.parts)})"
        if long
        else ", ".join(f"`{part.form.notation}`" for part in row.parts)
    )
    if row.repeat is not None:
        content += f" for each {{{row.repeat.name}}}"
    becomes = (
        [row.spectrum] if row.spectrum else [part.quantity.format("…") for part in row.parts if part.quantity]
    )
    if is_combined(row):
        becomes = [template.format("…") for template in MEANINGS.values()]
    return (
        f"`{' '.join(_shown(token) for token in row.tokens)}`",
        row.zh,
        row.name,
        content,
        "" if long else ", ".join(dict.fromkeys(part.unit for part in row.parts if part.unit)),
        ", ".join(f"`{name}`" for name in becomes),
        "yes" if row.writable else "",
        f"{row.source}; to be confirmed: {row.to_confirm}" if row.to_confirm else row.source,
    )


def _shown(token: Token) -> str:
    if isinstance(token, Axis):
        return f"{{{token.name}}}"
    if isinstance(token, tuple):
        return "/".join(f"{code:02X}" for code in token)
    return f"{token:02X}"


def _layouts() -> Mapping[tuple[Part, ...], str]:
    """Return the layouts of long records with the name of the first row that has each."""
    found: dict[tuple[Part, ...], str] = {}
    for row in (*rows(4), *rows(2)):
        if len(row.parts) > LONG_RECORD:
            found.setdefault(row.parts, row.name)
    return found


def _layout_anchor(parts: tuple[Part, ...]) -> str:
    return f"layout-{list(_layouts()).index(parts) + 1}"


def _layout_section() -> Iterator[str]:
    yield "# Layouts of records\n"
    for number, (parts, name) in enumerate(_layouts().items(), start=1):
        yield f'<a id="layout-{number}"></a>**{number}. {name}**: ' + "; ".join(_runs(parts)) + ".\n"


def _runs(parts: Sequence[Part]) -> Iterator[str]:
    """Yield each field with its format; a run of numbered ones as its first and last."""
    for _, run in groupby(parts, key=lambda part: part.name.rstrip("0123456789 ")):
        alike = list(run)
        names = alike[0].name if len(alike) == 1 else f"{alike[0].name} .. {alike[-1].name}"
        yield f"{names} `{alike[0].form.notation}`{f' {alike[0].unit}' if alike[0].unit else ''}"


def _axis_section() -> Iterator[str]:
    yield "# Axes\n"
    yield from _table(("axis", "codes", "block", "counts"), (_axis_cells(axis) for axis in AXES.values()))
    yield ""


def _axis_cells(axis: Axis) -> Sequence[str]:
    codes = list(axis.suffixes)
    run = codes == list(range(codes[0], codes[-1] + 1))
    shown = f"{codes[0]:02X} to {codes[-1]:02X}" if run else ", ".join(f"{code:02X}" for code in codes)
    words = AXIS_WORDS.get(axis.name) or f"the last {len(codes)} 上{len(codes)}次"
    return f"{{{axis.name}}}", shown, "" if axis.block is None else f"{axis.block:02X}", words


def _bit_section() -> Iterator[str]:
    yield "# Bits of words 特征字\n"
    for name, fields in bit_tables().items():
        yield f"## {name}\n"
        cells = (
            (field.place, str(value) if field.width > 1 or field.meanings[0] else "1", words[0], words[1])
            for field in fields
            for value, words in enumerate(field.meanings)
            if words is not None
        )
        yield from _table(("bit", "value", "meaning", "中文"), cells)
        yield ""


def _table(columns: Sequence[str], cells: Iterable[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(columns) + " |"
    yield "|" + "---|" * len(columns)
    for row in cells:
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"


if __name__ == "__main__":
    write_pages(Path(sys.argv[1]))
