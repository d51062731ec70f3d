"""Packed BCD numbers, times and texts as DL/T 645 writes them, both ways and exact.

A format is named as the standard names it: ``XXXXXX.XX`` is four bytes with two decimals, a leading ``S``
says that the highest bit is a sign, ``YYMMDDhhmm`` is a time. Every item travels low byte first, times too.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from enum import StrEnum
from functools import cache
from zoneinfo import ZoneInfo

SIGN_BIT = 0x80
CENTURY = 2000
"""The meters write two digits of the year; none of them is older than the standard of 1997 needs."""


class Kind(StrEnum):
    """What the bytes of a format are."""

    NUMBER = "number"
    DIGITS = "digits"
    """A number that is a name, such as an address: leading zeros count."""
    TIME = "time"
    TEXT = "text"
    """ASCII, sent last letter first like everything else."""
    WORD = "word"
    """Eight or sixteen bits, not BCD."""
    HEX = "hex"
    """Bytes that are a name but no digits, such as an identifier or an operator's code."""
    SECRET = "secret"  # noqa: S105 - what a format is called
    """A password: it is never shown, whatever came."""


BYTES: dict[str, Kind] = {"HEX": Kind.HEX, "ASCII": Kind.TEXT, "SECRET": Kind.SECRET}
"""Notations that end with their number of bytes."""
HIDDEN = "******"
"""What stands in place of a password."""
TIMES: dict[str, str] = {
    # How each kind of time is shown; {0} is the leftmost pair of the notation.
    "YYMMDDhhmmss": "20{0}-{1}-{2} {3}:{4}:{5}",
    "YYMMDDhhmm": "20{0}-{1}-{2} {3}:{4}",
    "YYMMDDWWhhmmss": "20{0}-{1}-{2} w{3} {4}:{5}:{6}",
    "YYMMDDWW": "20{0}-{1}-{2} w{3}",
    "YYMMDD": "20{0}-{1}-{2}",
    "MMDDhhmm": "{0}-{1} {2}:{3}",
    "MMDD": "{0}-{1}",
    "hhmm": "{0}:{1}",
    "hhmmss": "{0}:{1}:{2}",
    "DDhh": "{0} {1}",
}
TIME_RANGES: dict[str, tuple[int, int]] = {
    # What each pair of a time may be; the weekday counts from Sunday = 0, some meters write 7.
    "M": (1, 12),
    "D": (1, 31),
    "W": (0, 7),
    "h": (0, 23),
    "m": (0, 59),
    "s": (0, 59),
}
LEAP = 0
"""A year with a twenty-ninth of February, where the notation has none."""
EVERY = "99"
"""In a time: every one, or not set."""
YEARLESS = "MMDDhhmm"
"""The notation of times whose year the meter's clock must tell."""


@dataclass(frozen=True, slots=True)
class Format:
    """One item's shape on the wire."""

    notation: str
    kind: Kind
    length: int
    """Bytes."""
    decimals: int = 0
    signed: bool = False


@cache
def parse_format(notation: str) -> Format:
    """Understand a format as the standard writes it.

    Args:
        notation: ``XXX.X``, ``SXX.XXXX``, ``NNNN``, one of ``TIMES``, ``N12`` (a name of twelve digits),
            ``ASCII6`` (six letters), ``BITS8``, ``BITS16``, ``HEX4`` (four bytes) or ``SECRET4``.

    Raises:
        ValueError: If it is none of these.
    """
    if notation in TIMES:
        return Format(notation, Kind.TIME, len(notation) // 2)
    if notation.startswith("BITS"):
        return Format(notation, Kind.WORD, int(notation[4:]) // 8)
    for name, kind in BYTES.items():
        if notation.startswith(name):
            return Format(notation, kind, int(notation.removeprefix(name)))
    if notation[:1] == "N" and notation[1:].isdigit():
        return Format(notation, Kind.DIGITS, int(notation[1:]) // 2)
    digits = notation.removeprefix("S")
    whole, _, fraction = digits.partition(".")
    if set(whole + fraction) not in ({"X"}, {"N"}) or len(whole + fraction) % 2:
        raise ValueError(f"unknown DL/T 645 format {notation!r}")
    count = len(whole) + len(fraction)
    return Format(notation, Kind.NUMBER, count // 2, len(fraction), notation.startswith("S"))


def is_absent(raw: bytes) -> bool:
    """Tell whether the meter marks the item as absent: every byte FFH."""
    return raw.count(0xFF) == len(raw)


def bcd_to_int(raw: bytes, *, signed: bool = False) -> int:
    """Return the number of a packed BCD item, in units of its last digit.

    Raises:
        ValueError: If a digit is above nine.
    """
    if signed and raw[-1] & SIGN_BIT:
        return -int((raw[:-1] + bytes((raw[-1] & ~SIGN_BIT,)))[::-1].hex())
    return int(raw[::-1].hex())


def bcd_to_decimal(raw: bytes, form: Format) -> Decimal:
    """Return the exact value of a number.

    Raises:
        ValueError: If a digit is above nine.
    """
    return Decimal(bcd_to_int(raw, signed=form.signed)).scaleb(-form.decimals)


def number_to_bcd(value: Decimal | float, form: Format, *, rolls_over: bool = False) -> bytes:
    """Return the bytes of a number, rounded to the format's last digit.

    Args:
        value: In the item's own unit.
        form: A format of kind NUMBER.
        rolls_over: True for counters, which begin at zero again after their last digit.

    Raises:
        ValueError: If the value does not fit the digits, or is negative where the format has no sign.
    """
    if isinstance(value, Decimal):
        count = int(value.scaleb(form.decimals).to_integral_value(ROUND_HALF_EVEN))
    else:
        count = round(value * 10.0**form.decimals)
    limit: int = 8 * 10 ** (2 * form.length - 1) if form.signed else 10 ** (2 * form.length)
    size = abs(count) % limit if rolls_over else abs(count)
    if size >= limit or (count < 0 and not form.signed):
        raise ValueError(f"{value} does not fit the format {form.notation}")
    raw = bytearray.fromhex(f"{size:0{2 * form.length}d}")[::-1]
    if count < 0 and size:
        raw[-1] |= SIGN_BIT
    return bytes(raw)


def digits_to_bytes(digits: str) -> bytes:
    """Return digits in notation order (a name, a time) as bytes in wire order."""
    return bytes.fromhex(digits)[::-1]


def time_to_bytes(local: datetime, form: Format) -> bytes:
    """Return a local time in a time format, wire order; the weekday counts from Sunday = 0."""
    pairs = {
        "Y": local.year % 100,
        "M": local.month,
        "D": local.day,
        "W": local.isoweekday() % 7,
        "h": local.hour,
        "m": local.minute,
        "s": local.second,
    }
    return digits_to_bytes("".join(f"{pairs[letter]:02d}" for letter in form.notation[::2]))


def bytes_to_instant(raw: bytes, zone: ZoneInfo) -> datetime | None:
    """Return a ``YYMMDDhhmm`` or ``YYMMDDhhmmss`` time of a meter's clock as an instant in UTC.

    None when it is no time: unset (zeros), absent (FF), a digit above nine, a thirteenth month.
    """
    try:
        year, month, day, hour, minute, *seconds = (int(f"{byte:02x}") for byte in reversed(raw))
        local = datetime(CENTURY + year, month, day, hour, minute, sum(seconds), tzinfo=zone)
    except ValueError:
        return None
    return local.astimezone(UTC)


def is_unset_time(raw: bytes, form: Format) -> bool:
    """Tell whether a time with a day is all zeros: never set, or of a record that was never written."""
    return form.kind is Kind.TIME and "D" in form.notation and not any(raw)


def is_impossible_time(raw: bytes, form: Format) -> bool:
    """Tell whether digits in a time format name no instant or day, such as a twenty-fifth month.

    Absent (FF), all zeros (unset) and pairs of 99 (every, or unset) are no such thing. Bytes that are fewer
    or more than the format's name none.
    """
    if form.kind is not Kind.TIME or is_absent(raw) or not any(raw):
        return False  # midnight, too, where the time has no day
    if len(raw) != form.length:
        return True
    digits = raw[::-1].hex()
    pairs = {
        letter: digits[at : at + 2]
        for at, letter in enumerate(form.notation)
        if at % 2 == 0 and digits[at : at + 2] != EVERY
    }
    if not "".join(pairs.values()).isdigit():
        return bool(pairs)
    told = {letter: int(pair) for letter, pair in pairs.items()}
    if any(not least <= told.get(letter, least) <= most for letter, (least, most) in TIME_RANGES.items()):
        return True
    year = CENTURY + told.get("Y", LEAP)
    return "D" in told and told["D"] > monthrange(year, told.get("M", 1))[1]


def yearless_to_instant(raw: bytes, zone: ZoneInfo, told_at: datetime) -> datetime | None:
    """Return an ``MMDDhhmm`` time as an instant in UTC: its newest one that is not after ``told_at``.

    The meter's clock may have been read a while before, so up to a day later is still taken for this year's.
    None when it is no time.
    """
    latest = told_at + timedelta(days=1)
    year = latest.astimezone(zone).year
    for candidate in (year, year - 1):
        instant = bytes_to_instant(raw + bytes.fromhex(f"{candidate % 100:02d}"), zone)
        if instant is not None and instant <= latest:
            return instant
    return None


def show(raw: bytes, form: Format) -> object:
    """Return an item as people read it: exact text, None when absent, a mapping where text is not enough."""
    if form.kind is Kind.SECRET:
        return HIDDEN
    if is_absent(raw):
        return None
    if form.kind in (Kind.WORD, Kind.HEX):
        digits = raw[::-1].hex().upper()
        return f"0x{digits}" if form.kind is Kind.WORD else digits
    if form.kind is Kind.TEXT:
        sent = raw.decode("latin-1")
        return {"as_sent": sent, "reversed": sent[::-1]}
    try:
        return _show_digits(raw, form)
    except ValueError:
        return {"invalid_bcd": f"nonbcd {raw[::-1].hex()}"}


def _show_digits(raw: bytes, form: Format) -> str:
    if form.kind is Kind.NUMBER:
        return format(bcd_to_decimal(raw, form), "f")
    digits = raw[::-1].hex()
    int(digits)
    if form.kind is Kind.DIGITS:
        return digits
    return TIMES[form.notation].format(*(digits[i : i + 2] for i in range(0, len(digits), 2)))
