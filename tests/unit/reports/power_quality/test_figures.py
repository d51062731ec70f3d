from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

from analysis.power_quality.judgement import Compliance, Evidence, Judgement
from reports.power_quality.figures import canonical, figures_csv, figures_document
from tests.fix_quality_month import COVERAGE, PRESENT, WORST_AT, judgements, quality_report


def test_every_verdict_has_the_keys_that_others_read() -> None:
    document = json.loads(canonical(figures_document(quality_report())))
    assert (document["service_point"], document["month"]) == ("SP-1024", "2026-06")
    wanted = {"check", "standard", "clause", "verdict", "value", "limit", "n", "coverage", "phase"}
    assert all(wanted <= set(verdict) for verdict in document["verdicts"])
    assert len(document["verdicts"]) == len(judgements())


def test_a_violation_carries_all_that_it_rests_on() -> None:
    document = figures_document(quality_report())
    (found,) = [v for v in document["verdicts"] if v["verdict"] == "violating"]
    assert (found["check"], found["subject"], found["standard"]) == (
        "harmonic_voltage",
        "h5",
        "GB/T 14549-1993",
    )
    assert (found["value"], found["limit"], found["unit"], found["phase"]) == (3.739, 3.2, "%", "A")
    assert (found["n"], found["coverage"], found["rank"]) == (PRESENT, COVERAGE, 2098)
    assert (found["if_missing_good"], found["if_missing_bad"]) == ("violating", "violating")
    assert found["at"] == WORST_AT.isoformat()
    assert document["verdict"] == "violating"


def test_reasons_stand_in_both_languages() -> None:
    document = figures_document(quality_report())
    (reason,) = document["verdicts"][0]["reasons"]
    assert "76.7" in reason["en"]
    assert "76.7" in reason["zh"]
    assert reason["en"] != reason["zh"]


def test_canonical_json_has_one_form_whatever_the_order_of_its_keys() -> None:
    assert canonical({"b": 1, "a": {"d": None, "c": float("nan")}}) == b'{"a":{"c":null,"d":null},"b":1}\n'


def test_the_table_has_a_row_a_verdict_that_a_spreadsheet_reads() -> None:
    raw = figures_csv(quality_report())
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"))))
    assert [row["subject"] for row in rows] == [j.subject for j in judgements()]
    assert rows[0]["reasons_zh"].startswith("数据完整率")


def test_a_text_never_becomes_a_formula_of_a_spreadsheet() -> None:
    planted = Judgement(
        check="x", subject='=HYPERLINK("x")', verdict=Compliance.COMPLIANT, value=-5.0, evidence=Evidence()
    )
    raw = figures_csv(replace(quality_report(), judgements=[planted])).decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(raw))
    assert row["subject"] == '\'=HYPERLINK("x")'
    assert row["value"] == "-5.0"
