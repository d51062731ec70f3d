"""Automations at Prefect's server: what is done about new critical episodes, and about runs that are late."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from prefect.automations import AutomationCore, DoNothing, EventTrigger, Posture, RunDeployment
from prefect.blocks.webhook import Webhook
from prefect.client.orchestration import SyncPrefectClient
from prefect.events.actions import CallWebhook
from prefect.events.schemas.automations import Automation
from prefect.exceptions import ObjectNotFound

from flows.critical import EVENT, RESOURCE
from services.flow_settings import FlowSettings
from services.flow_status import TAG

_log = logging.getLogger("kilowatch.flows")
CRITICAL = "kilowatch: new critical episodes"
LATE = "kilowatch: late runs"
LATE_WEBHOOK = "kilowatch-late-runs"
"""The block that holds the address that is called."""
AT_MOST_EVERY = timedelta(seconds=60)
"""A storm of episodes starts one run a minute, which looks at all of them."""
LATE_PAYLOAD = '{"text": "kilowatch: flow run {{ flow_run.name }} of {{ flow.name }} is late"}'
"""What the webhook is sent; group robots want forms of their own: alarm channels tell them of late runs."""


def make_automations(client: SyncPrefectClient, settings: FlowSettings) -> list[str]:
    """Make the server's automations as they are wanted and return a line for each that was changed."""
    return [*_critical(client, settings), *_keep(client, _late(settings))]


def _critical(client: SyncPrefectClient, settings: FlowSettings) -> Sequence[str]:
    try:
        deployment = client.read_deployment_by_name(settings.critical_run)
    except ObjectNotFound:
        _log.warning(
            "KILOWATCH_CRITICAL_RUN: %s is not deployed, so nothing runs at new critical episodes",
            settings.critical_run,
        )
        return []
    run = RunDeployment(source="selected", deployment_id=deployment.id, parameters=None, job_variables=None)
    return _keep(
        client,
        AutomationCore(
            name=CRITICAL,
            description=f"Runs {settings.critical_run} at new critical episodes (出现严重异常时运行).",
            tags=[TAG],
            trigger=EventTrigger(
                expect={EVENT},
                match={"prefect.resource.id": f"{RESOURCE}.*"},
                posture=Posture.Reactive,
                threshold=1,
                within=AT_MOST_EVERY,
            ),
            actions=[run],
        ),
    )


def _late(settings: FlowSettings) -> AutomationCore:
    return AutomationCore(
        name=LATE,
        description="Runs that no worker picks up (迟到的运行); KILOWATCH_LATE_WEBHOOK names whom to tell.",
        tags=[TAG],
        trigger=EventTrigger(
            expect={"prefect.flow-run.Late"},
            match={"prefect.resource.id": "prefect.flow-run.*"},
            match_related={
                "prefect.resource.role": "tag",
                "prefect.resource.id": f"prefect.tag.{TAG}",
            },
            posture=Posture.Reactive,
            threshold=1,
            within=AT_MOST_EVERY,
        ),
        actions=[_tell_late(settings)],
    )


def _tell_late(settings: FlowSettings) -> CallWebhook | DoNothing:
    if settings.late_webhook is None:
        return DoNothing()
    block = Webhook(url=settings.late_webhook).save(LATE_WEBHOOK, overwrite=True)
    return CallWebhook(block_document_id=UUID(str(block)), payload=LATE_PAYLOAD)


def _keep(client: SyncPrefectClient, wanted: AutomationCore) -> Sequence[str]:
    there = client.read_automations_by_name(wanted.name)
    if not there:
        client.create_automation(wanted)
        return [f"automation {wanted.name!r}: created"]
    if _same(there[0], wanted):
        return []
    # What somebody has switched off at the server stays so.
    client.update_automation(there[0].id, wanted.model_copy(update={"enabled": there[0].enabled}))
    return [f"automation {wanted.name!r}: changed"]


def _same(there: Automation, wanted: AutomationCore) -> bool:
    ours = wanted.model_dump(mode="json", exclude={"enabled": True, "trigger": {"id"}})
    return all(
        there.model_dump(mode="json", exclude={"trigger": {"id"}})[name] == value
        for name, value in ours.items()
    )
