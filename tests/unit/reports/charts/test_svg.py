from __future__ import annotations

from xml.etree import ElementTree as ET

from reports.charts.svg import drawing, polyline, text


def test_words_cannot_become_markup() -> None:
    root = ET.fromstring(drawing(10, 10, [text((1, 1), "<script>&")], title='a "b" <c>'))  # noqa: S314 - our own text
    assert [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")] == ["<script>&"]
    assert "script" not in {node.tag.rpartition("}")[2] for node in root.iter()}


def test_one_point_draws_no_line() -> None:
    assert polyline([(1.0, 1.0)]) == ""
