"""Is this customer to be trusted with this order?"""

from collections.abc import Iterator
from typing import Any

from domain.audit_facts import DAY, HOLD, AuditFacts, Finding
from domain.money import Money


def buyer_inputs(facts: AuditFacts) -> dict[str, Any]:
    usual = Money(facts.buyer.usual_minor, facts.order.currency)
    return {
        "customer_id": facts.order.customer_id,
        "recent_orders": facts.buyer.recent_orders,
        "earlier_orders": facts.buyer.earlier_orders,
        "usual_amount": f"{usual.text} {usual.currency}",
    }


def blocked_buyer(facts: AuditFacts) -> Iterator[Finding]:
    """The shop has blocked this buyer. The list of blocks says why, by the block's number."""
    if (block := facts.buyer.block_id) is not None:
        reason = f"the buyer is blocked (block {block})"
        yield Finding("blocked_buyer", HOLD, "BLOCKED_BUYER", reason, "risk", {"block_id": block})


def too_often(facts: AuditFacts) -> Iterator[Finding]:
    """Many orders of one customer within a short time look like a robot or a reseller."""
    limit = facts.parameters.buyer_velocity
    orders = facts.buyer.recent_orders + 1
    if limit and orders > limit.orders:
        reason = f"more than {limit.orders} orders of this customer within {limit.hours} h"
        looked_at = {"most": limit.orders, "hours": limit.hours}
        yield Finding("too_often", HOLD, "VELOCITY", reason, "risk", looked_at, 0, DAY, "escalate")


def unusual_amount(facts: AuditFacts) -> Iterator[Finding]:
    """A total far above what this customer usually spends, once there are enough orders to compare with."""
    rule, buyer = facts.parameters.ordinary_amount, facts.buyer
    if rule is None or buyer.earlier_orders < rule.orders:
        return
    total = facts.order.grand_total
    if total.minor_units > rule.times * buyer.usual_minor:
        reason = f"{total.text} {total.currency} is more than {rule.times} times what this customer usually spends"
        yield Finding(
            "unusual_amount", HOLD, "UNUSUAL_AMOUNT", reason, "risk", {"times": rule.times}, 0, DAY, "escalate"
        )
