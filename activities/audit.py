"""Audit: may this order go on? Ask the gateway, apply the rules, raise and cure holds."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from temporalio import activity

from activities import holds, journal
from activities.holds import Hold, Release
from activities.records import load_order
from domain import audit_rules, milestones
from domain.audit_rules import AuditFacts, Finding, PaymentFacts, ProductFacts
from domain.errors import PartnerTrouble, UnknownPayment
from domain.order import Order
from integrations.payments import Payments
from models.database import Sessions
from models.order import AuditRow
from models.payment import MoneyMovementRow
from models.stock import ProductRow


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
    """`payments` answers quickly or not at all: the step runs inside the order's first task and must not hold it up."""

    def __init__(self, sessions: Sessions, payments: Payments) -> None:
        self.sessions = sessions
        self.payments = payments

    @activity.defn
    def audit_order(self, request: AuditRequest) -> AuditResult:
        """Judge the order by every rule. A gateway that is silent is a hold, not a failure."""
        key = f"{request.order_id}:audit:{request.revision}"
        with self.sessions.begin() as session:
            if known := journal.repeat_of(session, key):
                return AuditResult(**known)
            order = load_order(session, request.order_id)
            products = _products(session, order)
        facts = AuditFacts(order, self._payment(order), products)
        findings = audit_rules.audit(facts)
        with self.sessions.begin() as session:
            _record_money(session, request.order_id, facts)
            result = _record_findings(session, request, findings)
            journal.announce(session, request.order_id, milestones.RECEIVED)
            journal.remember(session, key, asdict(result))
            return result

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


def _record_findings(session: Session, request: AuditRequest, findings: Sequence[Finding]) -> AuditResult:
    order_id, revision = request.order_id, request.revision
    told = [asdict(finding) for finding in findings]
    session.execute(insert(AuditRow).values(order_id=order_id, revision=revision, findings=told))
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
