from __future__ import annotations

from math import nan
from xml.etree import ElementTree as ET

from reports.charts.spectrum import OrderBars, SpectrumWords, spectrum

WORDS = SpectrumWords(title="t", x="order", y="%", limit="limit", violating="over")
SVG = "{http://www.w3.org/2000/svg}"


def _drawn(orders: list[OrderBars]) -> ET.Element:
    return ET.fromstring(spectrum(orders, phases={"A": "phase A", "B": "phase B"}, words=WORDS))  # noqa: S314 - our own text


def test_a_bar_is_as_high_as_its_value_says() -> None:
    root = _drawn([OrderBars(order=5, values={"A": 4.0, "B": 2.0}, limit=3.2)])
    bars = [float(n.get("height", "0")) for n in root.iter(f"{SVG}rect") if n.get("y") not in {"8.0", None}][
        -2:
    ]
    assert bars[0] == 2.0 * bars[1]


def test_a_missing_value_draws_no_bar() -> None:
    both = _drawn([OrderBars(order=5, values={"A": 4.0, "B": 2.0})])
    one = _drawn([OrderBars(order=5, values={"A": 4.0, "B": nan})])
    assert len(list(both.iter(f"{SVG}rect"))) - len(list(one.iter(f"{SVG}rect"))) == 1


def test_only_the_violating_phase_has_a_sign() -> None:
    root = _drawn([OrderBars(order=5, values={"A": 4.0, "B": 2.0}, limit=3.2, violating=frozenset("A"))])
    legend, own = 1, 1
    assert len([n for n in root.iter(f"{SVG}path") if n.get("fill") == "#111"]) == legend + own
