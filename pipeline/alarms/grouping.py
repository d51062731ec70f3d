"""Groups signals into what is one trouble: by cause, by place and time, and by storms over many places."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby

from pipeline.alarms.causes import Rule, place_of, rule_of
from pipeline.alarms.model import Signal

_FOR_EVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalGroup:
    """Signals that are one trouble, oldest first."""

    rule: Rule
    place: str
    """Empty for a storm."""
    signals: tuple[Signal, ...]


def grouped(signals: Iterable[Signal]) -> list[SignalGroup]:
    """Return signals in groups; a function of the set of them, whatever their order."""
    ordered = sorted(signals, key=lambda s: (rule_of(s.what).cause, s.starts_at, s.id))
    return [
        group
        for _, together in groupby(ordered, key=lambda s: rule_of(s.what).cause)
        for group in _of_one_cause(list(together))
    ]


def _of_one_cause(signals: Sequence[Signal]) -> Iterator[SignalGroup]:
    """Yield the groups of one cause, whose signals come in the order of their starts."""
    rule = rule_of(signals[0].what)
    storms, rest = _storms(signals, rule)
    for storm in storms:
        yield SignalGroup(rule=rule, place="", signals=tuple(storm))
    located = sorted(((place_of(signal, rule), signal) for signal in rest), key=lambda pair: pair[0])
    for place, pairs in groupby(located, key=lambda pair: pair[0]):
        for stretch in _without_long_gaps([signal for _, signal in pairs], rule):
            yield SignalGroup(rule=rule, place=place, signals=tuple(stretch))


def _storms(signals: Sequence[Signal], rule: Rule) -> tuple[list[list[Signal]], list[Signal]]:
    """Return the storms and what is left: many signals that begin within a window at many places.

    Windows follow one another; those of a storm that does not break off are one storm. What begins later at
    one of its places, while it goes on or soon after, belongs to it too.
    """
    storms: list[list[Signal]] = []
    left: list[Signal] = []
    for window in _windows(signals, rule):
        places = {place_of(signal, rule) for signal in window}
        if len(places) < rule.storm_places or len(window) < rule.storm_signals:
            left += window
        elif storms and window[0].starts_at - storms[-1][-1].starts_at <= rule.storm_window:
            storms[-1] += window
        else:
            storms.append(window)
    reaches = [(_places(storm, rule), storm[0].starts_at, _end(storm)) for storm in storms]
    rest = []
    for signal in left:
        place = place_of(signal, rule)
        for storm, (troubled, begins, ends) in zip(storms, reaches, strict=True):
            reach = ends if ends == _FOR_EVER else ends + rule.reopens_within
            if place in troubled and begins <= signal.starts_at <= reach:
                storm.append(signal)
                break
        else:
            rest.append(signal)
    return [sorted(storm, key=lambda s: (s.starts_at, s.id)) for storm in storms], rest


def _windows(signals: Sequence[Signal], rule: Rule) -> Iterator[list[Signal]]:
    window: list[Signal] = []
    for signal in signals:
        if window and signal.starts_at - window[0].starts_at > rule.storm_window:
            yield window
            window = []
        window.append(signal)
    if window:
        yield window


def _without_long_gaps(signals: Sequence[Signal], rule: Rule) -> Iterator[list[Signal]]:
    """Yield stretches between which nothing went on for longer than an incident may reopen in."""
    stretch: list[Signal] = []
    for signal in signals:
        if stretch:
            end = _end(stretch)
            if end != _FOR_EVER and signal.starts_at > end + rule.reopens_within:
                yield stretch
                stretch = []
        stretch.append(signal)
    if stretch:
        yield stretch


def _places(signals: Iterable[Signal], rule: Rule) -> frozenset[str]:
    return frozenset(place_of(signal, rule) for signal in signals)


def _end(signals: Iterable[Signal]) -> datetime:
    return max(_FOR_EVER if signal.ends_at is None else signal.ends_at for signal in signals)
