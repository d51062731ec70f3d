"""Judgements as JSON objects: nothing is lost on the way there and back."""

from datetime import UTC, date, datetime

import orjson
import pytest

from analysis.power_quality.documents import judgement_document, judgement_of
from analysis.power_quality.judgement import Compliance, Evidence, Judgement, Reason, Reference

FULL = Judgement(
    check="harmonic_current",
    subject="h5",
    verdict=Compliance.VIOLATING,
    reference=Reference(
        standard="GB/T 14549",
        edition="1993",
        clause="5.1",
        effective_from=date(1994, 3, 1),
        source="a table",
        confirmed=False,
    ),
    value=13.5,
    unit="A",
    limit=12.599210,
    formula="40 A * (5/20)^(1/1.2)",
    evidence=Evidence(
        n=2976,
        coverage=1.0,
        rank=2828,
        phase="B",
        at=datetime(2026, 10, 12, 3, 15, tzinfo=UTC),
        if_missing_good=Compliance.VIOLATING,
        if_missing_bad=Compliance.VIOLATING,
    ),
    reasons=[Reason(key="few_readings", parameters={"n": 1, "least": 30})],
    figures={"max": 17.25, "orders": [1, 2, 3]},
)
BARE = Judgement(check="flicker", verdict=Compliance.NOT_APPLICABLE)


@pytest.mark.parametrize("judgement", [FULL, BARE])
def test_there_and_back_through_json(judgement: Judgement) -> None:
    document = orjson.loads(orjson.dumps(judgement_document(judgement)))
    assert judgement_document(judgement_of(document)) == document
    assert judgement_of(document).evidence == judgement.evidence
    assert judgement_of(document).reference == judgement.reference


def test_the_keys_that_the_report_promises() -> None:
    document = judgement_document(FULL)
    promised = ("check", "standard", "clause", "verdict", "value", "limit", "n", "coverage", "phase")
    assert [document[key] for key in promised] == [
        "harmonic_current",
        "GB/T 14549-1993",
        "5.1",
        "violating",
        13.5,
        12.599210,
        2976,
        1.0,
        "B",
    ]
