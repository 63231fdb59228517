"""Work that waits for other orders of its receiver is moved to a better location, and its order goes on there."""

import asyncio

from sqlalchemy import text

from commands.channels import save_account
from commands.seed import GUANGZHOU, SHANGHAI
from record.sourcing.outlooks import LIFETIME_SECONDS
from record.sourcing.reconsider import Reconsider
from tests.baton import Baton
from tests.factories import fresh_outlooks
from tests.integrations.servers import SECRET

HOUR = 3_600


def open_place(baton: Baton, place: str, kind: str) -> None:
    with baton.sessions.begin() as session:
        changed = text("UPDATE locations SET kind = :kind WHERE location_id = :place")
        session.execute(changed, {"place": place, "kind": kind})


async def test_a_moved_order_goes_on_from_its_new_location(silent: Baton) -> None:
    # given: an order for Guangdong waits at Shanghai for others, while Guangzhou is closed
    save_account(silent.sessions, "patient", "plain", SECRET, {"merge_window": HOUR})
    open_place(silent, GUANGZHOU, "virtual")
    # By then every step knows.
    await asyncio.sleep(LIFETIME_SECONDS)
    lamp = [("ELEGANT-LAMP", 1, "99.00")]
    order_id = await silent.order("PATIENT", channel="patient", lines=lamp)
    await silent.until(order_id, lambda order: bool(order["fulfillment_orders"]))
    await silent.until_page_says(order_id, "other orders of the same receiver", "patient")
    await silent.until_page_says(order_id, f"sourced balanced: {SHANGHAI} has all", "patient")

    # when Guangzhou is open again
    open_place(silent, GUANGZHOU, "warehouse")
    moved = Reconsider(silent.sessions, fresh_outlooks()).run()

    # then: unless the worker was faster, which looks now and then too
    assert moved <= 1
    order = await silent.until(order_id, lambda order: len(order["fulfillment_orders"]) == 2)
    statuses = {one["location_id"]: one["status"] for one in order["fulfillment_orders"]}
    assert statuses == {SHANGHAI: "canceled", GUANGZHOU: "open"}
    await silent.until_page_says(order_id, f"sourced moved from {SHANGHAI} to {GUANGZHOU}: saves", "patient")
    silent.verify()
