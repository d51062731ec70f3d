"""Flows, their schedules and the states of their runs in the reader's words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from dashboard.formats import Formats
from dashboard.words import marked

FLOWS: Mapping[str, str] = {
    "abnormal_use": marked("Abnormal use and faults"),
    "alarms": marked("Alarms"),
    "final_intervals": marked("Validation and estimation"),
    "forecasting": marked("Load forecast"),
    "large_customers": marked("Large customers"),
    "line_loss": marked("Line loss"),
    "load_monitoring": marked("Load monitoring"),
    "load_statistics": marked("Load statistics"),
    "maintenance": marked("Maintenance of the database"),
    "power_quality": marked("Power quality"),
    "remote_reading": marked("Remote reading"),
    "settlement_run": marked("Settlement"),
    "voltage_quality": marked("Voltage quality"),
}
_AWAY: Sequence[tuple[re.Pattern[str], str]] = tuple(
    (re.compile(pattern), told)
    for pattern, told in (
        (r"no Prefect server is named: .*", marked("PREFECT_API_URL is not set.")),
        (r"no Prefect server answers at (?P<url>\S+) .*", marked("Nothing answers at %(url)s.")),
        (
            r"the Prefect server at (?P<url>\S+) wants a user and password: .*",
            marked("%(url)s wants a user and password: set PREFECT_API_AUTH_STRING=user:password."),
        ),
        (
            r"the Prefect server at (?P<url>\S+) answers (?P<status>\d+) to (?P<asked>.*)",
            marked("%(url)s answers with status %(status)s: %(asked)s"),
        ),
        (r"nobody runs (?P<flow>\w+): .*", marked("Nobody runs the flow %(flow)s.")),
        (r"(?P<url>\S+) is no Prefect server: .*", marked("What answers at %(url)s is no Prefect server.")),
    )
)
"""What is said of a Prefect server that does not tell, by the errors of ``services.flow_server``."""
RUN_STATES: Mapping[str, str] = {
    "Scheduled": marked("Scheduled"),
    "Late": marked("Late: nobody picks it up"),
    "Pending": marked("Starting"),
    "Submitting": marked("Starting"),
    "InfrastructurePending": marked("Starting"),
    "Running": marked("Running"),
    "Completed": marked("Completed"),
    "Failed": marked("Failed"),
    "Crashed": marked("Crashed"),
    "TimedOut": marked("Took too long"),
    "Cancelled": marked("Left out"),
    "AwaitingConcurrencySlot": marked("Waits for another run"),
    "AwaitingRetry": marked("Waits to try again"),
    "Retrying": marked("Running"),
}
METER_STATES: Mapping[str, str] = {
    "waiting": marked("Waiting"),
    "reading": marked("Being read"),
    "read": marked("Read"),
    "silent": marked("No answer"),
    "not_served": marked("Nobody reads it"),
}
_NUMBERS = re.compile(r"\d+(,\d+)*")


def schedule_words(crons: Sequence[str], f: Formats) -> str:
    """Return when a flow runs; a schedule of a form that we use nowhere is shown as it is."""
    return "; ".join(_in_words(cron, f) for cron in crons)


def _in_words(cron: str, f: Formats) -> str:
    text = f.catalogue.gettext
    fields = cron.split()
    shape = tuple("n" if _NUMBERS.fullmatch(field) else field for field in fields)
    numbers = [_numbers(field) for field in fields]
    if cron == "* * * * *":
        return text("every minute")
    if shape == ("n", "*", "*", "*", "*"):
        return text("every hour at minute %(minutes)s") % {"minutes": ", ".join(map(str, numbers[0]))}
    if shape == ("n", "n", "*", "*", "*"):
        return text("every day at %(times)s") % {"times": _times(numbers[1], numbers[0])}
    if shape == ("n", "n", "n", "*", "*"):
        return text("every month on day %(days)s at %(times)s") % {
            "days": ", ".join(map(str, numbers[2])),
            "times": _times(numbers[1], numbers[0]),
        }
    return cron


def _numbers(field: str) -> list[int]:
    return [int(number) for number in field.split(",")] if _NUMBERS.fullmatch(field) else []


def _times(hours: Sequence[int], minutes: Sequence[int]) -> str:
    return ", ".join(f"{hour:02d}:{minute:02d}" for hour in hours for minute in minutes)


def away_words(error: str, formats: Formats) -> str:
    """Return why Prefect's server does not tell, in the reader's language; other errors as they are."""
    for pattern, told in _AWAY:
        found = pattern.fullmatch(error)
        if found is not None:
            return formats.catalogue.gettext(told) % found.groupdict()
    return error
