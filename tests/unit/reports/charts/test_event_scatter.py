from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from reports.charts.event_scatter import ScatterWords, VoltageEvent, event_scatter, is_borne

WORDS = ScatterWords(title="t", x="s", y="%", itic="ITIC", outside="beyond", inside="borne")


@pytest.mark.parametrize(
    ("duration_s", "residual_percent", "borne"),
    [
        (0.02, 0.0, True),
        (0.021, 0.0, False),
        (0.5, 70.0, True),
        (0.5, 69.9, False),
        (0.6, 75.0, False),
        (10.0, 80.0, True),
        (11.0, 85.0, False),
        (0.4, 120.0, True),
        (0.6, 120.0, False),
        (5000.0, 90.0, True),
    ],
)
def test_the_curve_is_that_of_the_application_note(
    duration_s: float,
    residual_percent: float,
    borne: bool,  # noqa: FBT001 - a row of the table
) -> None:
    assert is_borne(VoltageEvent(duration_s=duration_s, residual_percent=residual_percent)) is borne


def test_every_event_has_a_dot_that_tells_which_side_it_is_on() -> None:
    events = [
        VoltageEvent(duration_s=0.11, residual_percent=62.0),
        VoltageEvent(duration_s=0.06, residual_percent=81.5),
    ]
    root = ET.fromstring(event_scatter(events, WORDS))  # noqa: S314 - our own text
    dots = [n.get("fill") for n in root.iter("{http://www.w3.org/2000/svg}circle")]
    assert dots[:2] == ["#111", "#fff"]
