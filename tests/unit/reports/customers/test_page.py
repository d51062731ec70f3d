import re
from dataclasses import replace

from reports.customers.assemble import sheet_of
from reports.customers.page import number_columns, page
from reports.customers.sheet import Column, Table
from reports.customers.write import LANGUAGES
from tests.large_customers import bare_facts, facts


def test_the_page_shows_every_section_and_the_amount_in_both_languages() -> None:
    sheet = sheet_of(facts())
    for language in LANGUAGES:
        html = page(sheet, language)
        assert re.findall(r'<section id="(\w+)">', html) == [section.key for section in sheet.sections]
        assert "4,785.47" in html
        assert html.count("<svg") == 2
    assert "暂停期间用电" in page(sheet, "zh")
    assert "suspended but drawing" in page(sheet, "en")


def test_names_are_escaped_in_text_and_style() -> None:
    sheet = replace(sheet_of(bare_facts()), customer='</style><script>alert("x")</script>')
    html = page(sheet, "en")
    assert "<script>" not in html
    assert html.count("</style>") == 1


def test_a_column_is_set_as_numbers_by_its_first_known_value() -> None:
    columns = [Column(name="item"), Column(name="amount"), Column(name="day")]
    table = Table(name="t", columns=columns, rows=[["a", None, None], ["b", 1.0, None]])
    assert number_columns(table) == [False, True, False]
    assert number_columns(Table(name="t", columns=columns, rows=[])) == [False, False, False]
