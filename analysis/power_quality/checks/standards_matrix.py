"""GB, EN 50160 and IEEE 519 side by side on the same readings, and why they come to other verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from analysis.harmonic_limits import EN_50160, GB_14549, IEEE_519
from analysis.power_quality.catalogue import BESIDE, Check, checks
from analysis.power_quality.judgement import Compliance, Judgement, Reason, overall
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
    agree = len(set(verdicts.values())) == 1
    return Judgement(
        check=NAME,
        subject=topic,
        verdict=Compliance.NOT_APPLICABLE,
        reasons=(
            Reason(key="standards_agree" if agree else "standards_differ"),
            *(_how(topic, standard, judgements) for standard in standards),
        ),
        figures={
            "verdicts": [{"standard": s, "verdict": v.value} for s, v in verdicts.items()],
            "matrix": _rows(judgements),
        },
    )


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


def _how(topic: str, standard: str, judgements: Sequence[Judgement]) -> Reason:
    """Return how a standard comes to its verdict; where nothing is known of it, what its limits are."""
    own = [j for j in judgements if _standard(j) == standard]
    reference = own[0].reference
    key = HOW.get((topic, "" if reference is None else reference.standard))
    if key is not None:
        return Reason(key=key, parameters={"standard": standard})
    limits = dict.fromkeys(_limits(judgement) for judgement in own)
    told = "; ".join(limit for limit in limits if limit) or "-"
    return Reason(key="how_by_limits", parameters={"standard": standard, "limits": told})


def _limits(judgement: Judgement) -> str:
    ends = [f"{end:g}" for end in (judgement.low_limit, judgement.limit) if end is not None]
    return f"{' … '.join(ends)} {judgement.unit}".strip() if ends else ""


def _standard(judgement: Judgement) -> str:
    reference = judgement.reference
    return "" if reference is None else f"{reference.standard}-{reference.edition}"


checks.register(NAME)(Check(name=NAME, part=12, conclude=conclude))
