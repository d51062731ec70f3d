"""Alarms (告警): works out incidents on demand, and now and then where no watch does so all the time."""

from __future__ import annotations

from prefect import flow

from flows.schedule import SKIP, Scheduled, scheduled
from flows.steps import step
from services import alarms as service


@step
def look_and_tell() -> service.AlarmRun:
    """Work out the incidents, and send what is due."""
    return service.raise_alarms()


@flow(name="alarms")
def alarms() -> int:
    """Work out the incidents and tell of them; return how many are open."""
    return look_and_tell().looked.open_incidents


scheduled(
    Scheduled(
        flow=alarms,
        # A process a minute would cost more than all looks: this is for a site where nobody watches.
        cron="7,22,37,52 * * * *",
        zh="告警：归并异常为事件，按路由通知相关人员；平时由 kilowatch alarms watch 值守。",
        collision=SKIP,
    )
)
