"""Is the order paid in full and in its currency? Who collects the money decides, by the terms of payment."""

from collections.abc import Iterator
from typing import Any

from domain.audit_facts import HOLD, REJECT, AuditFacts, Finding, TenderFacts
from domain.disputes import DISPUTED
from domain.money import Money
from domain.payment_terms import BY_GATEWAY, TermsKind

DEAD = ("failed", "voided")
"""Final statuses without money; every other one may still change."""


def payment_inputs(facts: AuditFacts) -> dict[str, Any]:
    paid, due = facts.payment.amount, facts.order.own_due
    return {
        "status": facts.payment.status,
        "paid": paid and f"{paid.text} {paid.currency}",
        "due": f"{due.text} {due.currency}",
        "parts": f"{facts.order.sum_of_parts.text} {due.currency}",
        **({"tenders": [_tender(one) for one in facts.tenders]} if facts.tenders else {}),
        **({} if facts.terms == BY_GATEWAY else {"collected_by": facts.terms.kind}),
    }


def _tender(one: TenderFacts) -> dict[str, Any]:
    paid, due = one.amount, one.tender.amount
    named = {"tender_no": one.tender.tender_no, "kind": one.tender.kind, "status": one.status}
    return named | {"paid": paid and f"{paid.text} {paid.currency}", "due": f"{due.text} {due.currency}"}


def unpaid(facts: AuditFacts) -> Iterator[Finding]:
    """The payment must be captured, or reserved where the terms say so. A pending one holds the order until it expires,
    a dead one rejects it."""
    match facts.payment.status:
        case "captured" | "on_delivery" | "on_credit":
            return
        case "authorized" if facts.captures:
            return
        case status if status in DEAD:
            yield Finding("unpaid", REJECT, "PAYMENT_FAILED", f"the gateway says the payment is {status}")
            return
        case "taken":
            reason = "the payment belongs to another order, which named it first: no money is taken from it"
            yield Finding("unpaid", HOLD, "PAYMENT_TAKEN", reason, "finance")
            return
        case "unnamed":
            reason = "the channel has not named the payment yet"
        case "uncollected":
            reason = "the channel collects the money, and has not said that it has"
        case "silent":
            reason = "the payment gateway has not answered yet"
        case "unknown":
            reason = "the payment gateway does not know this payment"
        case "refunded":
            reason = "the payment was given back already"
        case status:
            reason = f"the payment is {status}, not yet captured"
    yield Finding("unpaid", HOLD, "PAYMENT", reason, "finance")


def wrong_amount(facts: AuditFacts) -> Iterator[Finding]:
    """The captured amount must be the amount due when the order was placed less its tenders, in the same currency; what
    edits change is charged and paid back apart. What is reserved must be enough for that."""
    paid, due = facts.payment.amount, facts.order.own_due
    if facts.terms.kind is TermsKind.AUTHORIZED and facts.payment.status in ("captured", "authorized"):
        wrong = not _is_enough(facts)
    else:
        wrong = facts.payment.status == "captured" and paid != due
    if wrong:
        amount = f"{paid.text} {paid.currency}" if paid else "nothing"
        how = "reserved" if facts.captures else "paid"
        reason = f"{how} {amount}, due {due.text} {due.currency}"
        yield Finding("wrong_amount", HOLD, "PAYMENT_AMOUNT", reason, "finance")


def _is_enough(facts: AuditFacts) -> bool:
    """True if the payment covers the order. What is captured of what was reserved follows its edits."""
    paid, placed = facts.payment.amount, facts.order.own_due
    if paid is None or paid.currency != placed.currency:
        return False
    now = Money(placed.minor_units + facts.order.edited_minor, placed.currency)
    return min(placed, now) <= paid and (bool(facts.captures) or paid <= max(placed, now))


def not_on_delivery(facts: AuditFacts) -> Iterator[Finding]:
    """What is paid at the door must be allowed there, and not be too much for a courier."""
    if facts.terms.kind is not TermsKind.ON_DELIVERY:
        return
    terms, to, due = facts.terms, facts.order.ship_to, facts.order.left_to_pay
    most = terms.most.get(due.currency)
    if terms.areas and not terms.areas & {to.country, to.province}:
        reason = f"nobody collects cash in {to.province or to.country}"
    elif terms.most and (most is None or due.minor_units > most):
        reason = f"{due.text} {due.currency} is more than a courier may collect"
    elif facts.order.pickup_location:
        reason = "it is picked up at a store, where no courier collects"
    else:
        return
    yield Finding("not_on_delivery", HOLD, "ON_DELIVERY", reason, "finance")


def over_credit(facts: AuditFacts) -> Iterator[Finding]:
    """Who buys on credit must have an account, owe nothing overdue, and stay within the limit."""
    if facts.terms.kind is not TermsKind.ON_CREDIT or facts.credit.allows(facts.order.left_to_pay):
        return
    credit, due = facts.credit, facts.order.left_to_pay
    if credit.limit_minor is None:
        reason = f"the customer has no credit in {due.currency}"
    elif credit.overdue:
        reason = f"{credit.overdue} invoices of the customer are overdue"
    else:
        owed, limit = Money(credit.owed_minor, due.currency), Money(credit.limit_minor, due.currency)
        reason = f"{due.text} more than {owed.text} owed is above the limit of {limit.text} {due.currency}"
    yield Finding("over_credit", HOLD, "CREDIT", reason, "finance")


def charge_due(facts: AuditFacts) -> Iterator[Finding]:
    """What an edit charges must be paid before the order goes on."""
    if facts.order.charge_minor:
        due = Money(facts.order.charge_minor, facts.order.currency)
        reason = f"an edit charges {due.text} {due.currency}, which the customer has not paid yet"
        yield Finding("charge_due", HOLD, "PAYMENT_DUE", reason, "finance")


def disputed(facts: AuditFacts) -> Iterator[Finding]:
    """Nothing leaves for money that a bank disputes, or has taken back."""
    if facts.order.disputed_minor:
        amount = Money(facts.order.disputed_minor, facts.order.currency)
        reason = f"{amount.text} {amount.currency} is in dispute with the customer's bank, or lost to it"
        yield Finding("disputed", HOLD, DISPUTED, reason, "finance")


def wrong_sums(facts: AuditFacts) -> Iterator[Finding]:
    """Lines − discount + shipping + tax must be the grand total, to the smallest unit."""
    difference = facts.order.grand_total - facts.order.sum_of_parts
    if difference.minor_units:
        reason = f"the grand total differs from its parts by {difference.text} {difference.currency}"
        yield Finding("wrong_sums", HOLD, "TOTALS", reason, "finance")
