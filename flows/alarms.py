"""Alarms (告警): works out incidents every minute and after detection, and tells those who are to know."""

from __future__ import annotations

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from services import alarms as service


@task(cache_policy=NO_CACHE, retries=1)
def look_and_tell() -> service.AlarmRun:
    """Work out the incidents, and send what is due."""
    return service.raise_alarms()


@flow(name="alarms")
def alarms() -> int:
    """Work out the incidents and tell of them; return how many are open."""
    return look_and_tell().looked.open_incidents
