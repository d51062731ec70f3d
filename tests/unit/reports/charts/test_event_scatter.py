from __future__ import annotations

from math import inf
from xml.etree import ElementTree as ET

import pytest

from reports.charts.axes import LEFT, RIGHT
from reports.charts.event_scatter import Curve, ScatterWords, VoltageEvent, event_scatter

WORDS = ScatterWords(title="t", x="s", y="%", outside="beyond", inside="borne")
SVG = "{http://www.w3.org/2000/svg}"
CURVE = Curve(name="ITIC", low=[(0.02, 0.0), (inf, 90.0)], high=[(inf, 110.0)])


def _drawn(events: list[VoltageEvent], curves: list[Curve]) -> ET.Element:
    return ET.fromstring(event_scatter(events, curves, WORDS))  # noqa: S314 - our own text


def test_an_event_beyond_the_curve_has_a_filled_dot() -> None:
    events = [
        VoltageEvent(duration_s=0.11, residual_percent=62.0, is_beyond=True),
        VoltageEvent(duration_s=0.06, residual_percent=81.5, is_beyond=False),
    ]
    dots = [n.get("fill") for n in _drawn(events, [CURVE]).iter(f"{SVG}circle")]
    assert dots[:2] == ["#111", "#fff"]


def test_a_decade_of_duration_is_a_sixth_of_the_axis() -> None:
    event = VoltageEvent(duration_s=1.0, residual_percent=50.0, is_beyond=True)
    (dot, *_) = _drawn([event], []).iter(f"{SVG}circle")
    assert float(dot.get("cx", "0")) == pytest.approx(LEFT + (RIGHT - LEFT) / 2, abs=0.06)


def test_a_curve_without_an_end_goes_to_the_end_of_the_axis() -> None:
    lines = [n.get("points", "").split() for n in _drawn([], [CURVE]).iter(f"{SVG}polyline")]
    assert [points[-1].split(",")[0] for points in lines[:2]] == [f"{RIGHT:.1f}"] * 2
    assert "ITIC" in [n.text for n in _drawn([], [CURVE]).iter(f"{SVG}text")]
