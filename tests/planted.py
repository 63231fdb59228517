"""An order whose person is named in every row that may do so, by words that appear nowhere else."""

from sqlalchemy import text

from domain.ids import channel_order_subject
from models.database import Sessions
from tests.factories import CHANNEL, LAMP, an_order, place_orders, stock_shop, store_webhook

BUYER = "BUYER-OF-LAMPS"
LOCATION, SUBSCRIPTION, PURCHASE, RULES = "HANGZHOU", "SUBSCRIPTION-1", "PURCHASE-1", 1
# Each place in the record has words of its own.
PLACES = {
    "orders": """
        UPDATE orders SET receiver = '{"name": "Xiadan", "lines": ["Plum Blossom Lane"], "phone": "+8613955507421",
            "email": "Tang@Letters.example"}', receiver_token = 'OAID-7', buyer_token = 'TOKEN-7',
            buyer_last4 = '742X', buyer_name = 'Ouyang *', remarks = 'call Aunt Mei',
            merchant_remarks = 'his brother Bao', repaired_region = '{"district": "Xihu"}', instructions =
                '{"gift_message": "Dear Dandan", "invoice_tax_number": "9133X", "invoice_title": "Firm Wen",
                  "urgent": true}'
        WHERE order_id = :order""",
    "audits": """
        INSERT INTO audits (order_id, revision, findings, facts)
        VALUES (:order, 1, '[]', '{"buyer": {"customer_id": "BUYER-OF-LAMPS", "recent_orders": 0}}')""",
    "lines": """UPDATE order_lines SET properties = '[["engraving", "Forever Yue"]]' WHERE order_id = :order""",
    "payloads": """
        INSERT INTO intakes (intake_id, channel, translator, source, digest, raw, headers, status, kind, order_id,
            wanted) VALUES (:order, 'tmall', 'taobao', 'webhook', :order, 'raw of Zihan', '{"x": "Qing"}', 'taken',
            'order', :order, '[{"order_id": "1", "kind": "created", "event_id": "1"}]')""",
    "payloads that could not be read": """
        INSERT INTO intakes (intake_id, channel, translator, source, digest, raw, headers, status, kind,
            channel_order_id, reason)
        SELECT order_id || '-first', channel, 'taobao', 'webhook', order_id || '-first', 'raw of Ruolan', '{}',
            'rejected', 'order', channel_order_id, 'is too long' FROM orders WHERE order_id = :order""",
    "fulfillment": """
        INSERT INTO shipments (shipment_id, carrier, waybill, tracking_status)
        VALUES (:order || '-S-1', 'SF', :order, 'delivered');
        INSERT INTO shipment_parcels (sscc, shipment_id, number, weight_grams)
        VALUES (lpad(substr(:order, 7), 18, '0'), :order || '-S-1', 1, 9);
        INSERT INTO fulfillment_orders (fulfillment_order_id, order_id, number, location_id, reason, shipment_id)
        VALUES (:order || '-1', :order, 1, 'HANGZHOU', 'the only one', :order || '-S-1');
        INSERT INTO carrier_claims (order_id, fulfillment_order_id, shipment_id, kind, amount_minor, currency)
        VALUES (:order, :order || '-1', :order || '-S-1', 'lost', 1, 'CNY')""",
    "parcels that met": """
        INSERT INTO merges (merge_id, merge_key, location_id, closes_at, closed_at, shipment_id)
        VALUES (:order || '-M', 'hash-of-Meilin', 'HANGZHOU', now(), now(), :order || '-S-1');
        UPDATE fulfillment_orders SET merge_id = :order || '-M' WHERE order_id = :order""",
    "returns": """
        INSERT INTO returns (return_id, order_id, case_id, status, reason, evidence)
        VALUES (:order || '-R-1', :order, '1', 'closed', 'too small for Jing', '{photo-of-Yaping}');
        INSERT INTO return_lines (return_id, line_no, sku, quantity) VALUES (:order || '-R-1', 1, 'ELEGANT-LAMP', 1);
        INSERT INTO returned_goods (return_id, sku, disposition, photos, quantity)
        VALUES (:order || '-R-1', 'ELEGANT-LAMP', 'restock', '{photo-with-Lihua}', 1)""",
    "store credits": """
        INSERT INTO money_movements (order_id, kind, amount_minor, currency, gateway_reference, return_id, key)
        VALUES (:order, 'credited', 1, 'CNY', :order, :order || '-R-1', :order);
        INSERT INTO store_credits (code, customer_id, order_id, return_id, amount_minor, currency, key)
        VALUES (:order, 'BUYER-OF-LAMPS', :order, :order || '-R-1', 1, 'CNY', :order)""",
    "credit": """
        INSERT INTO credit_accounts (customer_id, currency, limit_minor, days, set_by)
        VALUES ('BUYER-OF-LAMPS', 'CNY', 100, 30, 'lin') ON CONFLICT DO NOTHING;
        INSERT INTO credit_claims (order_id, customer_id, currency, amount_minor, fits, closed_at)
        VALUES (:order, 'BUYER-OF-LAMPS', 'CNY', 1, true, now());
        INSERT INTO invoices (invoice_id, order_id, customer_id, currency, units, amount_minor, settled_minor, due_at,
            closed_at) VALUES (:order || '-1', :order, 'BUYER-OF-LAMPS', 'CNY', '{"1": 1}', 1, 1, now(), now())""",
    "new addresses": """
        INSERT INTO address_corrections (correction_id, order_id, address, answer, reason, asked_by)
        VALUES (:order, :order, '{"name": "Zhuoma"}', 'refused', 'Ruyi has moved', 'lin')""",
    "edits": """
        INSERT INTO order_edits (edit_id, order_id, source, actor, reason, fields, wanted, was, base_version, version,
            state, answered_at)
        VALUES (:order, :order, 'api', 'lin', 'Meizhen asked', '{remarks}', '{"notes": {"remarks": "for Baozhu"}}',
            '{"notes": {"remarks": "for Lanfen"}}', 0, 1, 'applied', now())""",
    "notes": """
        INSERT INTO notes (order_id, return_id, actor, words, attachments)
        VALUES (:order, :order || '-R-1', 'lin', 'told Guizhen', '{letter-of-Fenglan}')""",
    "what the CRM says": """
        INSERT INTO partner_differences (partner, book, kind, subject, ours, theirs)
        VALUES ('crm', 'points', 'quantity_differs', 'BUYER-OF-LAMPS', '10', '5') ON CONFLICT DO NOTHING""",
    "blocks": "INSERT INTO buyer_blocks (subject, reason, set_by) VALUES ('OAID-7', 'Jiahao sent nothing back', 'lin')",
    "missing orders": """
        INSERT INTO missing_orders (channel, channel_order_id, modified_at, reason, detail, intake_id)
        SELECT channel, channel_order_id, now(), 'never_came', 'is too long', :order FROM orders
        WHERE order_id = :order""",
    "deliveries": """
        INSERT INTO subscriptions (subscription_id, url, types, channel, secret, position, created_by)
        VALUES ('SUBSCRIPTION-1', 'https://hooks.example', '["*"]', 'tmall', 'whsec', 0, 'lin') ON CONFLICT DO NOTHING;
        INSERT INTO deliveries (subscription_id, message_id, order_id, type, state, answer)
        VALUES ('SUBSCRIPTION-1', :order, :order, 'com.baton.order.held', 'delivered', 'thanks for Shanshan')""",
    "what is looked at beside": """
        INSERT INTO messages (message_id, order_id, recipient, milestone, data, sent_at)
        VALUES (:order, :order, 'erp', 'received', '{}', now());
        INSERT INTO purchase_orders (purchase_order_id, status, revision) VALUES ('PURCHASE-1', 'open', 1)
        ON CONFLICT DO NOTHING;
        INSERT INTO rule_sets (rule_set_id, note, created_by) OVERRIDING SYSTEM VALUE VALUES (1, '', 'lin')
        ON CONFLICT DO NOTHING;
        INSERT INTO kept_histories (workflow_id, order_id, happenings)
        SELECT 'order/' || channel || '/' || channel_order_id, order_id, '[]'::jsonb FROM orders
        WHERE order_id = :order
        UNION ALL SELECT 'return/' || channel || '/' || channel_order_id || '/1', order_id, '[]'::jsonb FROM orders
        WHERE order_id = :order""",
}
WORDS = """
    OAID-7 TOKEN-7 742X Xiadan Plum 13955507421 Tang Ouyang Mei Bao Dandan 9133X Wen Xihu Yue Zihan Qing Ruolan Meilin
    Jing Yaping Lihua Zhuoma Ruyi Jiahao Shanshan Hongmei Photo-of-Guiying Xiuying Baozhu Lanfen Meizhen
    Guizhen Fenglan
"""
NAMED = (BUYER, *WORDS.split())


def plant(sessions: Sessions, status: str = "completed") -> str:
    """Store such an order with its parcel, return, claim and all else that it may have; return its id."""
    stock_shop(sessions, {LOCATION: {LAMP: 1}})
    order = an_order()
    order_id = place_orders(sessions, [order], status)[0]
    asked = {"channel": CHANNEL, "channel_order_id": order.channel_order_id, "reason": "Hongmei has one"}
    subject = channel_order_subject(CHANNEL, order.channel_order_id)
    store_webhook(sessions, "crm", "return.requested", subject, evidence=["Photo-of-Guiying"], **asked)
    tracked = {"status": "delivered", "occurred_at": "2026-03-02T09:30:00Z", "note": "signed by Xiuying"}
    store_webhook(sessions, "tms", "shipment.tracking_updated", f"{order_id}-S-1", **tracked)
    with sessions.begin() as session:
        for statement in PLACES.values():
            session.execute(text(statement.replace("::", r"\:\:")), {"order": order_id})
    return order_id


def find_names(sessions: Sessions) -> list[str]:
    """Return the planted names that are in any row of any table."""
    with sessions() as session:
        tables = session.scalars(text("SELECT relname FROM pg_stat_user_tables")).all()
        rows = [row for table in tables for row in session.scalars(text(f"SELECT t::text FROM {table} t"))]
        rows += session.scalars(text("SELECT convert_from(raw, 'UTF8') FROM intakes")).all()
    return [name for name in NAMED if any(name in row for row in rows)]
