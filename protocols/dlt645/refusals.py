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

SECURITY_BITS: Mapping[int, tuple[str, str]] = {
    # To be confirmed: general knowledge of the supplement of 2013.
    0: ("other error", "其他错误"),
    1: ("repeated top-up", "重复充值"),
    2: ("ESAM verification failed", "ESAM验证失败"),
    3: ("identity authentication failed", "身份认证失败"),
    4: ("customer number differs", "客户编号不匹配"),
    5: ("top-up count wrong", "充值次数错误"),
    6: ("purchase above the limit", "购电超囤积"),
}


def chinese(code: int, bits: Mapping[int, tuple[str, str]]) -> list[str]:
    """Return the standard's words for the bits that are set."""
    return [bits[bit][1] for bit in range(8) if code >> bit & 1]


def meanings(code: int, bits: Mapping[int, tuple[str, str]]) -> list[str]:
    """Return the words for the bits that are set, in both languages."""
    return [" ".join(words) for bit, words in bits.items() if code >> bit & 1]


def refusal(what: str, code: int, bits: Mapping[int, tuple[str, str]] = BITS_2007) -> MeterRefusedError:
    """Return the error that says which question a meter refused and why.

    "Other error" alone says nothing about the question: such a meter may answer it the next time.
    """
    lasting = code != OTHER_ERROR or bits is not BITS_2007
    return MeterRefusedError(what, code, meanings(code, bits), lasting=lasting)


def security_refusal(what: str, error: bytes) -> MeterRefusedError:
    """Return the error for the two bytes (SERR) that refuse an authentication or a relay order."""
    code = int.from_bytes(error, "little")
    return MeterRefusedError(what, code, meanings(code, SECURITY_BITS))
