"""Every operation of the API, asked with generated questions, answers as its OpenAPI document says.

Schemathesis makes the questions: fitting ones, and ones at and beyond every edge of the schema. Nothing may
end in a fault of the server's own (5xx), and every answer has a declared status, media type and form.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from dashboard.app import create_app
from services.alarm_settings import AlarmSettings
from services.alarms import look
from storage.database import connect
from tests.fix_dashboard import NOW, PLANT, browsing

CHECKS = (
    not_a_server_error,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
GOOD = frozenset({200, 201, 202, 304})
ENDLESS = ("GET /api/live",)
"""A stream of events is no document with a schema."""
QUESTIONS = 12
"""Of each operation and mode."""
NOT_THERE = {
    "GET /api/episodes/{episode}/curves/{name}",
    "GET /api/bills/{point}/{month}",
    "GET /api/bills/{point}/{month}/interim",
    "GET /api/bills/{point}/{month}/interim/{until}",
    "GET /api/cases/{case}",
    "GET /api/cases/{case}/feedback",
    "POST /api/cases/{case}/feedback",
    "POST /api/readings",
    "GET /api/readings/{asked_id}",
    "GET /api/forecasts/{meter}",
    "GET /api/forecast-curves/{meter}",
    "GET /api/load/{kind}/{subject}",
    "GET /api/load-curves/{kind}/{subject}",
    "GET /api/losses/{area}",
    "GET /api/loss-curves/{area}",
    "GET /api/quality/{point}",
    "POST /api/orders",
    "GET /api/orders/{order}",
    "POST /api/orders/{order}/approval",
    "POST /api/orders/{order}/cancellation",
}
"""What the city has none of: these answer 404 to whatever is asked."""
FITTING: Mapping[str, object] = {
    "since": "2026-11-19T00:00:00+08:00",
    "until": "2026-11-20T00:00:00+08:00",
    "quantity": ["voltage_a"],
}


@pytest.fixture(scope="module")
def client(city_url: str) -> Iterator[httpx.Client]:
    with browsing(create_app(city_url, clock=lambda: NOW)) as client:
        yield client


@pytest.fixture(scope="module")
def known(client: httpx.Client, city_url: str) -> Mapping[str, str]:
    """What is there: generated ids hardly ever hit anything."""
    with connect(city_url) as connection:
        look(connection, AlarmSettings(), NOW)
    return {
        "incident": client.get("/api/incidents").json()["incidents"][0]["id"],
        "meter": PLANT,
        "episode": client.get("/api/episodes").json()["episodes"][0]["id"],
        "customer": "华光铸造有限公司",
    }


@pytest.mark.timeout(600)
def test_every_operation_answers_as_described(client: httpx.Client, known: Mapping[str, str]) -> None:
    schema = schemathesis.openapi.from_dict(client.get("/openapi.json").json())
    found = [each.ok() for each in schema.get_all_operations() if isinstance(each, Ok)]
    operations = [operation for operation in found if operation.label not in ENDLESS]
    assert len(operations) > 25
    failed: dict[str, str] = {}
    answered: dict[str, Counter[int]] = {operation.label: Counter() for operation in operations}
    for operation in operations:
        for mode in GenerationMode:
            try:
                # What takes nothing cannot be asked wrongly.
                with suppress(Unsatisfiable):
                    _ask(operation, mode, client, known, answered[operation.label])
            except (Failure, FailureGroup) as failure:
                each = failure.exceptions if isinstance(failure, FailureGroup) else [failure]
                failed[f"{operation.label} ({mode.value})"] = "; ".join(map(str, each))[:2000]
    assert not failed, "\n\n".join(f"{label}: {told}" for label, told in failed.items())
    silent = {label for label, counts in answered.items() if not GOOD & set(counts)}
    assert silent <= NOT_THERE, sorted(silent - NOT_THERE)


def _ask(
    operation: APIOperation,  # type: ignore[type-arg]  # its four are schemathesis' own affair
    mode: GenerationMode,
    client: httpx.Client,
    known: Mapping[str, str],
    answered: Counter[int],
) -> None:
    @given(case=operation.as_strategy(generation_mode=mode), is_there=st.booleans())
    @settings(
        max_examples=QUESTIONS,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    )
    def asked(case: Case, *, is_there: bool) -> None:  # type: ignore[type-arg]  # as above
        if is_there:
            case.path_parameters.update({n: v for n, v in known.items() if n in case.path_parameters})
            case.query.update({n: v for n, v in FITTING.items() if n in case.query})
        answer = case.call(
            base_url=str(client.base_url), cookies=dict(client.cookies), headers=dict(client.headers)
        )
        answered[answer.status_code] += 1
        case.validate_response(answer, checks=list(CHECKS))

    asked()
