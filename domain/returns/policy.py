"""May these goods come back? The rules that are checked when a case is opened, in their order."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from domain.money import Money
from domain.returns.kinds import KINDS, ReturnKind
from domain.returns.terms import ANY, Window, of_channel

EXCLUSIONS: Mapping[str, str] = {
    "custom_made": "was made for this customer",
    "perishable": "is fresh or perishable",
    "digital": "is digital and was unsealed",
    "periodical": "is a newspaper or magazine",
}
"""Goods that need not be taken back. Source: consumer protection act art. 25."""

# If the shop or the carrier is at fault, excluded goods may be returned as well.
BY_FAULT_OF_OTHERS = ("shop", "carrier")


@dataclass(frozen=True, slots=True)
class LineFacts:
    """The product of a line."""

    sku: str
    exclusion: str = ""
    goods_class: str = ""


@dataclass(frozen=True, slots=True)
class ReturnFacts:
    """The facts when a case is opened. Mappings of units and lines are by line number.

    `delivered_at` is the last delivery, None while goods are still here or in transit. `refundable` is what was paid
    less what went back. `fault` is that of the reason, empty when none was named.
    """

    kind: ReturnKind
    asked: Mapping[int, int]
    ordered: Mapping[int, int]
    in_other_cases: Mapping[int, int]
    lines: Mapping[int, LineFacts]
    order_undone: bool
    refundable: Money
    amount: Money | None
    delivered_at: datetime | None
    requested_at: datetime
    windows: Mapping[str, Window]
    fault: str = ""
    needs_evidence: bool = False
    evidence: int = 0
    crossed_border: bool = False


def windows_of(windows: Mapping[str, Mapping[str, Window]], channel: str) -> Mapping[str, Window]:
    """The windows of a channel by goods class."""
    return of_channel(windows, channel) or {}


def refusal(facts: ReturnFacts) -> str | None:
    """Why the case is rejected, for people; None if it is allowed."""
    return next((why for rule in RULES for why in rule(facts)), None)


def nothing_to_return(facts: ReturnFacts) -> Iterator[str]:
    if not facts.asked and KINDS[facts.kind].of_units:
        yield "no line was named"
    if facts.order_undone:
        yield "the order was not carried out, so there is nothing to return"
    if facts.refundable.minor_units <= 0:
        yield "nothing was paid for this order, or all of it went back"


def too_many(facts: ReturnFacts) -> Iterator[str]:
    for line_no, units in facts.asked.items():
        returnable = facts.ordered.get(line_no, 0) - facts.in_other_cases.get(line_no, 0)
        if line_no not in facts.ordered:
            yield f"the order has no line {line_no}"
        elif units > returnable and KINDS[facts.kind].of_units:
            yield f"line {line_no} has {returnable} units left to return, {units} were asked"


def too_much(facts: ReturnFacts) -> Iterator[str]:
    """A claim needs an amount, and may not exceed what is refundable of the payment."""
    if facts.kind != ReturnKind.CLAIM:
        return
    if facts.amount is None or facts.amount.minor_units <= 0:
        yield "a claim needs an amount"
    elif facts.refundable < facts.amount:
        refundable = f"{facts.refundable.text} {facts.refundable.currency}"
        yield f"{refundable} of the payment is left, {facts.amount.text} was asked"


def too_early(facts: ReturnFacts) -> Iterator[str]:
    if facts.delivered_at is None and KINDS[facts.kind].after_delivery:
        yield "the goods have not been delivered yet"


def excluded(facts: ReturnFacts) -> Iterator[str]:
    if facts.fault in BY_FAULT_OF_OTHERS or not KINDS[facts.kind].in_window or facts.delivered_at is None:
        return
    for line_no in facts.asked:
        line = facts.lines.get(line_no, LineFacts(""))
        if line.exclusion:
            yield f"{line.sku} {EXCLUSIONS.get(line.exclusion, line.exclusion)}: it cannot be returned"


def too_late(facts: ReturnFacts) -> Iterator[str]:
    if facts.delivered_at is None or not KINDS[facts.kind].in_window:
        return
    for line_no in facts.asked:
        goods_class = facts.lines.get(line_no, LineFacts("")).goods_class
        window = facts.windows.get(goods_class, facts.windows.get(ANY))
        if window and facts.requested_at >= window.ends(facts.delivered_at):
            yield f"the window of {window.words} is over"


def not_shown(facts: ReturnFacts) -> Iterator[str]:
    if facts.needs_evidence and not facts.evidence:
        yield "this reason must be shown: send references of photos"


def not_exchanged_abroad(facts: ReturnFacts) -> Iterator[str]:
    """A replacement would be a second import, while customs only provide for the return."""
    if facts.crossed_border and KINDS[facts.kind].replaces:
        yield "goods that crossed the border are returned, not exchanged"


RULES: tuple[Callable[[ReturnFacts], Iterator[str]], ...] = (
    nothing_to_return,
    too_many,
    too_much,
    too_early,
    excluded,
    too_late,
    not_shown,
    not_exchanged_abroad,
)
