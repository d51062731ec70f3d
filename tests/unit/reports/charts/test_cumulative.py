from __future__ import annotations

from xml.etree import ElementTree as ET

import numpy as np
import pytest

from reports.charts.cumulative import BOTTOM, TOP, CumulativeWords, cumulative

WORDS = CumulativeWords(title="t", x="%", y="share", limit="limit", judged="95 %")
SVG = "{http://www.w3.org/2000/svg}"


def test_the_curve_stands_at_the_rank_of_each_value() -> None:
    values = np.array([4.0, np.nan, 1.0, 3.0, 2.0])
    root = ET.fromstring(cumulative({"A": values}, limit=None, words=WORDS))  # noqa: S314 - our own text
    curve = next(iter(root.iter(f"{SVG}polyline"))).get("points", "")
    heights = [float(point.split(",")[1]) for point in curve.split()]
    whole = BOTTOM - TOP
    assert heights == pytest.approx([BOTTOM - whole * share for share in (0.25, 0.5, 0.75, 1.0)], abs=0.06)


def test_a_series_of_gaps_draws_nothing() -> None:
    root = ET.fromstring(cumulative({"A": np.array([np.nan])}, limit=3.2, words=WORDS))  # noqa: S314 - our own text
    assert list(root.iter(f"{SVG}polyline")) == []
