"""Two channels: ours, and a neighbor with rows in every table, marked by words that occur nowhere else."""

import json

from sqlalchemy import text

from api.promises.examples import PROMISE
from domain.order import Address
from models.database import Sessions
from tests.factories import CHANNEL, LAMP, an_order, place_orders, stock_shop
from tests.planted import LOCATION, NAMED, plant

MINE = "shop"
"""The channel whose key calls; its neighbor is CHANNEL."""
SHARED, HIDDEN_SKU = "SHARED-TEACUP", "TMALL-ONLY-VASE"
PHOTO = "0" * 32
WORDS = (*NAMED, CHANNEL, HIDDEN_SKU, "PILOT-", "Suyin", "TWIN-OF-SHOP")
"""Words of the neighbor: names, channel, goods, prefixes of ids, a clerk, and an audit's finding."""

# An order of mine that will meet the neighbor in a parcel, an audit, a sourcing decision and messages.
MY_PLACES = f"""
    INSERT INTO merges (merge_id, merge_key, location_id, closes_at) VALUES ('MERGE-1', 'a hash', '{LOCATION}', now());
    INSERT INTO fulfillment_orders (fulfillment_order_id, order_id, number, location_id, reason, merge_id)
    VALUES (:order || '-1', :order, 1, '{LOCATION}', 'the only one', 'MERGE-1');
    INSERT INTO kept_histories (workflow_id, order_id, happenings) VALUES ('order/{MINE}/S-1', :order, '[]')
"""
STORE_ELSEWHERE = """
    INSERT INTO locations (location_id, kind, name, country, province)
    VALUES ('NINGBO', 'store', 'Ningbo', 'CN', 'Zhejiang')
"""
NEIGHBORS_PLACES = {
    "parcels that met mine": f"""
        INSERT INTO fulfillment_orders (fulfillment_order_id, order_id, number, location_id, reason, merge_id)
        VALUES (:order || '-9', :order, 9, '{LOCATION}', 'the only one', 'MERGE-1');
        INSERT INTO order_events (order_id, type, actor, data, key)
        VALUES (:mine, 'fulfillment_order.merged', 'baton',
            jsonb_build_object('with', jsonb_build_array('order/{CHANNEL}/PILOT-1', 'order/{MINE}/S-2')), 'met')""",
    "what an audit of mine found": """
        INSERT INTO audits (order_id, revision, findings, facts) VALUES (:mine, 1,
            '[{"rule": "duplicate", "verdict": "hold", "code": "DUPLICATE", "reason": "as an earlier order",
               "facts": {"twin": "TWIN-OF-SHOP"}}, {"rule": "too_often", "verdict": "pass", "code": "",
               "reason": ""}]',
            '{"buyer": {"customer_id": "ME", "recent_orders": 7, "earlier_orders": 9, "usual_amount": "3.00 CNY"}}')""",
    "what was looked at for mine": f"""
        INSERT INTO sourcing_decisions (order_id, round, policy, solved, reason, cost_minor, currency, hours, late,
            assignments, scores, excluded, inputs, parameters, lead_times)
        VALUES (:mine, 1, 'balanced', 'fast', 'the only one', 1, 'CNY', 1, false, '{{}}',
            '[{{"location_id": "{LOCATION}", "whole": true, "units": 1, "terms": {{"load": 4711}}, "total": 4711}}]',
            '{{"NINGBO": "its day is full: 4711 of 5000 units"}}', '{{"load": 4711}}', '', 0)""",
    "messages that said the same": """
        INSERT INTO messages (message_id, order_id, recipient, milestone, data, sent_at, same_as)
        VALUES ('SAID-1', :mine, 'inbox', 'shipped', '{}', now(), 'PILOT-MESSAGE');
        INSERT INTO messages (message_id, order_id, recipient, milestone, data, parked_at, last_error)
        VALUES ('PILOT-MESSAGE', :order, 'inbox', 'shipped', '{}', now(), 'the inbox of Suyin')""",
    "goods of its own": f"""
        INSERT INTO products (sku, title, channels) VALUES ('{HIDDEN_SKU}', 'a vase', '{{{CHANNEL}}}');
        INSERT INTO buffers (buffer_id, sku, units, valid_from) VALUES ('B-1', '{HIDDEN_SKU}', 1, now());
        INSERT INTO stock (sku, location_id, on_hand) VALUES ('{HIDDEN_SKU}', '{LOCATION}', 5);
        UPDATE products SET channels = '{{{CHANNEL},{MINE}}}' WHERE sku = '{SHARED}'""",
    "listings, shares and quotas": f"""
        INSERT INTO channel_accounts (channel, translator, secret) VALUES ('{CHANNEL}', 'taobao', 'whsec_PILOT-1');
        INSERT INTO channel_listings (channel, sku, channel_sku) VALUES ('{CHANNEL}', '{LAMP}', 'PILOT-LAMP');
        INSERT INTO channel_shares (channel, sku, share_percent) VALUES ('{CHANNEL}', '{LAMP}', 40);
        INSERT INTO channel_quotas (channel, sku, quantity, valid_from) VALUES ('{CHANNEL}', '{LAMP}', 4711, now())""",
    # As many units came as are reserved, so that `available` is as before.
    "stock that it has claimed": f"""
        UPDATE stock SET on_hand = on_hand + 3, reserved = reserved + 3
        WHERE sku = '{LAMP}' AND location_id = '{LOCATION}';
        INSERT INTO stock_movements (kind, sku, location_id, quantity, order_id, reason, actor)
        VALUES ('reserved', '{LAMP}', '{LOCATION}', 3, :order, 'for PILOT-1', 'Suyin')""",
    "a promise to it": f"""
        INSERT INTO promises (promise_id, channel, holder, region, pickup_location, units, assignments, answer,
            expires_at)
        VALUES (:order, '{CHANNEL}', '{CHANNEL}', '', '', '{{}}', '{{}}', CAST(:promise AS jsonb),
            now() + interval '1 day')""",
    "what is wrong with stock": f"""
        INSERT INTO stock_differences (count_id, kind, sku, location_id, difference, adjusted, reason, alert)
        VALUES ('PILOT-COUNT', 'delta', '{LAMP}', '{LOCATION}', 1, 1, 'Suyin counted', true);
        INSERT INTO stock_exceptions (partner, event_id, code, detail)
        VALUES ('wms', 'PILOT-EVENT', 'unknown_goods', 'PILOT-GOODS');
        INSERT INTO stock_alerts (sku, kind, available) VALUES ('{HIDDEN_SKU}', 'stock.low', 1)""",
    "work that waits for a wave": f"""
        INSERT INTO fulfillment_orders (fulfillment_order_id, order_id, number, location_id, reason, wave_at)
        VALUES (:order || '-8', :order, 8, '{LOCATION}', 'the only one', now() + interval '1 hour');
        INSERT INTO fulfillment_lines (fulfillment_order_id, sku, quantity, allocated)
        VALUES (:order || '-8', '{LAMP}', 3, 3)""",
    "waybills that nobody knows": """
        INSERT INTO partner_events (partner, event_id, type, subject, data) VALUES ('sf', 'PILOT-PUSH',
            'shipment.tracked', 'PILOT-WAYBILL', '{"waybill": "PILOT-WAYBILL", "carrier": "SF", "status": "in_transit",
            "occurred_at": "2026-03-02T09:30:00Z"}')""",
    "money that others hold": """
        INSERT INTO disputes (dispute_id, order_id, payment_reference, amount_minor, taken_minor, currency, reason_code,
            stage) VALUES ('payments:DP-1', :order, 'PILOT-PAID', 1, 0, 'CNY', 'not_received', 'chargeback');
        INSERT INTO asked_refunds (key, link, order_id, amount_minor, currency)
        VALUES ('PILOT-REFUND', '', :order, 1, 'CNY');
        INSERT INTO refund_tasks (task_id, key, order_id, amount_minor, currency, why, due_at)
        OVERRIDING SYSTEM VALUE VALUES (1, 'PILOT-REFUND', :order, 1, 'CNY', 'terms', now());
        INSERT INTO settlements (settlement_id, format, channel, actor, state)
        VALUES ('set_1', 'amazon', 'tmall', 'Suyin', 'done')""",
    "what its staff have asked for": f"""
        INSERT INTO bulks (bulk_id, command, parameters, key_id, actor, channel, request_key, fingerprint, total)
        VALUES ('bulk_1', 'tag', '{{"tag": "PILOT-TAG"}}', 'k', 'Suyin', '{CHANNEL}', 'r', 'f', 1);
        INSERT INTO bulk_items (bulk_id, item_no, subject_id) VALUES ('bulk_1', 1, :order);
        INSERT INTO exports (export_id, name, list, filter, format, cron, zone, target, key_id, created_by, channel)
        VALUES ('exp_1', 'PILOT-daily', 'orders', '{{}}', 'csv', '0 6 * * *', 'Asia/Shanghai',
            '{{"kind": "folder", "folder": "daily"}}', 'k', 'Suyin', '{CHANNEL}');
        INSERT INTO photos (photo_id, order_id, case_id, size) VALUES ('{PHOTO}', :order, '1', 9);
        UPDATE orders SET assignee = 'Suyin' WHERE order_id = :order""",
    "a message that is parked for its subscriber": """
        INSERT INTO deliveries (subscription_id, message_id, order_id, type, state, settled_at, problem)
        VALUES ('SUBSCRIPTION-1', 'PILOT-EVENT', :order, 'com.baton.order.held', 'parked', now(), 'PILOT-PROBLEM')""",
}


def open_shop(sessions: Sessions) -> str:
    """Create my channel with one order, before there is a neighbor; return the order's id."""
    stock_shop(sessions, {LOCATION: {LAMP: 1, SHARED: 1}})
    me = Address("CN", name="Me Myself", phone="+8613800138000", province="Zhejiang", city="Ningbo", lines=("Lane 1",))
    order = an_order(channel=MINE, channel_order_id="S-1", customer_id="ME", ship_to=me)
    order_id = place_orders(sessions, [order], "in_progress")[0]
    _write(sessions, MY_PLACES, order=order_id)
    _write(sessions, STORE_ELSEWHERE)
    return order_id


def move_in(sessions: Sessions, mine: str) -> str:
    """Create the neighbor, whose order meets mine in every way that orders can; return its order's id."""
    with sessions() as session:
        before = session.scalar(text(f"SELECT on_hand FROM stock WHERE sku = '{LAMP}' AND location_id = '{LOCATION}'"))
    order_id = plant(sessions)
    # `plant` also adds a lamp to the stock, which must not become available.
    _write(sessions, f"UPDATE stock SET on_hand = {before} WHERE sku = '{LAMP}' AND location_id = '{LOCATION}'")
    for statements in NEIGHBORS_PLACES.values():
        _write(sessions, statements, order=order_id, mine=mine, promise=json.dumps(PROMISE))
    return order_id


def rows(sessions: Sessions) -> dict[str, list[str]]:
    """All rows by table, but for keys and kept answers."""
    with sessions() as session:
        tables = session.scalars(text("SELECT relname FROM pg_stat_user_tables ORDER BY 1")).all()
        return {
            table: sorted(session.scalars(text(f"SELECT t::text FROM {table} t")))
            for table in tables
            if table not in ("api_keys", "idempotency_keys")
        }


def _write(sessions: Sessions, statements: str, **values: str) -> None:
    with sessions.begin() as session:
        for statement in statements.split(";"):
            if statement.strip():
                session.execute(text(statement.replace("::", r"\:\:")), values)
