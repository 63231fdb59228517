"""The facts of audits, gathered for many orders in few statements: parameters, earlier orders, stores and imports."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ARRAY, Integer, Text, any_, bindparam, select
from sqlalchemy.orm import Session

from domain.audit_facts import AuditFacts, BuyerFacts, PaymentFacts
from domain.money import Money
from domain.order import Order
from domain.parameters import Parameters, Velocity
from domain.payment_terms import TermsKind, terms_of
from domain.regions import Reading, read_region
from domain.remarks.reading import read_remarks
from domain.rules.facts import Buyer
from domain.rules.staff_rules import RuleSet
from models.base import table
from models.prepared import prepared
from models.stock import LocationRow
from record import money
from record.orders.audited_orders import AuditedOrder
from record.orders.counter_sales import carried_home
from record.orders.credit import claim_credit
from record.orders.elsewhere import not_left
from record.orders.imports import claim_imports
from record.orders.payment_claims import bind_all
from record.parameters import ParameterCache
from record.rules.facts import buyers_of

CHINA, ANYWHERE = ZoneInfo("Asia/Shanghai"), ZoneInfo("UTC")

# The first received goes on; of two received together the one with the smaller id. The window compares placement times,
# since orders of many days may be received within a minute, from a file or after an outage.
TWIN = """
    SELECT ARRAY[earlier.order_id, earlier.channel] FROM orders earlier
    WHERE :window > interval '0' AND earlier.content_hash = o.content_hash
        AND earlier.placed_at BETWEEN o.placed_at - :window AND o.placed_at + :window
        AND (earlier.received_at, earlier.order_id) < (o.received_at, o.order_id)
        AND earlier.status NOT IN ('canceled', 'rejected', 'expired')
    ORDER BY earlier.received_at DESC, earlier.order_id DESC LIMIT 1
"""
# Of a customer with thousands of orders only as many are read as decide something.
OF_THE_BUYERS = prepared(
    f"""
    SELECT o.order_id, o.channel, ({TWIN}) AS twin,
        (SELECT count(*) FROM (
            SELECT 1 FROM orders e WHERE e.customer_id = o.customer_id AND e.order_id <> o.order_id
            AND e.placed_at > o.placed_at - make_interval(hours => asked.hours) AND e.placed_at <= o.placed_at
            AND e.status NOT IN ('canceled', 'rejected', 'expired') LIMIT asked.most
        ) recent) AS recent_orders,
        (SELECT min(b.block_id) FROM buyer_blocks b WHERE b.valid_from <= now()
            AND (b.valid_to IS NULL OR b.valid_to > now())
            AND b.subject IN (o.customer_id, nullif(o.receiver_token, ''), nullif(o.buyer_token, ''))) AS block_id,
        earlier.orders AS earlier_orders, earlier.usual AS usual_minor
    FROM unnest(:orders, :hours, :mosts) AS asked (order_id, hours, most)
    JOIN orders o ON o.order_id = asked.order_id, LATERAL (
        SELECT count(*) AS orders, coalesce(avg(l.grand_total_minor), 0)::bigint AS usual FROM (
            SELECT e.grand_total_minor FROM orders e WHERE e.customer_id = o.customer_id AND e.currency = o.currency
            AND e.placed_at < o.placed_at AND e.status NOT IN ('canceled', 'rejected', 'expired')
            ORDER BY e.placed_at DESC LIMIT 20
        ) l
    ) earlier
""".replace("::", r"\:\:")
).bindparams(
    bindparam("orders", type_=ARRAY(Text)),
    bindparam("hours", type_=ARRAY(Integer)),
    bindparam("mosts", type_=ARRAY(Integer)),
)

# Built once: building a statement costs more than sending it.
_PLACES = table(LocationRow)
_STORES = prepared(
    select(_PLACES.c.location_id).where(
        _PLACES.c.location_id == any_(bindparam("places", type_=ARRAY(Text))), _PLACES.c.kind == "store"
    )
)


@dataclass(frozen=True, slots=True)
class GatheredFacts:
    """The facts of one version of an order. Without a `payment` the gateway must be asked for it. `rule_set` is the
    active version of staff's rules, and `buyer` what they may read of the customer."""

    version: int
    follow_up: bool
    facts: AuditFacts
    payment: PaymentFacts | None
    rule_set: RuleSet | None
    buyer: Buyer


def gather(
    session: Session,
    orders: Mapping[str, AuditedOrder],
    cache: ParameterCache,
    rule_set: RuleSet | None,
    duplicate_window: timedelta,
) -> dict[str, GatheredFacts]:
    """Gather the facts of these orders by id, in as many statements as for one, and bind their payments to them.

    What the texts of an order mean is read later (`read_texts`).
    """
    if not orders:
        return {}
    facts = _facts(session, orders, cache, duplicate_window)
    buyers = buyers_of(session, orders) if rule_set else {}
    payments = _payments(session, orders, facts)
    # Payments before orders: that is the sequence in which payment_claims.capture locks them.
    for order_id, imports in claim_imports(session, facts).items():
        facts[order_id] = replace(facts[order_id], imports=imports)
    for order_id, credit in claim_credit(session, facts).items():
        facts[order_id] = replace(facts[order_id], credit=credit)
    return {
        order_id: GatheredFacts(
            one.version, one.follow_up, facts[order_id], payments[order_id], rule_set, buyers.get(order_id, Buyer(0, 0))
        )
        for order_id, one in orders.items()
    }


def read_texts(facts: AuditFacts) -> AuditFacts:
    """Read the region and the remarks of the order, and repair its address. Reading takes time, so call it outside of a
    transaction."""
    order, region = facts.order, _region(facts.order)
    if region and region.repaired:
        to = replace(order.ship_to, province=region.province, city=region.city, district=region.district)
        order = replace(order, ship_to=to)
    remarks = read_remarks(order.remarks, order.merchant_remarks, order.placed_at, _clock(order))
    return replace(facts, order=order, region=region, remarks=remarks)


def _facts(
    session: Session, orders: Mapping[str, AuditedOrder], cache: ParameterCache, window: timedelta
) -> dict[str, AuditFacts]:
    parameters = {order_id: cache.at(session, one.order.placed_at) for order_id, one in orders.items()}
    before = _before(session, parameters, window)
    gone = [order_id for order_id, one in orders.items() if one.elsewhere]
    waiting, home = not_left(session, gone), carried_home(session, gone)
    stores = _stores(session, {one.order.pickup_location for one in orders.values()} - {""})
    return {
        order_id: AuditFacts(
            order=one.order,
            payment=PaymentFacts("silent"),
            products=one.products,
            parameters=parameters[order_id],
            terms=terms_of(parameters[order_id].payment_terms, one.order.channel, one.order.payment_method),
            pickup_at_store=one.order.pickup_location in stores or not one.order.pickup_location,
            elsewhere=one.elsewhere,
            carried_home=order_id in home,
            nothing_to_send=one.nothing_to_send,
            not_left=waiting.get(order_id, 0),
            **before[order_id],
        )
        for order_id, one in orders.items()
    }


def _payments(
    session: Session, orders: Mapping[str, AuditedOrder], facts: Mapping[str, AuditFacts]
) -> dict[str, PaymentFacts | None]:
    """Return what is known of each payment; None if it is its order's own: only then the gateway is asked about it."""
    own = {order_id: one for order_id, one in orders.items() if not one.follow_up}
    bound = bind_all(
        session,
        [one.order.payment_reference for one in own.values() if one.payer is None and not one.order.shared_payment],
    )
    known: dict[str, PaymentFacts | None] = {}
    for order_id, one in orders.items():
        reference = one.order.payment_reference
        if one.follow_up:
            # The money that its return moved to it: the gateway knows only the first order's. Links pay apart.
            known[order_id] = PaymentFacts("captured", money.captured(session, order_id))
        elif reference and not one.order.shared_payment and (one.payer or bound.get(reference)) != order_id:
            known[order_id] = PaymentFacts("taken")
        elif facts[order_id].terms.kind is TermsKind.PLATFORM:
            known[order_id] = _by_the_channel(one.order)
        elif facts[order_id].terms.kind is TermsKind.ON_DELIVERY:
            known[order_id] = PaymentFacts("on_delivery")
        elif facts[order_id].terms.kind is TermsKind.ON_CREDIT:
            known[order_id] = PaymentFacts("on_credit")
        else:
            known[order_id] = None if reference else _unnamed(one.order)
    return known


def _unnamed(order: Order) -> PaymentFacts:
    """An order whose tenders pay for everything needs no payment of its own."""
    paid = order.tenders and not order.own_due.minor_units
    return PaymentFacts("captured", order.own_due) if paid else PaymentFacts("unnamed")


def _by_the_channel(order: Order) -> PaymentFacts:
    """What it has collected without its tenders. An order that it calls paid is so with those that others collect,
    whatever was edited since."""
    if order.tenders and order.collected in (order.placed_total, order.grand_total):
        return PaymentFacts("captured", order.own_due)
    if not order.collected:
        return _unnamed(order) if order.tenders and not order.own_due.minor_units else PaymentFacts("uncollected")
    apart = sum(tender.amount.minor_units for tender in order.tenders if tender.collected)
    return PaymentFacts("captured", Money(max(0, order.collected.minor_units - apart), order.currency))


def _region(order: Order) -> Reading | None:
    to = order.ship_to
    return read_region(to.province, to.city, to.district) if to.country == "CN" else None


def _clock(order: Order) -> ZoneInfo:
    """Return the time zone that "tomorrow" and "in the evening" are meant in."""
    return CHINA if order.ship_to.country == "CN" else ANYWHERE


def _before(session: Session, parameters: Mapping[str, Parameters], window: timedelta) -> dict[str, dict[str, Any]]:
    """Return what is known of earlier orders, by the id of the order: its twin and facts of its customer."""
    limits = [one.buyer_velocity or Velocity(0, 0) for one in parameters.values()]
    asked = {
        "orders": list(parameters),
        "hours": [limit.hours for limit in limits],
        "mosts": [limit.orders for limit in limits],
        "window": window,
    }
    return {row.order_id: _earlier(row._asdict()) for row in session.execute(OF_THE_BUYERS, asked)}


def _earlier(row: dict[str, Any]) -> dict[str, Any]:
    twin, channel = row.pop("twin") or ("", ""), row.pop("channel")
    del row["order_id"]
    return {"twin": twin[0], "twin_elsewhere": bool(twin[0]) and twin[1] != channel, "buyer": BuyerFacts(**row)}


def _stores(session: Session, places: Collection[str]) -> set[str]:
    return set(session.scalars(_STORES, {"places": list(places)})) if places else set()
