"""GB, EN 50160 and IEEE 519 side by side on the same readings, and why they come to other verdicts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from analysis.harmonic_limits import EN_50160, GB_14549, IEEE_519
from analysis.power_quality.catalogue import BESIDE, Check, checks
from analysis.power_quality.judgement import DECIDED, Compliance, Judgement, Reason, overall
from analysis.power_quality.point_month import PointMonth
from pipeline.model import Json

NAME: Final = "standards_matrix"
HOW: Final[Mapping[tuple[str, str], str]] = {
    ("harmonic_voltage", GB_14549): "how_gb_voltage",
    ("harmonic_voltage", EN_50160): "how_en_voltage",
    ("harmonic_voltage", IEEE_519): "how_ieee_voltage",
    ("harmonic_current", GB_14549): "how_gb_current",
    ("harmonic_current", IEEE_519): "how_ieee_current",
}
"""How a standard judges what: the reason's key."""


LEAST_DECIDED: Final = 2
"""One verdict agrees with nothing."""


def conclude(_month: PointMonth, judgements: Sequence[Judgement]) -> list[Judgement]:
    """Return for each topic that several standards judge one table of their verdicts."""
    topics: dict[str, list[Judgement]] = {}
    for judgement in judgements:
        if judgement.reference is not None:
            topics.setdefault(judgement.check.removesuffix(BESIDE), []).append(judgement)
    return [
        _topic(topic, found)
        for topic, found in topics.items()
        if len({_standard(judgement) for judgement in found}) > 1
    ]


def _topic(topic: str, judgements: Sequence[Judgement]) -> Judgement:
    standards = list(dict.fromkeys(_standard(judgement) for judgement in judgements))
    verdicts = {
        standard: overall([j.verdict for j in judgements if _standard(j) == standard])
        for standard in standards
    }
    return Judgement(
        check=NAME,
        subject=topic,
        verdict=Compliance.NOT_APPLICABLE,
        reasons=(
            _compared([verdict for verdict in verdicts.values() if verdict in DECIDED]),
            *(reason for standard in standards for reason in _how(topic, standard, judgements)),
        ),
        figures={
            "verdicts": [{"standard": s, "verdict": v.value} for s, v in verdicts.items()],
            "matrix": _rows(judgements),
        },
    )


def _compared(decided: Sequence[Compliance]) -> Reason:
    """Return whether those standards that come to a verdict come to the same one."""
    if len(decided) < LEAST_DECIDED:
        return Reason(key="standards_undecided")
    return Reason(key="standards_agree" if len(set(decided)) == 1 else "standards_differ")


def _rows(judgements: Sequence[Judgement]) -> list[Mapping[str, Json]]:
    """Return one row a subject: under each standard its verdict, value and limit."""
    rows: dict[str, dict[str, Json]] = {}
    for judgement in judgements:
        row = rows.setdefault(judgement.subject, {"subject": judgement.subject})
        standard = _standard(judgement)
        row[standard] = judgement.verdict.value
        row[f"{standard} value"] = judgement.value
        row[f"{standard} limit"] = judgement.limit
        row[f"{standard} unit"] = judgement.unit
    return list(rows.values())


def _how(topic: str, standard: str, judgements: Sequence[Judgement]) -> Iterator[Reason]:
    """Yield how a standard comes to its verdict; where nothing is known of it, what its limits are."""
    own = [j for j in judgements if _standard(j) == standard]
    reference = own[0].reference
    key = HOW.get((topic, "" if reference is None else reference.standard))
    if key is not None:
        yield Reason(key=key, parameters={"standard": standard})
        return
    shares = dict.fromkeys((f"{j.low_limit:g}", _band(j)) for j in own if _is_share(j))
    for percent, band in shares:
        told = {"standard": standard, "percent": percent, "limits": band}
        yield Reason(key="how_by_share", parameters=told)
    limits = dict.fromkeys(_limits(j.low_limit, j.limit, j.unit) for j in own if not _is_share(j))
    joined = "; ".join(limit for limit in limits if limit)
    if joined or not shares:
        yield Reason(key="how_by_limits", parameters={"standard": standard, "limits": joined or "-"})


def _is_share(judgement: Judgement) -> bool:
    """Tell whether what is judged is a share of readings inside a band, which stands in the figures."""
    return judgement.limit is None and judgement.low_limit is not None and bool(_band(judgement))


def _band(judgement: Judgement) -> str:
    low, high, unit = (judgement.figures.get(name) for name in ("low", "high", "unit"))
    return _limits(_number(low), _number(high), str(unit))


def _number(figure: Json) -> float | None:
    return float(figure) if isinstance(figure, int | float) else None


def _limits(low: float | None, high: float | None, unit: str) -> str:
    if low is not None and high is not None:
        return f"{low:g} … {high:g} {unit}"
    if low is not None:
        return f"≥ {low:g} {unit}"
    return "" if high is None else f"≤ {high:g} {unit}"


def _standard(judgement: Judgement) -> str:
    reference = judgement.reference
    return "" if reference is None else reference.name


checks.register(NAME)(Check(name=NAME, part=12, conclude=conclude))
