"""Configurations of every edition, with the habits of recorders and with mistakes."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.comtrade.configuration import DataForm, parse_configuration
from pipeline.errors import DataError
from tests.unit.analysis.comtrade.records import configuration


@pytest.mark.parametrize("edition", ["1991", "1999", "2001", "2013"])
def test_every_edition_is_read(edition: str) -> None:
    read = parse_configuration(configuration(edition=edition, tail="2.5\n0,0\nB,0\n"), "a.cfg")
    assert read.edition == edition
    assert [channel.name for channel in read.channels] == ["UA", "UB"]
    assert read.status_count == 2
    assert read.nominal_hz == 50.0
    assert read.rates == ((1000.0, 4),)
    assert read.form is DataForm.ASCII
    assert read.time_factor == (1.0 if edition == "1991" else 2.5)
    assert (read.channels[0].factor, read.channels[0].offset) == (0.1, 0.5)
    assert read.notes == ()


@pytest.mark.parametrize(
    ("edition", "date", "moment"),
    [
        ("1991", "01/02/96,03:04:05.6", datetime(1996, 1, 2, 3, 4, 5, 600_000)),  # noqa: DTZ001 - the file tells none
        ("1999", "02/01/2026,03:04:05.000006", datetime(2026, 1, 2, 3, 4, 5, 6)),  # noqa: DTZ001 - the file tells none
        ("1999", "01/31/2026,03:04:05", datetime(2026, 1, 31, 3, 4, 5)),  # noqa: DTZ001 - the file tells none
        ("1999", "2026/01/31,03:04:05", datetime(2026, 1, 31, 3, 4, 5)),  # noqa: DTZ001 - the file tells none
        ("1999", " ", None),
        ("1999", "31/02/2026,03:04:05", None),
        ("1999", "00/00/0000,00:00:00.0", None),
    ],
)
def test_dates_in_the_order_of_their_edition(edition: str, date: str, moment: datetime | None) -> None:
    read = parse_configuration(configuration(edition=edition, date=date), "a.cfg")
    assert read.starts_at == moment
    assert bool(read.notes) is (moment is None)


@pytest.mark.parametrize(
    ("code", "zone"),
    [
        ("-5h30", timezone(-timedelta(hours=5, minutes=30))),
        ("8", timezone(timedelta(hours=8))),
        ("0", UTC),
        ("x", None),
    ],
)
def test_the_zone_of_a_2013_file(code: str, zone: timezone | None) -> None:
    read = parse_configuration(configuration(edition="2013", tail=f"1\n{code},{code}\nB,3"), "a.cfg")
    assert read.starts_at is not None
    assert read.starts_at.tzinfo == zone


def test_nine_digits_of_a_second_mean_nanoseconds() -> None:
    date = "02/01/2026,08:00:00.000000000"
    assert parse_configuration(configuration(date=date), "a.cfg").time_unit_s == 1e-9


def test_several_rates_and_none() -> None:
    several = parse_configuration(configuration(rates="2\n1000,4\n5000,9"), "a.cfg")
    assert several.rates == ((1000.0, 4), (5000.0, 9))
    assert several.samples == 9
    assert parse_configuration(configuration(rates="0\n0,7"), "a.cfg").rates == ((0.0, 7),)


def test_a_comma_in_a_name_and_in_the_station() -> None:
    text = configuration(channels=("U, bus 1", "UB")).replace("station,", "station, north,")
    read = parse_configuration(text, "a.cfg")
    assert read.channels[0].name == "U, bus 1"
    assert read.channels[0].factor == 0.1
    assert read.station == "station,north"


def test_an_unknown_edition_is_noted() -> None:
    read = parse_configuration(configuration(edition="2042"), "a.cfg")
    assert read.edition == "1999"
    assert "2042" in read.notes[0]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("4,2A,2D", "4,2X,2D", r"line 2: expected numbers of channels"),
        ("4,2A,2D", "4,0A,2D", r"line 2: the record has no analogue channel"),
        ("4,2A,2D", "9,2A,7D", r"the file ends|line 1\d"),
        (",V,0.1,", ",V,abc,", r"line 3: expected the factor of channel 'UA', a number, not 'abc'"),
        (
            "1,UA,A,,V,0.1,0.5,0,-32767,32767,1.0,1.0,P",
            "1,UA,A",
            r"line 3: an analogue channel has 13 fields",
        ),
        ("1\n1000,4", "1\n-5,4", r"line 9: a sampling rate of -5 Hz is none"),
        ("1\n1000,4", "1\n1000,x", r"line 9: expected the number of the last sample"),
        ("1\n1000,4", "2\n1000,4\n500,4", r"line 10: the last sample 4 does not come after 4"),
        (
            "ASCII",
            "DOUBLE",
            r"line 12: expected a form of data, ASCII, BINARY, BINARY32, FLOAT32, not 'DOUBLE'",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_line(old: str, new: str, message: str) -> None:
    text = configuration()
    assert old in text
    with pytest.raises(DataError, match=message) as raised:
        parse_configuration(text.replace(old, new, 1), "a.cfg")
    assert str(raised.value).startswith("a.cfg, line ")


@given(st.data())
def test_damage_gives_a_configuration_or_a_data_error(data: st.DataObject) -> None:
    text = list(configuration(edition=data.draw(st.sampled_from(["1991", "1999", "2013"]))))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(text) - 1))
        text[place] = data.draw(
            st.sampled_from(["", ",", "\n", "9", "-", "e", "x", "\x1a", "母", "99999999999"])
        )
    with suppress(DataError):
        parse_configuration("".join(text), "a.cfg")
