"""A partner that accepted work and forgot it: after a silence it gets the work again; an alert is the last resort."""

from typing import Any

import pytest
from sqlalchemy import TextClause, text

from activities.inquiries import Silence
from domain.statements import Entry
from integrations.partners import connect_partners
from integrations.wms import PickRequest, Warehouse
from record.comparing import silent_parcels, silent_work
from record.comparing.silent_work import SilentWork
from relay import inquiries
from relay.inquiries import InquiryJob
from tests.baton import Baton, eventually

LAMP = [("ELEGANT-LAMP", 1, "9.00")]
AGE = text("""
    UPDATE fulfillment_orders SET released_at = released_at - make_interval(days => 2),
        packed_at = packed_at - make_interval(days => 2), asked_at = asked_at - make_interval(days => 2)
    WHERE order_id = :order_id
""")
AGE_PARCELS = text("""
    UPDATE shipments SET booked_at = booked_at - make_interval(days => 2) WHERE shipment_id LIKE :order_id || '%'
""")


async def test_forgotten_work_is_sent_to_the_warehouse_again_once_and_then_raises_an_alert(
    baton: Baton,
) -> None:
    # Given work that the warehouse has accepted and forgotten
    order_id = await baton.order("FORGOTTEN", lines=LAMP)
    await baton.until_fulfillment(order_id, "released")
    work = f"/wms/fulfillment-orders/{order_id}-1"
    await forget(baton, "wms")
    assert (await baton.simulators.get(work)).status_code == 404

    # When it was silent for long
    await silence(baton, order_id)

    # Then the work is sent again, for the same order, without an alert
    await baton.until_event(order_id, "fulfillment_order.told_again")
    asked = (await baton.simulators.get(work)).json()
    assert (asked["status"], asked["request"]["order_id"], asked["times_asked"]) == ("accepted", order_id, 2)
    assert (await baton.show(order_id))["attention"] is None

    # When it knows of the work, it is not sent once more, however long the silence
    await silence(baton, order_id)
    assert (await baton.simulators.get(work)).json()["times_asked"] == 2

    # When it forgets the work again, an alert is raised, and the order goes on waiting
    await forget(baton, "wms")
    await silence(baton, order_id)
    order = await baton.until(order_id, lambda order: bool(order["attention"]))
    assert "does not know of the work any more, though it was told again" in order["attention"]

    # And the next report clears the alert
    await baton.pick_and_pack(f"{order_id}-1", ELEGANT_LAMP=1)
    await baton.until(order_id, lambda order: not order["attention"])


async def test_a_forgotten_booking_is_sent_again_under_the_same_waybill(baton: Baton) -> None:
    # Given a booked parcel that the TMS has forgotten
    order_id = await baton.order("BOOKED", lines=LAMP)
    await baton.until_fulfillment(order_id, "released")
    await baton.pick_and_pack(f"{order_id}-1", ELEGANT_LAMP=1)
    await baton.until_event(order_id, "shipment.booked")
    shipment = (await baton.show(order_id))["shipments"][0]
    await forget(baton, "tms")

    # When it was silent for long
    await silence(baton, order_id)

    # Then it has the same booking again
    await baton.until_event(order_id, "shipment.told_again")
    known = (await baton.simulators.get(f"/tms/shipments/{shipment['shipment_id']}")).json()
    assert known["waybill"] == shipment["waybill"]
    assert (await baton.show(order_id))["attention"] is None


async def test_work_canceled_while_it_is_sent_again_is_recalled_again(baton: Baton) -> None:
    # Given forgotten work
    order_id = await baton.order("CALLED-BACK", lines=LAMP)
    await baton.until_fulfillment(order_id, "released")
    await forget(baton, "wms")
    with baton.sessions.begin() as session:
        session.execute(AGE, {"order_id": order_id})

    # When the work is canceled while it is sent again, so that the recall comes first
    warehouse = CanceledMeanwhile(connect_partners(baton.settings).wms, baton, order_id)
    silent = SilentWork(baton.sessions, warehouse)
    assert silent.tell_again(row_of(baton, silent, order_id)) == []

    # Then nothing is picked
    assert (await baton.simulators.get(f"/wms/fulfillment-orders/{order_id}-1")).json()["status"] == "recalled"


class CanceledMeanwhile(Warehouse):
    """A warehouse that gets the work while the order is canceled."""

    def __init__(self, wms: Warehouse, baton: Baton, order_id: str) -> None:
        self.wms, self.baton, self.order_id = wms, baton, order_id
        self.recall, self.announce_return = wms.recall, wms.announce_return  # type: ignore[method-assign]

    def pick(self, request: PickRequest, key: str) -> str:
        with self.baton.sessions.begin() as session:
            end = text("UPDATE fulfillment_orders SET status = 'canceled' WHERE order_id = :order_id")
            session.execute(end, {"order_id": self.order_id})
        return self.wms.pick(request, key)


@pytest.mark.parametrize(
    ("ours", "theirs", "news"),
    [
        ("released", "accepted", []),
        ("released", "picking", ["fulfillment_order.picking"]),
        ("released", "rejected", ["fulfillment_order.rejected"]),
        ("released", "packed", ["fulfillment_order.unreported"]),
        ("picking", "accepted", []),
        ("picked", "picked", []),
        ("picked", "recalled", ["fulfillment_order.unreported"]),
    ],
)
def test_a_status_that_needs_no_details_is_taken_from_the_inquiry(
    baton: Baton, ours: str, theirs: str, news: list[str]
) -> None:
    work = SilentWork(baton.sessions, connect_partners(baton.settings).wms)
    with baton.sessions() as session:
        row = session.execute(text("SELECT 'F-1' AS subject, :status AS status"), {"status": ours}).one()
        now = session.execute(text("SELECT now()")).scalar_one()

        found = work.news(session, row, Entry("F-1", now, status=theirs), now)

    assert [event.type for event in found] == news


@pytest.mark.parametrize(
    ("which", "index"),
    [
        (silent_work.FIND, "silent_work"),
        (silent_parcels.FIND, "silent_parcels"),
        (silent_parcels.HEARD, "silent_parcels"),
        (inquiries.DUE, "silent_work"),
        (inquiries.DUE, "silent_parcels"),
    ],
)
def test_silent_work_is_found_by_an_index(baton: Baton, which: TextClause, index: str) -> None:
    with baton.sessions() as session:
        now = session.execute(text("SELECT now()")).scalar_one()
        session.execute(text("SET LOCAL enable_seqscan = off"))
        values = {"before": now, "wms": now, "tms": now, "at_once": 50}
        plan = "\n".join(session.scalars(text(f"EXPLAIN {which.text}"), values))

    assert f"ix_fulfillment_orders_{index}" in plan


async def forget(baton: Baton, partner: str) -> None:
    (await baton.simulators.post(f"/{partner}/forget", json={})).raise_for_status()


async def silence(baton: Baton, order_id: str) -> None:
    """Let two days pass for the work of this order, and run the inquiry."""
    with baton.sessions.begin() as session:
        session.execute(AGE, {"order_id": order_id})
        session.execute(AGE_PARCELS, {"order_id": order_id})
    watch = InquiryJob(baton.sessions, baton.client, baton.settings)
    await eventually(lambda: watched(watch, baton, order_id), bool)


async def watched(watch: InquiryJob, baton: Baton, order_id: str) -> bool:
    """Run the inquiry once; a run that is just ending finds nothing, and the next one does."""
    await watch.carry()
    return await asked_now(baton, order_id)


async def asked_now(baton: Baton, order_id: str) -> bool:
    sql = "SELECT FROM fulfillment_orders WHERE order_id = :id AND asked_at > now() - interval '1 day'"
    return bool(baton.rows(sql, id=order_id))


def row_of(baton: Baton, silence: Silence, order_id: str) -> Any:
    with baton.sessions() as session:
        now = session.execute(text("SELECT now()")).scalar_one()
        return next(row for row in silence.find(session, now, 1_000) if row.order_id == order_id)
