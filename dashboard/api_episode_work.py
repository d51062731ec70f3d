"""What people do with episodes as JSON, for ticket systems and other programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, Field

from dashboard.access import Writer
from dashboard.asking import Ask, Asking, Writing
from dashboard.colleagues import Colleagues
from dashboard.pages.episodes import seen_episode, worked
from dashboard.problems import problem
from services.episode_work import LONGEST_ASSIGNEE, LONGEST_TEXT, Deed, Task
from storage.episode_changes import EpisodeChange, episode_changes

router = APIRouter(tags=["api"])


class ApiWork(BaseModel):
    """What a deed needs."""

    text: Annotated[
        str, Field(max_length=LONGEST_TEXT, description="the note, or the cause; close and note need it")
    ] = ""
    assignee: Annotated[
        str, Field(max_length=LONGEST_ASSIGNEE, description="to which account; empty: to none")
    ] = ""
    revision: Annotated[
        int | None, Field(ge=0, le=2**31 - 1, description="what was seen; another one there is a conflict")
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiHandling:
    """What people have made of an episode."""

    episode: str
    state: str
    assignee: str | None
    note: str | None
    revision: int
    changes: Sequence[EpisodeChange]
    """The newest first."""


@router.get("/api/episodes/{episode}/handling")
def api_handling(asking: Ask, episode: str) -> ApiHandling:
    """Return state, assignee, note and everything that people did with an episode."""
    return _handling(asking, episode)


@router.post(
    "/api/episodes/{episode}/{deed}",
    response_model=ApiHandling,
    responses={409: {"description": "somebody else has changed it meanwhile; the answer has what is there"}},
)
def api_work(  # noqa: PLR0913, PLR0917 - what a request brings
    colleagues: Colleagues, writer: Writer, writing: Writing, episode: str, deed: Deed, body: ApiWork
) -> ApiHandling | Response:
    """Acknowledge, assign, note, close, reopen, confirm or reject an episode; an engineer's role is needed.

    ``confirm`` and ``reject`` are feedback, from which cases learn.
    """
    seen_episode(writing, episode)
    task = Task(deed=deed, text=body.text, assignee=body.assignee)
    did = worked(writing, colleagues, [(episode, body.revision)], task, writer)
    if did.stale:
        return problem(
            writing.request.url.path,
            HTTPStatus.CONFLICT,
            "Conflict",
            "Somebody else has changed this episode: fetch its handling and decide again.",
            detail=f"it is of revision {_handling(writing, episode).revision} now",
        )
    return _handling(writing, episode)


def _handling(asking: Asking, episode: str) -> ApiHandling:
    card = seen_episode(asking, episode)
    return ApiHandling(
        episode=card.id,
        state=card.state,
        assignee=card.assignee,
        note=card.note,
        revision=card.revision,
        changes=episode_changes(asking.connection, episode),
    )
