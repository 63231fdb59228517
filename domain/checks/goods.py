"""May these goods be sold on this channel, in this quantity, and on their own?"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from domain.audit_facts import HOLD, AuditFacts, Finding, first_few

MAX_SKUS_IN_FACTS = 20


def goods_inputs(facts: AuditFacts) -> dict[str, Any]:
    units = Counter[str]()
    for line in facts.order.lines:
        units[line.sku] += line.quantity
    return {
        "channel": facts.order.channel,
        "lines": len(facts.order.lines),
        "units": dict(sorted(units.items())[:MAX_SKUS_IN_FACTS]),
        "twin": facts.twin,
    }


def unknown_goods(facts: AuditFacts) -> Iterator[Finding]:
    unknown = sorted({line.sku for line in facts.order.lines} - facts.products.keys())
    if unknown:
        yield Finding("unknown_goods", HOLD, "UNKNOWN_GOODS", f"no such product: {first_few(unknown)}", "merchandising")


def not_for_sale(facts: AuditFacts) -> Iterator[Finding]:
    stopped = sorted({sku for _, sku, product in facts.sold() if not product.on_sale})
    if stopped:
        yield Finding("not_for_sale", HOLD, "NOT_FOR_SALE", f"not on sale: {first_few(stopped)}", "merchandising")


def wrong_channel(facts: AuditFacts) -> Iterator[Finding]:
    """Some goods are sold only on some channels."""
    here = facts.order.channel
    for line_no, sku, product in facts.sold():
        if product.channels is not None and here not in product.channels:
            reason, looked_at = f"{sku} is not sold on {here}", {"channels": sorted(product.channels)}
            yield Finding("wrong_channel", HOLD, "CHANNEL_POLICY", reason, "merchandising", looked_at, line_no)


def too_many(facts: AuditFacts) -> Iterator[Finding]:
    """Some goods have a limit for each order, however the order splits them into lines."""
    units = Counter[str]()
    for line in facts.order.lines:
        units[line.sku] += line.quantity
    for sku, ordered in sorted(units.items()):
        most = product.max_per_order if (product := facts.products.get(sku)) else None
        if most is not None and ordered > most:
            reason, looked_at = f"{ordered} of {sku}, sold up to {most} an order", {"ordered": ordered, "most": most}
            yield Finding("too_many", HOLD, "QUANTITY_LIMIT", reason, "merchandising", looked_at)


def part_on_its_own(facts: AuditFacts) -> Iterator[Finding]:
    """A part that is not sold alone must name its bundle."""
    for line in facts.order.lines:
        product = facts.products.get(line.sku)
        if product and product.bundle_part_only and not line.bundle_of:
            reason = f"{line.sku} is sold as a part of a bundle only"
            yield Finding("part_on_its_own", HOLD, "BUNDLE_PART", reason, "merchandising", line_no=line.line_no)


def duplicate(facts: AuditFacts) -> Iterator[Finding]:
    """The same order again within a short time may be a mistake. A person decides; nothing is dropped silently."""
    if facts.twin:
        # The channel may read the reason, so it must not name another channel's order. The facts are internal.
        twin = "an order of another channel" if facts.twin_elsewhere else f"the order {facts.twin}"
        reason = f"the same customer, goods and address as {twin}"
        yield Finding("duplicate", HOLD, "DUPLICATE", reason, facts={"twin": facts.twin})


def test_order(facts: AuditFacts) -> Iterator[Finding]:
    """A test of the channel. A person may release it; nothing ships by itself."""
    if facts.order.test:
        yield Finding("test_order", HOLD, "TEST_ORDER", "the channel says that this is a test order")
