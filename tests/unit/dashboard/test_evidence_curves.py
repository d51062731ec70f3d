"""Curves in the evidence of an episode, as a page draws them."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.evidence_curves import columns_of, evidence_chart, is_curves
from dashboard.formats import Formats
from pipeline.model import Json
from pipeline.registry import DEFAULT_ZONE
from tests.fix_planted import planted

ZH = Formats("zh", DEFAULT_ZONE)
CURVES: dict[str, Json] = {
    "unit": "V",
    "minutes": 15,
    "limits": {"trigger": 171.6, "absent": None},
    "lines": {
        "voltage_b": [["2024-06-03T00:00:00+00:00", 130.0], ["2024-06-03T00:15:00+00:00", None]],
        "voltage_c": [["2024-06-03T00:00:00+00:00", 220.0]],
    },
}


def test_lines_share_the_first_ones_times_and_what_is_missing_is_no_number() -> None:
    curves = columns_of(CURVES)
    assert curves.seconds.tolist() == [1717372800.0, 1717373700.0]
    np.testing.assert_array_equal(curves.columns["voltage_b"], [130.0, np.nan])
    np.testing.assert_array_equal(curves.columns["voltage_c"], [220.0, np.nan])


@pytest.mark.parametrize("value", [None, 3, "text", [], {"lines": {}}, {"lines": [1]}, {"kw": 3.0}])
def test_other_evidence_is_no_curve(value: Json) -> None:
    assert not is_curves(value)
    assert len(columns_of(value)) == 0


def test_a_chart_names_its_lines_and_limits_in_the_readers_language() -> None:
    chart = evidence_chart("e1", "voltages", CURVES, ZH, [])
    assert chart is not None
    assert [line.label for line in chart.lines] == ["B 相", "C 相"]
    assert [line.colour for line in chart.lines] == ["phase-b", "phase-c"]
    assert [limit.value for limit in chart.limits] == [171.6]
    assert chart.address == "/api/episodes/e1/curves/voltages"
    assert evidence_chart("e1", "voltages", {"lines": {"voltage_a": []}}, ZH, []) is None


def test_what_a_detector_writes_is_drawn() -> None:
    (episode,) = planted("voltage_loss", {"phase": "b"}).found("voltage_loss")
    voltages = episode.evidence["voltages"]
    curves = columns_of(voltages)
    assert next(iter(curves.columns)) == "voltage_b"
    least_v = float(str(episode.evidence["least_v"]))
    assert np.nanmin(curves.columns["voltage_b"]) == pytest.approx(least_v, abs=0.01)
