"""Input and output of an audit: the facts of one order, and the findings of its checks."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from domain.money import Money
from domain.order import Order
from domain.parameters import Parameters
from domain.payment_terms import BY_GATEWAY, PaymentTerms, TermsKind
from domain.presale import presale_of
from domain.regions import Reading
from domain.remarks.intents import RemarkReading
from domain.tenders import BALANCE, Tender

PASS, REPAIR, HOLD, REJECT = "pass", "repair", "hold", "reject"


@dataclass(frozen=True, slots=True)
class PaymentFacts:
    """The payment by the gateway's answer. `status` is `unknown` if it does not know the payment, `silent` if it did
    not answer.

    It is not asked when the channel has not named a payment yet (`unnamed`) or named another order's (`taken`), nor
    when the channel collects the money itself: `captured` by its word, or `uncollected` if it has not said so. Nor
    is it for what a carrier collects (`on_delivery`) or the customer pays by invoice (`on_credit`). What is
    `authorized` is reserved until `expires_at`, None if the gateway does not say.
    """

    status: str
    amount: Money | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TenderFacts:
    """What is known of one tender, as in `PaymentFacts`. A balance is `captured` once it was taken from, `unknown`, or
    `short` if less is left of it than the tender."""

    tender: Tender
    status: str
    amount: Money | None = None
    seconds_left: int = 0
    """Until its day, if it is due later; below zero after it."""

    @property
    def awaited(self) -> bool:
        """True for the balance of a pre-sale that is not in. A customer whose payment fails may try again until its
        day."""
        later = self.tender.due_at is not None or self.tender.method == BALANCE
        return later and self.status not in ("captured", "taken")

    @property
    def paid(self) -> bool:
        return self.status == "captured" and self.amount == self.tender.amount


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """A product as it is now. Tax rates are in hundredths of a percent, None if not entered.

    `channels` None means every channel, `max_per_order` None any number of units.
    """

    on_sale: bool
    hs_code: str = ""
    dangerous_goods_class: str = ""
    goods_class: str = ""
    cross_border: bool = False
    max_per_order: int | None = None
    channels: frozenset[str] | None = None
    bundle_part_only: bool = False
    vat: int | None = None
    consumption_tax: int | None = None
    positive_listed: bool = False
    weight_grams: int = 0


@dataclass(frozen=True, slots=True)
class BuyerFacts:
    """Earlier orders of the same customer. `usual_minor` is the mean total of `earlier_orders` in the same currency."""

    recent_orders: int = 0
    earlier_orders: int = 0
    usual_minor: int = 0
    block_id: int | None = None


@dataclass(frozen=True, slots=True)
class ImportFacts:
    """Imports of the same person by other orders, over all channels, in minor units of the order's currency.

    `year_minor` is the sum in the order's calendar year, `near_minor` that of the `near_orders` shortly before and
    after.
    """

    year_minor: int = 0
    near_minor: int = 0
    near_orders: int = 0


@dataclass(frozen=True, slots=True)
class CreditFacts:
    """What the customer may owe in the order's currency, None without an account, and owes for other orders, in minor
    units; and how many invoices are overdue."""

    limit_minor: int | None = None
    owed_minor: int = 0
    overdue: int = 0

    def allows(self, more: Money) -> bool:
        """True if the customer may owe so much more."""
        within = self.limit_minor is not None and self.owed_minor + more.minor_units <= self.limit_minor
        return within and not self.overdue


@dataclass(frozen=True, slots=True)
class AuditFacts:
    """Everything that the checks may look at. `products` is by SKU; an unknown SKU is absent.

    `order` already has the repaired address; `region` says what was repaired, and is None outside China.
    """

    order: Order
    payment: PaymentFacts
    products: Mapping[str, ProductFacts]
    tenders: tuple[TenderFacts, ...] = ()
    twin: str = ""
    """The id of an earlier order with the same customer, goods and address, or empty."""
    twin_elsewhere: bool = False
    """True if the twin belongs to another channel."""
    parameters: Parameters = field(default_factory=Parameters)
    terms: PaymentTerms = BY_GATEWAY
    region: Reading | None = None
    buyer: BuyerFacts = BuyerFacts()
    imports: ImportFacts = ImportFacts()
    credit: CreditFacts = CreditFacts()
    remarks: RemarkReading = field(default_factory=RemarkReading)
    pickup_at_store: bool = True
    """False if the order is to be picked up at a place that is not one of our stores."""
    elsewhere: int = 0
    """Units that the channel shipped itself."""
    nothing_to_send: bool = False
    """True if that is everything: only its money and its buyer still matter."""
    carried_home: bool = False
    """True if some of these are still to leave the stock of a store of ours."""
    not_left: int = 0
    """How many of these units are still to leave the channel's warehouse."""

    @property
    def balance_due(self) -> bool:
        """Whether it is a pre-sale that waits for its balance."""
        return any(one.awaited for one in self.tenders)

    @property
    def presale_stock(self) -> str:
        """Whether stock is kept for it while its balance is due; empty if none is."""
        return presale_of(self.parameters.presale, self.order.channel).stock.value if self.balance_due else ""

    def sold(self) -> Iterator[tuple[int, str, ProductFacts]]:
        """Line number, SKU and product of each line whose product is known."""
        for line in self.order.lines:
            if product := self.products.get(line.sku):
                yield line.line_no, line.sku, product

    @property
    def captures(self) -> str:
        """When what the gateway has reserved is captured (domain/payment_terms.py); empty if that is no payment."""
        reserved = self.terms.kind is TermsKind.AUTHORIZED and self.payment.status == "authorized"
        return self.terms.capture if reserved else ""

    @property
    def cross_border(self) -> bool:
        """Whether the order is one of cross-border retail import into China."""
        return self.order.ship_to.country == "CN" and any(product.cross_border for _, _, product in self.sold())


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check. `reason` is for people; `owner_role` may release the hold.

    `facts` is what the check looked at beside the inputs of its theme: ids, codes, amounts and names of regions as
    JSON, and nobody's name, phone or street. `line_no` 0 means the whole order. A hold expires after `patience_seconds`
    (0: never), and `on_expiry` says what happens then: release, cancel or escalate.
    """

    rule: str
    verdict: str
    code: str
    reason: str
    owner_role: str = "staff"
    facts: Mapping[str, Any] = field(default_factory=dict)
    line_no: int = 0
    patience_seconds: int = 0
    on_expiry: str = ""
    version: str = ""
    """Version of the rule; set by `audit`."""

    def as_json(self) -> dict[str, Any]:
        """The finding as JSON without its empty fields, since most fields of most findings are empty."""
        fields = {"rule": self.rule, "verdict": self.verdict, "code": self.code, "reason": self.reason}
        more = {name: getattr(self, name) for name in ("line_no", "patience_seconds", "on_expiry", "version")}
        if self.verdict == HOLD:
            fields["owner_role"] = self.owner_role
        return fields | {name: value for name, value in more.items() if value} | _facts(self.facts)


Rule = Callable[[AuditFacts], Iterator[Finding]]
Inputs = Callable[[AuditFacts], dict[str, Any]]

HOUR, DAY = 3_600, 86_400
MAX_NAMES_IN_REASON = 5


def first_few(names: list[str]) -> str:
    """The first few names and the number of the others, so that a reason stays readable."""
    more = len(names) - MAX_NAMES_IN_REASON
    return ", ".join(names[:MAX_NAMES_IN_REASON]) + (f" and {more} more" if more > 0 else "")


def _facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {"facts": dict(facts)} if facts else {}
