"""Gives an order to a meter: one person asks for it, another approves, and every step is audited.

Nothing is sent twice, and nothing before the audit has it on disk. An order without an answer is unknown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from pipeline.errors import AuditError, NotAllowedError, TransportError
from protocols.dlt645.authority import DIGITS, Authority, Password
from protocols.dlt645.redaction import shown
from services.audit import Audit, Entry
from services.capabilities import Capability
from services.control_settings import ControlSettings
from services.explain import explain_without_passwords
from services.order_kinds import Means, Plan, kind_of, opens_supply, plan_of
from services.order_record import Order, OrderRecord, person_details, record_of
from services.order_sending import INTERRUPTED, Result, Sent, give
from services.ordered_line import ordered_line
from services.ordered_meter import OrderedMeter, parse_ordered_meter, zone_of_url
from services.persons import Person, are_the_same
from services.protected_supply import protection_of
from services.shown_values import shown_time
from services.wiring import utc_now

DECIDED = ("approved", "cancelled")
"""What ends an order's waiting: one of them, once."""
SHOWN_OPERATOR = "00000000"
"""In a dry run, where no operator code is set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """A frame that an order would put on the line."""

    what: str
    frame: str
    """In hex, ``**`` for what tells of a password."""
    fields: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What became of an order."""

    order: str
    what: str
    url: str
    sent: Sent


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDesk:
    """Who orders, and what this installation allows."""

    settings: ControlSettings
    person: Person

    @property
    def audit(self) -> Audit:
        """The record of orders."""
        return Audit(self.settings.audit_file)

    def dry_run(self, order: Order) -> Sequence[DryRun]:
        """Return the frames of an order; nothing is sent, no password is needed and none is shown.

        Raises:
            ConfigError: If the order cannot be.
        """
        meter = parse_ordered_meter(order.url)
        plan = plan_of(order, Means(meter=meter, credentials=_Shown(self.settings, order), now=utc_now()))
        return dry_frames(meter, plan)

    def request(self, order: Order) -> OrderRecord:
        """Ask for an order; another person approves it.

        Raises:
            NotAllowedError: If this installation or the list of protected meters forbids it.
            ConfigError: If the order cannot be.
            AuditError: If the request cannot be recorded.
        """
        self.require_allowed(order)
        frames = self.dry_run(order)
        now = utc_now()
        record = OrderRecord(
            order=order,
            requested_by=self.person,
            requested_at=now,
            expires_at=now + timedelta(minutes=self.settings.order_valid_minutes),
        )
        details = {**record.details(), "hash": record.hash, "frames": [dry.frame for dry in frames]}
        self.audit.append("requested", record.id, now, details)
        return record

    def pending(self) -> Sequence[OrderRecord]:
        """Return the orders that wait for a second person.

        Raises:
            AuditError: If the record is damaged.
        """
        now = utc_now()
        return [record for record in self._open_orders() if record.expires_at > now]

    def approve(self, order_id: str) -> Report:
        """Approve another person's order and give it.

        Raises:
            NotAllowedError: If it is not there, has expired, is this person's own, or is no longer allowed.
            ConfigError: If a password is missing.
            AuditError: If a step cannot be recorded: nothing is sent then.
        """
        record = self._waiting(order_id)
        try:
            self._require_second_person(record)
            self.require_allowed(record.order)
        except NotAllowedError as error:
            self._note("denied", record.id, {"reason": str(error)})
            raise
        meter = parse_ordered_meter(record.order.url)
        means = Means(meter=meter, credentials=self.settings, now=utc_now())
        plan_of(record.order, means)  # a missing password shows before the order is used up
        self._note("approved", record.id, {"hash": record.hash}, unless=DECIDED)
        return asyncio.run(self._give(record, meter))

    def cancel(self, order_id: str) -> None:
        """Withdraw one's own order, or turn another person's down; nothing was sent and nothing will be.

        Raises:
            NotAllowedError: If it does not wait any more.
            AuditError: If that cannot be recorded.
        """
        record = self._waiting(order_id)
        self._note("cancelled", record.id, {}, unless=DECIDED)

    def require_allowed(self, order: Order) -> None:
        """Complain about an order that this installation, or a meter's protection, forbids.

        Raises:
            NotAllowedError: With the reason.
            StorageError: If the archive, which says whose supply is protected, cannot be asked.
        """
        self.settings.require(kind_of(order).capability(order))
        if opens_supply(order):
            meter = parse_ordered_meter(order.url)
            protection = protection_of(meter, self.settings)
            if protection is not None:
                raise NotAllowedError(
                    f"meter {meter.address} is protected (保电), its supply is not taken away: {protection}"
                )

    async def _give(self, record: OrderRecord, meter: OrderedMeter) -> Report:
        changes_rate = kind_of(record.order).capability(record.order) is Capability.RATE
        sent = INTERRUPTED
        try:
            async with ordered_line(meter, changes_rate=changes_rate) as line:
                means = Means(meter=meter, credentials=self.settings, now=utc_now())
                plan = plan_of(record.order, means)
                self._note("sending", record.id, {"frames": [dry.frame for dry in dry_frames(meter, plan)]})
                sent = await give(line, meter, plan)
        except (TransportError, AuditError) as error:
            sent = Sent(result=Result.NOT_SENT, detail=str(error))
        finally:
            self._note("outcome", record.id, outcome_details(sent))
        return Report(order=record.id, what=record.order.kind, url=record.order.url, sent=sent)

    def _waiting(self, order_id: str) -> OrderRecord:
        found = [record for record in self._open_orders() if record.id == order_id]
        if not found:
            raise NotAllowedError(
                f"no order {order_id!r} waits for a second person; `kilowatch control pending` lists those "
                "that do"
            )
        if found[0].expires_at <= utc_now():
            expired = shown_time(found[0].expires_at, zone_of_url(found[0].order.url))
            raise NotAllowedError(f"order {order_id} has expired at {expired}; ask for it anew")
        return found[0]

    def _require_second_person(self, record: OrderRecord) -> None:
        if are_the_same(record.requested_by, self.person):
            raise NotAllowedError(
                f"order {record.id} was asked for by {record.requested_by.shown}: another person, with "
                f"another account, approves it, not {self.person.shown}"
            )
        if record.requested_by.is_of_the_pages != self.person.is_of_the_pages:
            # One person may have an account here and there: who is who is known within each only.
            where = "on the pages" if record.requested_by.is_of_the_pages else "on the command line"
            raise NotAllowedError(f"order {record.id} was asked for {where} and is approved there")

    def _open_orders(self) -> Sequence[OrderRecord]:
        """Return what was asked for and not yet decided, expired ones too."""
        entries = self.audit.entries()
        used = {entry.order for entry in entries if entry.event in DECIDED}
        return [
            recorded_order(entry)
            for entry in entries
            if entry.event == "requested" and entry.order not in used
        ]

    def _note(
        self, event: str, order: str, details: Mapping[str, object], *, unless: Collection[str] = ()
    ) -> None:
        by = {**details, "by": person_details(self.person)}
        self.audit.append(event, order, utc_now(), by, unless=unless)


def outcome_details(sent: Sent) -> dict[str, object]:
    """Return what is known of an order, as the audit keeps it."""
    return {
        "result": sent.result.value,
        "detail": sent.detail,
        "read_back": sent.verdict.confirmed.value,
        "read_back_detail": sent.verdict.words,
        "read_back_message": sent.verdict.message,
        "read_back_parameters": dict(sent.verdict.parameters),
    }


def dry_frames(meter: OrderedMeter, plan: Plan) -> Sequence[DryRun]:
    """Return the frames of a plan for people: passwords hidden."""
    found = []
    for query in plan.queries:
        raw = meter.frame(query, plan.address)
        found.append(DryRun(what=query.what, frame=shown(raw), fields=explain_without_passwords(raw)))
    return found


def required(settings: ControlSettings, capability: Capability) -> Audit:
    """Return the audit after checking a capability that takes one person.

    Raises:
        NotAllowedError: If it is off.
        AuditError: If the record is damaged or cannot be written.
    """
    settings.require(capability)
    audit = Audit(settings.audit_file)
    audit.require_writable()
    return audit


def recorded_order(entry: Entry) -> OrderRecord:
    """Return the order that an entry ``requested`` holds.

    Raises:
        AuditError: If it holds none, or another one than it says.
    """
    try:
        record = record_of(entry.details)
    except (KeyError, TypeError, ValueError) as error:
        raise AuditError(f"entry {entry.number} of the audit holds no order: {error!r}") from error
    if record.id != entry.order:
        raise AuditError(f"entry {entry.number} of the audit is not the order {entry.order} that it says")
    return record


class _Shown:
    """Stands for credentials where frames are only shown."""

    def __init__(self, settings: ControlSettings, order: Order) -> None:
        self._operator = settings.meter_operator or SHOWN_OPERATOR
        self._class = int(order.arguments.get("class", 0))

    def authority(self, level: int) -> Authority:
        return Authority(password=self.password(level), operator=self._operator)

    def password(self, level: int) -> Password:
        return Password(level, "0" * DIGITS)

    def new_password(self) -> Password:
        return self.password(self._class)
