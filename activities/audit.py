"""Audit: may this order go on? Ask the gateway, apply the rules, raise and cure holds."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from temporalio import activity

from activities import holds, journal
from activities.holds import Hold, Release
from activities.records import load_order
from activities.staff_rules import StaffRules
from domain import audit_rules, milestones
from domain.audit_rules import AuditFacts, Finding, PaymentFacts, ProductFacts
from domain.errors import PartnerTrouble, UnknownPayment
from domain.order import Order
from integrations.payments import Payments
from models.database import Sessions
from models.order import AuditRow
from models.payment import MoneyMovementRow
from models.stock import ProductRow

# The first that came goes on, of two that came together the one with the smaller id. How close they are is told by when
# they were placed: orders of many days may come within a minute, out of a file or after an outage.
FIND_TWIN = text("""
    SELECT earlier.order_id FROM orders o JOIN orders earlier ON earlier.content_hash = o.content_hash
        AND earlier.placed_at BETWEEN o.placed_at - :window AND o.placed_at + :window
    WHERE o.order_id = :order_id
        AND (earlier.received_at, earlier.order_id) < (o.received_at, o.order_id)
        AND earlier.status NOT IN ('canceled', 'rejected', 'expired')
    ORDER BY earlier.received_at DESC, earlier.order_id DESC LIMIT 1
""")


@dataclass(frozen=True)
class AuditRequest:
    """`revision` counts the audits of one order from 1."""

    order_id: str
    revision: int


@dataclass(frozen=True)
class AuditResult:
    """`verdict` is pass, hold or reject; `holds` are all that are open; `reason` is why it was rejected."""

    verdict: str
    holds: list[str] = field(default_factory=list)
    reason: str = ""


class Audit:
    """`payments` answers quickly or not at all: the step runs inside the order's first task and must not hold it up.

    An order with the content of another is suspicious when both were placed within `duplicate_window`; zero is never.
    """

    def __init__(
        self,
        sessions: Sessions,
        payments: Payments,
        duplicate_window: timedelta = timedelta(0),
        staff_rules: StaffRules | None = None,
    ) -> None:
        self.sessions = sessions
        self.payments = payments
        self.duplicate_window = duplicate_window
        self.staff_rules = staff_rules or StaffRules()

    @activity.defn
    def audit_order(self, request: AuditRequest) -> AuditResult:
        """Judge the order by every rule. A gateway that is silent is a hold, not a failure."""
        key = f"{request.order_id}:audit:{request.revision}"
        with self.sessions.begin() as session:
            if known := journal.repeat_of(session, key):
                return AuditResult(**known)
            order = load_order(session, request.order_id)
            products = _products(session, order)
            twin = self._twin(session, request.order_id)
        facts = AuditFacts(order, self._payment(order), products, twin)
        findings = audit_rules.audit(facts)
        with self.sessions.begin() as session:
            _record_money(session, request.order_id, facts)
            judged = self.staff_rules.judge(session, request.order_id, facts.order, facts.payment.status)
            result = _record_findings(session, request, [*findings, *judged.findings], judged.rule_set_id)
            journal.announce(session, request.order_id, milestones.RECEIVED)
            journal.remember(session, key, asdict(result))
            return result

    def _twin(self, session: Session, order_id: str) -> str:
        if not self.duplicate_window:
            return ""
        return session.scalar(FIND_TWIN, {"order_id": order_id, "window": self.duplicate_window}) or ""

    def _payment(self, order: Order) -> PaymentFacts:
        try:
            payment = self.payments.payment(order.payment_reference)
        except UnknownPayment:
            return PaymentFacts("unknown")
        except PartnerTrouble:
            return PaymentFacts("silent")
        return PaymentFacts(payment.status, payment.amount)


def _products(session: Session, order: Order) -> dict[str, ProductFacts]:
    skus = {line.sku for line in order.lines}
    rows = session.execute(select(ProductRow.sku, ProductRow.on_sale).where(ProductRow.sku.in_(skus)))
    return {row.sku: ProductFacts(row.on_sale) for row in rows}


def _record_money(session: Session, order_id: str, facts: AuditFacts) -> None:
    status, amount = facts.payment.status, facts.payment.amount
    if amount is None or status == "pending":
        return
    movement = insert(MoneyMovementRow).values(
        order_id=order_id,
        kind=status,
        amount_minor=amount.minor_units,
        currency=amount.currency,
        gateway_reference=facts.order.payment_reference,
        key=f"{order_id}:{status}",
    )
    new = session.scalar(movement.on_conflict_do_nothing().returning(MoneyMovementRow.movement_id))
    if new:
        data = {"amount": amount.text, "currency": amount.currency}
        journal.happened(session, order_id, f"payment.{status}", f"payment.{status}", data, "payments")


def _record_findings(
    session: Session, request: AuditRequest, findings: Sequence[Finding], rule_set_id: int | None
) -> AuditResult:
    order_id, revision = request.order_id, request.revision
    told = [asdict(finding) for finding in findings]
    audit = insert(AuditRow).values(order_id=order_id, revision=revision, findings=told, rule_set_id=rule_set_id)
    session.execute(audit)
    rejected = [finding for finding in findings if finding.verdict == audit_rules.REJECT]
    if rejected:
        return AuditResult("reject", [], "; ".join(finding.reason for finding in rejected))
    held = [finding for finding in findings if finding.verdict == audit_rules.HOLD]
    for finding in held:
        if not holds.waived(session, order_id, finding.code, finding.reason):
            key = f"{finding.code}:{revision}"
            holds.open_hold(session, Hold(order_id, finding.code, finding.reason, finding.owner_role, key))
    if revision > 1:
        _cure(session, order_id, {finding.code for finding in held})
    left = holds.open_holds(session, order_id) if held or revision > 1 else []
    if left:
        return AuditResult("hold", left)
    holds.accept(session, order_id)
    return AuditResult("pass")


def _cure(session: Session, order_id: str, still: set[str]) -> None:
    """What an earlier audit held and this one does not find any more is released by the audit itself."""
    earlier = session.scalars(select(AuditRow.findings).where(AuditRow.order_id == order_id))
    raised = {one["code"] for findings in earlier for one in findings if one["verdict"] == audit_rules.HOLD}
    for code in set(holds.open_holds(session, order_id)) & raised - still:
        holds.release(session, Release(order_id, code, journal.SYSTEM, "the audit does not find it any more"))
