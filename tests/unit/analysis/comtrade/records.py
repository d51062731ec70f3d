"""COMTRADE records written by hand, in every form and edition."""

from __future__ import annotations

import struct
from collections.abc import Sequence

FORMS = {"BINARY": "h", "BINARY32": "i", "FLOAT32": "f"}
CHANNEL = "{n},{name},{phase},,V,{factor},0.5,0,-32767,32767,{primary},{secondary},{side}"


def configuration(  # noqa: PLR0913 - what tests vary
    *,
    form: str = "ASCII",
    edition: str = "1999",
    samples: int = 4,
    rates: str | None = None,
    channels: Sequence[str] = ("UA", "UB"),
    status: int = 2,
    primary: float = 1.0,
    secondary: float = 1.0,
    side: str = "P",
    date: str = "02/01/2026,08:00:00.000000",
    tail: str = "1\n",
) -> str:
    first = "station,recorder" + (f",{edition}" if edition != "1991" else "")
    lines = [first, f"{len(channels) + status},{len(channels)}A,{status}D"]
    for n, name in enumerate(channels, start=1):
        line = CHANNEL.format(
            n=n, name=name, phase="ABC"[n - 1], factor=0.1, primary=primary, secondary=secondary, side=side
        )
        lines.append(line if edition != "1991" else ",".join(line.split(",")[:10]))
    lines += [f"{n},S{n},,,0" for n in range(1, status + 1)]
    lines += ["50", rates or f"1\n1000,{samples}", date, date, form]
    return "\n".join(lines) + "\n" + (tail if edition != "1991" else "")


def binary(
    form: str, rows: Sequence[Sequence[float]], status: int = 2, times: Sequence[int] | None = None
) -> bytes:
    words = [0] * (-(-status // 16))
    return b"".join(
        struct.pack(
            f"<II{len(row)}{FORMS[form]}{len(words)}H",
            n,
            (times or range(0, 10**9, 1000))[n - 1],
            *row,
            *words,
        )
        for n, row in enumerate(rows, start=1)
    )


def ascii_data(rows: Sequence[Sequence[object]], status: int = 2, end: str = "\r\n") -> bytes:
    return "".join(
        ",".join(map(str, [n, 1000 * (n - 1), *row, *[0] * status])) + end
        for n, row in enumerate(rows, start=1)
    ).encode()
