from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from analysis.power_quality.point_month import Instrument
from pipeline.registry import Wiring
from reports.power_quality.blocks import Facts, Note
from reports.power_quality.parts.site import site
from reports.power_quality.telling import Telling
from tests.fix_quality_month import ZONE, quality_report

EN = Telling(language="en", zone=ZONE)


def _facts(report: object) -> dict[str, str]:
    (facts,) = [b for b in site(report, EN).blocks if isinstance(b, Facts)]  # type: ignore[arg-type]  # a report
    return dict(facts.rows)


def test_what_the_archive_lacks_is_named_with_its_entry() -> None:
    report = quality_report()
    bare = replace(report.month.point, supply=None, rated_current_a=None, point_class=None)
    facts = _facts(replace(report, month=replace(report.month, point=bare)))
    assert facts["Least short-circuit power S_k"] == "absent: the archive lacks [[supply]] short_circuit_mva"
    assert facts["Class of monitoring point"] == "absent: the archive lacks [[supply]] point_class"


def test_limits_hang_on_what_is_shown() -> None:
    facts = _facts(quality_report())
    assert facts["Transformers"] == "CT 60, PT 100"
    assert facts["Agreed capacity S_i"] == "5 MVA"
    assert facts["Period"] == "2026-06-01 00:00 – 2026-07-01 00:00 (Asia/Shanghai)"


def test_a_three_wire_meter_says_what_its_voltages_are() -> None:
    report = quality_report()
    point = replace(report.month.point, wiring=Wiring.THREE_PHASE_THREE_WIRE)
    blocks = site(replace(report, month=replace(report.month, point=point)), EN).blocks
    assert isinstance(blocks[-1], Note)
    assert "zero-sequence" in blocks[-1].text


def test_the_instrument_and_what_was_agreed_come_from_the_archive() -> None:
    report = quality_report()
    point = replace(
        report.month.point,
        agreed_band_percent=(-3.0, 7.0),
        capacitors_mvar=[0.3, 0.15],
        instrument=Instrument(),
    )
    bare = _facts(report)
    facts = _facts(replace(report, month=replace(report.month, point=point)))
    assert bare["Its class"] == "0.5S"
    assert facts["Its class"] == "absent: the archive lacks [[meter]] accuracy_class"
    assert bare["Capacitor steps"] == "none in the archive ([[supply]] capacitor_steps_kvar)"
    assert facts["Capacitor steps"] == "300 + 150 kvar"
    assert facts["Agreed band of the voltage deviation"] == "-3 % … +7 %"


@pytest.mark.parametrize(
    ("last", "told"),
    [
        (date(2026, 6, 30), "2026-06-30"),
        (date(2026, 6, 29), "2026-06-29: before the end of the period"),
    ],
)
def test_a_verification_that_ran_out_within_the_month_is_told(last: date, told: str) -> None:
    report = quality_report()
    point = replace(report.month.point, instrument=Instrument(verified_until=last))
    assert _facts(replace(report, month=replace(report.month, point=point)))["Verified until"] == told
