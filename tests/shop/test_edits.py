"""Edits before the goods leave: a preview, a confirmation, and a version; what a warehouse has is called back first."""

import asyncio
import json
from typing import Any

import httpx2
import pytest

from domain.undo import Undone, UndoRequest
from tests.api.channel_calls import open_account, push
from tests.baton import Baton, order_body
from tests.workflows.test_cancel import shipped

NEW_HOME = {
    "name": "Lin Xia",
    "phone": "+8613800138000",
    "country": "CN",
    "province": "上海市",
    "city": "上海市",
    "lines": ["88 Century Avenue"],
}
WHY = "Lin Xia called"


async def preview(baton: Baton, order_id: str, **changes: Any) -> dict[str, Any]:
    answer = await baton.api.post(f"/orders/{order_id}/edits", json={"reason": WHY} | changes)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def confirm(baton: Baton, order_id: str, edit: dict[str, Any]) -> httpx2.Response:
    return await baton.api.post(f"/orders/{order_id}/edits/{edit['edit_id']}/confirm")


async def released(baton: Baton, name: str, **changes: Any) -> str:
    order_id = await baton.order(name, **changes)
    await baton.until_fulfillment(order_id, "released")
    return order_id


def refunds(order: dict[str, Any]) -> list[str]:
    return [one["amount"] for one in order["payments"] if one["kind"] == "refunded"]


async def test_an_order_at_its_warehouse_is_called_back_changed_and_sent_anew(silent: Baton) -> None:
    # given an order that a warehouse picks
    order_id = await released(silent, "EDITED")

    # when it is to go elsewhere, with one lamp less and a scarf more
    edit = await preview(
        silent,
        order_id,
        ship_to=NEW_HOME,
        lines=[{"line_no": 1, "quantity": 1}],
        add=[{"sku": "WOOL-SCARF", "quantity": 1, "unit_price": "45.00"}],
    )
    assert (edit["refusals"], edit["recall"], edit["claims"]) == ([], [f"{order_id}-1"], {"WOOL-SCARF": 1})
    assert (edit["before"], edit["after"], edit["difference"]) == ("330.00", "255.00", "-75.00")
    assert (edit["sourced_again"], edit["promised"]) == (True, edit["promised_before"])
    assert (await silent.show(order_id))["ship_to"]["city"] == "深圳市"
    answers = await asyncio.gather(*(confirm(silent, order_id, edit) for _ in range(2)))

    # then its warehouse gives it back, another has it in its new form, and the difference is paid back once
    assert [answer.status_code for answer in answers] == [200, 200], answers[0].text
    order = await silent.until(
        order_id, lambda order: [one["status"] for one in order["fulfillment_orders"]][1:] == ["released"]
    )
    old, new = order["fulfillment_orders"]
    assert (old["status"], new["location_id"]) == ("canceled", "SHANGHAI")
    asked = (await silent.simulators.get(f"/wms/fulfillment-orders/{order_id}-2")).json()["request"]
    assert asked["ship_to"]["lines"] == ["88 Century Avenue"]
    assert {line["sku"]: line["quantity"] for line in asked["lines"]} == {
        "ELEGANT-LAMP": 1,
        "TEA-SET": 1,
        "WOOL-SCARF": 1,
    }
    order = await silent.until(order_id, lambda order: bool(refunds(order)))
    assert (refunds(order), order["totals"]["grand_total"]) == (["75.00"], "375.00")

    # and the version says who and why, and the log and the history only which fields
    [version] = (await silent.api.get(f"/orders/{order_id}/versions")).json()["items"]
    assert (version["by"], version["reason"], version["fields"]) == ("Sun of support", WHY, ["lines", "ship_to"])
    assert (version["was"]["ship_to"]["city"], version["wanted"]["ship_to"]["city"]) == ("深圳市", "上海市")
    [fact] = [one for one in await silent.events(order_id) if one["type"] == "order.changed"]
    assert fact["data"] == {"edit_id": edit["edit_id"], "fields": ["lines", "ship_to"]}
    history = (await silent.workflow(order_id).fetch_history()).to_json()
    assert [word for word in ("Century", WHY) if word in history] == []
    silent.verify()


async def test_an_order_goes_on_unchanged_when_its_warehouse_does_not_give_it_back(
    silent: Baton, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    order_id = await released(silent, "EDIT-KEPT")

    def recall_pick(undo: UndoRequest) -> Undone:
        return Undone(False, "too_late")

    monkeypatch.setitem(silent.instead, "recall_pick", recall_pick)

    # when
    edit = await preview(silent, order_id, contact={"phone": "+8613900139000"})
    answer = await confirm(silent, order_id, edit)

    # then it is refused by name, and the order is packed and booked as it was
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (409, "contact")
    assert "does not give the work back" in answer.json()["detail"]
    await silent.pick_and_pack(f"{order_id}-1", ELEGANT_LAMP=2, TEA_SET=1)
    order = await silent.until(order_id, lambda order: bool(order["shipments"]))
    assert (order["ship_to"]["phone"], len(order["fulfillment_orders"])) == ("+8613800138000", 1)
    assert (await silent.api.get(f"/orders/{order_id}/versions")).json()["items"] == []


async def test_a_held_order_is_audited_in_its_new_form_and_its_channel_edits_it_at_the_warehouse(silent: Baton) -> None:
    # given an order that is held for its address
    open_account(silent.sessions, "shop")
    nowhere = {"name": "Lin Xia", "phone": "+8613800138000", "country": "CN", "city": "深圳"}
    body = order_body("EDIT-BY-CHANNEL", ship_to=nowhere)
    news = {"type": "order.created", "data": body | {"modified_at": "2026-11-20T09:00:00Z"}}
    order_id = (await push(silent.api, "shop", json.dumps(news).encode())).json()["order_id"]
    silent.placed[order_id] = "EDIT-BY-CHANNEL"
    await silent.until_status(order_id, "under_review")

    # when support completes it
    edit = await preview(silent, order_id, ship_to=NEW_HOME)
    assert (await confirm(silent, order_id, edit)).status_code == 200
    await silent.until_fulfillment(order_id, "released")

    # and the channel changes it once a warehouse has it
    later = body | {"modified_at": "2026-11-20T11:00:00Z", "ship_to": NEW_HOME | {"lines": ["89 Century Avenue"]}}
    await push(silent.api, "shop", json.dumps({"type": "order.address_changed", "data": later}).encode())

    # then both are versions
    order = await silent.until(
        order_id, lambda order: [one["status"] for one in order["fulfillment_orders"]][1:] == ["released"]
    )
    assert (order["ship_to"]["lines"], order["attention"]) == (["89 Century Avenue"], None)
    versions = (await silent.api.get(f"/orders/{order_id}/versions")).json()["items"]
    assert [(one["source"], one["by"]) for one in versions] == [("api", "Sun of support"), ("channel", "shop")]

    # and when the channel takes a lamp away, its warehouse gives the work back and the lamp is paid back
    fewer = order_body("EDIT-BY-CHANNEL", lines=[("ELEGANT-LAMP", 1, "120.00"), ("TEA-SET", 1, "80.00")])
    last = later | {name: fewer[name] for name in ("lines", "totals")} | {"modified_at": "2026-11-20T12:00:00Z"}
    for _ in range(2):
        await push(silent.api, "shop", json.dumps({"type": "order.updated", "data": last}).encode())
    order = await silent.until(
        order_id, lambda order: [one["status"] for one in order["fulfillment_orders"]][2:] == ["released"]
    )
    order = await silent.until(order_id, lambda order: bool(refunds(order)))
    assert (refunds(order), order["attention"]) == (["120.00"], None)
    assert {line["sku"]: line["quantity"] for line in order["fulfillment_orders"][-1]["lines"]} == {
        "ELEGANT-LAMP": 1,
        "TEA-SET": 1,
    }
    silent.verify()


async def test_of_two_edits_and_a_cancel_at_once_each_is_made_or_refused(silent: Baton) -> None:
    # given
    order_id = await released(silent, "EDIT-RACE")
    one = await preview(silent, order_id, lines=[{"line_no": 2, "quantity": 0}])
    other = await preview(silent, order_id, lines=[{"line_no": 1, "quantity": 1}])

    # when
    answers = await asyncio.gather(confirm(silent, order_id, one), confirm(silent, order_id, other))
    await silent.until(
        order_id, lambda order: [one["status"] for one in order["fulfillment_orders"]][1:] == ["released"]
    )
    third = await preview(silent, order_id, lines=[{"line_no": 1, "quantity": 1}])
    canceled, edited = await asyncio.gather(silent.cancel(order_id), confirm(silent, order_id, third))

    # then one edit is made, the other one is told that the order moved on, and all money is back
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert "has changed" in next(answer for answer in answers if answer.status_code == 409).json()["detail"]
    assert (canceled.json()["answer"], edited.status_code in (200, 409)) == ("done", True)
    order = await silent.until_status(order_id, "canceled")
    assert sum(float(amount) for amount in refunds(order)) == 330
    silent.verify()


async def test_what_costs_more_waits_until_its_link_is_paid_and_each_payment_gives_back_its_own(silent: Baton) -> None:
    # given
    order_id = await released(silent, "EDIT-CHARGED")

    # when a scarf comes to the order
    edit = await preview(silent, order_id, add=[{"sku": "WOOL-SCARF", "quantity": 1, "unit_price": "45.00"}])
    assert (edit["difference"], edit["charge"], edit["recall"]) == ("45.00", "45.00", [])
    made = (await confirm(silent, order_id, edit)).json()

    # then the lamps go on, and the scarf waits until its link is paid
    link = made["payment_link"]
    assert (link["amount"], link["url"]) == ("45.00", f"https://pay.example/{link['reference']}")
    order = await silent.until(order_id, lambda order: bool(order["holds"]))
    assert [hold["code"] for hold in order["holds"]] == ["PAYMENT_DUE"]
    assert [one["status"] for one in order["fulfillment_orders"]] == ["released"]
    paid = {"amount": "45.00", "currency": "CNY"}
    await silent.simulators.post(
        "/payments/payments", json=paid | {"reference": link["reference"], "status": "captured"}
    )
    await silent.gateway("payment.captured", payment_reference=link["reference"], **paid)
    order = await silent.until(order_id, lambda order: len(order["fulfillment_orders"]) == 2 and not order["holds"])
    assert (order["payment_status"], order["totals"]["grand_total"]) == ("paid", "375.00")

    # and when it is canceled, each payment has its own money back
    await silent.until_fulfillment(order_id, "released")
    assert (await silent.cancel(order_id)).json()["answer"] == "done"
    order = await silent.until_status(order_id, "canceled")
    assert sorted(refunds(order)) == ["330.00", "45.00"]
    [back] = (await silent.simulators.get("/payments/refunds", params={"payment_reference": link["reference"]})).json()[
        "refunds"
    ]
    assert back["amount"] == "45.00"
    silent.verify()


async def test_what_has_left_is_not_edited(silent: Baton) -> None:
    order_id = await shipped(silent, "EDIT-LEFT")

    edit = await preview(silent, order_id, ship_to=NEW_HOME, lines=[{"line_no": 1, "quantity": 1}])

    assert [one["field"] for one in edit["refusals"]] == ["ship_to", "lines[1]"]
    assert (await confirm(silent, order_id, edit)).status_code == 409
    notes = await preview(silent, order_id, remarks="leave it with the neighbor")
    assert (await confirm(silent, order_id, notes)).status_code == 200
    assert (await silent.show(order_id))["remarks"] == "leave it with the neighbor"


async def test_staff_choose_the_location_and_the_carrier_of_one_order(silent: Baton) -> None:
    # given an order that Guangzhou, the nearest, is picking
    order_id = await released(silent, "CHOSEN")
    assert (await silent.show(order_id))["fulfillment_orders"][0]["location_id"] == "GUANGZHOU"

    # when
    edit = await preview(silent, order_id, location="SHANGHAI", carrier="JD Logistics")
    assert (edit["refusals"], edit["recall"], edit["difference"]) == ([], [f"{order_id}-1"], "0.00")
    assert (await confirm(silent, order_id, edit)).json()["answer"] == "done"

    # then the work is called back, and Shanghai sends it by that carrier
    order = await silent.until(
        order_id, lambda order: [one["status"] for one in order["fulfillment_orders"]] == ["canceled", "released"]
    )
    assert order["fulfillment_orders"][-1]["location_id"] == "SHANGHAI"
    decisions = (await silent.api.get(f"/orders/{order_id}/sourcing")).json()["decisions"]
    assert decisions[-1]["reason"].startswith("SHANGHAI is specified and has all")
    [candidate] = [one for one in decisions[-1]["inputs"]["candidates"] if one["location_id"] == "SHANGHAI"]
    assert candidate["carrier"] == "JD Logistics"
    silent.verify()
