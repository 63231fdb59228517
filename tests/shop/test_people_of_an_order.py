"""Notes, tags, people: staff speak about an order while it runs and after it ended, and the log says it by codes."""

import json

import httpx2

from commands.keys import create_key
from tests.baton import Baton
from tests.workflows.test_cancel import shipped

WORDS = "Lin Xia wants it at the back door"


async def test_two_of_staff_care_for_an_order_and_its_end_changes_nothing(silent: Baton) -> None:
    # given an order on its way that somebody has taken, with a question to finance
    order_id = await shipped(silent, "CARED-FOR")
    key = create_key(silent.sessions, "Ada of accounts", "staff")
    ada = httpx2.AsyncClient(base_url=silent.api.base_url, headers={"Authorization": f"Bearer {key}"})
    path = f"/orders/{order_id}"
    sun = (await silent.api.post(f"{path}/take")).json()["assignee"]
    note = {"words": WORDS, "mentions": ["Ada of accounts"], "attachments": ["call-17.mp3"]}
    assert (await silent.api.post(f"{path}/notes", json=note)).status_code == 200

    # when Ada finds it, answers, marks it and takes it over, the last two after it was delivered
    async with ada:
        found = (await ada.get("/orders", params={"mentions": "Ada of accounts", "assignee": sun})).json()["items"]
        assert [one["order_id"] for one in found] == [order_id]
        assert (await ada.post(f"{path}/take")).status_code == 409
        assert (await ada.post(f"{path}/notes", json={"words": "paid twice", "mentions": [sun]})).status_code == 200
        await silent.track(await silent.show(order_id), "delivered")
        await silent.until_status(order_id, "completed")
        assert "paid-twice" in (await ada.put(f"{path}/tags/paid-twice")).json()["tags"]
        assert (await ada.post(f"{path}/take", params={"take_over": True})).json()["assignee"] == "Ada of accounts"

    # then lists find it by each, and neither log nor history holds a word
    for query in ({"tag": "paid-twice"}, {"assignee": "Ada of accounts"}, {"mentions": sun}):
        found = (await silent.api.get("/orders", params=query)).json()["items"]
        assert [one["order_id"] for one in found] == [order_id], query
    facts = silent.rows(
        "SELECT type, actor, data FROM order_events WHERE order_id = :id ORDER BY event_id", id=order_id
    )
    told = [(row.type, row.actor) for row in facts if row.type in ("note.added", "tags.changed", "order.taken")]
    assert told == [
        ("order.taken", sun),
        *(("note.added", name) for name in (sun, "Ada of accounts")),
        *((kind, "Ada of accounts") for kind in ("tags.changed", "order.taken")),
    ]
    history = await silent.workflow(order_id).fetch_history()
    for text in (json.dumps([row.data for row in facts]), history.to_json()):
        assert not [word for word in (WORDS, "back door", "call-17", "paid twice", "paid-twice") if word in text]
    silent.verify()
