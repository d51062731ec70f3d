"""Turns a template and what it shows into a page in the reader's language."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache, partial
from http import HTTPStatus
from importlib.resources import files
from urllib.parse import parse_qsl, quote, urlencode
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from dashboard import words, work_words
from dashboard.access import known_caller
from dashboard.asking import LANGUAGE_COOKIE, LANGUAGE_HEADER, Asking, Dashboard, formats_of
from dashboard.forgery import csrf_field
from dashboard.formats import Formats
from dashboard.navigation import NAVIGATION
from dashboard.refused_forms import refused_in, typed_in
from services.translations import LANGUAGES, translations

COOKIE_LIFE_S = 365 * 24 * 3600


def page(asking: Asking, template: str, **shown: object) -> HTMLResponse:
    """Return a page; ``shown`` is what its template names, and may replace ``f`` by another zone's.

    ``here`` is the address of the page that the answer to a form shows, where it is another one.
    """
    return render(asking.request, template, {"now": asking.now, **shown})


def render(
    request: Request, template: str, shown: Mapping[str, object], status: HTTPStatus = HTTPStatus.OK
) -> HTMLResponse:
    """Return a rendered template and remember the language if the address wished one."""
    dashboard: Dashboard = request.app.state.dashboard
    formats = formats_of(request)
    context = {"request": request, "f": formats, "now": dashboard.clock(), "here": _here(request), **shown}
    html = environment(formats.language).get_template(template).render(context)
    response = HTMLResponse(html, status_code=status, headers={"Content-Language": formats.language})
    if request.query_params.get("lang") in LANGUAGES and LANGUAGE_HEADER not in request.headers:
        response.set_cookie(
            LANGUAGE_COOKIE, formats.language, max_age=COOKIE_LIFE_S, httponly=True, samesite="lax"
        )
    return response


def _here(request: Request) -> str:
    """Return the address of a page that is shown for a refused form; empty where the browser knows it."""
    if refused_in(request) is None:
        return ""
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


@cache
def environment(language: str) -> Environment:
    """Return the templates of one language; a name that a page does not give is an error, not a blank."""
    found = Environment(
        loader=PackageLoader("dashboard"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    catalogue = translations(language)
    # jinja2.ext.i18n adds this method to the environment; the type stubs cannot know.
    found.install_gettext_translations(catalogue, newstyle=True)  # type: ignore[attr-defined]  # added by the extension
    found.globals.update(
        LANGUAGES=LANGUAGES,
        NAVIGATION=NAVIGATION,
        language=language,
        static=static_address,
        path=path_of,
        with_query=with_query,
        in_language=in_language,
        csrf_field=csrf_field,
        refused_in=refused_in,
        typed_in=typed_in,
        caller_of=known_caller,
        words=words,
        work_words=work_words,
        word=lambda names, code: words.word(names, code, catalogue),
        quantity_label=partial(words.quantity_label, catalogue=catalogue),
    )
    return found


def path_of(*parts: str) -> str:
    """Return an address on this server; each part is escaped, so an id may hold any character."""
    return "/" + "/".join(quote(part, safe="") for part in parts)


def with_query(request: Request, **changes: str | None) -> str:
    """Return the present address with some of its query changed; None takes a key out."""
    query: dict[str, str | None] = {**request.query_params, **changes}
    kept = {key: value for key, value in query.items() if value}
    return request.url.path + (f"?{urlencode(kept)}" if kept else "")


def in_language(request: Request, code: str, here: str) -> str:
    """Return the present page in another language; ``here`` is that which an answer to a form shows."""
    if not here:
        return with_query(request, lang=code)
    path, _, query = here.partition("?")
    return f"{path}?{urlencode({**dict(parse_qsl(query)), 'lang': code})}"


@cache
def static_address(name: str) -> str:
    """Return the address of a static file with a digest of its content, so that browsers may keep it."""
    source = files("dashboard").joinpath("static", *name.split("/"))
    digest = hashlib.sha256(source.read_bytes()).hexdigest()[:10] if source.is_file() else "absent"
    return f"/static/{name}?v={digest}"


def reader(asking: Asking, zone_key: str | None) -> Formats:
    """Return the reader's formats in an area's zone, where the archive names one."""
    return asking.formats.in_zone(ZoneInfo(zone_key)) if zone_key else asking.formats
