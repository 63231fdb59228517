"""Audit: may this order go on? Ask the gateway, apply the rules, raise and release holds."""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy.exc import OperationalError
from temporalio import activity

from activities.at_once import MadeAllocations, allocate_at_once
from activities.audit_findings import TOLD, AuditResult, may_allocate
from activities.audit_writing import write_audits
from activities.claim_desk import ClaimDesk
from activities.holds import OpenHolds
from domain import audit_rules
from domain.audit_facts import PaymentFacts
from domain.errors import PartnerBusy, PartnerTrouble, UnknownPayment
from domain.order import Order
from integrations.payments import Payments
from models.database import Sessions, autocommit
from models.packed import pack
from record.orders import shared_payments
from record.orders.audit_facts import GatheredFacts, gather, read_texts
from record.orders.audited_orders import read_orders
from record.orders.captures import ask_for_links
from record.orders.findings import fold
from record.orders.judged_orders import JudgedOrder
from record.orders.tenders import ask_for_tenders
from record.parameters import ParameterCache
from record.rules.staff_rules import StaffRules
from record.sourcing.allocations import allocation_key
from record.sourcing.outlooks import OutlookCache

MAX_ATTEMPTS = 5
"""How often an audit judges again because the order has changed meanwhile."""

# How long a group waits for a lock: after that each audit is tried alone (claim_desk.py).
GROUP_LOCK_TIMEOUT = "1s"
PATIENCE_SECONDS = 12.0
"""How long an audit waits for its turn to read, and again to write: less than the step may take in all."""


class ChangesTooOften(Exception):
    """The order has changed during every attempt. Temporal retries the step a little later."""


@dataclass(frozen=True)
class AuditRequest:
    """`revision` counts the audits of one order from 1. `round` is that of the allocation which may be made with it, if
    everything is there; 0 for none."""

    order_id: str
    revision: int
    round: int = 0

    @property
    def key(self) -> str:
        return f"{self.order_id}:audit:{self.revision}"


class Audit:
    """One for each worker: audits that its threads make at the same time share their transactions.

    `payments` must answer quickly or fail: the step runs inside the order's first workflow task. Two orders with the
    same content placed within `duplicate_window` are suspicious; zero turns this off.
    """

    def __init__(
        self,
        sessions: Sessions,
        payments: Payments,
        parameters: ParameterCache,
        staff_rules: StaffRules,
        duplicate_window: timedelta = timedelta(0),
        outlooks: OutlookCache | None = None,
        at_once: MadeAllocations | None = None,
    ) -> None:
        self.sessions = sessions
        self.payments = payments
        self.duplicate_window = duplicate_window
        self.parameters = parameters
        self.staff_rules = staff_rules
        self._outlooks = outlooks
        self._at_once = at_once or MadeAllocations(sessions)
        self._reading: ClaimDesk[AuditRequest, GatheredFacts | AuditResult] = ClaimDesk(
            lambda requests: self._read(requests, GROUP_LOCK_TIMEOUT),
            lambda request: self._read([request])[0],
            PATIENCE_SECONDS,
        )
        self._writing: ClaimDesk[JudgedOrder, AuditResult | None] = ClaimDesk(
            self._write_together,
            lambda judged: self._write([judged])[0],
            PATIENCE_SECONDS,
        )

    @activity.defn
    def audit_order(self, request: AuditRequest) -> AuditResult:
        """Judge the order by every rule. A gateway that does not answer is a hold, not a failure; when it is busy
        the step is retried shortly (PartnerBusy).

        If the order changes while the gateway is asked, it is read and judged again.
        """
        for _ in range(MAX_ATTEMPTS):
            read = self._reading.submit(request)
            if isinstance(read, AuditResult):
                return read
            if result := self._writing.submit(self._judge(request, read)):
                return result
        raise ChangesTooOften

    def _read(self, requests: Sequence[AuditRequest], patience: str | None = None) -> list[GatheredFacts | AuditResult]:
        """Read the facts of each order, or the answer of an audit that was made before, in one transaction."""
        # Nothing that is read must hold together: what has changed before the audit is written is judged again.
        with autocommit(self.sessions) if len(requests) == 1 else self.sessions.begin() as session:
            known, orders = read_orders(session, {one.key: one.order_id for one in requests}, patience)
            rule_set = self.staff_rules.active(session)
            facts = gather(session, orders, self.parameters, rule_set, self.duplicate_window)
        return [self._answer(one, known[one.key]) if one.key in known else facts[one.order_id] for one in requests]

    def _judge(self, request: AuditRequest, read: GatheredFacts) -> JudgedOrder:
        """Ask the gateway and every rule: here nothing is locked and no transaction is open."""
        if read.facts.order.charge_minor:
            # If a link was paid, that makes a new version, which is judged instead.
            with suppress(PartnerTrouble):
                ask_for_links(self.sessions, self.payments, request.order_id)
        payment = read.payment or self._payment(request.order_id, read.facts.order)
        tenders = ask_for_tenders(self.sessions, self.payments, request.order_id, read.facts.order.tenders)
        facts = read_texts(replace(read.facts, payment=payment, tenders=tenders))
        staff = self.staff_rules.judge(read.rule_set, facts, read.buyer)
        if facts.nothing_to_send:
            staff = replace(staff, findings=[], gifts=[])
        findings = [*audit_rules.audit(facts), *staff.findings]
        audited: dict[str, Any] = {
            "order_id": request.order_id,
            "revision": request.revision,
            "findings": fold(findings),
            "facts": pack(audit_rules.inputs(facts)),
            "parameters": facts.parameters.version,
            "rule_set_id": staff.rule_set_id,
        }
        known = (request.order_id, request.revision, request.key, read.version, read.follow_up)
        return JudgedOrder(*known, facts, staff, findings, json.dumps(audited), request.round)

    def _payment(self, order_id: str, order: Order) -> PaymentFacts:
        try:
            payment = self.payments.payment(order.payment_reference)
        except UnknownPayment:
            return PaymentFacts("unknown")
        except PartnerBusy:
            raise
        except PartnerTrouble:
            return PaymentFacts("silent")
        if order.shared_payment:
            with self.sessions.begin() as session:
                return shared_payments.claim(session, order_id, order.own_due, payment)
        return PaymentFacts(payment.status, payment.amount, payment.expires_at)

    def _write_together(self, group: Sequence[JudgedOrder]) -> list[AuditResult | None]:
        """Write the audits of a group, and allocate those orders of which everything is there."""
        if not self._outlooks:
            return self._write(group, GROUP_LOCK_TIMEOUT)
        try:
            with self.sessions.begin() as session:
                # Refresh the outlooks before anything is locked.
                self._outlooks.context(session)
                results = write_audits(session, group, self.parameters, GROUP_LOCK_TIMEOUT)
                rounds = {
                    judged.order_id: judged.round
                    for judged, result in zip(group, results, strict=True)
                    if result and may_allocate(judged, result)
                }
                made = allocate_at_once(session, rounds, self._outlooks, GROUP_LOCK_TIMEOUT) if rounds else {}
        except OperationalError:
            raise
        except Exception:
            if len(group) > 1:
                raise
            # Whatever is wrong with its allocation is no reason not to audit it.
            return self._write(group, GROUP_LOCK_TIMEOUT)
        self._at_once.keep(made)
        allocated = [allocation_key(judged.order_id, judged.round) in made for judged in group]
        return [
            replace(one, allocated=True) if one and done else one for one, done in zip(results, allocated, strict=True)
        ]

    def _write(self, group: Sequence[JudgedOrder], patience: str | None = None) -> list[AuditResult | None]:
        with self.sessions.begin() as session:
            return write_audits(session, group, self.parameters, patience)

    def _answer(self, request: AuditRequest, known: dict[str, Any]) -> AuditResult:
        told = {name: known[name] for name in TOLD if name in known}
        allocated = bool(request.round and self._at_once.find(allocation_key(request.order_id, request.round)))
        return AuditResult(known["verdict"], OpenHolds(**known["open"]), known["reason"], allocated=allocated, **told)
