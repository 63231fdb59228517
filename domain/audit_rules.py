"""The checks before work starts: one small pure function each. To add one, write it and add it to AUDIT_RULES."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from domain.money import Money
from domain.order import Order

PASS, HOLD, REJECT = "pass", "hold", "reject"


@dataclass(frozen=True, slots=True)
class PaymentFacts:
    """What the gateway says of the payment, or that it says nothing: `status` is then `unknown` or `silent`."""

    status: str
    amount: Money | None = None


@dataclass(frozen=True, slots=True)
class ProductFacts:
    on_sale: bool


@dataclass(frozen=True, slots=True)
class AuditFacts:
    """Everything that the rules may look at; products by SKU, unknown ones absent."""

    order: Order
    payment: PaymentFacts
    products: Mapping[str, ProductFacts]
    twin: str = ""
    """The id of an earlier order with the same customer, goods and address, or empty."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule says. `reason` is for people; `owner_role` is who may release the hold."""

    rule: str
    verdict: str
    code: str
    reason: str
    owner_role: str = "staff"


Rule = Callable[[AuditFacts], Iterator[Finding]]


def unpaid(facts: AuditFacts) -> Iterator[Finding]:
    """The payment must be settled, by the gateway's word. A pending one waits, a dead one ends the order."""
    match facts.payment.status:
        case "captured":
            return
        case "failed" | "voided":
            yield Finding("unpaid", REJECT, "PAYMENT_FAILED", f"the gateway says the payment is {facts.payment.status}")
        case "silent":
            yield Finding("unpaid", HOLD, "PAYMENT", "the payment gateway has not answered yet", "finance")
        case "unknown":
            yield Finding("unpaid", HOLD, "PAYMENT", "the payment gateway does not know this payment", "finance")
        case status:
            yield Finding("unpaid", HOLD, "PAYMENT", f"the payment is {status}, not yet captured", "finance")


def wrong_amount(facts: AuditFacts) -> Iterator[Finding]:
    """What was captured must be what is due, in the same currency."""
    paid, due = facts.payment.amount, facts.order.grand_total
    if facts.payment.status == "captured" and paid != due:
        told = f"{paid.text} {paid.currency}" if paid else "nothing"
        reason = f"paid {told}, due {due.text} {due.currency}"
        yield Finding("wrong_amount", HOLD, "PAYMENT_AMOUNT", reason, "finance")


def wrong_sums(facts: AuditFacts) -> Iterator[Finding]:
    """Lines − discount + shipping + tax must be the grand total, to the smallest unit."""
    difference = facts.order.grand_total - facts.order.sum_of_parts
    if difference.minor_units:
        reason = f"the grand total differs from its parts by {difference.text} {difference.currency}"
        yield Finding("wrong_sums", HOLD, "TOTALS", reason, "finance")


def incomplete_address(facts: AuditFacts) -> Iterator[Finding]:
    """A parcel needs a name, a phone or e-mail, a city and a street. Masked parts count: the carrier has the rest."""
    to = facts.order.ship_to
    missing = [
        name
        for name, value in {
            "name": to.name,
            "phone or email": to.phone or to.email,
            "city": to.city,
            "street": to.lines and to.lines[0],
        }.items()
        if not value
    ]
    if missing:
        yield Finding("incomplete_address", HOLD, "ADDRESS", f"the address has no {' and no '.join(missing)}")


def unknown_goods(facts: AuditFacts) -> Iterator[Finding]:
    unknown = sorted({line.sku for line in facts.order.lines} - facts.products.keys())
    if unknown:
        yield Finding("unknown_goods", HOLD, "UNKNOWN_GOODS", f"no such product: {_some(unknown)}", "merchandising")


def not_for_sale(facts: AuditFacts) -> Iterator[Finding]:
    stopped = sorted({line.sku for line in facts.order.lines if (p := facts.products.get(line.sku)) and not p.on_sale})
    if stopped:
        yield Finding("not_for_sale", HOLD, "NOT_FOR_SALE", f"not on sale: {_some(stopped)}", "merchandising")


def duplicate(facts: AuditFacts) -> Iterator[Finding]:
    """The same again within a short time may be a mistake, so a person decides: nothing is dropped in silence."""
    if facts.twin:
        reason = f"the same customer, goods and address as the order {facts.twin}"
        yield Finding("duplicate", HOLD, "DUPLICATE", reason)


def test_order(facts: AuditFacts) -> Iterator[Finding]:
    """Somebody tries the channel out: a person may let it go on, and nothing is sent by itself."""
    if facts.order.test:
        yield Finding("test_order", HOLD, "TEST_ORDER", "the channel says that this is a test order")


AUDIT_RULES: tuple[Rule, ...] = (
    test_order,
    unpaid,
    wrong_amount,
    wrong_sums,
    incomplete_address,
    unknown_goods,
    not_for_sale,
    duplicate,
)


def audit(facts: AuditFacts) -> list[Finding]:
    """One finding or more a rule, in the order of the table; a rule that finds nothing passes."""
    return [
        finding for rule in AUDIT_RULES for finding in (list(rule(facts)) or [Finding(rule.__name__, PASS, "", "")])
    ]


def _some(names: list[str]) -> str:
    """A reason stays readable however many lines the order has."""
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
