"""Is each tender of the order paid, in full? Its kind decides whose word counts."""

from collections.abc import Iterator

from domain.audit_facts import HOLD, HOUR, REJECT, AuditFacts, Finding, TenderFacts
from domain.checks.payment import DEAD
from domain.presale import presale_of

MIN_PATIENCE = 60
"""Seconds: time for one more look at the gateway."""

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
        if one.status == "captured" or one.awaited:
            continue
        name = f"tender {one.tender.tender_no} ({one.tender.kind})"
        if one.status in DEAD:
            yield Finding("unpaid_tender", REJECT, "PAYMENT_FAILED", f"{name}: the gateway says it is {one.status}")
            continue
        code = "PAYMENT_TAKEN" if one.status == "taken" else "PAYMENT"
        reason = f"{name} {REASONS.get(one.status, f'is {one.status}, not yet captured')}"
        yield Finding("unpaid_tender", HOLD, code, reason, "finance")


def balance_due(facts: AuditFacts) -> Iterator[Finding]:
    """The balance of a pre-sale holds the order until its day, and a while longer by the terms of the channel. A
    platform that does not name the day ends the order itself."""
    terms = presale_of(facts.parameters.presale, facts.order.channel)
    for one in facts.tenders:
        if one.awaited:
            day = one.tender.due_at
            until = f" until {day:%Y-%m-%d %H:%M} UTC" if day else ""
            reason = f"tender {one.tender.tender_no}: the balance of {one.tender.amount.text} is due{until}"
            left = max(MIN_PATIENCE, one.seconds_left + terms.grace_hours * HOUR) if day else 0
            ends = "cancel" if day else ""
            yield Finding("balance_due", HOLD, "BALANCE_DUE", reason, "finance", patience_seconds=left, on_expiry=ends)


def wrong_tender(facts: AuditFacts) -> Iterator[Finding]:
    """The captured amount of a tender must be the tender's, in the order's currency."""
    for one in facts.tenders:
        if one.status == "captured" and not one.paid:
            yield Finding("wrong_tender", HOLD, "PAYMENT_AMOUNT", _paid(one), "finance")


def _paid(one: TenderFacts) -> str:
    paid, due = one.amount, one.tender.amount
    captured = f"{paid.text} {paid.currency}" if paid else "nothing"
    return f"tender {one.tender.tender_no}: paid {captured}, due {due.text} {due.currency}"
