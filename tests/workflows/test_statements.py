"""The nightly comparison through the real Temporal: what a partner lost is sent again; and its schedules."""

from datetime import time, timedelta
from uuid import uuid4

import pytest
from rich.console import Console
from temporalio.client import ScheduleOverlapPolicy, WorkflowFailureError
from temporalio.service import RPCError

from commands.differences import compare_now, show
from settings import StatementPlan
from tests.baton import Baton, eventually
from workflows.schedules import keep_statements
from workflows.statements import StatementInput, StatementWorkflow, Tally


async def compare(baton: Baton, partner: str, steps: int = 1_000) -> dict[str, Tally]:
    return await baton.client.execute_workflow(
        StatementWorkflow.run,
        StatementInput(partner, steps=steps),
        id=f"statements/{partner}/{uuid4().hex}",
        task_queue=baton.settings.task_queue,
        # A run that cannot go on fails its test instead of holding up all others.
        execution_timeout=timedelta(minutes=3),
    )


def differences(baton: Baton, order_id: str) -> list[tuple[str, bool]]:
    """Return the order's differences: (partner, whether still open)."""
    rows = baton.rows(
        "SELECT partner, gone_at IS NULL AS open FROM partner_differences WHERE subject LIKE :name || '%' ORDER BY 1",
        name=order_id,
    )
    return [(row.partner, row.open) for row in rows]


async def test_a_message_lost_by_the_erp_is_sent_again(quick: Baton) -> None:
    # given
    order_id = await quick.order("FORGOTTEN-MESSAGE")
    await quick.until_status(order_id, "completed")

    async def unsent() -> int:
        return len(quick.rows("SELECT FROM messages WHERE order_id = :name AND sent_at IS NULL", name=order_id))

    await eventually(unsent, lambda left: left == 0)

    # when the run goes on as another one every two steps
    books = await compare(quick, "erp", steps=2)

    # then
    assert books["messages"].found >= 3
    assert books["messages"].mended >= 3
    await eventually(unsent, lambda left: left == 0)
    await compare(quick, "erp")
    assert differences(quick, order_id) == [("erp", False)] * 3


async def test_an_unreported_delivery_ends_its_order_the_next_night(quick: Baton) -> None:
    # given a parcel that arrived without a word
    order_id = await quick.order("UNTOLD-DELIVERY")
    order = await quick.until(order_id, lambda order: order["shipments"] != [])
    [parcel] = order["shipments"]

    async def there() -> str:
        return str((await quick.simulators.get(f"/tms/shipments/{parcel['shipment_id']}")).json()["status"])

    await eventually(there, lambda status: status == "delivered")
    await quick.until_fulfillment(order_id, "shipped")

    # when
    await compare(quick, "tms")

    # then
    await quick.until_status(order_id, "completed")
    await compare(quick, "tms")
    assert differences(quick, order_id) == [("tms", False)]


async def test_the_books_of_an_order_agree_with_everybody(quick: Baton) -> None:
    # given
    order_id = await quick.order()
    await quick.until_status(order_id, "completed")

    # when
    compared = {partner: await compare(quick, partner) for partner in quick.settings.statements.partners}

    # then
    assert {partner: list(books) for partner, books in compared.items()} == {
        "channel": ["messages"],
        "erp": ["messages"],
        "crm": ["messages", "points"],
        "tms": ["shipments"],
        "payments": ["captures", "refunds"],
        "wms": ["fulfillment-orders", "stock"],
    }
    assert differences(quick, order_id) == []


async def test_a_run_can_be_started_by_hand_and_followed(quick: Baton) -> None:
    said = list[str]()

    books = await compare_now(quick.client, quick.settings, "tms", said.append)

    assert list(books) == ["shipments"]
    assert any("shipments" in words or "begins" in words for words in said)
    console = Console(record=True, width=200)
    show(quick.sessions, "tms", console)
    assert "subject" in console.export_text()
    await keep_statements(quick.client, quick.settings.model_copy(update={"statements": StatementPlan()}))


async def test_a_partner_without_lists_fails_only_its_own_run(quick: Baton) -> None:
    with pytest.raises(WorkflowFailureError):
        await compare(quick, "inbox")


async def test_each_partner_with_lists_has_a_schedule_and_no_other_has(quick: Baton) -> None:
    # given
    two = quick.settings.model_copy(update={"statements": StatementPlan(partners=("erp", "wms"), at=time(1, 45))})
    one = quick.settings.model_copy(update={"statements": StatementPlan(partners=("erp",), at=time(1, 45))})

    # when
    for _ in range(2):
        await keep_statements(quick.client, two)
    erp = quick.client.get_schedule_handle("statements/erp")
    made = (await erp.describe()).schedule

    # then
    night = made.spec.calendars[0]
    assert (night.hour[0].start, night.minute[0].start, made.spec.time_zone_name) == (1, 45, "Asia/Shanghai")
    assert made.policy.overlap == ScheduleOverlapPolicy.SKIP

    async def left() -> set[str]:
        return {known.id async for known in await quick.client.list_schedules() if known.id.startswith("statements/")}

    await eventually(left, lambda names: names == {"statements/erp", "statements/wms"})
    await keep_statements(quick.client, one)
    with pytest.raises(RPCError):
        await quick.client.get_schedule_handle("statements/wms").describe()
    await erp.delete()
