"""Earlier texts of migrations with which databases were made, though the files have another text today."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

SUPERSEDED: Final[Mapping[str, str]] = {
    "e7c73cfb4691b2b074f0aed17ee34289b0ffa2992c94f9abc941ede3d9e709c1": (
        "0033_interim_bills.sql as it was on the main branch of 2026-11-26, in no release: it added "
        "month_so_far_coverage too, which 0070 now gives to whom lacks it"
    ),
    "632a54eb0a91a87c37b95d9c5c1d9648bfb72f0b6d4f101151fa4ea49aeed42f": (
        "0034_coverage_day.sql as it was on the main branch of 2026-11-26, in no release: it recounted the "
        "days of updated lines and of meters with another zone, as 0070 does now"
    ),
    "2ce8d1f9f4037ed6b73d1c5eba7b081caf3622d43f18e73964acc3c6900ccf56": (
        "0046_raw_frame.sql as it was on the main branch of 2026-11-26, in no release: it let a "
        "retention stand that was there already, and there was none"
    ),
}
"""Why a database may have a text on record that its file has not, by the text's checksum.

Such a database goes on like any other: the newest migrations make the same of either text. What is on record
as applied stays as it is.
"""
