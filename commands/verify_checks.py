"""The invariants of the record, one query each. To add a check, add an entry to _QUERIES, or for money to
those of a file commands/verify_*.py.

A step commits its effect, its status and its event together, so the invariants hold between any two transactions, also
while orders are being worked on.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from commands.verify_cash import CASH_QUERIES
from commands.verify_money import MONEY_QUERIES
from commands.verify_reserved import RESERVED_QUERIES
from commands.verify_statuses import ENDED, UNDONE, texts
from domain.milestones import BOOKS, CANCELED, DELIVERED, RECIPIENTS_OF
from domain.status import FULFILLMENT, FulfillmentStatus, OrderStatus, is_final
from domain.stock.movements import COUNTERS, EFFECT

START_WITHIN_MINUTES = 5
"""The relay starts orders within seconds; one that waits longer than this is stuck."""


@dataclass(frozen=True)
class Check:
    """`rows` is a query with the columns `id`, `wrong` and, where work may be under way, `waiting`."""

    name: str
    rows: str


def _effect(counter: str) -> str:
    """The SQL of a counter's value by its movements, derived from the table that the ledger itself uses."""
    signs = {kind: effect[counter] for kind, effect in EFFECT.items() if counter in effect}
    cases = " ".join(f"WHEN '{kind}' THEN {sign} * quantity" for kind, sign in signs.items())
    return f"sum(CASE kind {cases} ELSE 0 END)" if cases else "0"


AT_WORK = texts(
    status for status in FulfillmentStatus if not is_final(FULFILLMENT, status) and status != FulfillmentStatus.SHIPPED
)

LEDGER = f"""
    SELECT stock.sku || '/' || location_id || ' ' || counter AS id, actual <> coalesce(expected, 0) AS wrong
    FROM stock
    LEFT JOIN (
        SELECT sku, location_id, {", ".join(f"{_effect(counter)} AS {counter}" for counter in COUNTERS)}
        FROM stock_movements GROUP BY sku, location_id) AS ledger USING (sku, location_id)
    CROSS JOIN LATERAL (VALUES
        {", ".join(f"('{counter}', stock.{counter}, ledger.{counter})" for counter in COUNTERS)}
    ) AS counters (counter, actual, expected)"""

RESERVED = """
    SELECT sku || '/' || location_id AS id, reserved <> coalesce(units, 0) AS wrong
    FROM stock
    LEFT JOIN (
        SELECT sku, location_id, sum(quantity) AS units
        FROM (SELECT sku, location_id, quantity FROM reservations
              UNION ALL SELECT sku, location_id, quantity FROM promise_claims) AS held
        GROUP BY sku, location_id) AS claims
    USING (sku, location_id)"""

ALLOCATED = """
    SELECT sku || '/' || location_id AS id, allocated <> coalesce(units, 0) AS wrong
    FROM stock
    LEFT JOIN (
        SELECT sku, location_id, sum(fulfillment_lines.allocated) AS units
        FROM fulfillment_lines JOIN fulfillment_orders USING (fulfillment_order_id)
        WHERE fulfillment_lines.allocated > 0 GROUP BY sku, location_id) AS claims
    USING (sku, location_id)"""

IN_TRANSIT = """
    SELECT sku || '/' || location_id AS id, in_transit <> coalesce(units, 0) AS wrong
    FROM stock
    LEFT JOIN (
        SELECT sku, location_id, sum(quantity - received) AS units
        FROM purchase_lines JOIN purchase_orders USING (purchase_order_id)
        WHERE status <> 'canceled' GROUP BY sku, location_id) AS expected
    USING (sku, location_id)"""

NOT_NEGATIVE = f"""
    SELECT sku || '/' || location_id AS id, least({", ".join(("available", *COUNTERS))}) < 0 AS wrong FROM stock"""

OWNED = f"""
    SELECT fulfillment_order_id || ' ' || sku AS id, status NOT IN ({AT_WORK}) AS wrong
    FROM fulfillment_lines JOIN fulfillment_orders USING (fulfillment_order_id) WHERE allocated > 0"""

RELEASED = f"""
    SELECT order_id || ' ' || sku AS id, status IN ({ENDED}) AS wrong FROM reservations JOIN orders USING (order_id)"""

STARTED = f"""
    SELECT order_id AS id, not_begun AND too_old AS wrong, not_begun AND NOT too_old AS waiting
    FROM orders CROSS JOIN LATERAL (SELECT
        workflow_started_at IS NULL AND ended_at IS NULL AND isfinite(relay_after) AS not_begun,
        received_at < now() - interval '{START_WITHIN_MINUTES} minutes' AS too_old) AS age"""

DATED = f"""
    SELECT order_id AS id, (status IN ({ENDED})) <> (ended_at IS NOT NULL) AS wrong FROM orders"""

NOT_HELD = f"""
    SELECT order_id || ' ' || code AS id, status IN ({UNDONE}) AS wrong
    FROM holds JOIN orders USING (order_id) WHERE released_at IS NULL"""

CAME_BACK = """
    SELECT order_id || ' ' || sku AS id, came > coalesce(went, 0) AS wrong
    FROM (
        SELECT order_id, sku, sum(quantity) AS came
        FROM returned_goods JOIN returns USING (return_id) GROUP BY order_id, sku) AS back
    LEFT JOIN (
        SELECT order_id, sku, sum(units) AS went FROM (
            SELECT order_id, sku, coalesce(picked, quantity) AS units
            FROM fulfillment_lines JOIN fulfillment_orders USING (fulfillment_order_id) WHERE shipped_at IS NOT NULL
            UNION ALL
            SELECT order_id, coalesce(part.part_sku, line.sku), line.elsewhere * coalesce(part.quantity, 1)
            FROM order_lines AS line JOIN orders USING (order_id) LEFT JOIN product_parts AS part
                ON part.bundle_sku = line.sku AND part.valid_from <= received_at
                AND (part.valid_to IS NULL OR part.valid_to > received_at)
            WHERE line.elsewhere > 0) AS sent
        GROUP BY order_id, sku) AS out USING (order_id, sku)"""

ELSEWHERE = """
    SELECT order_id || ' ' || line_no AS id, elsewhere > coalesce(named, 0) AS wrong
    FROM order_lines
    LEFT JOIN (
        SELECT order_id, CAST(line->>0 AS int) AS line_no, sum(CAST(line->>1 AS int)) AS named
        FROM parcels_elsewhere CROSS JOIN jsonb_array_elements(lines) AS line GROUP BY 1, 2) AS parcels
    USING (order_id, line_no)
    WHERE elsewhere > 0"""

# Of what its channel has shipped itself only the books are told, and of the past nobody.
END_ANNOUNCED = f"""
    SELECT order_id AS id, coalesce(told, 0) < CASE
        WHEN status <> '{OrderStatus.COMPLETED}' THEN {len(RECIPIENTS_OF[CANCELED])}
        WHEN EXISTS (SELECT FROM parcels_elsewhere AS p WHERE p.order_id = orders.order_id)
            AND NOT EXISTS (SELECT FROM fulfillment_orders AS f
                WHERE f.order_id = orders.order_id AND f.status = 'delivered') THEN {len(BOOKS)}
        ELSE {len(RECIPIENTS_OF[DELIVERED])} END AS wrong
    FROM orders
    LEFT JOIN (
        SELECT order_id, count(*) AS told FROM messages WHERE milestone IN ('{DELIVERED}', '{CANCELED}')
        GROUP BY order_id) AS ends USING (order_id)
    WHERE status IN ({ENDED}) AND NOT past"""

MESSAGES = f"""
    SELECT message_id AS id, sent_at IS NOT NULL AND parked_at IS NOT NULL AS wrong,
        sent_at IS NULL AND parked_at IS NULL AS waiting
    FROM messages JOIN orders USING (order_id) WHERE status IN ({ENDED})"""

# Messages of two concurrent steps may arrive in either order within a minute. A message that was sent again after a
# later one arrived had been lost by the recipient, and was sent in order the first time.
IN_ORDER = """
    SELECT message_id AS id, EXISTS (
        SELECT FROM messages ahead
        WHERE ahead.order_id = heard.order_id AND ahead.recipient = heard.recipient AND ahead.sequence < heard.sequence
          AND coalesce(ahead.redelivered_at, '-infinity') <= heard.sent_at
          AND least(ahead.sent_at, now()) > heard.sent_at + interval '1 minute') AS wrong
    FROM messages heard"""

TEXTED_ONCE = """
    SELECT order_id || ' ' || digest AS id, count(*) > 1 AS wrong
    FROM messages WHERE digest IS NOT NULL GROUP BY order_id, digest"""

UPLOADED = """
    SELECT order_id || ' ' || number AS id, happened_at <= placed_at
        OR happened_at <= lag(happened_at, 1, '-infinity') OVER (PARTITION BY order_id ORDER BY number) AS wrong
    FROM channel_uploads JOIN orders USING (order_id)"""

# Orders that share a parcel have one buyer and one place at least; the merge key itself is opaque. Of two such orders
# one may be erased before the other has ended.
SHARED = """
    SELECT shipment_id AS id, count(DISTINCT location_id) > 1
        OR count(DISTINCT customer_id) FILTER (WHERE NOT starts_with(customer_id, 'erased-')) > 1 AS wrong
    FROM fulfillment_orders JOIN orders USING (order_id) WHERE shipment_id IS NOT NULL GROUP BY shipment_id"""

ERASED = """
    SELECT order_id AS id, receiver <> '{}' OR remarks <> '' OR EXISTS (
        SELECT FROM intakes WHERE intakes.order_id = orders.order_id AND raw <> '') AS wrong
    FROM orders WHERE starts_with(customer_id, 'erased-')"""

QUOTAS = """
    SELECT channel || ' ' || sku || ' ' || quota_id AS id, claimed <> coalesce(units, 0) AS wrong
    FROM channel_quotas
    LEFT JOIN (SELECT quota_id, sum(units) AS units FROM quota_claims GROUP BY quota_id) AS claims USING (quota_id)"""

# SQL cannot check that a seal is right: `baton trace --verify` does.
SEALED = f"""
    SELECT order_id || ' ' || event_id AS id, unsealed AND too_old AS wrong, unsealed AND NOT too_old AS waiting
    FROM order_events LEFT JOIN event_seals AS seal USING (event_id, order_id)
    CROSS JOIN LATERAL (SELECT
        seal.hash IS NULL AS unsealed, at < now() - interval '{START_WITHIN_MINUTES} minutes' AS too_old) AS age"""

# Words that are missing although nobody was erased were removed behind our back.
WORDS_KEPT = """
    SELECT order_id || ' ' || event_id AS id, CASE
        WHEN said.words IS NULL THEN NOT starts_with(customer_id, 'erased-')
        ELSE data->>'words' <> encode(sha256(convert_to(salt || said.words::text, 'UTF8')), 'hex') END AS wrong
    FROM order_events JOIN orders USING (order_id) LEFT JOIN event_words AS said USING (event_id, order_id)
    WHERE data ? 'words'"""

TRANSFERRED = """
    SELECT sku || ' ' || reason AS id, sum(quantity) <> 0 AS wrong
    FROM stock_movements WHERE kind = 'transferred' GROUP BY sku, reason"""

_QUERIES: Mapping[str, str] = {
    "stock counters equal the sums of the ledger": LEDGER,
    "reserved units equal the reservations": RESERVED,
    "allocated units equal those of the fulfillment orders": ALLOCATED,
    "units in transit equal the open lines of purchase orders": IN_TRANSIT,
    "nothing is oversold or below zero": NOT_NEGATIVE,
    "claimed quotas equal the claims of orders": QUOTAS,
    "no transfer loses or creates units": TRANSFERRED,
    "every allocation is owned by an open fulfillment order": OWNED,
    "no ended order reserves stock": RELEASED,
    "every order has a workflow or an end": STARTED,
    "an order has an ending time when it has ended, and only then": DATED,
    "nothing holds a canceled, rejected or expired order": NOT_HELD,
    **MONEY_QUERIES,
    **CASH_QUERIES,
    **RESERVED_QUERIES,
    "no more units came back than were shipped": CAME_BACK,
    "units fulfilled elsewhere are in a parcel of the channel": ELSEWHERE,
    "every recipient has a message about an order's end": END_ANNOUNCED,
    "orders that share a parcel have one buyer and one place": SHARED,
    "no order and no payload names an erased person": ERASED,
    "every fact in the log of an order is sealed": SEALED,
    "the words of a fact are unchanged, or erased with the person": WORDS_KEPT,
    "no recipient got an order's milestone before an earlier one": IN_ORDER,
    "no customer was sent the same text of an order twice": TEXTED_ONCE,
    "uploads of an order's parcels are in the order of their times": UPLOADED,
    "messages of ended orders are sent, parked or waiting": MESSAGES,
}
CHECKS = tuple(Check(name, rows) for name, rows in _QUERIES.items())
