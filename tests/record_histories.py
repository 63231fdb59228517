"""Record one history for each outcome of today's edition: `python -m tests.record_histories`, after a workflow was
changed on purpose. Those of older editions stay as they are, beside them.

The replay test runs today's code over these files, so that a change that would break orders under way is found first.
"""

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHandle
from temporalio.testing import TimeSkippingConfig, WorkflowEnvironment

from domain.editions import EDITION
from embedded.ending import end_process
from embedded.postgres import EmbeddedPostgres
from embedded.temporal_server import find_program
from models.database import open_database
from models.schema import migrate
from tests.baton import QUICK, SILENT, Baton, open_baton
from tests.workflows.test_cancel import shipped
from workflows.payloads import DATA_CONVERTER
from workflows.search_attributes import ALL

HISTORIES = Path(__file__).with_name("histories") / f"edition-{EDITION}"
LEFT_OUT_KEYS = ("stackTrace", "identity", "workerVersion", "binaryChecksum")
NO_STREET = {"name": "Lin Xia", "phone": "+8613800138000", "country": "CN", "city": "深圳"}


async def record(workflow: WorkflowHandle[Any, Any], name: str) -> None:
    await workflow.result()
    history = await workflow.fetch_history()
    events = _without_this_machine(json.loads(history.to_json()))
    HISTORIES.joinpath(f"{name}.json").write_text(json.dumps(events, separators=(",", ":")))
    print(f"{name}: {len(history.events)} events")  # noqa: T201


def _without_this_machine(node: Any) -> Any:
    """Remove stack traces and identities: they depend on this machine, and replay ignores them."""
    if isinstance(node, dict):
        return {key: _without_this_machine(value) for key, value in node.items() if key not in LEFT_OUT_KEYS}
    return [_without_this_machine(one) for one in node] if isinstance(node, list) else node


async def record_quick(baton: Baton) -> None:
    for name in ("completed", "SHORT-PICK", "PICK-REJECTED", "PAYMENT-UNSETTLED", "CARRIER-DOWN"):
        order_id = await baton.order(name)
        await baton.until_status(order_id, "completed")
        await record(baton.workflow(order_id), name.lower())
    order_id = await baton.order("FAILED-ATTEMPTS")
    await baton.until_status(order_id, "completed")
    await record(baton.workflow(order_id), "failed-attempts")
    await record_damaged(baton)
    await record_short(baton)
    order_id = await baton.order("returned")
    await baton.until_status(order_id, "completed")
    asked = {"channel": "shop", "channel_order_id": baton.placed[order_id], "reason": "too big"}
    for case_id, units in (("closed", 1), ("rejected", 9)):
        await baton.crm("return.requested", case_id=case_id, lines=[{"line_no": 1, "quantity": units}], **asked)
        await baton.until_event(order_id, f"return.{case_id}")
        await record(baton.case(order_id, case_id), f"return-{case_id}")
    tea_set = {
        "case_id": "exchanged",
        "kind": "exchange",
        "reason": "chipped",
        "lines": [{"line_no": 2, "quantity": 1}],
    }
    await baton.api.post(f"/orders/{order_id}/returns", json=tea_set)
    await baton.until_event(order_id, "return.closed", times=2)
    await record(baton.case(order_id, "exchanged"), "return-exchanged")


async def record_damaged(baton: Baton) -> None:
    """Record a damaged parcel that is claimed from its carrier and refunded by a person's decision."""
    order_id = await baton.order("DAMAGED-PARCEL")
    await baton.until_event(order_id, "alert.raised")
    await baton.api.post(f"/orders/{order_id}/parcel", json={"action": "refund"})
    await baton.until_status(order_id, "canceled")
    await record(baton.workflow(order_id), "parcel-damaged")


async def record_short(baton: Baton) -> None:
    """Record a short order that is split: a part is sent at once, the rest after an arrival."""
    order_id = await baton.order("short", lines=[("LAST-PIANO", 2, "900.00"), ("TEA-SET", 1, "80.00")])
    await baton.until_event(order_id, "sourcing.failed")
    await baton.until_page_says(order_id, "waits for 2 units")
    await baton.api.post(f"/orders/{order_id}/shortage", json={"action": "split"})
    await baton.until_fulfillment(order_id, "delivered")
    receipt = {"receipt_id": "R-1", "location_id": "SHANGHAI", "lines": [{"sku": "LAST-PIANO", "quantity": 2}]}
    await baton.simulators.post("/erp/receipts", json=receipt)
    await baton.until_status(order_id, "completed")
    await record(baton.workflow(order_id), "shortage")


async def record_silent(baton: Baton) -> None:
    order_id = await baton.order("canceled")
    await baton.until_fulfillment(order_id, "released")
    await baton.cancel(order_id)
    await record(baton.workflow(order_id), "canceled")

    order_id = await baton.order("held", ship_to=NO_STREET)
    await baton.until_status(order_id, "under_review")
    await baton.api.post(f"/orders/{order_id}/holds/ADDRESS/release", json={"note": "known"})
    await baton.until_fulfillment(order_id, "released")
    await baton.fast_forward(baton.workflow(order_id), baton.settings.deadlines.pick * 2)
    await baton.until_event(order_id, "alert.raised")
    await baton.cancel(order_id)
    await record(baton.workflow(order_id), "held-and-late")

    await record_canceled_return(baton)
    order_id = await baton.order("PAYMENT-UNSETTLED")
    await baton.until_status(order_id, "under_review")
    await baton.fast_forward(baton.workflow(order_id), baton.settings.deadlines.payment * 2)
    await record(baton.workflow(order_id), "expired")


async def record_canceled_return(baton: Baton) -> None:
    """Record a case that a person approved and that is canceled after its label was issued."""
    order_id = await shipped(baton, "kept")
    await baton.track(await baton.show(order_id), "delivered")
    await baton.until_status(order_id, "completed")
    lamp = {"case_id": "canceled", "reason": "too big", "kind": "warranty", "lines": [{"line_no": 1, "quantity": 1}]}
    answer = await baton.api.post(f"/orders/{order_id}/returns", json=lamp)
    case = f"/returns/{answer.json()['return_id']}"
    await baton.until_event(order_id, "return.requested")
    await baton.api.post(f"{case}/approve", json={"note": "within two years"})
    await baton.until_event(order_id, "return.label_issued")
    await baton.api.post(f"{case}/cancel", json={"reason": "it works again"})
    await record(baton.case(order_id, "canceled"), "return-canceled")


async def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        postgres = EmbeddedPostgres(Path(directory))
        postgres.start()
        for name in ("quick", "silent"):
            engine = open_database(postgres.ensure_database(name))
            migrate(engine)
            engine.dispose()
        environment = await WorkflowEnvironment.start_time_skipping_v2(
            ts_config=TimeSkippingConfig(enabled=False),
            dev_server_existing_path=find_program(),
            dev_server_extra_args=["--dynamic-config-value", "frontend.WorkflowTimeSkippingEnabled=true"],
            search_attributes=list(ALL),
            data_converter=DATA_CONVERTER,
        )
        async with environment:
            async with open_baton(environment, postgres.ensure_database("quick"), QUICK) as baton:
                await record_quick(baton)
            async with open_baton(environment, postgres.ensure_database("silent"), SILENT) as baton:
                await record_silent(baton)
        postgres.stop()


if __name__ == "__main__":
    HISTORIES.mkdir(parents=True, exist_ok=True)
    asyncio.run(main())
    end_process(0)
