"""Messages that partners and subscribers did not take: listed, shown as alerts, and sent again in sequence."""

from typing import Any

from sqlalchemy import func, text, update

from models.database import Sessions
from models.subscription import DeliveryRow, SubscriptionRow
from record import journal
from tests.api.conftest import Api, assert_problem, fields, figures_of
from tests.api.test_subscriptions import happened, queue, subscribe
from tests.factories import events_of, place_order


async def alerts_of(api: Api) -> list[dict[str, Any]]:
    return list((await api.get("/messages/alerts")).json()["items"])


async def test_parked_messages_are_listed_and_sent_again_one_by_one_or_all(
    staff: Api, tmall: Api, viewer: Api, sessions: Sessions
) -> None:
    # given
    orders = [place_order(sessions, channel=channel) for channel in ("tmall", "shop")]
    with sessions.begin() as session:
        for order_id in orders:
            journal.announce(session, order_id, "shipped", subject="1/a")
        session.execute(text("UPDATE messages SET parked_at = now(), tries = 9 WHERE recipient <> 'inbox'"))

    # when
    async def parked(api: Api, **params: Any) -> list[str]:
        page = (await api.get("/messages", params={"parked": True, **params})).json()
        return [one["message_id"] for one in page["items"]]

    all_, of_erp, of_tmall = await parked(staff), await parked(staff, recipient="erp"), await parked(tmall)
    alerts, of_channel = await alerts_of(staff), await alerts_of(tmall)
    one = await staff.post(f"/messages/{of_erp[0]}/redeliver")
    twice = await staff.post(f"/messages/{of_erp[0]}/redeliver")
    rest = await staff.post("/messages/redeliver", json={"recipient": "erp"})

    # then
    assert (len(all_), len(of_erp), len(of_tmall)) == (6, 2, 3)
    assert [(one["kind"], one["recipient"], one["messages"]) for one in alerts] == [
        ("messages.parked", recipient, 2) for recipient in ("channel", "crm", "erp")
    ]
    assert {one["messages"] for one in of_channel} == {1}
    of_order = (await staff.get("/messages", params={"order_id": orders[0]})).json()["items"]
    assert [message["recipient"] for message in of_order] == ["inbox", "channel", "erp", "crm"]
    assert fields(assert_problem(await staff.get("/messages", params={"parked": False}), 422, "invalid")) == [
        "order_id"
    ]
    assert (one.status_code, one.json()) == (202, {"messages": 1})
    assert_problem(twice, 409, "refused")
    assert rest.json() == {"messages": 1}
    assert await parked(staff, recipient="erp") == []
    assert_problem(await staff.post("/messages/NONE/redeliver"), 404, "not-found")
    assert_problem(await viewer.post("/messages/redeliver", json={"recipient": "erp"}), 403, "forbidden")
    assert_problem(await staff.post("/messages/redeliver", json={"recipient": "wms"}), 422, "invalid")


async def test_a_message_is_not_sent_again_before_an_earlier_one_of_its_order(staff: Api, sessions: Sessions) -> None:
    # given
    order_id = place_order(sessions)
    with sessions.begin() as session:
        for milestone in ("received", "shipped"):
            journal.announce(session, order_id, milestone)
        session.execute(text("UPDATE messages SET parked_at = now()"))

    # when
    early = await staff.post(f"/messages/{order_id}:shipped:erp/redeliver")
    first = await staff.post(f"/messages/{order_id}:received:erp/redeliver")
    second = await staff.post(f"/messages/{order_id}:shipped:erp/redeliver")

    # then
    assert f"{order_id}:received:erp" in assert_problem(early, 409, "refused")["detail"]
    assert (first.status_code, second.status_code) == (202, 202)


async def test_a_parked_message_is_settled_with_a_reason_that_is_kept(
    staff: Api, viewer: Api, sessions: Sessions
) -> None:
    # given
    order_id = place_order(sessions)
    with sessions.begin() as session:
        journal.announce(session, order_id, "received")
        session.execute(text("UPDATE messages SET parked_at = now() WHERE recipient = 'erp'"))
    path, reason = f"/messages/{order_id}:received:erp/settle", {"reason": "booked by hand"}

    # when
    done = await staff.post(path, json=reason)
    again = await staff.post(path, json=reason)

    # then
    assert (done.status_code, done.json()) == (202, {"messages": 1})
    [message] = (await staff.get("/messages", params={"order_id": order_id, "recipient": "erp"})).json()["items"]
    assert (message["settled_by"], message["parked_at"]) == ("Sun of support", None)
    assert events_of(sessions, order_id) == ["message.settled"]
    assert_problem(again, 409, "refused")
    assert fields(assert_problem(await staff.post(path, json={}), 422, "invalid")) == ["reason"]
    assert_problem(await viewer.post(path, json=reason), 403, "forbidden")


async def test_disabled_subscriptions_and_parked_deliveries_are_alerts_until_fixed(
    staff: Api, sessions: Sessions
) -> None:
    # given
    gone, missing = [(await subscribe(staff))["subscription_id"] for _ in range(2)]
    happened(sessions, place_order(sessions), "order.received")
    queue(sessions, missing)
    with sessions.begin() as session:
        parked = {"state": "parked", "settled_at": func.now(), "problem": "answered 503"}
        session.execute(update(DeliveryRow).values(parked))
        ended = {"active": False, "disabled_because": "answered 410"}
        session.execute(update(SubscriptionRow).where(SubscriptionRow.subscription_id == gone).values(ended))

    # when
    before = await alerts_of(staff)
    figures = figures_of(staff)
    await staff.patch(f"/subscriptions/{gone}", json={"active": True})
    with sessions.begin() as session:
        session.execute(update(DeliveryRow).values(state="delivered"))
    after = await alerts_of(staff)

    # then
    assert [(one["kind"], one["recipient"], one["reason"]) for one in before] == [
        ("deliveries.parked", missing, "answered 503"),
        ("subscription.disabled", gone, "answered 410"),
    ]
    assert "baton_disabled_subscriptions 1.0" in figures
    assert after == []
