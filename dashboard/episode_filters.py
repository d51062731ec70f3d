"""The filters with which an address narrows episodes (异常): the same for inbox, API and export."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal
from urllib.parse import urlencode

from fastapi import Query

from dashboard.failures import WrongAddressError
from dashboard.words import SEVERITY_CODES, SEVERITY_OF
from storage.dashboard_episodes import EpisodeFilter, EpisodeOrder
from storage.episodes import EpisodeState

NOBODY: Final = "-"
"""How the address asks for what is nobody's."""
MINE: Final = "@me"
"""How the address of a page asks for what is the reader's own; no account has such a name."""
OLD_DAYS: Final = 30
HANDLINGS: Final[Mapping[str, Sequence[EpisodeState]]] = {
    "unfinished": (EpisodeState.OPEN, EpisodeState.ACKNOWLEDGED),
    "open": (EpisodeState.OPEN,),
    "acknowledged": (EpisodeState.ACKNOWLEDGED,),
    "confirmed": (EpisodeState.CONFIRMED,),
    "rejected": (EpisodeState.REJECTED,),
    "closed": (EpisodeState.CLOSED,),
}
"""What people have made of them, as the address asks for it."""
AskedSeverity = Literal["", "critical", "major", "minor", "info", "40", "30", "20", "10"]
"""By its code, or by its number as answers of the API tell it."""
Handling = Literal["", "unfinished", "open", "acknowledged", "confirmed", "rejected", "closed"]
Age = Literal["", "1", "7", "30", "older"]
Order = Literal["", "grave", "newest", "oldest", "energy", "sure", "meter"]


@dataclass(frozen=True, kw_only=True)
class EpisodeQuestion:
    """Which episodes; empty means all."""

    verdict: Literal["", "abnormal", "normal", "unknown"] = ""
    severity: AskedSeverity = ""
    detector: str = ""
    state: Annotated[
        Literal["", "open", "closed"],
        Query(description="open: it goes on, and nobody has closed or rejected it"),
    ] = ""
    handling: Annotated[Handling, Query(description="what people have made of it")] = ""
    assignee: Annotated[str, Query(description=f"whose it is; {NOBODY} for what is nobody's")] = ""
    area: str = ""
    meter: str = ""
    age: Annotated[
        Age, Query(description=f"started in the last so many days, or before the last {OLD_DAYS}")
    ] = ""

    @property
    def severity_code(self) -> str:
        """The severity as the pages name it."""
        return SEVERITY_CODES[int(self.severity)] if self.severity.isdecimal() else self.severity

    def filter(self, now: datetime, me: str = MINE) -> EpisodeFilter:
        """Return what storage is asked for; ``me`` is the account of whoever asks."""
        days = timedelta(days=OLD_DAYS if self.age == "older" else int(self.age or 0))
        assignee = self.assignee.strip()
        return EpisodeFilter(
            verdict=self.verdict or None,
            severity=SEVERITY_OF.get(self.severity_code),
            detector=self.detector or None,
            meter=self.meter.strip() or None,
            is_open={"open": True, "closed": False}.get(self.state),
            states=HANDLINGS.get(self.handling),
            assignee={NOBODY: "", MINE: me}.get(assignee, assignee or None),
            area=self.area.strip() or None,
            started_since=now - days if self.age not in ("", "older") else None,
            started_before=now - days if self.age == "older" else None,
        )


@dataclass(frozen=True, kw_only=True)
class InboxQuestion(EpisodeQuestion):
    """The same with an order, the gravest first where none is named."""

    sort: Order = ""

    @property
    def any(self) -> bool:
        """Whether the list is narrowed at all."""
        return any(value for name, value in asdict(self).items() if name != "sort")

    @property
    def order(self) -> EpisodeOrder:
        """What comes first."""
        return order_of(self.sort)

    def address(self, **more: object) -> str:
        """Return the address of this list."""
        kept = {name: value for name, value in {**asdict(self), **more}.items() if value}
        return "/episodes" + (f"?{urlencode(kept)}" if kept else "")


@dataclass(frozen=True, kw_only=True)
class ApiEpisodeQuestion(EpisodeQuestion):
    """The same for programs."""

    open: Annotated[bool | None, Query(description="the same as state, true for open")] = None

    def __post_init__(self) -> None:
        """Refuse what contradicts itself."""
        if self.open is not None and self.state and self.open != (self.state == "open"):
            raise WrongAddressError(
                f"open={self.open} and state={self.state} contradict each other: drop one"
            )

    def filter(self, now: datetime, me: str = MINE) -> EpisodeFilter:
        """Return what storage is asked for; ``me`` is the account of whoever asks."""
        wanted = super().filter(now, me)
        return wanted if self.open is None else replace(wanted, is_open=self.open)


def order_of(sort: Order) -> EpisodeOrder:
    """Return what comes first; the gravest where nothing is asked for."""
    return EpisodeOrder(sort or "grave")
