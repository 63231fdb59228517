"""What an audit looks at, and what it says: the facts of one order, and the findings of its checks."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from domain.money import Money
from domain.order import Order
from domain.parameters import Parameters
from domain.regions import Reading
from domain.remarks.intents import RemarkReading

PASS, REPAIR, HOLD, REJECT = "pass", "repair", "hold", "reject"


@dataclass(frozen=True, slots=True)
class PaymentFacts:
    """What the gateway says of the payment, or that it says nothing: `status` is then `unknown` or `silent`.

    It is not asked about a payment that the channel has not named yet (`unnamed`) or that is another order's (`taken`).
    """

    status: str
    amount: Money | None = None


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """A product as it is now. Tax rates are in hundredths of a percent, None where nobody has entered them.

    `channels` of None is every channel, and `max_per_order` of None any number of units.
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
    """What the same customer did before. `usual_minor` is the mean total of `earlier_orders` of the same currency."""

    recent_orders: int = 0
    earlier_orders: int = 0
    usual_minor: int = 0
    block_id: int | None = None


@dataclass(frozen=True, slots=True)
class ImportFacts:
    """What the same person imports by other orders, over all channels, in minor units of the order's currency.

    `year_minor` is what counts in the year of the order, `near_minor` what `near_orders` have just before and after it.
    """

    year_minor: int = 0
    near_minor: int = 0
    near_orders: int = 0


@dataclass(frozen=True, slots=True)
class AuditFacts:
    """Everything that the checks may look at; products by SKU, unknown ones absent.

    `order` has the repaired address already; `region` says what was repaired, and is None where none is judged.
    """

    order: Order
    payment: PaymentFacts
    products: Mapping[str, ProductFacts]
    twin: str = ""
    """The id of an earlier order with the same customer, goods and address, or empty."""
    twin_elsewhere: bool = False
    """Whether that order is of another channel."""
    parameters: Parameters = field(default_factory=Parameters)
    region: Reading | None = None
    buyer: BuyerFacts = BuyerFacts()
    imports: ImportFacts = ImportFacts()
    remarks: RemarkReading = field(default_factory=RemarkReading)
    pickup_at_store: bool = True
    """False where the order is to be fetched at a place that is no store of ours."""

    def sold(self) -> Iterator[tuple[int, str, ProductFacts]]:
        """Line number, SKU and product of each line whose product is known."""
        for line in self.order.lines:
            if product := self.products.get(line.sku):
                yield line.line_no, line.sku, product

    @property
    def cross_border(self) -> bool:
        """Whether the order is one of cross-border retail import into China."""
        return self.order.ship_to.country == "CN" and any(product.cross_border for _, _, product in self.sold())


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check says. `reason` is for people; `owner_role` is who may release the hold.

    `facts` is what the check looked at beside the facts of its theme: ids, codes, amounts and names of regions, as JSON
    has them, and nobody's name, phone or street. `line_no` of 0 means the whole order. After `patience_seconds`, if
    they are not 0, a hold is to be dealt with by itself as `on_expiry` says: release, cancel or escalate.
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
    """Of the rule; empty while the table of rules has not judged."""

    def as_json(self) -> dict[str, Any]:
        """The finding as JSON; what is empty is left out, for most findings are."""
        said = {"rule": self.rule, "verdict": self.verdict, "code": self.code, "reason": self.reason}
        more = {name: getattr(self, name) for name in ("line_no", "patience_seconds", "on_expiry", "version")}
        if self.verdict == HOLD:
            said["owner_role"] = self.owner_role
        return said | {name: value for name, value in more.items() if value} | _facts(self.facts)


Rule = Callable[[AuditFacts], Iterator[Finding]]
Inputs = Callable[[AuditFacts], dict[str, Any]]

HOUR, DAY = 3_600, 86_400


def first_few(names: list[str]) -> str:
    """A reason stays readable however many lines the order has."""
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {"facts": dict(facts)} if facts else {}
