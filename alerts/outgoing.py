"""What is handed to a channel, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.model import Json

LONGEST_ANSWER = 300
"""Characters of an answer that are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One message in the words of its reader, and as a document for programs."""

    id: str
    """The same at every attempt: receivers know a repetition by it."""
    title: str
    text: str
    """Plain lines."""
    url: str | None
    """The incident's page."""
    document: Mapping[str, Json]


def shown_answer(answer: str) -> str:
    """Return an answer on one line, cut short: it goes into the log of attempts."""
    line = " ".join(answer.split())
    return line if len(line) <= LONGEST_ANSWER else f"{line[:LONGEST_ANSWER]}..."
