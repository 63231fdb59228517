"""Is each tender of the order paid, in full? Its kind decides whose word counts."""

from collections.abc import Iterator

from domain.audit_facts import HOLD, REJECT, AuditFacts, Finding, TenderFacts
from domain.checks.payment import DEAD

REASONS = {
    "taken": "belongs to another order, which named it first: no money is taken from it",
    "uncollected": "is collected by the channel, which has not said that it has",
    "silent": "is not known yet: the payment gateway has not answered",
    "unknown": "is not known",
    "refunded": "was given back already",
    "short": "is more than is left of its balance",
}


def unpaid_tender(facts: AuditFacts) -> Iterator[Finding]:
    """Every tender must be paid. One that is due later is waited for by itself, a dead one rejects the order."""
    for one in facts.tenders:
        if one.status == "captured":
            continue
        name = f"tender {one.tender.tender_no} ({one.tender.kind})"
        if one.status in DEAD:
            yield Finding("unpaid_tender", REJECT, "PAYMENT_FAILED", f"{name}: the gateway says it is {one.status}")
            continue
        code = "PAYMENT_TAKEN" if one.status == "taken" else "PAYMENT"
        reason = f"{name} {REASONS.get(one.status, f'is {one.status}, not yet captured')}"
        yield Finding("unpaid_tender", HOLD, code, reason, "finance")


def wrong_tender(facts: AuditFacts) -> Iterator[Finding]:
    """The captured amount of a tender must be the tender's, in the order's currency."""
    for one in facts.tenders:
        if one.status == "captured" and not one.paid:
            yield Finding("wrong_tender", HOLD, "PAYMENT_AMOUNT", _paid(one), "finance")


def _paid(one: TenderFacts) -> str:
    paid, due = one.amount, one.tender.amount
    captured = f"{paid.text} {paid.currency}" if paid else "nothing"
    return f"tender {one.tender.tender_no}: paid {captured}, due {due.text} {due.currency}"
