"""What becomes of the incident of an episode that ends, is withdrawn, or was over before anybody looked."""

from __future__ import annotations

from datetime import timedelta

from pipeline.alarms.model import IncidentState
from pipeline.alarms.records import AlarmRoute
from pipeline.model import Episode, Severity, Verdict
from services.alarm_settings import AlarmSettings
from services.alarms import LOOK_BACK, look
from storage.database import Connection
from storage.episode_changes import EpisodeChange, NewFields, change_episode
from storage.episodes import EpisodeState, save_episodes
from storage.incidents import standing_incidents
from storage.registry import save_registry
from tests.alarm_archive import NOW, episode, feeder, mail_channel, seen, told


def test_an_episode_that_is_withdrawn_rejected_or_closed_ends_its_incident(
    alarm_database: Connection, alarm_settings: AlarmSettings
) -> None:
    save_registry(alarm_database, feeder(3))
    save_episodes(alarm_database, [episode("a", "M000"), episode("b", "M001"), episode("c", "M002")])
    assert look(alarm_database, alarm_settings, NOW).open_incidents == 3
    save_episodes(alarm_database, [episode("a", "M000", verdict=Verdict.NORMAL)])
    change = EpisodeChange(at=NOW, person="li", deed="closed", detail="")
    change_episode(alarm_database, "b", NewFields(state=EpisodeState.REJECTED), change, revision=None)
    change_episode(alarm_database, "c", NewFields(state=EpisodeState.CLOSED), change, revision=None)
    look(alarm_database, alarm_settings, NOW + timedelta(minutes=1))
    assert look(alarm_database, alarm_settings, NOW + timedelta(minutes=32)).open_incidents == 0
    assert look(alarm_database, alarm_settings, NOW + timedelta(minutes=33)).opened == 0


def test_a_closed_episode_without_an_end_keeps_its_incident_as_it_was_however_long_after(
    alarm_database: Connection, alarm_settings: AlarmSettings
) -> None:
    save_registry(alarm_database, feeder(1))
    save_episodes(alarm_database, [episode("a")])
    look(alarm_database, alarm_settings, NOW)
    change = EpisodeChange(at=NOW, person="li", deed="closed", detail="")
    change_episode(alarm_database, "a", NewFields(state=EpisodeState.CLOSED), change, revision=None)
    decided = alarm_database.execute("SELECT decided_at FROM episode").fetchall()[0][0]
    for minute in (1, 31):
        look(alarm_database, alarm_settings, decided + timedelta(minutes=minute))
    kept = alarm_database.execute("SELECT * FROM incident").fetchall()
    assert seen(alarm_database) == [("closed", "service_point SP-M000", 1, 1)]
    for minute in (-1, 0, 1, 2, 60):
        looked = look(alarm_database, alarm_settings, decided + LOOK_BACK + timedelta(minutes=minute))
        assert (looked.opened, looked.open_incidents) == (0, 0)
    # Neither its times nor what people wrote have been touched, and nothing was written over.
    assert alarm_database.execute("SELECT * FROM incident").fetchall() == kept


def test_what_a_person_closed_before_any_look_opens_no_incident(
    alarm_database: Connection, alarm_settings: AlarmSettings
) -> None:
    save_registry(alarm_database, feeder(1))
    save_episodes(alarm_database, [episode("a")])
    change = EpisodeChange(at=NOW, person="li", deed="closed", detail="")
    change_episode(alarm_database, "a", NewFields(state=EpisodeState.CLOSED), change, revision=None)
    assert look(alarm_database, alarm_settings, NOW).opened == 0


def test_what_was_over_when_detection_found_it_is_told_and_history_is_not(
    alarm_database: Connection, alarm_settings: AlarmSettings
) -> None:
    save_registry(
        alarm_database, told(feeder(2), [mail_channel()], [AlarmRoute(id="duty", channels=("duty",))])
    )

    def tamper(name: str, meter: str, begins: int, ends: int) -> Episode:
        at = {"starts_at": NOW + timedelta(minutes=begins), "ends_at": NOW + timedelta(minutes=ends)}
        return episode(name, meter, detector="meter_tamper", severity=Severity.CRITICAL, **at)

    # A first start tells nothing of what was over for 37 minutes.
    save_episodes(alarm_database, [tamper("old", "M000", -57, -37)])
    assert look(alarm_database, alarm_settings, NOW).messages == 0
    # From 30 to 50 minutes later; found and told after 87, closed and told 30 minutes after that.
    save_episodes(alarm_database, [tamper("new", "M001", 30, 50)])
    looked = look(alarm_database, alarm_settings, NOW + timedelta(minutes=87))
    assert (looked.opened, looked.open_incidents, looked.messages) == (1, 1, 1)
    looked = look(alarm_database, alarm_settings, NOW + timedelta(minutes=116))
    assert (looked.open_incidents, looked.messages) == (1, 0)
    looked = look(alarm_database, alarm_settings, NOW + timedelta(minutes=117))
    assert (looked.open_incidents, looked.messages) == (0, 1)
    for days in (1, 3, 4):
        looked = look(alarm_database, alarm_settings, NOW + timedelta(days=days))
        assert (looked.opened, looked.messages) == (0, 0)


def test_what_is_over_for_long_is_not_looked_at_again(
    alarm_database: Connection, alarm_settings: AlarmSettings
) -> None:
    save_registry(alarm_database, feeder(1))
    save_episodes(alarm_database, [episode("a", ends_at=NOW)])
    look(alarm_database, alarm_settings, NOW + timedelta(hours=1))
    assert len(standing_incidents(alarm_database, since=NOW - LOOK_BACK)) == 1
    later = NOW + LOOK_BACK + timedelta(hours=1)
    assert look(alarm_database, alarm_settings, later).signals == 0
    assert seen(alarm_database) == [(IncidentState.CLOSED, "service_point SP-M000", 1, 1)]
