"""The names people see for what is done with episodes (异常处理), and for how their list is narrowed."""

from __future__ import annotations

from collections.abc import Mapping

from dashboard.words import marked
from services.episode_work import Deed

HANDLINGS: Mapping[str, str] = {
    "unfinished": marked("To be done"),
    "open": marked("New"),
    "acknowledged": marked("Acknowledged"),
    "confirmed": marked("Confirmed"),
    "rejected": marked("Not confirmed"),
    "closed": marked("Closed"),
}
"""What people have made of an episode."""
DEEDS: Mapping[str, str] = {
    "acknowledged": marked("Acknowledged"),
    "assigned": marked("Assigned"),
    "noted": marked("Note"),
    "closed": marked("Closed"),
    "reopened": marked("Reopened"),
    "confirmed": marked("Confirmed"),
    "rejected": marked("Not confirmed"),
}
"""What a line of an episode's history tells."""
TEXT_NEEDED: Mapping[Deed, str] = {
    Deed.CLOSE: marked("To close an episode, say the cause. Nothing was changed."),
    Deed.NOTE: marked("To add a note, write it first. Nothing was changed."),
}
"""What is wrong with a deed that says nothing."""
TEXT_TOO_LONG = marked(
    "A note has at most 500 characters and a name 80, none of them NUL. Nothing was changed."
)
AGES: Mapping[str, str] = {
    "1": marked("the last day"),
    "7": marked("the last 7 days"),
    "30": marked("the last 30 days"),
    "older": marked("longer than 30 days ago"),
}
ORDERS: Mapping[str, str] = {
    "grave": marked("the gravest first"),
    "newest": marked("the newest first"),
    "oldest": marked("the oldest first"),
    "energy": marked("the most energy first"),
    "sure": marked("the surest first"),
    "meter": marked("by meter"),
}
