import pytest

from protocols.dlt645.catalogue import lookup
from simulators.dlt645.parameters import Parameters, factory_values
from simulators.dlt645.replies import ErrorBit
from simulators.physics.registers import TIMETABLE
from tests.unit.simulators.dlt645.bench import digits, wire


def test_texts_are_sent_last_letter_first_as_captured() -> None:
    # Captured: 04000405 = 00 00 "A0.5"; zeros fill the end of the text, which is sent first.
    assert Parameters().get(wire("04000405")) == b"\0\0\0\0A5"


def test_the_factory_periods_are_those_of_the_load_model() -> None:
    content = Parameters().content("04010001")
    entries = [content[at : at + 3][::-1].hex() for at in range(0, len(content), 3)]
    assert [(int(e[:2]), int(e[4:])) for e in entries[: len(TIMETABLE)]] == list(TIMETABLE)
    assert set(entries[len(TIMETABLE) :]) == {entries[len(TIMETABLE) - 1]}


def test_lengths_are_those_of_the_catalogue() -> None:
    known = {w: item for w in factory_values() if (item := lookup(w)) is not None}
    assert len(known) > 15
    for w, item in known.items():
        assert len(factory_values()[w].content) == sum(f.form.length for f in item.fields), item.di


def test_a_written_parameter_is_read_back_and_changes_no_other_meter() -> None:
    one, other = Parameters(), Parameters()
    assert not one.write(wire("04000103"), digits("30"))
    assert one.number("04000103") == 30
    assert other.number("04000103") == 15


@pytest.mark.parametrize(
    ("di", "content", "wrong"),
    [
        ("04009999", "00", ErrorBit.NO_SUCH_DATA),
        ("04000409", "001000", ErrorBit.PASSWORD),
        ("04000103", "0015", ErrorBit.OTHER),
        ("04000103", "1F", ErrorBit.OTHER),
        ("04000201", "15", ErrorBit.YEAR_ZONES),
        ("04000202", "09", ErrorBit.DAY_PERIODS),
        ("04000203", "15", ErrorBit.DAY_PERIODS),
        ("04000204", "64", ErrorBit.TARIFFS),
        ("04000201", "14", 0),
        ("04000901", "3F", 0),
    ],
)
def test_what_cannot_be_written_is_refused_with_the_standards_bit(di: str, content: str, wrong: int) -> None:
    assert Parameters().write(wire(di), digits(content)) == wrong
