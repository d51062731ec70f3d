"""Every operation of the API, asked with generated questions, answers as its OpenAPI document says.

Schemathesis makes the questions: fitting ones, and ones at and beyond every edge of the schema. Nothing may
end in a fault of the server's own (5xx), and every answer has a declared status, media type and form.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

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
from storage.database import connect
from tests.filled_city import BILLED_MONTH, BILLED_UNTIL, FOREIGN, FOREIGN_CUSTOMER, PLACES, fill_both_areas
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
WITHOUT_SUCCESS = {"POST /api/orders/{order}/approval"}
"""A second person approves, and then the order goes to a meter: tests of orders do that."""
FITTING: Mapping[str, object] = {
    "since": "2026-11-19T00:00:00+08:00",
    "until": "2026-11-20T00:00:00+08:00",
    "quantity": ["voltage_a"],
    "at": "2026-11-19T08:00:00+08:00",
}


@pytest.fixture(scope="module")
def client(city_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Somebody who may do everything, in a city with something of every kind."""
    with connect(city_url) as connection:
        fill_both_areas(connection, city_url)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KILOWATCH_AUDIT_FILE", str(tmp_path_factory.mktemp("orders") / "audit.jsonl"))
        patch.setenv("KILOWATCH_ALLOW_WRITES", "relay")
        with browsing(create_app(city_url, clock=lambda: NOW)) as client:
            yield client


@pytest.fixture(scope="module")
def known(client: httpx.Client) -> Mapping[str, str]:
    """What is there: generated ids hardly ever hit anything."""
    episodes = client.get("/api/episodes?detector=voltage_deviation").json()["episodes"]
    ordered = client.post("/api/orders", json={"meter": PLANT, "order": "relay-open"})
    asked = client.post("/api/readings", json={"meters": [PLANT]})
    return {
        "incident": client.get("/api/incidents").json()["incidents"][0]["id"],
        "meter": PLANT,
        "episode": episodes[0]["id"],
        "name": "voltages",
        "case": client.get("/api/cases").json()["cases"][0]["id"],
        "customer": FOREIGN_CUSTOMER,
        "area": FOREIGN,
        "point": PLACES[0][0],
        "kind": "meter",
        "subject": PLANT,
        "month": BILLED_MONTH,
        "until": BILLED_UNTIL.isoformat(),
        "order": ordered.json()["id"],
        "asked_id": str(asked.json()["id"]),
    }


@pytest.fixture(scope="module")
def bodies(client: httpx.Client, known: Mapping[str, str]) -> Mapping[str, Any]:  # Any: JSON
    """What fits those that want something of the database in what they are sent."""
    return {
        "POST /api/readings": {"meters": [known["meter"]]},
        "POST /api/orders": {"meter": known["meter"], "order": "relay-open"},
        "POST /api/cases/{case}/feedback": {
            "outcome": "confirmed",
            "episodes": client.get(f"/api/cases/{known['case']}").json()["episodes"],
        },
    }


@pytest.mark.timeout(600)
def test_every_operation_answers_as_described(
    client: httpx.Client, known: Mapping[str, str], bodies: Mapping[str, Any]
) -> None:
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
                    there = known, bodies.get(operation.label)
                    _ask(operation, mode, client, there, answered[operation.label])
            except (Failure, FailureGroup) as failure:
                each = failure.exceptions if isinstance(failure, FailureGroup) else [failure]
                failed[f"{operation.label} ({mode.value})"] = "; ".join(map(str, each))[:2000]
    assert not failed, "\n\n".join(f"{label}: {told}" for label, told in failed.items())
    silent = {label for label, counts in answered.items() if not GOOD & set(counts)}
    assert silent == WITHOUT_SUCCESS


def _ask(
    operation: APIOperation,  # type: ignore[type-arg]  # its four are schemathesis' own affair
    mode: GenerationMode,
    client: httpx.Client,
    there: tuple[Mapping[str, str], Any],  # Any: JSON
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
            known, body = there
            case.body = case.body if body is None else body
            case.path_parameters.update({n: v for n, v in known.items() if n in case.path_parameters})
            case.query.update({n: v for n, v in FITTING.items() if n in case.query})
        answer = case.call(
            base_url=str(client.base_url), cookies=dict(client.cookies), headers=dict(client.headers)
        )
        answered[answer.status_code] += 1
        case.validate_response(answer, checks=list(CHECKS))

    asked()
