"""The invariants of money that carriers collect at the door, and of what they remit of it."""

from collections.abc import Mapping

from commands.verify_money import UNITS

COLLECTED = """
    SELECT shipment_id AS id, state IN ('collected', 'remitted') AND coalesce(paid, 0) <> amount_minor
        OR state IN ('asked', 'void') AND paid IS NOT NULL AS wrong
    FROM cash_collections LEFT JOIN (
        SELECT order_id, split_part(key, ':captured:', 2) AS shipment_id, sum(amount_minor) AS paid
        FROM money_movements WHERE kind = 'captured' GROUP BY 1, 2) AS money USING (order_id, shipment_id)"""

# What a carrier remits is booked for one of our parcels, or it is a difference: unknown, remitted before, or in another
# currency than what was collected.
REMITTED = f"""
    SELECT remittance_id AS id, total_minor <> coalesce(booked, 0) + coalesce(unexplained, 0) OR coalesce(odd, false)
        AS wrong
    FROM remittances AS r
    LEFT JOIN (
        SELECT remittance_id, sum(remitted_minor) AS booked,
            bool_or(state <> 'remitted' OR remitted_minor IS NULL) AS odd
        FROM cash_collections GROUP BY remittance_id) AS of_parcels USING (remittance_id)
    CROSS JOIN LATERAL (
        SELECT sum(CAST(split_part(one->>'theirs', ' ', 1) AS numeric) * CASE r.currency {UNITS} ELSE 100 END)
            AS unexplained
        FROM jsonb_array_elements(r.differences) AS one
        WHERE one->>'kind' <> 'amount_differs' OR split_part(one->>'ours', ' ', 2) <> r.currency) AS differences
    UNION ALL
    SELECT shipment_id AS id, true AS wrong FROM cash_collections WHERE state = 'remitted' AND remittance_id IS NULL"""

# Both couriers collect when a parcel that was given up turns up after its goods were sent again.
TWICE = """
    SELECT order_id AS id, paid > grand_total_minor AND NOT EXISTS (
        SELECT FROM order_events AS e WHERE e.order_id = orders.order_id AND e.type = 'alert.raised'
            AND e.data->>'code' = 'COLLECTED_TWICE') AS wrong
    FROM orders JOIN (
        SELECT order_id, sum(amount_minor) AS paid FROM cash_collections WHERE state IN ('collected', 'remitted')
        GROUP BY order_id) AS collected USING (order_id)"""

CASH_QUERIES: Mapping[str, str] = {
    "what carriers have collected is captured, and nothing else of it": COLLECTED,
    "what carriers have remitted is booked parcel by parcel, or a difference": REMITTED,
    "no more is collected at the door than an order costs, or a person was called": TWICE,
}
