"""Audit: may this order go on? Ask the gateway, apply the rules, raise and release holds."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session
from temporalio import activity

from activities import holds
from activities.audit_findings import reason_to_reject, settle_holds, verdict
from activities.claim_desk import ClaimDesk
from activities.holds import OpenHolds
from domain import audit_rules
from domain.audit_facts import HOLD, PASS, REJECT, Finding, PaymentFacts
from domain.errors import PartnerBusy, PartnerTrouble, UnknownPayment
from domain.order import Order
from integrations.payments import Payments
from models.database import Sessions
from record import journal
from record.orders.audit_batch import AuditBatch
from record.orders.audit_facts import GatheredFacts, gather, read_texts
from record.orders.audited_orders import read_orders
from record.orders.judged_orders import JudgedOrder, LockedOrder, lock_judged
from record.orders.promises import make_promise
from record.parameters import ParameterCache
from record.rules.staff_rules import StaffRules, give

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
    """`revision` counts the audits of one order from 1."""

    order_id: str
    revision: int

    @property
    def key(self) -> str:
        return f"{self.order_id}:audit:{self.revision}"


@dataclass(frozen=True)
class AuditResult:
    """`verdict` is pass, hold or reject; `open` are all open holds; `reason` says why it was rejected."""

    verdict: str
    open: OpenHolds = field(default_factory=OpenHolds)
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Judged:
    request: AuditRequest
    order: JudgedOrder
    findings: Sequence[Finding]


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
    ) -> None:
        self.sessions = sessions
        self.payments = payments
        self.duplicate_window = duplicate_window
        self.parameters = parameters
        self.staff_rules = staff_rules
        self._reading: ClaimDesk[AuditRequest, GatheredFacts | AuditResult] = ClaimDesk(
            lambda requests: self._read(requests, GROUP_LOCK_TIMEOUT),
            lambda request: self._read([request])[0],
            PATIENCE_SECONDS,
        )
        self._writing: ClaimDesk[_Judged, AuditResult | None] = ClaimDesk(
            lambda judged: self._write(judged, GROUP_LOCK_TIMEOUT),
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
        with self.sessions.begin() as session:
            known, orders = read_orders(session, {one.key: one.order_id for one in requests}, patience)
            rule_set = self.staff_rules.active(session)
            facts = gather(session, orders, self.parameters, rule_set, self.duplicate_window)
        return [_answer(known[one.key]) if one.key in known else facts[one.order_id] for one in requests]

    def _judge(self, request: AuditRequest, read: GatheredFacts) -> _Judged:
        """Ask the gateway and every rule: here nothing is locked and no transaction is open."""
        facts = read_texts(replace(read.facts, payment=read.payment or self._payment(read.facts.order)))
        staff = self.staff_rules.judge(read.rule_set, facts, read.buyer)
        findings = [*audit_rules.audit(facts), *staff.findings]
        audited: dict[str, Any] = {
            "order_id": request.order_id,
            "revision": request.revision,
            "findings": [finding.as_json() for finding in findings],
            "facts": audit_rules.inputs(facts),
            "parameters": facts.parameters.version,
            "rule_set_id": staff.rule_set_id,
        }
        order = JudgedOrder(
            request.order_id, request.key, read.version, read.follow_up, facts, staff, json.dumps(audited)
        )
        return _Judged(request, order, findings)

    def _payment(self, order: Order) -> PaymentFacts:
        try:
            payment = self.payments.payment(order.payment_reference)
        except UnknownPayment:
            return PaymentFacts("unknown")
        except PartnerBusy:
            raise
        except PartnerTrouble:
            return PaymentFacts("silent")
        return PaymentFacts(payment.status, payment.amount)

    def _write(self, group: Sequence[_Judged], patience: str | None = None) -> list[AuditResult | None]:
        """Write what was judged, in one transaction. None for an order that must be judged again, because it has
        changed meanwhile or is in the group twice."""
        first = {one.order.order_id: one for one in reversed(group)}
        batch, results = AuditBatch(), dict[str, AuditResult | None]()
        with self.sessions.begin() as session:
            locked = lock_judged(session, {order_id: one.order for order_id, one in first.items()}, patience)
            for order_id, order in locked.items():
                results[order_id] = _add(batch, first[order_id], order)
            batch.write(session)
            for order_id in [order_id for order_id, result in results.items() if result is None]:
                results[order_id] = self._settle(session, first[order_id])
        return [results.get(one.order.order_id) if one is first[one.order.order_id] else None for one in group]

    def _settle(self, session: Session, judged: _Judged) -> AuditResult:
        """Give gifts, raise and release holds, and accept the order if none is left."""
        order_id, staff = judged.order.order_id, judged.order.staff
        if staff.gifts:
            give(session, order_id, staff.gifts)
        left = settle_holds(session, order_id, judged.request.revision, judged.findings)
        if not left.codes:
            holds.accept(session, order_id)
            make_promise(session, order_id, self.parameters)
        result = AuditResult(HOLD, left) if left.codes else AuditResult(PASS)
        journal.remember(session, judged.request.key, asdict(result))
        return result


def _add(batch: AuditBatch, judged: _Judged, locked: LockedOrder) -> AuditResult | None:
    """Add the audit to the batch. Return its result, or None if gifts or holds must be written first."""
    batch.add(judged.order, locked)
    result = _plain_result(judged)
    passed = result is not None and result.verdict == PASS
    if passed:
        batch.accept(locked)
    if passed or judged.order.facts.payment.status == "captured":
        batch.promise(judged.order, locked)
    if result:
        batch.answer(judged.request.key, asdict(result))
    return result


def _plain_result(judged: _Judged) -> AuditResult | None:
    found = verdict(judged.findings)
    if found == REJECT:
        return AuditResult(REJECT, OpenHolds(), reason_to_reject(judged.findings))
    if found == HOLD or judged.request.revision > 1 or judged.order.staff.gifts:
        return None
    return AuditResult(PASS)


def _answer(known: dict[str, Any]) -> AuditResult:
    return AuditResult(known["verdict"], OpenHolds(**known["open"]), known["reason"])
