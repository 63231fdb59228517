"""A person is forgotten, and their orders stay."""

import pytest
from sqlalchemy import text

from domain.order import Address
from intake.erasing import Erased, erase
from models.database import Sessions
from tests.factories import CHANNEL, an_order, place_orders, store_webhook

BUYER = "BUYER-OF-LAMPS"
# Each word stands in another place of the record.
PLACES = {
    "orders": """
        UPDATE orders SET receiver = '{"name": "Xiadan", "lines": ["Plum Blossom Lane"]}', receiver_token = 'OAID-7',
            buyer_token = 'TOKEN-7', buyer_last4 = '7421', buyer_name = 'Ouyang *', remarks = 'call Aunt Mei',
            merchant_remarks = 'his brother Bao', instructions = '{"gift_message": "Dear Dandan", "urgent": true}',
            repaired_region = '{"district": "Xihu"}'
        WHERE order_id = :order""",
    "lines": """UPDATE order_lines SET properties = '[["engraving", "Forever Yue"]]' WHERE order_id = :order""",
    "payloads": """
        INSERT INTO intakes (intake_id, channel, translator, source, digest, raw, headers, status, kind, order_id)
        VALUES (:order, 'tmall', 'taobao', 'webhook', :order, 'raw of Zihan', '{"x": "Qing"}', 'taken', 'order', :order)
        """,
    "payloads that could not be read": """
        INSERT INTO intakes (intake_id, channel, translator, source, digest, raw, headers, status, kind,
            channel_order_id, reason)
        SELECT order_id || '-first', channel, 'taobao', 'webhook', order_id || '-first', 'raw of Ruolan', '{}',
            'rejected', 'order', channel_order_id, 'no phone of Shufen' FROM orders WHERE order_id = :order""",
    "returns": """
        INSERT INTO returns (return_id, order_id, case_id, status, reason, evidence)
        VALUES (:order || '-R-1', :order, '1', 'closed', 'too small for Jing', '{photo-of-Yaping}')""",
    "store credits": """
        INSERT INTO money_movements (order_id, kind, amount_minor, currency, gateway_reference, return_id, key)
        VALUES (:order, 'credited', 1, 'CNY', :order, :order || '-R-1', :order);
        INSERT INTO store_credits (code, customer_id, order_id, return_id, amount_minor, currency, key)
        VALUES (:order, 'BUYER-OF-LAMPS', :order, :order || '-R-1', 1, 'CNY', :order)""",
    "new addresses": """
        INSERT INTO address_corrections (correction_id, order_id, address, asked_by)
        VALUES (:order, :order, '{"name": "Zhuoma"}', 'lin')""",
    "what the CRM says": """
        INSERT INTO partner_differences (partner, book, kind, subject, ours, theirs)
        VALUES ('crm', 'points', 'quantity_differs', 'BUYER-OF-LAMPS', '10', '5') ON CONFLICT DO NOTHING""",
    "blocks": "INSERT INTO buyer_blocks (subject, reason, set_by) VALUES ('OAID-7', 'velocity', 'lin')",
}
WORDS = (
    "OAID-7 TOKEN-7 7421 Xiadan Plum Ouyang Mei Bao Dandan Xihu Yue Zihan Qing Ruolan Shufen Jing Yaping Zhuoma Hongmei"
)
NAMED = (BUYER, *WORDS.split())


def place(sessions: Sessions, status: str = "completed") -> str:
    """An order that names its person wherever an order may."""
    order = an_order()
    order_id = place_orders(sessions, [order], status)[0]
    asked = {"channel": CHANNEL, "channel_order_id": order.channel_order_id, "reason": "Hongmei has one"}
    store_webhook(sessions, "crm", "return.requested", order_id, **asked)
    with sessions.begin() as session:
        for statement in PLACES.values():
            session.execute(text(statement), {"order": order_id})
    return order_id


def named(sessions: Sessions) -> list[str]:
    """What can be read of the person in any row of any table."""
    with sessions() as session:
        tables = session.scalars(text("SELECT relname FROM pg_stat_user_tables")).all()
        rows = [row for table in tables for row in session.scalars(text(f"SELECT t::text FROM {table} t"))]
        rows += session.scalars(text("SELECT convert_from(raw, 'UTF8') FROM intakes")).all()
    return [name for name in NAMED if any(name in row for row in rows)]


def test_nothing_names_a_person_who_was_erased_and_their_orders_are_counted(sessions: Sessions) -> None:
    # given two orders of a person who is named everywhere, and one of somebody else
    orders = sorted([place(sessions), place(sessions, "canceled")])
    place_orders(sessions, [an_order(customer_id="SOMEBODY-ELSE", ship_to=Address("CN"))])
    assert named(sessions) == list(NAMED)

    # when
    done = erase(sessions, BUYER)

    # then
    assert named(sessions) == []
    with sessions() as session:
        owned = text("SELECT order_id, instructions FROM orders WHERE customer_id = :owner ORDER BY order_id")
        rows = session.execute(owned, {"owner": done.pseudonym}).all()
    assert [tuple(row) for row in rows] == [(order_id, {"urgent": True}) for order_id in orders]


@pytest.mark.parametrize("name", ["OAID-7", "TOKEN-7"])
def test_a_person_is_found_by_the_token_of_the_receiver_or_buyer(sessions: Sessions, name: str) -> None:
    place(sessions)

    assert erase(sessions, name).orders == 1
    assert named(sessions) == []


def test_a_person_whose_order_is_under_way_is_not_forgotten_yet(sessions: Sessions) -> None:
    # given an order that ended and one that is picked
    place(sessions)
    under_way = place(sessions, "in_progress")

    # when / then nothing at all is done
    assert erase(sessions, BUYER) == Erased(open_orders=[under_way])
    assert named(sessions) == list(NAMED)


def test_a_person_whose_return_is_under_way_is_not_forgotten_yet(sessions: Sessions) -> None:
    order_id = place(sessions)
    with sessions.begin() as session:
        session.execute(text("UPDATE returns SET status = 'received'"))

    assert erase(sessions, BUYER).open_orders == [order_id]


def test_a_person_who_was_erased_is_known_no_more(sessions: Sessions) -> None:
    place(sessions)
    erase(sessions, BUYER)

    assert erase(sessions, BUYER).orders == 0
