"""Works on episodes (异常处理): acknowledge, assign, note, close with a cause, reopen, confirm or reject."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from pipeline.case_records import Outcome
from pipeline.errors import DataError
from services.cases import give_feedback
from services.persons import Person
from storage.database import Connection
from storage.episode_changes import EpisodeChange, NewFields, change_episode
from storage.episodes import EpisodeState

LONGEST_TEXT: Final = 500
LONGEST_ASSIGNEE: Final = 80


class Deed(StrEnum):
    """What a person may do with an episode."""

    ACKNOWLEDGE = "acknowledge"
    ASSIGN = "assign"
    NOTE = "note"
    CLOSE = "close"
    REOPEN = "reopen"
    CONFIRM = "confirm"
    REJECT = "reject"


PAST: Final[Mapping[Deed, str]] = {
    Deed.ACKNOWLEDGE: "acknowledged",
    Deed.ASSIGN: "assigned",
    Deed.NOTE: "noted",
    Deed.CLOSE: "closed",
    Deed.REOPEN: "reopened",
    Deed.CONFIRM: "confirmed",
    Deed.REJECT: "rejected",
}
"""How the history calls it."""
STATE_AFTER: Final[Mapping[Deed, EpisodeState]] = {
    Deed.ACKNOWLEDGE: EpisodeState.ACKNOWLEDGED,
    Deed.CLOSE: EpisodeState.CLOSED,
    Deed.REOPEN: EpisodeState.OPEN,
}
FOUND: Final[Mapping[Deed, Outcome]] = {
    Deed.CONFIRM: Outcome.CONFIRMED,
    Deed.REJECT: Outcome.NOT_CONFIRMED,
}
"""Findings: they are feedback too, from which cases learn."""
NEEDS_TEXT: Final = frozenset({Deed.NOTE, Deed.CLOSE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is to be done, the same for every episode."""

    deed: Deed
    text: str = ""
    """The note, the cause of closing, or the cause that was found."""
    assignee: str = ""
    """To whom; empty takes an episode away from whoever had it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkDone:
    """What became of each episode."""

    done: tuple[str, ...]
    stale: tuple[str, ...]
    """Changed by somebody else since they were shown, or gone: left as they are."""


def work_on(
    connection: Connection,
    episodes: Iterable[tuple[str, int | None]],
    task: Task,
    person: Person,
    now: datetime,
) -> WorkDone:
    """Do one thing with episodes given by id and the revision that the person saw (None: whatever is there).

    Each is changed by itself: one that somebody else has changed meanwhile does not hold up the others.

    Raises:
        DataError: If a text is missing where one is needed, or too long; nothing is changed then.
        StorageError: If the database is away or refuses.
    """
    checked = _checked(task)
    done: list[str] = []
    stale: list[str] = []
    for episode, revision in dict(episodes).items():
        did = _do(connection, episode, revision, checked, person, now)
        (done if did else stale).append(episode)
    return WorkDone(done=tuple(done), stale=tuple(stale))


def _checked(task: Task) -> Task:
    text, assignee = task.text.strip(), " ".join(task.assignee.split())
    if task.deed in NEEDS_TEXT and not text:
        what = "a cause" if task.deed is Deed.CLOSE else "a text"
        raise DataError(f"to {task.deed} an episode takes {what}, and none was given")
    if "\x00" in text + assignee or len(text) > LONGEST_TEXT or len(assignee) > LONGEST_ASSIGNEE:
        raise DataError(
            f"a text has at most {LONGEST_TEXT} characters and a name {LONGEST_ASSIGNEE}, none of them NUL"
        )
    return Task(deed=task.deed, text=text, assignee=assignee)


def _do(  # noqa: PLR0913, PLR0917 - one episode with all that is done to it
    connection: Connection, episode: str, revision: int | None, task: Task, person: Person, now: datetime
) -> bool:
    if task.deed in FOUND:
        try:
            give_feedback(
                connection, episode, FOUND[task.deed], person, now, cause=task.text, revision=revision
            )
        except DataError:
            return False
        return True
    fields = NewFields(
        state=STATE_AFTER.get(task.deed),
        assignee=task.assignee if task.deed is Deed.ASSIGN else None,
        note=task.text or None,
    )
    detail = task.assignee if task.deed is Deed.ASSIGN else task.text
    change = EpisodeChange(at=now, person=person.shown, deed=PAST[task.deed], detail=detail)
    return change_episode(connection, episode, fields, change, revision=revision)
