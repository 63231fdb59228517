"""A person whose exchange was canceled can be erased: its follow-up order has no message that waits for ever."""

import asyncio

from record.people.erasing import erase
from tests.baton import Baton, eventually
from tests.workflows.test_return_kinds import SCARF_INSTEAD, ask_for, delivered, say
from tests.workflows.test_returns import until_case


async def test_a_person_who_canceled_an_exchange_can_be_erased(baton: Baton) -> None:
    # Given an exchange that was canceled before its order had a workflow
    order_id = await delivered(baton, "FORGET")
    case = await ask_for(baton, order_id, "E-1", kind="exchange", lines=SCARF_INSTEAD)
    await until_case(baton, order_id, "E-1", "label_issued")
    await say(baton, case, "cancel", reason="changed my mind")
    await until_case(baton, order_id, "E-1", "canceled")

    # When all messages of both orders are sent, and the person is erased
    unsent = """SELECT recipient, milestone FROM messages JOIN orders USING (order_id)
        WHERE sent_at IS NULL AND (order_id = :order OR follow_up_of = :case)"""
    await eventually(lambda: asyncio.to_thread(baton.rows, unsent, case=case, order=order_id), lambda rows: not rows)
    [(customer,)] = baton.rows("SELECT customer_id FROM orders WHERE order_id = :id", id=order_id)
    done = await asyncio.to_thread(erase, baton.sessions, [customer], "sun")

    # Then neither order names them
    assert (done.orders, done.under_way) == (2, [])
    assert baton.rows("SELECT order_id FROM orders WHERE customer_id = :id", id=customer) == []
