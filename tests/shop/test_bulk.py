"""Bulk: one command for many orders, by a filter or a list, which answers for each and is one thing when sent twice."""

import json
from typing import Any
from uuid import uuid4

import httpx2

from commands.keys import create_key
from tests.baton import Baton, eventually

NOWHERE = {"name": "Lin Xia", "phone": "+8613800138000", "country": "CN", "city": "深圳"}
"""An address for which the audit holds an order."""
LATE = "the supplier is late"


async def ended(baton: Baton, api: httpx2.AsyncClient, bulk_id: str) -> dict[str, Any]:
    async def look() -> dict[str, Any]:
        return dict((await api.get(f"/bulk/{bulk_id}")).json())

    return await eventually(look, lambda bulk: bulk["state"] == "ended")


async def bulk(api: httpx2.AsyncClient, **body: Any) -> dict[str, Any]:
    """Ask for it twice, and return the one bulk that it is."""
    once = {"Idempotency-Key": f'"{uuid4().hex}"'}
    answers = [await api.post("/bulk", json=body, headers=once) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202], answers[0].text
    assert answers[0].json() == answers[1].json()
    return dict(answers[0].json())


async def results(api: httpx2.AsyncClient, bulk_id: str) -> dict[str, tuple[str, str]]:
    page = (await api.get(f"/bulk/{bulk_id}/results")).json()
    return {one["id"]: (one["state"], one["code"]) for one in page["items"]}


async def test_held_orders_are_tagged_found_and_canceled_together_by_staff_and_by_their_channel(silent: Baton) -> None:
    # given four orders that are held, one of them of another channel
    orders = [await silent.order(f"BULK-{number}", ship_to=NOWHERE) for number in range(3)]
    other = await silent.order("BULK-OTHER", ship_to=NOWHERE, channel="web")
    for order_id in (*orders, other):
        await silent.until_status(order_id, "under_review")
    key = create_key(silent.sessions, "shop-connector", "channel", "shop")
    tag = f"late-{uuid4().hex[:8]}"

    # when support tags them, looks, and cancels one
    tagged = await bulk(silent.api, command="tag", ids=[*orders, other, "NONE"], tag=tag)
    assert (await ended(silent, silent.api, tagged["bulk_id"]))["counts"]["done"] == 4
    assert (await results(silent.api, tagged["bulk_id"]))["NONE"] == ("not_found", "not-found")
    assert (await silent.cancel(orders[0])).json()["answer"] == "done"
    await silent.until_status(orders[0], "canceled")
    dry = {"command": "reject", "reason": LATE, "filter": {"tag": tag}, "dry_run": True}
    seen = (await silent.api.post("/bulk", json=dry)).json()
    assert (seen["total"], seen["would_do"], seen["refusals"][0]["reason"]) == (4, 3, "the order is already canceled")

    # and the channel cancels by the same filter, and then by a list with an order that is not its own
    async with httpx2.AsyncClient(base_url=silent.api.base_url, headers={"Authorization": f"Bearer {key}"}) as shop:
        found = await bulk(shop, command="cancel", reason=LATE, filter={"tag": tag, "status": "under_review"})
        assert (await ended(silent, shop, found["bulk_id"]))["counts"]["done"] == 2
        listed = await bulk(shop, command="cancel", reason=LATE, ids=[orders[1], other])
        await ended(silent, shop, listed["bulk_id"])
        assert await results(shop, listed["bulk_id"]) == {orders[1]: ("done", ""), other: ("not_found", "not-found")}
        assert {one["bulk_id"] for one in (await shop.get("/bulk")).json()["items"]} == {
            found["bulk_id"],
            listed["bulk_id"],
        }

    # then all of the channel's are canceled by its name, the other one stays, and no history has a word
    for order_id in orders[1:]:
        await silent.until_status(order_id, "canceled")
        [fact] = [one for one in await silent.events(order_id) if one["type"] == "order.canceled"]
        assert fact["actor"] == "shop-connector"
    assert (await silent.show(other))["status"] == "under_review"
    history = await silent.client.get_workflow_handle(f"bulk/{found['bulk_id']}").fetch_history()
    assert not [word for word in (LATE, tag, *orders) if word in json.dumps(history.to_json_dict())]
    silent.verify()


async def test_what_is_forced_goes_on_and_what_is_refused_says_why(silent: Baton) -> None:
    held = await silent.order("BULK-FORCED", ship_to=NOWHERE)
    await silent.until_status(held, "under_review")
    plain = await silent.order("BULK-PLAIN")
    await silent.until_fulfillment(plain, "released")

    made = await bulk(silent.api, command="force", note="the customer said so", ids=[held, plain])
    await ended(silent, silent.api, made["bulk_id"])

    assert await results(silent.api, made["bulk_id"]) == {held: ("done", ""), plain: ("refused", "refused")}
    refused = await silent.api.get(f"/bulk/{made['bulk_id']}/results", params={"state": "refused"})
    assert [one["detail"] for one in refused.json()["items"]] == ["nothing holds the order"]
    await silent.until_event(held, "order.forced")
