"""Staff's own rules in the audit: the active version judges; the gifts that it gives are lines of the order."""

import time
from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from domain.audit_facts import AuditFacts
from domain.rules.facts import Buyer, Goods, RuleFacts
from domain.rules.staff_rules import Gift, Judgement, RuleSet
from domain.status import OrderStatus
from models.order import OrderLineRow, OrderRow
from models.stock import ProductRow
from record import journal
from record.rules.confined import Confined
from record.rules.versions import active_id, load_set

RECHECK_SECONDS = 2.0
"""Seconds for which a version that was just retired may still judge."""


class StaffRules:
    """The active version, compiled once and looked up again after `recheck_seconds`. One per process."""

    def __init__(self, confined: Confined, recheck_seconds: float = RECHECK_SECONDS) -> None:
        # Its process is started by the first rule whose cost is not proved.
        self._confined = confined
        self._recheck_seconds = recheck_seconds
        self._active: RuleSet | None = None
        self._looked_at = float("-inf")

    def active(self, session: Session) -> RuleSet | None:
        """Return the active version, or None."""
        now = time.monotonic()
        if now - self._looked_at >= self._recheck_seconds:
            wanted = active_id(session)
            if wanted is None or self._active is None or self._active.rule_set_id != wanted:
                self._active = load_set(session, wanted) if wanted else None
            self._looked_at = now
        return self._active

    def judge(self, rule_set: RuleSet | None, audited: AuditFacts, buyer: Buyer) -> Judgement:
        """Evaluate this version. Call it outside of a transaction: a costly rule may take seconds."""
        if rule_set is None:
            return Judgement()
        goods = {sku: Goods(product.on_sale, product.weight_grams) for sku, product in audited.products.items()}
        return rule_set.judge(RuleFacts(audited.order, audited.payment.status, goods, buyer), self._confined.holds)


def give(session: Session, order_id: str, gifts: Sequence[Gift]) -> None:
    """Add a line for each gift, once per order and rule, and only while no work has begun. The order is locked."""
    status = session.scalar(select(OrderRow.status).where(OrderRow.order_id == order_id))
    if status not in (OrderStatus.RECEIVED, OrderStatus.UNDER_REVIEW):
        return
    last = session.scalar(select(func.max(OrderLineRow.line_no)).where(OrderLineRow.order_id == order_id)) or 0
    skus = {gift.sku for gift in gifts}
    known = session.execute(select(ProductRow.sku, ProductRow.title).where(ProductRow.sku.in_(skus)))
    titles = {row.sku: row.title for row in known}
    for number, gift in enumerate(gifts, last + 1):
        line = insert(OrderLineRow).values(
            order_id=order_id,
            line_no=number,
            sku=gift.sku,
            title=titles.get(gift.sku, ""),
            quantity=gift.quantity,
            unit_price_minor=0,
            discount_minor=0,
            gift=True,
            added_by=gift.rule,
        )
        if session.scalar(line.on_conflict_do_nothing().returning(OrderLineRow.line_no)):
            data = {"rule": gift.rule, "sku": gift.sku, "units": gift.quantity}
            journal.append_fact(session, order_id, "gift.added", f"gift.added:{gift.rule}", data)
