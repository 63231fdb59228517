"""The facts of an audit, gathered in few statements: products, parameters, and the buyer's earlier orders."""

from dataclasses import fields, replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ARRAY, Text, any_, bindparam, select, text
from sqlalchemy.orm import Session

from domain.audit_facts import AuditFacts, BuyerFacts, ImportFacts, PaymentFacts, ProductFacts
from domain.cross_border import import_value, import_year, near
from domain.order import Order
from domain.parameters import Parameters
from domain.regions import Reading, read_region
from domain.remarks.reading import read_remarks
from models.base import table
from models.locks import NamedLock, lock_named
from models.stock import LocationRow, ProductRow
from record.order_mapping import load_order
from record.parameters import ParameterCache

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
OF_THE_BUYER = text(
    f"""
    SELECT ({TWIN}) AS twin,
        (SELECT count(*) FROM (
            SELECT 1 FROM orders e WHERE e.customer_id = o.customer_id AND e.order_id <> o.order_id
            AND e.placed_at > o.placed_at - :span AND e.placed_at <= o.placed_at
            AND e.status NOT IN ('canceled', 'rejected', 'expired') LIMIT :most
        ) recent) AS recent_orders,
        (SELECT min(b.block_id) FROM buyer_blocks b WHERE b.valid_from <= now()
            AND (b.valid_to IS NULL OR b.valid_to > now())
            AND b.subject IN (o.customer_id, nullif(o.receiver_token, ''), nullif(o.buyer_token, ''))) AS block_id,
        earlier.orders AS earlier_orders, earlier.usual AS usual_minor
    FROM orders o, LATERAL (
        SELECT count(*) AS orders, coalesce(avg(l.grand_total_minor), 0)::bigint AS usual FROM (
            SELECT e.grand_total_minor FROM orders e WHERE e.customer_id = o.customer_id AND e.currency = o.currency
            AND e.placed_at < o.placed_at AND e.status NOT IN ('canceled', 'rejected', 'expired')
            ORDER BY e.placed_at DESC LIMIT 20
        ) l
    ) earlier
    WHERE o.order_id = :order_id
""".replace("::", r"\:\:")
)
# An order counts if it was within the limits, or if a person released it all the same.
OF_THE_IMPORTS = text(
    """
    SELECT
        coalesce(sum(import_minor) FILTER (WHERE placed_at >= :since AND placed_at < :until), 0)::bigint AS year_minor,
        coalesce(sum(import_minor) FILTER (WHERE placed_at BETWEEN :near AND :far), 0)::bigint AS near_minor,
        count(*) FILTER (WHERE placed_at BETWEEN :near AND :far) AS near_orders
    FROM orders WHERE buyer_token = :token AND import_minor IS NOT NULL AND order_id <> :order_id
        AND currency = :currency
        AND placed_at BETWEEN least(:since, :near) AND greatest(:until, :far)
        AND (import_claimed OR status NOT IN ('received', 'under_review'))
        AND status NOT IN ('canceled', 'rejected', 'expired')
""".replace("::", r"\:\:")
)
CLAIM = text("UPDATE orders SET import_minor = :minor, import_claimed = :claimed WHERE order_id = :order_id")

# Built once: building a statement costs more than sending it.
_PRODUCT = table(ProductRow)
_PRODUCTS = select(_PRODUCT.c.sku, *[_PRODUCT.c[part.name] for part in fields(ProductFacts)]).where(
    _PRODUCT.c.sku == any_(bindparam("skus", type_=ARRAY(Text)))
)


def gather(session: Session, order_id: str, cache: ParameterCache, duplicate_window: timedelta) -> AuditFacts:
    """Gather all facts but the payment, which is asked outside of the transaction. The address is already repaired."""
    order = load_order(session, order_id)
    parameters, region = cache.at(session, order.placed_at), _region(order)
    if region and region.repaired:
        to = replace(order.ship_to, province=region.province, city=region.city, district=region.district)
        order = replace(order, ship_to=to)
    twin, buyer = _before(session, order_id, parameters, duplicate_window)
    facts = AuditFacts(
        order=order,
        payment=PaymentFacts("silent"),
        products=_products(session, order),
        twin=twin[0] if twin else "",
        twin_elsewhere=twin is not None and twin[1] != order.channel,
        parameters=parameters,
        region=region,
        buyer=buyer,
        pickup_at_store=_at_store(session, order),
        remarks=read_remarks(order.remarks, order.merchant_remarks, order.placed_at, _clock(order)),
    )
    return replace(facts, imports=_imports(session, order_id, facts)) if facts.cross_border else facts


def _region(order: Order) -> Reading | None:
    to = order.ship_to
    return read_region(to.province, to.city, to.district) if to.country == "CN" else None


def _at_store(session: Session, order: Order) -> bool:
    place = session.get(LocationRow, order.pickup_location) if order.pickup_location else None
    return not order.pickup_location or (place is not None and place.kind == "store")


def _clock(order: Order) -> ZoneInfo:
    """Return the time zone that "tomorrow" and "in the evening" are meant in."""
    return CHINA if order.ship_to.country == "CN" else ANYWHERE


def _products(session: Session, order: Order) -> dict[str, ProductFacts]:
    rows = session.execute(_PRODUCTS, {"skus": list({line.sku for line in order.lines})}).mappings()
    return {row["sku"]: _product(dict(row)) for row in rows}


def _product(row: dict[str, Any]) -> ProductFacts:
    channels = row.pop("channels")
    del row["sku"]
    return ProductFacts(channels=None if channels is None else frozenset(channels), **row)


def _before(
    session: Session, order_id: str, parameters: Parameters, window: timedelta
) -> tuple[list[str] | None, BuyerFacts]:
    """Return the id and channel of the order's twin, if any, and facts of the customer's earlier orders."""
    limit = parameters.buyer_velocity
    span, most = (timedelta(hours=limit.hours), limit.orders) if limit else (timedelta(0), 0)
    asked = {"order_id": order_id, "span": span, "most": most, "window": window}
    row = session.execute(OF_THE_BUYER, asked).one()._asdict()
    return row.pop("twin"), BuyerFacts(**row)


def _imports(session: Session, order_id: str, facts: AuditFacts) -> ImportFacts:
    """Return the person's other imports, and claim this order's value of the yearly limit.

    Two orders of one person are serialized here, or both would see the same remaining limit.
    """
    order, parameters = facts.order, facts.parameters
    if order.buyer is None:
        return ImportFacts()
    token = order.buyer.id_token
    lock_named(session, NamedLock.IMPORT_BUYER, token)
    since, until = import_year(order.placed_at)
    soon, late = near(order.placed_at, parameters.import_split_hours)
    asked = {
        "token": token,
        "order_id": order_id,
        "currency": order.currency,
        "since": since,
        "until": until,
        "near": soon,
        "far": late,
    }
    imports = ImportFacts(**session.execute(OF_THE_IMPORTS, asked).one()._asdict())
    value, limit = import_value(order), parameters.import_year_limit
    fits = bool(
        limit and limit.currency == value.currency and value.minor_units + imports.year_minor <= limit.minor_units
    )
    session.execute(CLAIM, {"order_id": order_id, "minor": value.minor_units, "claimed": fits})
    return imports
