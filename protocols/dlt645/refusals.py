"""Words for the error byte of a refusal (异常应答): English for logs, Chinese as the standard has them."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.errors import MeterRefusedError

BITS_2007: Mapping[int, tuple[str, str]] = {
    0: ("other error", "其他错误"),
    1: ("no such data", "无请求数据"),
    2: ("password wrong or not authorised", "密码错/未授权"),
    3: ("rate cannot change", "通信速率不能更改"),
    4: ("too many year zones", "年时区数超"),
    5: ("too many day periods", "日时段数超"),
    6: ("too many tariffs", "费率数超"),
    7: ("reserved bit", "保留"),
}
OTHER_ERROR = 0b1
"""The error byte with bit 0 alone."""
BITS_1997: Mapping[int, tuple[str, str]] = {
    # To be confirmed: agrees with the captured refusals, which show bits 0, 1 and 2.
    0: ("illegal data", "非法数据"),
    1: ("identifier wrong", "数据标识错"),
    2: ("password wrong", "密码错"),
    3: ("reserved bit", "保留"),
    4: ("too many year zones", "年时区数超"),
    5: ("too many day periods", "日时段数超"),
    6: ("too many tariffs", "费率数超"),
    7: ("reserved bit", "保留"),
}


def chinese(code: int, bits: Mapping[int, tuple[str, str]]) -> list[str]:
    """Return the standard's words for the bits that are set."""
    return [bits[bit][1] for bit in range(8) if code >> bit & 1]


def refusal(what: str, code: int) -> MeterRefusedError:
    """Return the error that says which question a 2007 meter refused and why.

    "Other error" alone says nothing about the question: such a meter may answer it the next time.
    """
    meanings = [" ".join(BITS_2007[bit]) for bit in range(8) if code >> bit & 1]
    return MeterRefusedError(what, code, meanings, lasting=code != OTHER_ERROR)
