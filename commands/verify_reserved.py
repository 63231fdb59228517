"""The invariants of money that is reserved before it is captured."""

from collections.abc import Mapping

from commands.verify_statuses import ENDED

BEYOND = """
    SELECT order_id AS id, coalesce(captured, 0) > amount_minor AS wrong
    FROM authorizations
    LEFT JOIN (
        SELECT order_id, currency, sum(amount_minor) AS captured FROM money_movements
        WHERE kind = 'captured' AND strpos(key, '@') = 0 GROUP BY order_id, currency
    ) AS money USING (order_id, currency)"""

# Goods that were fetched, or that their channel or warehouse sent without a word, are captured when that is heard.
LEFT_CAPTURED = f"""
    SELECT fulfillment_order_id AS id, NOT done AND status IN ({ENDED}) AND attention IS NULL AS wrong,
        NOT done AND status NOT IN ({ENDED}) AS waiting
    FROM (
        SELECT f.fulfillment_order_id, o.status, o.attention, EXISTS (
            SELECT FROM captures AS c
            WHERE c.fulfillment_order_id = f.fulfillment_order_id AND c.state = 'captured') AS done
        FROM fulfillment_orders AS f JOIN orders AS o USING (order_id) JOIN authorizations AS a USING (order_id)
        WHERE a.capture = 'shipment' AND f.shipped_at IS NOT NULL) AS gone"""

CAPTURES_BOOKED = """
    SELECT order_id AS id, sum(asked_minor) FILTER (WHERE state = 'captured') > coalesce(captured, 0) AS wrong
    FROM captures
    LEFT JOIN (
        SELECT order_id, sum(amount_minor) AS captured FROM money_movements
        WHERE kind = 'captured' AND strpos(key, '@') = 0 GROUP BY order_id
    ) AS money USING (order_id)
    GROUP BY order_id, captured"""

GIVEN_BACK = f"""
    SELECT order_id AS id, open AND attention IS NULL AND old AS wrong, open AND NOT old AS waiting
    FROM (
        SELECT order_id, attention, closed_at IS NULL AND status IN ({ENDED}) AS open,
            coalesce(ended_at < now() - interval '1 hour', false) AS old
        FROM authorizations JOIN orders USING (order_id)) AS ends"""

RESERVED_QUERIES: Mapping[str, str] = {
    "no more is captured than was reserved": BEYOND,
    "what has left is captured where money is reserved, or a person was called": LEFT_CAPTURED,
    "every capture that was asked for is booked": CAPTURES_BOOKED,
    "what is reserved and not captured is given back after the end": GIVEN_BACK,
}
