"""Audit: may this order go on? Ask the gateway, apply the rules, raise and release holds."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta

from sqlalchemy import Text, bindparam, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from temporalio import activity

from activities import holds
from activities.holds import Hold, OpenHolds, Release
from domain import audit_rules, milestones
from domain.audit_facts import HOLD, PASS, REJECT, AuditFacts, Finding, PaymentFacts
from domain.errors import PartnerBusy, PartnerTrouble, UnknownPayment
from domain.order import Order
from integrations.payments import Payments
from models.base import table
from models.database import Sessions
from models.order import AuditRow, OrderRow
from record import journal, money
from record.orders import payment_claims
from record.orders.audit_facts import gather
from record.orders.instructions import keep_remarks
from record.orders.promises import make_promise
from record.parameters import ParameterCache
from record.rules.staff_rules import StaffRules

# Built once: building a statement costs more than sending it.
_AUDITS = table(AuditRow)
_AUDITED = insert(_AUDITS).inline()

_VERSION = select(OrderRow.version).where(OrderRow.order_id == bindparam("order_id", type_=Text))
# Locks the order if it still has the version that was judged: nobody changes it until the transaction ends.
_JUDGED = text("""
    UPDATE orders SET judged_version = :judged WHERE order_id = :order_id AND version = :judged RETURNING order_id
""")

MAX_FINDINGS_IN_REASON = 5

MAX_ATTEMPTS = 5
"""How often an audit judges again because the order has changed meanwhile."""


class ChangesTooOften(Exception):
    """The order has changed during every attempt. Temporal retries the step a little later."""


@dataclass(frozen=True)
class AuditRequest:
    """`revision` counts the audits of one order from 1."""

    order_id: str
    revision: int


@dataclass(frozen=True)
class AuditResult:
    """`verdict` is pass, hold or reject; `open` are all open holds; `reason` says why it was rejected."""

    verdict: str
    open: OpenHolds = field(default_factory=OpenHolds)
    reason: str = ""


class Audit:
    """`payments` must answer quickly or fail: the step runs inside the order's first workflow task.

    Two orders with the same content placed within `duplicate_window` are suspicious; zero turns this off.
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

    @activity.defn
    def audit_order(self, request: AuditRequest) -> AuditResult:
        """Judge the order by every rule. A gateway that does not answer is a hold, not a failure; when it is busy
        the step is retried shortly (PartnerBusy).

        If the order changes while the gateway is asked, it is read and judged again.
        """
        for _ in range(MAX_ATTEMPTS):
            if result := self._judge(request):
                return result
        raise ChangesTooOften

    def _judge(self, request: AuditRequest) -> AuditResult | None:
        """Judge the order as it is now. None if it has changed meanwhile."""
        key = f"{request.order_id}:audit:{request.revision}"
        with self.sessions.begin() as session:
            if known := journal.earlier_answer(session, key):
                return AuditResult(known["verdict"], OpenHolds(**known["open"]), known["reason"])
            version = session.scalar(_VERSION, {"order_id": request.order_id})
            facts = gather(session, request.order_id, self.parameters, self.duplicate_window)
            known_payment = _moved_from_return(session, request.order_id) or _not_its_own(
                session, facts.order, request.order_id
            )
        facts = replace(facts, payment=known_payment or self._payment(facts.order))
        findings = audit_rules.audit(facts)
        with self.sessions.begin() as session:
            if session.scalar(_JUDGED, {"order_id": request.order_id, "judged": version}) is None:
                return None
            _record_money(session, request.order_id, facts)
            _record_repair(session, request.order_id, facts, version or 0)
            keep_remarks(session, request.order_id, facts.remarks)
            judged = self.staff_rules.judge(session, request.order_id, facts)
            findings = [*findings, *judged.findings]
            result = _record_findings(session, request, facts, findings, judged.rule_set_id)
            if facts.payment.status == "captured" or result.verdict == PASS:
                make_promise(session, request.order_id, self.parameters)
            journal.announce(session, request.order_id, milestones.RECEIVED)
            journal.remember(session, key, asdict(result))
            return result

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


def _moved_from_return(session: Session, order_id: str) -> PaymentFacts | None:
    """Return the payment of a follow-up order: the money that its return moved to it. The gateway knows only the first
    order's."""
    if not session.scalar(select(OrderRow.follow_up_of).where(OrderRow.order_id == order_id)):
        return None
    return PaymentFacts("captured", money.captured(session, order_id))


def _not_its_own(session: Session, order: Order, order_id: str) -> PaymentFacts | None:
    """Return None if the payment is bound to this order: only then the gateway is asked about it."""
    if not order.payment_reference:
        return PaymentFacts("unnamed")
    return None if payment_claims.bind(session, order.payment_reference) == order_id else PaymentFacts("taken")


def _record_money(session: Session, order_id: str, facts: AuditFacts) -> None:
    status, amount = facts.payment.status, facts.payment.amount
    # Nothing has moved yet, or it moved by another hand than ours: the books then wait for a person.
    if amount is None or status in ("pending", "refunded"):
        return
    reference = facts.order.payment_reference
    if status != "captured":
        payment_claims.move(session, order_id, reference, status, amount)
    elif not session.scalar(select(OrderRow.follow_up_of).where(OrderRow.order_id == order_id)):
        payment_claims.capture(session, reference, amount, order_id)


def _record_repair(session: Session, order_id: str, facts: AuditFacts, version: int) -> None:
    region = facts.region
    if region is None or not region.repaired:
        return
    used = {"province": region.province, "city": region.city, "district": region.district}
    session.execute(update(OrderRow).where(OrderRow.order_id == order_id).values(repaired_region=used))
    data = {"written": " ".join(region.written).strip(), "used": " ".join(used.values()).strip()}
    journal.append_fact(session, order_id, "order.address_repaired", f"address_repaired:{version}", data)


def _record_findings(
    session: Session, request: AuditRequest, facts: AuditFacts, findings: Sequence[Finding], rule_set_id: int | None
) -> AuditResult:
    order_id, revision = request.order_id, request.revision
    audited = {
        "findings": [finding.as_json() for finding in findings],
        "facts": audit_rules.inputs(facts),
        "parameters": facts.parameters.version,
        "rule_set_id": rule_set_id,
    }
    session.execute(_AUDITED, {"order_id": order_id, "revision": revision, **audited})
    rejected = [finding for finding in findings if finding.verdict == REJECT]
    if rejected:
        return AuditResult(
            "reject", OpenHolds(), "; ".join(finding.reason for finding in rejected[:MAX_FINDINGS_IN_REASON])
        )
    held = _by_code(finding for finding in findings if finding.verdict == HOLD)
    for code, same in held.items():
        hold = _hold(order_id, same, f"{code}:{revision}")
        if not holds.waived(session, order_id, code, hold.reason):
            holds.open_hold(session, hold)
    if revision > 1:
        _cure(session, order_id, set(held))
    left = holds.standing(session, order_id) if held or revision > 1 else OpenHolds()
    if left.codes:
        return AuditResult("hold", left)
    holds.accept(session, order_id)
    return AuditResult(PASS)


def _by_code(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {}
    for finding in findings:
        found.setdefault(finding.code, []).append(finding)
    return found


def _hold(order_id: str, same: Sequence[Finding], key: str) -> Hold:
    """Return one hold for all findings of a code; it is a line's hold if they are all about that line."""
    first, lines = same[0], {finding.line_no for finding in same}
    return Hold(
        order_id,
        first.code,
        "; ".join(finding.reason for finding in same[:MAX_FINDINGS_IN_REASON]),
        first.owner_role,
        key,
        line_no=min(lines) if len(lines) == 1 else 0,
        patience=first.patience_seconds,
        on_expiry=first.on_expiry,
    )


def _cure(session: Session, order_id: str, still: set[str]) -> None:
    """Release holds of earlier audits that this one does not find any more."""
    earlier = session.scalars(select(AuditRow.findings).where(AuditRow.order_id == order_id))
    raised = {one["code"] for findings in earlier for one in findings if one["verdict"] == HOLD}
    for code in set(holds.open_holds(session, order_id)) & raised - still:
        holds.release(session, Release(order_id, code, journal.SYSTEM, "the audit does not find it any more"))
