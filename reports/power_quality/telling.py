"""How numbers, times and verdicts are written for the readers of one language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import floor, isclose, isfinite, log10
from zoneinfo import ZoneInfo

from analysis.limits import AT_REST
from analysis.power_quality.judgement import Compliance, Judgement, Reason, Reference
from pipeline.events import EventKind
from pipeline.messages import EVIDENCE_CODES
from pipeline.quality_texts import CHECK_NAMES, VERDICT_NAMES, reason_text
from pipeline.report_texts import REPORT_TEXTS, report_text
from pipeline.source_texts import CLAUSES, SOURCES, in_words, reference_text

DIGITS = 4
"""Significant digits of a figure, unless more are needed to tell it from its limit."""
DECIMALS = 2
"""Of percentages in tables: what the meters' registers have."""
MOST_DECIMALS = 12
"""Finer than any meter."""
NOTHING = "–"


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One reader: a language, and the zone in which times are written."""

    language: str
    zone: ZoneInfo

    def __call__(self, key: str, **parameters: object) -> str:
        """Return a text of the report."""
        return report_text(key, self.language, **parameters)

    def optional(self, key: str) -> str | None:
        """Return a text if there is one."""
        return self(key) if key in REPORT_TEXTS else None

    def check(self, name: str) -> str:
        """Return what a check is called; one that has no text stands for itself."""
        named = CHECK_NAMES.get(name)
        return name.replace("_", " ") if named is None else named.in_language(self.language)

    def verdict(self, verdict: Compliance | None) -> str:
        """Return a verdict's word."""
        return NOTHING if verdict is None else VERDICT_NAMES[verdict].in_language(self.language)

    def event(self, kind: EventKind) -> str:
        """Return what a meter's record of an event is called."""
        return EVIDENCE_CODES[kind.value].in_language(self.language)

    def subject_name(self, subject: str) -> str:
        """Return what a figure of a check is called: ``h5``, THD, a phase, a quantity."""
        whole = self.optional(f"subject_{subject}")
        if whole is not None:
            return whole
        return " ".join(map(self._word_of_subject, subject.split()))

    def item(self, judgement: Judgement) -> str:
        """Return check and figure together."""
        subject = self.subject_name(judgement.subject)
        return self.check(judgement.check) + (f" {subject}" if subject else "")

    def reasons(self, judgement: Judgement) -> str:
        """Return why a verdict is as it is."""
        return self("list_separator").join(map(self.reason, judgement.reasons))

    def reason(self, reason: Reason) -> str:
        """Return one reason; a quantity in it is called by its name."""
        named = {name: self._parameter(name, value) for name, value in reason.parameters.items()}
        return reason_text(reason.key, named, self.language)

    def time(self, at: datetime | None) -> str:
        """Return an instant in local time, to the minute."""
        return NOTHING if at is None else f"{at.astimezone(self.zone):%Y-%m-%d %H:%M}"

    def number(self, value: float | None, against: float | None = None) -> str:
        """Return a figure with four significant digits; more where it would look wrong beside ``against``.

        A value told against its limit and the limit told against the value look greater and less as they are.
        """
        if value is None or not isfinite(value):
            return NOTHING
        own = _decimals(value)
        if against is not None and isfinite(against) and not equals(value, against):
            other = _decimals(against)
            shown, beside = round(value, own), round(against, other)
            if shown == beside or (shown > beside) != (value > against):
                own = decimals_apart([value], against, max(own, other))
        return _without_zeros(f"{value:.{own}f}")

    def fixed(self, value: float, decimals: int = DECIMALS) -> str:
        """Return a figure with so many decimals, as the columns of a table have them."""
        return f"{value:.{decimals}f}" if isfinite(value) else NOTHING

    def percent(self, share: float | None) -> str:
        """Return a share of 0 to 1 in per cent, cut rather than rounded: 99.99 % is not 100 %."""
        return NOTHING if share is None else f"{int(share * 1000 + 1e-9) / 10:.1f} %"

    def limits(self, judgement: Judgement) -> str:
        """Return a limit, or both ends of a band, with enough digits to tell them from the value."""
        low, high = (
            None if end is None else self.number(end, judgement.value)
            for end in (judgement.low_limit, judgement.limit)
        )
        if low is not None and high is not None:
            return f"{low} … {high}"
        if low is not None:
            return f"≥ {low}"
        return NOTHING if high is None else f"≤ {high}"

    def unit(self, judgement: Judgement) -> str:
        """Return the unit of a figure; a pure number has none."""
        return "" if judgement.unit == "1" else judgement.unit

    def reference(self, reference: Reference | None) -> str:
        """Return which standard, edition and clause a limit stands in; nothing where none does."""
        if reference is None:
            return ""
        return reference_text(reference.standard, reference.edition, reference.clause, self.language)

    def clause(self, reference: Reference) -> str:
        """Return the clause of a limit."""
        return in_words(CLAUSES, reference.clause, self.language)

    def source(self, reference: Reference) -> str:
        """Return where the number of a limit was taken from."""
        return in_words(SOURCES, reference.source, self.language)

    def value(self, judgement: Judgement) -> str:
        """Return a judged value, with enough digits to tell it from its limits."""
        ends = [end for end in (judgement.low_limit, judgement.limit) if end is not None]
        if judgement.value is None or not ends:
            return self.number(judgement.value)
        given = judgement.value
        return self.number(given, min(ends, key=lambda end: abs(end - given)))

    def plain(self, value: object) -> str:
        """Return a figure of a judgement as people read it: numbers, times in ISO 8601, words."""
        if isinstance(value, bool):
            return self("yes") if value else self("no")
        if isinstance(value, int | float):
            return self.number(value)
        if isinstance(value, Mapping):
            told = (f"{name}{self('colon')}{self.plain(inner)}" for name, inner in value.items())
            return self("list_separator").join(told)
        if isinstance(value, list | tuple):
            return ", ".join(map(self.plain, value)) or NOTHING
        return self._time_or_words(value) if isinstance(value, str) and value else NOTHING

    def figures(self, figures: Mapping[str, object]) -> str:
        """Return the plain figures of a judgement as ``name value``; tables and lists are left to others."""
        told = [
            f"{self.figure(name)}{self('colon')}{self.plain(value)}"
            for name, value in figures.items()
            if isinstance(value, str | int | float) and value != ""
        ]
        return ("，" if self.language.startswith("zh") else ", ").join(told)

    def figure(self, name: str) -> str:
        """Return what a figure is called; one that has no text stands for itself."""
        return self.optional(f"figure_{name}") or name.replace("_", " ")

    def phase(self, part: str) -> str:
        """Return what a phase or a line is called: ``A`` is a phase, ``AB`` a line voltage (线电压)."""
        return self("phase_name" if len(part) == 1 else "line_name", phase=part)

    def quantity(self, name: str) -> str:
        """Return what a quantity is called: ``voltage_thd_a`` is "voltage THD A"."""
        base, _, part = name.rpartition("_")
        whole = self.optional(f"quantity_{name}")
        if whole is not None:
            return whole
        found = self.optional(f"quantity_{base}")
        return (
            name
            if found is None
            else self("quantity_part", quantity=found, part=part.upper(), name=self.phase(part.upper()))
        )

    def _word_of_subject(self, word: str) -> str:
        named = self.optional(f"subject_{word}") or self.optional(f"quantity_{word}")
        return named or (self.check(word) if word in CHECK_NAMES else self.quantity(word))

    def _parameter(self, name: str, value: float | str) -> float | str:
        if name != "quantity" or not isinstance(value, str):
            return value
        return ", ".join(map(self.quantity, value.split(", ")))

    def _time_or_words(self, value: str) -> str:
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            if value in VERDICT_NAMES:
                return VERDICT_NAMES[value].in_language(self.language)
            return self.optional(f"word_{value}") or value
        return value if at.tzinfo is None else self.time(at)


def equals(value: float, end: float) -> bool:
    """Tell whether a figure is judged to be equal to its limit: it is kept in single precision."""
    return isclose(value, end, rel_tol=AT_REST)


def decimals_apart(values: Iterable[float], end: float, least: int) -> int:
    """Return so many decimals, ``least`` or more, that no value but an equal one is written as ``end``."""
    others = [value for value in values if isfinite(value) and not equals(value, end)]
    return next(
        (
            decimals
            for decimals in range(least, MOST_DECIMALS)
            if all(f"{value:.{decimals}f}" != f"{end:.{decimals}f}" for value in others)
        ),
        MOST_DECIMALS,
    )


def _decimals(value: float) -> int:
    """Return the decimals of four significant digits."""
    return min(max(DIGITS - 1 - floor(log10(abs(value))), 0), MOST_DECIMALS) if value else 0


def _without_zeros(told: str) -> str:
    told = told.rstrip("0").rstrip(".") if "." in told else told
    return "0" if told == "-0" else told
