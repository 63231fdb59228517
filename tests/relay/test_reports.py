"""The relay applies partners' reports to the record, and wakes only the orders that act on them.

No worker runs here, so the workflows stand still and their histories show which signals they got.
"""

import pytest
from sqlalchemy import func, text, update
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client
from temporalio.converter import DataConverter
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment

from domain.editions import MINDS_CHANGES
from domain.ids import order_workflow_id
from models.database import Sessions
from models.messaging import PartnerEventRow
from models.order import OrderRow
from record.caches import build_caches
from record.set_aside import MAX_ATTEMPTS
from relay.carry import Relay
from settings import Settings
from tests.counting import statements_of
from tests.factories import assert_ledger_explains_stock, store_webhook
from tests.work import Event, at_work, attention_of, report, status_of, work_of

SIGNALED = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED


@pytest.fixture
def client(temporal: WorkflowEnvironment) -> Client:
    return temporal.client


@pytest.fixture
def relay(sessions: Sessions, client: Client, settings: Settings) -> Relay:
    return Relay(sessions, client, settings, build_caches(sessions))


async def started(relay: Relay, number: int, status: str = "released", booked: bool = False) -> list[str]:
    """Orders with work at a warehouse and a workflow."""
    orders = at_work(relay.rows.sessions, number, status, booked)
    assert await relay.start_orders() == number
    return orders


async def signals(relay: Relay, order_id: str) -> list[str]:
    """Return the names of the signals that the order got, with the statuses that they tell."""
    with relay.rows.sessions() as session:
        row = session.get_one(OrderRow, order_id)
    handle = relay.client.get_workflow_handle(order_workflow_id(row.channel, row.channel_order_id))
    told = []
    for event in (await handle.fetch_history()).events:
        if event.event_type == SIGNALED:
            signal = event.workflow_execution_signaled_event_attributes
            told.append(" ".join([signal.signal_name, *_statuses(signal.input.payloads[0])]))
    return told


def _statuses(payload: object) -> list[str]:
    argument = DataConverter.default.payload_converter.from_payload(payload)  # type: ignore[arg-type]
    return [progress["status"] for progress in argument.get("progress", {}).values()]


def waiting(sessions: Sessions) -> list[Event]:
    with sessions() as session:
        rows = session.execute(text("SELECT partner, event_id FROM partner_events WHERE relayed_at IS NULL"))
        return [(row.partner, row.event_id) for row in rows]


def let_time_pass(sessions: Sessions) -> None:
    with sessions.begin() as session:
        session.execute(update(PartnerEventRow).values(relay_after=func.now()))


async def test_quiet_reports_of_many_orders_are_carried_by_five_statements(relay: Relay, sessions: Sessions) -> None:
    # given reports that no order acts on
    orders = await started(relay, 5)
    for order_id in orders:
        for what in ("accepted", "picking", "picked"):
            report(sessions, order_id, what)

    # when
    with statements_of(sessions) as sent:
        assert await relay.carry_events() == 15

    # then they are applied and done, and no order was woken
    assert len(sent) == 5, "\n".join(sent)
    assert waiting(sessions) == []
    assert {status_of(sessions, order_id) for order_id in orders} == {"picked"}
    assert [await signals(relay, order_id) for order_id in orders] == [[]] * 5


async def test_what_an_order_acts_on_is_told_to_it_at_once(relay: Relay, sessions: Sessions) -> None:
    # given reports of one order that come together, and a quiet one about another
    busy, quiet = await started(relay, 2)
    for what in ("accepted", "picked", "packed"):
        report(sessions, busy, what)
    report(sessions, quiet, "accepted")

    # when
    assert await relay.carry_events() == 4

    # then they share a signal
    assert await signals(relay, busy) == ["progressed packed"]
    assert await signals(relay, quiet) == []
    assert waiting(sessions) == []


async def test_a_broken_report_among_good_ones_is_set_aside_alone(relay: Relay, sessions: Sessions) -> None:
    # given a report without parcels, which a former version may have accepted, and one of the same order before it
    orders = await started(relay, 3)
    for order_id in orders:
        report(sessions, order_id, "picked")
    broken = store_webhook(sessions, "wms", "fulfillment_order.packed", work_of(orders[1]))

    # when
    for _ in range(MAX_ATTEMPTS):
        await relay.carry_events()
        let_time_pass(sessions)

    # then
    with sessions() as session:
        aside = session.execute(text("SELECT kind, subject FROM set_asides WHERE aside_at IS NOT NULL")).all()
    assert [tuple(row) for row in aside] == [("event", "/".join(broken))]
    assert {status_of(sessions, order_id) for order_id in orders} == {"picked"}
    assert waiting(sessions) == [broken]
    assert_ledger_explains_stock(sessions)


async def test_a_report_that_must_be_alone_does_not_keep_others_from_sharing(relay: Relay, sessions: Sessions) -> None:
    # given a rejection, which gives stock back, among plain reports
    rejected, *others = await started(relay, 3)
    report(sessions, rejected, "rejected")
    for order_id in others:
        report(sessions, order_id, "packed")

    # when
    assert await relay.carry_events() == 3

    # then
    assert await signals(relay, rejected) == ["progressed rejected"]
    assert [await signals(relay, order_id) for order_id in others] == [["progressed packed"]] * 2
    assert waiting(sessions) == []
    assert_ledger_explains_stock(sessions)


async def test_a_crash_between_the_record_and_the_signal_signals_again(
    relay: Relay, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a relay that applied a report and was ended before its signal
    [order_id] = await started(relay, 1)
    event = report(sessions, order_id, "packed")

    async def crash(*_: object) -> bool:
        raise RPCError("the connection is gone", RPCStatusCode.UNAVAILABLE, b"")

    monkeypatch.setattr(relay.events.reports, "_wake", crash)
    await relay.carry_events()
    assert (status_of(sessions, order_id), waiting(sessions)) == ("packed", [event])
    monkeypatch.undo()

    # when its lease is over
    let_time_pass(sessions)
    await relay.carry_events()

    # then the order is woken after all, once
    assert await signals(relay, order_id) == ["progressed packed"]
    assert waiting(sessions) == []


async def test_an_order_of_an_older_edition_gets_its_reports_passed_on(relay: Relay, sessions: Sessions) -> None:
    # given
    old, new = at_work(sessions, 2)
    with sessions.begin() as session:
        session.execute(update(OrderRow).where(OrderRow.order_id == old).values(edition=MINDS_CHANGES))
    assert await relay.start_orders() == 2
    for order_id in (old, new):
        report(sessions, order_id, "picking")

    # when
    assert await relay.carry_events() == 2

    # then the old one applies its report itself
    assert await signals(relay, old) == ["partner_reported"]
    assert (status_of(sessions, old), status_of(sessions, new)) == ("released", "picking")
    assert waiting(sessions) == []


async def test_a_late_report_about_an_ended_order_calls_a_person(relay: Relay, sessions: Sessions) -> None:
    # given an order that has ended
    [order_id] = await started(relay, 1, "shipped")
    with sessions.begin() as session:
        row = session.get_one(OrderRow, order_id)
        session.execute(update(OrderRow).values(ended_at=func.now()))
    await relay.client.get_workflow_handle(order_workflow_id(row.channel, row.channel_order_id)).terminate()

    # when its parcel comes back
    report(sessions, order_id, "returned")
    assert await relay.carry_events() == 1

    # then
    assert attention_of(sessions, order_id) == "a parcel came back after the order had ended: book its goods"
    assert waiting(sessions) == []


async def test_the_reports_of_a_parcel_under_way_wake_its_order_twice(relay: Relay, sessions: Sessions) -> None:
    # given
    [order_id] = await started(relay, 1, "packed", booked=True)

    # when each comes by itself
    for what in ("in_transit", "out_for_delivery", "delivered"):
        report(sessions, order_id, what)
        assert await relay.carry_events() == 1

    # then
    assert await signals(relay, order_id) == ["progressed shipped", "progressed delivered"]
