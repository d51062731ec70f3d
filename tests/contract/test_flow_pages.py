"""Every page that a flow links its results to is one that the dashboard has."""

from __future__ import annotations

import ast
from pathlib import Path

from dashboard.navigation import NAVIGATION

FLOWS = sorted((Path(__file__).parents[2] / "flows").glob("*.py"))


def test_results_link_to_pages_of_the_dashboard() -> None:
    linked = {
        str(ast.literal_eval(keyword.value))
        for path in FLOWS
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "page" and isinstance(keyword.value, ast.Constant)
    }
    assert len(linked) >= 6
    assert {link.partition("?")[0] for link in linked} <= {entry.path for entry in NAVIGATION}
