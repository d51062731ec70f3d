"""Every form that changes something is bound to its session, and nothing changes by following a link."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dashboard.app import create_app
from dashboard.forgery import SAFE_METHODS, refuse_forged
from tests.contract.project import ROOT
from tests.dashboard_routes import Address, addresses_of

TEMPLATES = sorted((ROOT / "dashboard" / "templates").rglob("*.html"))
FORM = re.compile(r"<form\b[^>]*>", re.IGNORECASE)
POSTS = re.compile(r"""method\s*=\s*["']?post""", re.IGNORECASE)
FIELD = re.compile(r"\s*\{\{ csrf_field\(request\) \}\}")


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_every_form_that_posts_begins_with_the_field_of_its_session(template: Path) -> None:
    text = template.read_text("utf-8")
    lacking = [m[0] for m in FORM.finditer(text) if POSTS.search(m[0]) and not FIELD.match(text, m.end())]
    assert lacking == []


def test_every_route_that_changes_something_asks_for_it() -> None:
    app = create_app("postgresql://nowhere.invalid/none")
    unsafe = [address for address in addresses_of(app) if address.methods - SAFE_METHODS]
    assert {"/login", "/logout", "/cases/{case}"} <= {address.path for address in unsafe}
    unguarded = [address.path for address in unsafe if refuse_forged not in _asked_for(address)]
    assert unguarded == []


def _asked_for(address: Address) -> set[object]:
    return set() if address.dependant is None else {each.call for each in address.dependant.dependencies}
