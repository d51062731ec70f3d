"""The reference page of validation and estimation, from the rules, limits and sources that a run uses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pipeline.validation import RULES
from pipeline.vee import REASONS
from pipeline.vee_catalogue import ESTIMATION_RULES, WANTED
from pipeline.vee_limits import LIMITS, SETTABLE, SOURCES

INTRODUCTION = """# Validation and estimation 数据校验与估算

Rules of validation find; they change nothing. What is missing or cannot be energy (negative, more than the
meter can measure) is estimated; the raw interval stays beside it with its version. The rules bear the names
that they have in Oracle Utilities Meter Data Management (docs.oracle.com, "Validation VEE Rules", "Estimation
VEE Rules"). Findings are kept in the table `vee_finding` (`kilowatch vee findings`), those of reads taken by
hand too (`hand_read`); finals in `final_interval` (view `interval_final`).

How gaps are estimated is filed in the archive: `[[estimation]]` with `service_point`, or `category` of the
contract, or neither; `rules` in order; `profile`; `from` and `to`. The point goes before the class.

Limits are the defaults below, unless a `[[threshold]]` of the archive with `detector = "vee"` and the name of
the limit as `parameter` says otherwise for a class (`category`) or a service point; what holds at the end of
a run's data judges all of it.

A known outage (停电) goes before every rule, for it is a fact: slots that lie wholly within a power-down
event (掉电) which the meter itself has ended, or within a `[[work_order]]` of kind `outage` or `停电` that
has an end, are zero and actual. What registers say for a longer gap is shared out over the supplied slots.

A gap whose sum registers tell ends wherever a reading tells the register, such as at the freeze of a midnight
(日冻结), and where a meter is moved or its transformers are changed: over any span between two reads the
finals add up to what the register grew, as the intervals did before. One slot of known sum stands as it is.

What stands in for a gap depends on no run: references are days within `reach_days` before it and
`final_after_days` after it, read whatever days the run is about; days that come later serve only where these
are too few, and never for a gap of known sum. A run in the database fills the gaps that begin within its
days; what began earlier stays as it was given out.
"""
LETTERS = """## Quality letters 质量标识

| letter | means |
|---|---|
| `A` | actual, backfilled included |
| `E` | shared out under a sum that registers tell |
| `S` | substituted; replaced as soon as a late actual comes |
| `F` | substituted for good: nobody asks the meter any more (it stays until the raw interval changes), or a \
person set it (it stays until one withdraws it) |
| `N` | missing |
| `V` | mixed, or a value of which nobody kept how it was made |
"""


def vee_page() -> str:
    """Return the page, without its head."""
    return "\n".join(
        [
            INTRODUCTION,
            *_section("## The sixteen rules of validation 校验规则", _validation_rows()),
            *_section("## The eleven rules of estimation 估算规则", _estimation_rows()),
            *_section("## Limits 限值", _limit_rows()),
            *_section("## Reasons 原因", [("reason", "means"), *_reason_rows()]),
            LETTERS,
        ]
    )


def _validation_rows() -> Iterator[Sequence[str]]:
    yield "name", "Oracle's name", "finds", "energies", "needs beside the intervals", "limits"
    for rule in RULES:
        yield (
            f"`{rule.name}`",
            rule.title,
            rule.says,
            "every" if rule.every_energy else "import",
            "; ".join(WANTED[want] for want in rule.wants) or "nothing",
            _limits(rule.limits),
        )


def _estimation_rows() -> Iterator[Sequence[str]]:
    yield "method", "Oracle's name", "does", "needs", "used", "limits"
    for rule in ESTIMATION_RULES:
        method = f"`{rule.method}`" if rule.method else ""
        yield method, rule.title, rule.does, rule.needs, rule.when, _limits(rule.limits)


def _limit_rows() -> Iterator[Sequence[str]]:
    yield "limit", "default", "by class or point", "source"
    for name, source in SOURCES.items():
        yield f"`{name}`", f"{getattr(LIMITS, name):g}", "yes" if name in SETTABLE else "no", source


def _reason_rows() -> Iterator[Sequence[str]]:
    for reason, meaning in REASONS.items():
        yield f"`{reason}`" if reason else "", meaning


def _limits(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}` {getattr(LIMITS, name):g}" for name in names)


def _section(title: str, rows: Iterator[Sequence[str]] | Sequence[Sequence[str]]) -> Iterator[str]:
    header, *others = rows
    yield title + "\n"
    yield "| " + " | ".join(header) + " |"
    yield "|" + "---|" * len(header)
    for row in others:
        yield "| " + " | ".join(row) + " |"
    yield ""
