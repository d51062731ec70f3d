"""The inbox of episodes (异常): narrowed and sorted in the address, worked on one by one or many at once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel, Field

from dashboard.access import Writer, caller_of_request, may_write
from dashboard.asking import Ask, Asking, Writing
from dashboard.audited import tell_audit
from dashboard.colleagues import Colleagues, who_may_see
from dashboard.episode_filters import InboxQuestion
from dashboard.evidence import evidence_of
from dashboard.failures import NotFoundError, WrongAddressError
from dashboard.messages import told
from dashboard.rendering import page, path_of
from dashboard.words import marked
from dashboard.work_words import TEXT_NEEDED, TEXT_TOO_LONG
from pipeline.accounts import Account
from pipeline.errors import DataError
from services.episode_work import (
    LONGEST_ASSIGNEE,
    LONGEST_TEXT,
    NEEDS_TEXT,
    Deed,
    Task,
    WorkDone,
    work_on,
)
from services.persons import Person
from storage.dashboard_episodes import (
    EpisodeCard,
    EpisodeFilter,
    episode_card,
    episode_cards,
    episode_choices,
    episode_counts,
    episode_ids,
    episode_total,
    episodes_of_ids,
)
from storage.dashboard_queries import meter_cards, suspensions_of
from storage.episode_changes import episode_changes

router = APIRouter(include_in_schema=False)
PAGE_LENGTH = 50
MOST_AT_ONCE = 5000
"""Episodes that one form may change."""
LONGEST_REVISION = 10
"""Digits."""


class WorkForm(BaseModel):
    """What a form asks to be done: ``revision`` is of one episode, ``episodes`` (id@revision) are many."""

    deed: Deed
    text: Annotated[str, Field(max_length=LONGEST_TEXT)] = ""
    assignee: Annotated[str, Field(max_length=LONGEST_ASSIGNEE)] = ""
    revision: Annotated[int | None, Field(ge=0, le=2**31 - 1)] = None
    episodes: list[str] = []
    whole: bool = False
    """All that pass the filter of the address."""
    seen: Annotated[str, Field(max_length=64)] = ""
    """The digest of these when the page was made."""

    def task(self) -> Task:
        """Return what is to be done."""
        return Task(deed=self.deed, text=self.text, assignee=self.assignee)


NOTHING_TYPED = WorkForm(deed=Deed.NOTE)
PageNumber = Annotated[int, Query(alias="page", ge=1, le=10_000)]


@router.get("/episodes", name="episodes", response_class=HTMLResponse)
def show_episodes(
    colleagues: Colleagues,
    asking: Ask,
    chosen: Annotated[InboxQuestion, Depends()],
    page_number: PageNumber = 1,
    done: Annotated[int | None, Query(ge=0)] = None,
) -> HTMLResponse:
    """Show the episodes that pass the filters of the address, and what a form has just done."""
    return _list(asking, colleagues, chosen, page_number, done=done)


@router.post("/episodes", name="episodes_work", response_class=HTMLResponse)
def work_on_many(  # noqa: PLR0913, PLR0917 - what a form brings
    colleagues: Colleagues,
    writer: Writer,
    writing: Writing,
    chosen: Annotated[InboxQuestion, Depends()],
    form: Annotated[WorkForm, Form()],
    page_number: PageNumber = 1,
) -> Response:
    """Do one thing with the chosen episodes, or with all that pass the filter, and show the list again.

    What was typed is there again where something was left undone.
    """
    try:
        found = _all_as_seen(writing, chosen, form) if form.whole else _ticked(writing, form.episodes)
        did = worked(writing, colleagues, found, form.task(), writer)
    except WrongAddressError as refused:
        response = _list(writing, colleagues, chosen, page_number, typed=form, problem=refused.detail)
        response.status_code = HTTPStatus.UNPROCESSABLE_ENTITY
        return response
    done, stale = len(did.done), len(did.stale)
    if not stale:
        return RedirectResponse(chosen.address(done=str(done)), status_code=HTTPStatus.SEE_OTHER)
    response = _list(writing, colleagues, chosen, page_number, typed=form, done=done, stale=stale)
    response.status_code = HTTPStatus.OK if done else HTTPStatus.CONFLICT
    return response


@router.get("/episodes/{episode}", name="episode", response_class=HTMLResponse)
def show_episode(colleagues: Colleagues, asking: Ask, episode: str) -> HTMLResponse:
    """Show one episode: what, when, how sure, the readings that show it, and what was done with it."""
    return _one(asking, colleagues, episode)


@router.post("/episodes/{episode}", name="episode_work", response_class=HTMLResponse)
def work_on_one(
    colleagues: Colleagues,
    writer: Writer,
    writing: Writing,
    episode: str,
    form: Annotated[WorkForm, Form()],
) -> Response:
    """Do one thing with an episode, and show it again, with what was typed where that was not done."""
    seen_episode(writing, episode)
    try:
        did = worked(writing, colleagues, [(episode, form.revision)], form.task(), writer)
    except WrongAddressError as refused:
        response = _one(writing, colleagues, episode, typed=form, problem=refused.detail)
        response.status_code = HTTPStatus.UNPROCESSABLE_ENTITY
        return response
    if did.stale:
        response = _one(writing, colleagues, episode, typed=form, stale=True)
        response.status_code = HTTPStatus.CONFLICT
        return response
    return RedirectResponse(path_of("episodes", episode) + "#work", status_code=HTTPStatus.SEE_OTHER)


def _list(  # noqa: PLR0913 - what one page shows
    asking: Asking,
    colleagues: Sequence[Account],
    chosen: InboxQuestion,
    page_number: int,
    *,
    typed: WorkForm | None = None,
    problem: str = "",
    done: int | None = None,
    stale: int = 0,
) -> HTMLResponse:
    wanted = _wanted(asking, chosen)
    cards = episode_cards(
        asking.connection,
        wanted,
        scope=asking.scope,
        order=chosen.order,
        limit=PAGE_LENGTH,
        offset=(page_number - 1) * PAGE_LENGTH,
    )
    total = episode_total(asking.connection, wanted, scope=asking.scope)
    counts = episode_counts(asking.connection, scope=asking.scope)
    return page(
        asking,
        "episodes.html",
        episodes=[told(card, asking.formats) for card in cards],
        total=total,
        pages=max(-(-total // PAGE_LENGTH), 1),
        page_number=page_number,
        detectors=sorted({c.detector for c in counts} | ({chosen.detector} if chosen.detector else set())),
        choices=episode_choices(asking.connection, scope=asking.scope),
        any_at_all=bool(counts),
        chosen=chosen,
        may_write=may_write(asking.request),
        colleagues=colleagues,
        seen=digest_of(_all_of(asking, chosen)) if may_write(asking.request) else "",
        typed=typed or NOTHING_TYPED,
        problem=problem,
        done=done,
        stale=stale,
    )


def _one(  # noqa: PLR0913 - what one page shows
    asking: Asking,
    colleagues: Sequence[Account],
    episode: str,
    *,
    typed: WorkForm | None = None,
    problem: str = "",
    stale: bool = False,
) -> HTMLResponse:
    card = seen_episode(asking, episode)
    shown = told(card, asking.formats)
    meters = meter_cards(
        asking.connection,
        scope=asking.scope,
        now=asking.now,
        since=_day_before(asking),
        meters=[card.meter],
        limit=1,
    )
    meter = meters[0] if meters else None
    suspensions = suspensions_of(asking.connection, card.service_point) if card.service_point else []
    return page(
        asking,
        "episode.html",
        f=shown.f,
        told=shown,
        card=card,
        meter=meter,
        evidence=evidence_of(shown, meter, suspensions),
        length=(card.ends_at or card.detected_at) - card.starts_at,
        changes=episode_changes(asking.connection, episode),
        may_write=may_write(asking.request),
        colleagues=who_may_see(colleagues, card.area),
        typed=typed or NOTHING_TYPED,
        problem=problem,
        stale=stale,
    )


def seen_episode(asking: Asking, episode: str) -> EpisodeCard:
    """Return an episode that the caller may see.

    Raises:
        NotFoundError: If there is none.
    """
    card = episode_card(asking.connection, episode, scope=asking.scope) if "\x00" not in episode else None
    if card is None:
        raise NotFoundError(marked("No such episode. It may have been withdrawn when late data came."))
    return card


def worked(
    asking: Asking,
    colleagues: Sequence[Account],
    episodes: Sequence[tuple[str, int | None]],
    task: Task,
    person: Person,
) -> WorkDone:
    """Do one thing with episodes that the caller may see, and tell the audit which were changed.

    Raises:
        WrongAddressError: If a text is missing or does not fit, or work is given to somebody who is none of
            the colleagues or may not see it.
    """
    assignee = task.assignee.strip()
    if task.deed is Deed.ASSIGN and assignee:
        _require_colleague(asking, colleagues, assignee, [episode for episode, _ in episodes])
    if task.deed in NEEDS_TEXT and not task.text.strip():
        raise WrongAddressError(TEXT_NEEDED[task.deed])
    try:
        did = work_on(asking.connection, episodes, task, person, asking.now)
    except DataError as error:
        raise WrongAddressError(TEXT_TOO_LONG) from error
    tell_audit(
        asking.request,
        after={
            "deed": task.deed.value,
            "episodes": list(did.done),
            **({"assignee": assignee} if task.deed is Deed.ASSIGN else {}),
            **({"text": task.text.strip()} if task.text.strip() else {}),
        },
    )
    return did


def digest_of(episodes: Sequence[tuple[str, int | None]]) -> str:
    """Return a digest of ids and revisions: a form sends back that of the list it was shown with."""
    return hashlib.sha256(json.dumps(list(episodes)).encode()).hexdigest()


def _wanted(asking: Asking, chosen: InboxQuestion) -> EpisodeFilter:
    return chosen.filter(asking.now, caller_of_request(asking.request).account.name)


def _require_colleague(
    asking: Asking, colleagues: Sequence[Account], assignee: str, episodes: Sequence[str]
) -> None:
    """Refuse to give work to somebody who could not see it; who has an episode already may keep it.

    Raises:
        WrongAddressError: If that is so, or nobody has this account.
    """
    cards = episodes_of_ids(asking.connection, episodes, scope=asking.scope)
    given = [card.id for card in cards if card.assignee != assignee]
    if not given:
        return
    account = next((each for each in colleagues if each.name == assignee), None)
    if account is None:
        raise WrongAddressError(marked("Choose an account of the list. Nothing was changed."))
    if len(episodes_of_ids(asking.connection, given, scope=account.scope)) < len(given):
        raise WrongAddressError(
            marked("This account may not see all of these episodes: choose another one. Nothing was changed.")
        )


def _all_as_seen(asking: Asking, chosen: InboxQuestion, form: WorkForm) -> Sequence[tuple[str, int | None]]:
    found = _all_of(asking, chosen)
    if len(found) > MOST_AT_ONCE or digest_of(found) != form.seen:
        raise WrongAddressError(
            marked("The list has changed meanwhile, or is too long to be changed at once: look at it again.")
        )
    return found


def _all_of(asking: Asking, chosen: InboxQuestion) -> Sequence[tuple[str, int | None]]:
    """Return all that pass the filters; one more than may be changed at once where these are too many."""
    return episode_ids(asking.connection, _wanted(asking, chosen), scope=asking.scope, limit=MOST_AT_ONCE + 1)


def _ticked(asking: Asking, ticked: Sequence[str]) -> Sequence[tuple[str, int | None]]:
    """Return the ticked episodes with the revisions that were shown; those of other areas are left out."""
    revisions: dict[str, int] = {}
    for each in ticked:
        episode, _, revision = each.rpartition("@")
        if not revision.isdecimal() or len(revision) > LONGEST_REVISION or "\x00" in episode:
            raise WrongAddressError(marked("Choose at least one episode."))
        revisions[episode] = int(revision)
    if not revisions or len(revisions) > MOST_AT_ONCE:
        raise WrongAddressError(marked("Choose at least one episode."))
    seen = episodes_of_ids(asking.connection, list(revisions), scope=asking.scope)
    return [(card.id, revisions[card.id]) for card in seen]


def _day_before(asking: Asking) -> datetime:
    return asking.now.replace(hour=0, minute=0, second=0, microsecond=0)
