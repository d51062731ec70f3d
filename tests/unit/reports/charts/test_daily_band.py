from __future__ import annotations

from xml.etree import ElementTree as ET

from reports.charts.daily_band import BandWords, DayBand, daily_band

WORDS = BandWords(title="t", x="day", y="kV", upper="upper", lower="lower", nothing="no data")
SVG = "{http://www.w3.org/2000/svg}"


def _drawn(days: list[DayBand], limits: tuple[float, float] | None) -> ET.Element:
    return ET.fromstring(daily_band(days, limits=limits, words=WORDS))  # noqa: S314 - our own text


def _words(root: ET.Element) -> list[str]:
    return [node.text or "" for node in root.iter(f"{SVG}text")]


def test_a_day_beyond_its_limits_has_a_sign_and_one_within_has_none() -> None:
    days = [DayBand(day=1, low=9.2, mean=10.0, high=10.2), DayBand(day=2, low=9.4, mean=10.0, high=10.6)]
    root = _drawn(days, (9.3, 10.7))
    signs = [n for n in root.iter(f"{SVG}path") if n.get("fill") == "#111"]
    assert len(signs) == 1


def test_a_day_without_data_says_so() -> None:
    root = _drawn([DayBand(day=1, low=None, mean=None, high=None)], None)
    assert "no data" in _words(root)


def test_both_limits_are_named_with_their_numbers() -> None:
    root = _drawn([DayBand(day=1, low=9.4, mean=10.0, high=10.6)], (9.3, 10.7))
    assert "lower 9.3, upper 10.7" in _words(root)
