"""The reference page of detectors, written from the detectors themselves and their measured rates."""

from __future__ import annotations

from collections.abc import Iterator

from detectors.catalogue import About, Needs, category, detectors, parameters_of
from detectors.measured import false_alarms
from pipeline.messages import DETECTOR_TEXTS

INTRODUCTION = (
    "What each detector looks at, its numbers with their sources, and how often it cried wolf on data in"
    " which nothing was wrong. Tags: **S** a public source, **D** practice of the trade, to be confirmed,"
    " **M** measured, **own** our choice. Every number may be another one for a class of customers or a"
    " service point: `[[threshold]]` in the archive; names that are not here are refused. Column *holds*:"
    " **date**, the number of its time judges each slot, day, record or finding; **end**, the number in force"
    " as the window ends judges all of it. How detection works: [detection](../detection.md)."
)


def detector_lines() -> Iterator[str]:
    """Yield the lines of the page: a table of all detectors, then a section for each."""
    yield "# Detectors 检测规则\n"
    yield INTRODUCTION + "\n"
    yield "| no. | detector | category | severity | silent within | false alarms a meter-year |"
    yield "|---|---|---|---|---|---|"
    for name in _names():
        about = detectors.get(name)().about
        silent = ", ".join(f"`{other}`" for other in about.suppressed_by) or "-"
        number, severity = about.number or "-", about.severity.name.lower()
        yield (
            f"| {number} | [`{name}`](#{name}) {DETECTOR_TEXTS[name].name.zh} | {category(name)} |"
            f" {severity} | {silent} | {_rate(name)} |"
        )
    for name in _names():
        yield ""
        yield from _section(name)


def _names() -> list[str]:
    return sorted(detectors.all(), key=lambda name: (detectors.get(name)().about.number or "Z", name))


def _rate(name: str) -> str:
    measured = false_alarms(name)
    if measured is None:
        return "not measured"
    return f"at most {measured.upper95:.2g} ({measured.alarms} in {measured.meter_years:.0f})"


def _section(name: str) -> Iterator[str]:
    detector = detectors.get(name)
    about: About = detector().about
    texts = DETECTOR_TEXTS[name]
    yield f"## {name}\n"
    yield f"{texts.name.en} ({texts.name.zh}), version {about.version}. {texts.clears.en}\n"
    yield f"Goes through {about.kind.value}; looks at {_needs(about.needs)}.\n"
    if about.of_customers:
        yield "Of customers only: meters that supply an area are left out.\n"
    yield "| number | default | unit | effect | holds | source | tag |"
    yield "|---|---|---|---|---|---|---|"
    for parameter in parameters_of(detector):
        cells = (
            f"`{parameter.name}`",
            f"{parameter.default:g}",
            parameter.unit,
            parameter.effect.value.replace("_", " "),
            "date" if parameter.name in about.dated else "end",
            parameter.source,
            parameter.tag,
        )
        yield f"| {' | '.join(cells)} |"


def _needs(needs: Needs) -> str:
    registers = (*needs.registers, *needs.day_registers)
    kinds = {
        "interval energy": needs.interval_energy,
        ", ".join(f"`{name}`" for name in needs.energies): bool(needs.energies),
        ", ".join(f"`{q}`" for q in needs.quantities): bool(needs.quantities),
        ", ".join(f"`{q}`" for q in registers): bool(registers),
        "daily rows": needs.daily,
        ", ".join(f"`{q}`" for q in needs.readings): bool(needs.readings),
        "the meter's events": needs.events,
        "the meter's parameters": needs.parameters,
        "the coverage ledger": needs.outcomes,
        f"the archive ({', '.join(f'`{table}`' for table in needs.archive)})": bool(needs.archive),
    }
    return "; ".join(text for text, is_wanted in kinds.items() if is_wanted)
