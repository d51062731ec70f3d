"""Parts of a list: how many entries, from which on, and the addresses of the neighbouring parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final, TypeVar
from urllib.parse import urlencode

from fastapi import Depends, Query, Request, Response

USUAL_LIMIT: Final = 100
MOST_ENTRIES: Final = 1000
"""Of one answer; whole tables go by ``/api/export``."""
LARGEST_OFFSET: Final = 1_000_000_000

Entry = TypeVar("Entry")
Limit = Annotated[int, Query(ge=1, le=MOST_ENTRIES, description="at most so many entries")]
Offset = Annotated[int, Query(ge=0, le=LARGEST_OFFSET, description="leave out so many entries before")]


class Paging:
    """The one way in which every list of the API is told in parts.

    ``limit`` and ``offset`` in the address; in the answer ``X-Total-Count`` and the addresses of the first,
    previous, next and last part as ``Link`` (RFC 8288), as GitHub and GitLab do it.
    """

    def __init__(
        self, request: Request, response: Response, limit: Limit = USUAL_LIMIT, offset: Offset = 0
    ) -> None:
        """Take what the address asks for."""
        self.limit = limit
        self.offset = offset
        self._request = request
        self._response = response

    def tell(self, total: int) -> None:
        """Write how many entries there are in all, and where the other parts are, into the answer's head."""
        self._response.headers["X-Total-Count"] = str(total)
        links = [f'<{self._address(offset)}>; rel="{name}"' for name, offset in self._neighbours(total)]
        self._response.headers["Link"] = ", ".join(links)

    def part_of(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        """Return the part that was asked for of a list that is known as a whole, and tell its length."""
        self.tell(len(entries))
        return entries[self.offset : self.offset + self.limit]

    def _neighbours(self, total: int) -> list[tuple[str, int]]:
        last = max(total - 1, 0) // self.limit * self.limit
        found = [("first", 0)]
        if self.offset > 0:
            found.append(("prev", max(min(self.offset - self.limit, last), 0)))
        if self.offset + self.limit < total:
            found.append(("next", self.offset + self.limit))
        return [*found, ("last", last)]

    def _address(self, offset: int) -> str:
        """Return the present address at another offset, without the host: nobody's ``Host`` goes into it."""
        kept = [(k, v) for k, v in self._request.query_params.multi_items() if k not in {"limit", "offset"}]
        return f"{_path(self._request)}?{urlencode([*kept, ('limit', self.limit), ('offset', offset)])}"


def _path(request: Request) -> str:
    raw: bytes = request.scope.get("raw_path") or request.url.path.encode()
    return raw.partition(b"?")[0].decode("ascii", "replace")


Paged = Annotated[Paging, Depends()]
