import json

from reports.customers.assemble import sheet_of
from reports.customers.document import sheet_document
from tests.large_customers import bare_facts, facts


def test_numbers_are_numbers_and_texts_come_with_their_code() -> None:
    document = sheet_document(sheet_of(facts()))
    bill = document["sections"]["bill"]
    assert bill[0]["facts"]["billed_yuan"] == {"value": 4785.47, "unit": "yuan"}
    assert bill[0]["facts"]["billed_from"]["value"] == "2026-03-01T00:00:00+08:00"
    assert round(sum(row["amount"] for row in bill[1]["rows"]), 2) == 4785.47
    (row,) = document["sections"]["suspensions"][0]["rows"]
    assert row["kept"] == {"code": "kept_drawing", "zh": "暂停期间用电", "en": "suspended but drawing"}
    maximum = document["sections"]["load"][0]["facts"]["maximum"]
    assert maximum["at"].endswith("+08:00")
    assert [
        len(block["points"]) for block in document["sections"]["forecast"] if block["kind"] == "forecast"
    ] == [96]


def test_what_is_not_there_is_null_with_what_it_wants() -> None:
    document = sheet_document(sheet_of(facts()))
    demand = document["sections"]["contract"][0]["facts"]["contract_demand_kw"]
    assert (demand["value"], demand["wants"]["code"]) == (None, "usual")
    bare = sheet_document(sheet_of(bare_facts()))
    assert bare["sections"]["bill"][0]["is_absent"] is True


def test_it_is_plain_json() -> None:
    text = json.dumps(sheet_document(sheet_of(facts())), allow_nan=False)
    assert json.loads(text)["customer"] == "Works"
