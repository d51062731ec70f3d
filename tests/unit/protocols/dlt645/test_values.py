from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.dlt645.values import (
    Format,
    Kind,
    bcd_to_decimal,
    bcd_to_int,
    bytes_to_instant,
    is_impossible_time,
    is_unset_time,
    number_to_bcd,
    parse_format,
    show,
    time_to_bytes,
    yearless_to_instant,
)

ENERGY = parse_format("XXXXXX.XX")
SIGNED = parse_format("SXXXXXX.XX")
SHANGHAI = ZoneInfo("Asia/Shanghai")


def test_the_standards_example_energy_is_exact() -> None:
    assert bcd_to_decimal(bytes.fromhex("78563412"), ENERGY) == Decimal("123456.78")


def test_only_a_signed_format_takes_the_highest_bit_as_a_sign() -> None:
    raw = bytes.fromhex("78563492")
    assert bcd_to_decimal(raw, ENERGY) == Decimal("923456.78")
    assert bcd_to_decimal(raw, SIGNED) == Decimal("-123456.78")


def test_a_digit_above_nine_is_no_number() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        bcd_to_int(bytes.fromhex("0A00"))


@pytest.mark.parametrize(
    ("notation", "expected"),
    [
        ("XXX.X", Format("XXX.X", Kind.NUMBER, 2, 1)),
        ("SXX.XXXX", Format("SXX.XXXX", Kind.NUMBER, 3, 4, signed=True)),
        ("NN", Format("NN", Kind.NUMBER, 1)),
        ("N12", Format("N12", Kind.DIGITS, 6)),
        ("YYMMDDhhmm", Format("YYMMDDhhmm", Kind.TIME, 5)),
        ("ASCII32", Format("ASCII32", Kind.TEXT, 32)),
        ("BITS16", Format("BITS16", Kind.WORD, 2)),
    ],
)
def test_the_standards_notation_is_understood(notation: str, expected: Format) -> None:
    assert parse_format(notation) == expected


@pytest.mark.parametrize("notation", ["", "S", "XXX", "XX.Y", "XN", "hello"])
def test_another_notation_is_refused(notation: str) -> None:
    with pytest.raises(ValueError, match="unknown DL/T 645 format"):
        parse_format(notation)


@pytest.mark.parametrize(
    ("value", "form", "wire"),
    [
        (123456.78, ENERGY, "78563412"),
        (-50.5, SIGNED, "50500080"),
        (-1.2345, parse_format("SXX.XXXX"), "452381"),
        (-0.001, SIGNED, "00000000"),
        (225.6, parse_format("XXX.X"), "5622"),
    ],
)
def test_numbers_are_written_as_the_reference_shows_them(value: float, form: Format, wire: str) -> None:
    assert number_to_bcd(value, form) == bytes.fromhex(wire)


def test_a_counter_begins_again_after_its_last_digit() -> None:
    assert number_to_bcd(1_000_000.25, ENERGY, rolls_over=True) == bytes.fromhex("25000000")
    with pytest.raises(ValueError, match="does not fit"):
        number_to_bcd(1_000_000.25, ENERGY)


def test_a_negative_number_needs_a_sign() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        number_to_bcd(-1.0, ENERGY)


def test_a_captured_freeze_time_is_read_in_the_meters_zone() -> None:
    # Captured answer to 05060001: 33 33 3C 43 48 less 33H each.
    raw = bytes.fromhex("0000091015")
    assert bytes_to_instant(raw, SHANGHAI) == datetime(2015, 10, 8, 16, 0, tzinfo=UTC)
    local = datetime(2015, 10, 9, tzinfo=SHANGHAI)
    assert time_to_bytes(local, parse_format("YYMMDDhhmm")) == raw


@pytest.mark.parametrize("raw", ["0000000000", "FFFFFFFFFF", "0000012511", "000A091015", "0060091015", ""])
def test_what_is_no_time_gives_no_instant(raw: str) -> None:
    assert bytes_to_instant(bytes.fromhex(raw), SHANGHAI) is None


def test_a_bad_digit_is_shown_and_ff_is_nothing() -> None:
    assert show(bytes.fromhex("32DC6C38"), ENERGY) == {"invalid_bcd": "nonbcd 386cdc32"}
    assert show(b"\xff" * 4, ENERGY) is None


def test_the_weekday_of_a_sunday_is_zero() -> None:
    sunday = datetime(2026, 3, 8, 1, 2, 3, tzinfo=SHANGHAI)
    assert time_to_bytes(sunday, parse_format("YYMMDDWW")) == bytes.fromhex("00080326")


@given(
    st.datetimes(datetime(2004, 1, 1), datetime(2098, 1, 1)),  # noqa: DTZ001 - made aware below
    st.integers(0, 363 * 24 * 60),
)
def test_a_time_without_its_year_is_its_newest_one(told: datetime, minutes_ago: int) -> None:
    told_at = told.replace(second=0, microsecond=0, tzinfo=SHANGHAI)
    happened_at = told_at - timedelta(minutes=minutes_ago)
    raw = bytes.fromhex(f"{happened_at:%m%d%H%M}")[::-1]
    assert yearless_to_instant(raw, SHANGHAI, told_at) == happened_at


def test_a_time_a_little_ahead_of_the_clock_is_not_a_year_old() -> None:
    """The clock was read before: what is told may have happened in between, over the new year too."""
    before = datetime(2026, 12, 31, 23, 59, tzinfo=SHANGHAI)
    assert yearless_to_instant(bytes.fromhex("02000101"), SHANGHAI, before) == datetime(
        2027, 1, 1, 0, 2, tzinfo=SHANGHAI
    )
    assert yearless_to_instant(bytes.fromhex("00002902"), SHANGHAI, before) is None


@pytest.mark.parametrize(
    ("digits", "notation", "impossible"),
    [
        ("112501", "YYMMDD", True),  # month and day of a swapped order
        ("110229", "YYMMDD", True),
        ("120229", "YYMMDD", False),
        ("0229", "MMDD", False),  # no year to say otherwise
        ("0230", "MMDD", True),
        ("2400", "hhmm", True),
        ("235959", "hhmmss", False),
        ("20260101070000", "YYMMDDWWhhmmss", True),
        ("26010107000000", "YYMMDDWWhhmmss", False),
        ("AB01", "DDhh", True),
        ("000000000000", "YYMMDDhhmmss", False),  # unset
        ("FFFFFFFFFF", "YYMMDDhhmm", False),  # absent
        ("9999", "DDhh", False),  # unset settlement day
        ("99999930", "MMDDhhmm", False),  # every hour
        ("00017901", "YYMMDDhhmmss", True),  # cut short
        ("26010107000000", "YYMMDDhhmmss", True),  # a byte too many
    ],
)
def test_a_time_that_no_calendar_has_is_told(digits: str, notation: str, impossible: bool) -> None:  # noqa: FBT001 - a case
    raw = bytes.fromhex(digits)[::-1]
    assert is_impossible_time(raw, parse_format(notation)) is impossible


@pytest.mark.parametrize(
    ("digits", "notation", "unset"),
    [
        ("000000000000", "YYMMDDhhmmss", True),
        ("000000000001", "YYMMDDhhmmss", False),
        ("0000", "hhmm", False),
    ],
)
def test_a_time_of_zeros_is_unset_where_it_has_a_day(digits: str, notation: str, *, unset: bool) -> None:
    assert is_unset_time(bytes.fromhex(digits)[::-1], parse_format(notation)) is unset


def test_a_number_is_never_an_impossible_time() -> None:
    assert not is_impossible_time(b"\x77\x77", parse_format("XXXX"))
