"""Open episodes (未结异常) of the customer, the gravest first, with what to check on site."""

from __future__ import annotations

from pipeline.messages import DETECTOR_TEXTS, render
from pipeline.model import Episode
from pipeline.on_site import ON_SITE
from reports.customers.facts import CustomerFacts
from reports.customers.sheet import Column, Note, Section, Table, Told, Value, Word

_COLUMNS = (
    Column(name="severity"),
    Column(name="detector"),
    Column(name="finding"),
    Column(name="since"),
    Column(name="episode_kwh", unit="kWh", digits=1),
    Column(name="check_on_site"),
)


def episodes(facts: CustomerFacts) -> Section:
    """Return a row an episode that goes on."""
    if not facts.episodes:
        wants = "no_episode_file" if facts.from_files else "no_episode"
        return Section(key="episodes", blocks=[Note(text=Word(key=wants))])
    rows = [_row(episode) for episode in facts.episodes]
    return Section(key="episodes", blocks=[Table(name="open_episodes", columns=_COLUMNS, rows=rows)])


def _row(episode: Episode) -> list[Value]:
    texts, site = DETECTOR_TEXTS.get(episode.detector), ON_SITE.get(episode.detector)
    name = episode.detector.replace("_", " ")
    return [
        Word(key=f"severity_{int(episode.severity)}"),
        Told(zh=name, en=name) if texts is None else Told(zh=texts.name.zh, en=texts.name.en),
        _sentence(episode),
        episode.starts_at,
        episode.energy_kwh,
        None if site is None else Told(zh=site.zh, en=site.en),
    ]


def _sentence(episode: Episode) -> Told:
    return Told(
        zh=render(episode.message, episode.parameters, "zh"),
        en=render(episode.message, episode.parameters, "en"),
    )
