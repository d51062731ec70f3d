from collections.abc import Sequence
from xml.etree import ElementTree as ET

from reports.charts.band import BandPoint, BandWords, band

WORDS = BandWords(title="load", x="day", y="kW", limit="limit")


def _points(values: Sequence[float | None]) -> list[BandPoint]:
    return [
        BandPoint(
            label=str(day),
            low=None if v is None else v - 1,
            middle=v,
            high=None if v is None else v + 1,
        )
        for day, v in enumerate(values, start=1)
    ]


def _drawn(svg: str, tag: str) -> list[dict[str, str]]:
    root = ET.fromstring(svg)  # noqa: S314 - our own drawing
    return [dict(element.attrib) for element in root.iter() if element.tag.endswith(tag)]


def test_places_without_values_part_the_line() -> None:
    svg = band(_points([5.0, 6.0, None, 7.0, 8.0, 9.0]), limit=None, words=WORDS)
    lines = [len(line["points"].split()) for line in _drawn(svg, "polyline")]
    assert lines == [2, 3]
    assert "limit" not in svg


def test_the_limit_is_drawn_above_all_values() -> None:
    svg = band(_points([5.0, 6.0]), limit=10.0, words=WORDS)
    dashed = [line for line in _drawn(svg, "line") if "stroke-dasharray" in line]
    top = min(float(line["y2"]) for line in _drawn(svg, "line") if line["stroke"] == "#ccc")
    assert len(dashed) == 2
    assert float(dashed[0]["y1"]) <= top
    assert "limit 10" in svg


def test_without_any_value_the_frame_stands_alone() -> None:
    assert _drawn(band([], limit=None, words=WORDS), "polyline") == []
    assert _drawn(band(_points([None, None]), limit=None, words=WORDS), "polyline") == []
