"""Judgements as JSON objects, and back: what ``report.json`` and the database hold of them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, TypeAlias

from analysis.power_quality.judgement import Compliance, Evidence, Judgement, Reason, Reference
from pipeline.model import Json

Document: TypeAlias = dict[str, Json]


def judgement_document(judgement: Judgement) -> Document:
    """Return a judgement as one flat JSON object; numbers that are none are null."""
    reference, evidence = judgement.reference, judgement.evidence
    return {
        "check": judgement.check,
        "subject": judgement.subject,
        "standard": None if reference is None else reference.name,
        "clause": None if reference is None else reference.clause,
        "verdict": judgement.verdict.value,
        "value": judgement.value,
        "unit": judgement.unit,
        "limit": judgement.limit,
        "low_limit": judgement.low_limit,
        "formula": judgement.formula,
        "n": evidence.n,
        "coverage": evidence.coverage,
        "rank": evidence.rank,
        "phase": evidence.phase,
        "at": None if evidence.at is None else evidence.at.isoformat(),
        "if_missing_good": None if evidence.if_missing_good is None else evidence.if_missing_good.value,
        "if_missing_bad": None if evidence.if_missing_bad is None else evidence.if_missing_bad.value,
        "reasons": [{"key": r.key, "parameters": dict(r.parameters)} for r in judgement.reasons],
        "figures": dict(judgement.figures),
        "reference": None
        if reference is None
        else {
            "standard": reference.standard,
            "edition": reference.edition,
            "clause": reference.clause,
            "effective_from": reference.effective_from.isoformat(),
            "source": reference.source,
            "confirmed": reference.confirmed,
        },
    }


def judgement_of(document: Mapping[str, Any]) -> Judgement:  # Any: what a JSON parser gives
    """Return the judgement that :func:`judgement_document` made this of.

    Raises:
        KeyError: If a key is missing; a document of ours has all of them.
    """
    reference = document["reference"]
    return Judgement(
        check=document["check"],
        subject=document["subject"],
        verdict=Compliance(document["verdict"]),
        reference=None
        if reference is None
        else Reference(**{**reference, "effective_from": date.fromisoformat(reference["effective_from"])}),
        value=document["value"],
        unit=document["unit"],
        limit=document["limit"],
        low_limit=document["low_limit"],
        formula=document["formula"],
        evidence=Evidence(
            n=document["n"],
            coverage=document["coverage"],
            rank=document["rank"],
            phase=document["phase"],
            at=None if document["at"] is None else datetime.fromisoformat(document["at"]),
            if_missing_good=_compliance(document["if_missing_good"]),
            if_missing_bad=_compliance(document["if_missing_bad"]),
        ),
        reasons=tuple(Reason(key=r["key"], parameters=r["parameters"]) for r in document["reasons"]),
        figures=document["figures"],
    )


def _compliance(name: str | None) -> Compliance | None:
    return None if name is None else Compliance(name)
