from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from reports.charts.svg import bar, drawing, hatch, polyline, text


def test_words_cannot_become_markup() -> None:
    root = ET.fromstring(drawing(10, 10, [text((1, 1), "<script>&")], title='a "b" <c>'))  # noqa: S314 - our own text
    assert [node.text for node in root.iter("{http://www.w3.org/2000/svg}text")] == ["<script>&"]
    assert "script" not in {node.tag.rpartition("}")[2] for node in root.iter()}


def test_the_patterns_of_two_drawings_in_one_page_bear_other_names() -> None:
    names = [
        re.findall(r'id="([^"]+)"', drawing(10, 10, [bar((0, 0), (1, 1), fill=hatch(1))], title=title))
        for title in ("one", "two")
    ]
    assert len({*names[0], *names[1]}) == len(names[0]) + len(names[1])


def test_a_hatched_bar_refers_to_a_pattern_of_its_drawing() -> None:
    drawn = drawing(10, 10, [bar((0, 0), (1, 1), fill=hatch(1))], title="one")
    (used,) = re.findall(r"url\(#([^)]+)\)", drawn)
    assert f'id="{used}"' in drawn


def test_one_point_draws_no_line() -> None:
    assert polyline([(1.0, 1.0)]) == ""
