"""Notes, tags and assignees of orders and cases: found by all of them, written once, and reached by erasure."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import func, select, text, update

from commands.keys import create_key
from models.database import Sessions
from models.notes import NoteRow
from models.order import OrderEventRow, OrderRow
from models.returns import ReturnRow
from record.orders import staff_work
from record.people.erasing import erase
from tests.api.conftest import Api, Connect, assert_problem, fields
from tests.api.test_order_list import ids

Place = Callable[..., Awaitable[str]]
SUN, MO = "Sun of support", "Mo the manager"
NOTE = {"words": "Han Mei called twice", "mentions": [MO, "role:finance"], "attachments": ["https://calls.example/1"]}


@pytest.fixture
def boss(connect: Connect, sessions: Sessions) -> Api:
    return connect(create_key(sessions, MO, "admin"))


@pytest.fixture
async def order_id(place: Place, sessions: Sessions) -> str:
    """A completed order of a customer who may be erased, with a closed case; Temporal does not answer."""
    order_id = await place(customer={"customer_id": "HAN-MEI"})
    await place(channel="shop", channel_order_id="SH-1", payment={"reference": "PAY-2:20.00:CNY", "method": "alipay"})
    with sessions.begin() as session:
        done = update(OrderRow).where(OrderRow.order_id == order_id)
        session.execute(done.values(status="completed", ended_at=func.now()))
        session.add(ReturnRow(return_id=f"{order_id}-R-1", order_id=order_id, case_id="1", status="closed", reason=""))
    return order_id


def facts(sessions: Sessions, order_id: str) -> list[tuple[str, dict[str, Any]]]:
    rows = select(OrderEventRow.type, OrderEventRow.data).where(OrderEventRow.order_id == order_id)
    with sessions() as session:
        found = session.execute(rows.order_by(OrderEventRow.event_id)).all()
    return [(row.type, {name: value for name, value in row.data.items() if name != "words"}) for row in found[1:]]


@pytest.mark.parametrize("kind", ["orders", "returns"])
async def test_a_note_is_kept_once_and_found_by_whom_it_mentions(
    staff: Api, boss: Api, order_id: str, sessions: Sessions, kind: str
) -> None:
    subject, return_id = (order_id, None) if kind == "orders" else (f"{order_id}-R-1", f"{order_id}-R-1")

    # when it is sent twice
    answers = [await staff.post(f"/{kind}/{subject}/notes", json=NOTE) for _ in range(2)]

    # then
    assert [answer.status_code for answer in answers] == [200, 200], answers[0].text
    assert answers[0].json() == answers[1].json()
    [note] = (await staff.get(f"/{kind}/{subject}/notes")).json()["items"]
    assert {name: note[name] for name in NOTE} == NOTE
    assert (note["by"], note["return_id"]) == (SUN, return_id)
    about = {} if return_id is None else {"return_id": return_id}
    told = {"note_id": note["note_id"], "mentions": [MO, "role:finance"], "attachments": 1}
    assert facts(sessions, order_id) == [("note.added", about | told)]

    # and the order is found by the notes of its cases too
    for query in ({"mentions": MO}, {"mentions": "role:finance"}, {"has_notes": True}):
        assert await ids(staff, **query) == [order_id], query
        cases = (await staff.get("/returns", params=query)).json()["items"]
        assert [case["return_id"] for case in cases] == ([] if return_id is None else [return_id])
    assert await ids(staff, mentions=SUN) == []
    assert order_id not in await ids(staff, has_notes=False)


async def test_who_may_not_see_people_reads_no_words(viewer: Api, staff: Api, boss: Api, order_id: str) -> None:
    await staff.post(f"/orders/{order_id}/notes", json=NOTE)

    [note] = (await viewer.get(f"/orders/{order_id}/notes")).json()["items"]

    assert (note["words"], note["attachments"], note["mentions"]) == ("***", ["***"], NOTE["mentions"])


async def test_notes_are_bounded_and_name_the_field_at_fault(
    staff: Api, tmall: Api, order_id: str, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/orders/{order_id}/notes"
    for wrong, field in (
        ({"words": ""}, "words"),
        ({"words": "x" * 2_001}, "words"),
        ({"mentions": [SUN, "Nobody"]}, "mentions[1]"),
        ({"mentions": ["tmall-connector"]}, "mentions[0]"),
        ({"mentions": [SUN] * 21}, "mentions"),
        ({"attachments": ["letter.pdf", "javascript:alert(1)"]}, "attachments[1]"),
        ({"attachments": ["x"] * 11}, "attachments"),
    ):
        problem = assert_problem(await staff.post(path, json={"words": "hm", **wrong}), 422, "invalid")
        assert fields(problem) == [field]
    assert (await staff.get(path)).json()["items"] == []
    monkeypatch.setattr(staff_work, "MOST_NOTES", 1)
    assert (await staff.post(path, json={"words": "one"})).status_code == 200
    assert_problem(await staff.post(path, json={"words": "two"}), 409, "refused")


@pytest.mark.parametrize("kind", ["orders", "returns"])
async def test_tags_are_added_and_removed_once(staff: Api, order_id: str, sessions: Sessions, kind: str) -> None:
    subject = order_id if kind == "orders" else f"{order_id}-R-1"
    before = (await staff.get(f"/{kind}/{subject}")).json()["tags"]

    for _ in range(2):
        answer = await staff.put(f"/{kind}/{subject}/tags/for Han Mei")
        assert answer.json()["tags"] == [*before, "for Han Mei"]
    found = (await staff.get(f"/{kind}", params={"tag": "for Han Mei"})).json()["items"]
    assert [one["order_id"] for one in found] == [order_id]
    for _ in range(2):
        assert (await staff.delete(f"/{kind}/{subject}/tags/for Han Mei")).json()["tags"] == before

    # then the sealed log has no word of it, and staff are shown which tag it was
    assert [data["change"] for _, data in facts(sessions, order_id)] == ["added", "removed"]
    assert "Han Mei" not in str(facts(sessions, order_id))
    events = (await staff.get(f"/orders/{order_id}/events")).json()["items"][1:]
    assert [(event["type"], event["data"]["detail"]) for event in events] == [("tags.changed", "for Han Mei")] * 2


async def test_tags_are_bounded(staff: Api, order_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert fields(assert_problem(await staff.put(f"/orders/{order_id}/tags/{'x' * 41}"), 422, "invalid")) == ["tag"]
    monkeypatch.setattr(staff_work, "MOST_TAGS", 1)
    assert_problem(await staff.put(f"/orders/{order_id}/tags/one more"), 409, "refused")


@pytest.mark.parametrize("kind", ["orders", "returns"])
async def test_one_person_has_it_until_it_is_given_back_or_taken_over(
    staff: Api, boss: Api, order_id: str, sessions: Sessions, kind: str
) -> None:
    subject, what = (order_id, "order") if kind == "orders" else (f"{order_id}-R-1", "return")
    path = f"/{kind}/{subject}"

    # given somebody who takes it, twice
    assert [(await staff.post(f"{path}/take")).json()["assignee"] for _ in range(2)] == [SUN, SUN]

    # when another wants it
    problem = assert_problem(await boss.post(f"{path}/take"), 409, "refused")
    assert SUN in problem["detail"]
    assert_problem(await boss.post(f"{path}/give-back"), 409, "refused")
    taken = await boss.post(f"{path}/take", params={"take_over": True})

    # then it is found by who has it
    assert taken.json()["assignee"] == MO == (await staff.get(path)).json()["assignee"]
    listed = [(await staff.get(f"/{kind}", params={"assignee": name})).json()["items"] for name in (SUN, MO)]
    assert [[one["assignee"] for one in page] for page in listed] == [[], [MO]]
    assert [(await boss.post(f"{path}/give-back")).json()["assignee"] for _ in range(2)] == [None, None]
    about = {} if what == "order" else {"return_id": subject}
    assert facts(sessions, order_id) == [
        (f"{what}.taken", about),
        (f"{what}.taken", about | {"from": SUN}),
        (f"{what}.given_back", about),
    ]


async def test_at_once_one_of_two_has_it_and_a_note_or_tag_is_written_once(
    staff: Api, boss: Api, order_id: str, sessions: Sessions
) -> None:
    path = f"/orders/{order_id}"

    takes = await asyncio.gather(*(one.post(f"{path}/take") for one in (staff, boss) for _ in range(3)))
    notes = await asyncio.gather(*(staff.post(f"{path}/notes", json=NOTE) for _ in range(4)))
    tags = await asyncio.gather(*(one.put(f"{path}/tags/vip") for one in (staff, boss) for _ in range(2)))

    assert sorted(take.status_code for take in takes) == [200] * 3 + [409] * 3
    assert len({note.json()["note_id"] for note in notes}) == 1
    assert {str(tag.json()["tags"]) for tag in tags} == {str(["gift", "vip"])}
    assert [kind for kind, _ in facts(sessions, order_id)] == ["order.taken", "note.added", "tags.changed"]


async def test_a_channel_reads_only_its_own_and_writes_nothing(
    staff: Api, tmall: Api, shop: Api, boss: Api, order_id: str
) -> None:
    await staff.post(f"/orders/{order_id}/notes", json=NOTE)

    assert len((await tmall.get(f"/orders/{order_id}/notes")).json()["items"]) == 1
    for subject in (f"/orders/{order_id}", f"/returns/{order_id}-R-1"):
        assert_problem(await shop.get(f"{subject}/notes"), 404, "not-found")
        assert_problem(await tmall.post(f"{subject}/notes", json=NOTE), 403, "forbidden")
        assert_problem(await tmall.put(f"{subject}/tags/vip"), 403, "forbidden")
        assert_problem(await tmall.post(f"{subject}/take"), 403, "forbidden")
    assert_problem(await staff.post("/orders/NONE/take"), 404, "not-found")
    assert await ids(shop, mentions=MO) == []


async def test_an_erased_persons_notes_are_empty_and_none_is_written_any_more(
    staff: Api, boss: Api, order_id: str, sessions: Sessions
) -> None:
    # given
    await staff.post(f"/orders/{order_id}/notes", json=NOTE)
    await staff.put(f"/orders/{order_id}/tags/for Han Mei")
    await staff.put(f"/returns/{order_id}-R-1/tags/for Han Mei")

    # when
    with sessions.begin() as session:
        session.execute(text("DELETE FROM messages"))
    erase(sessions, ["HAN-MEI"], "lin")

    # then
    with sessions() as session:
        row = session.scalars(select(NoteRow)).one()
        assert (row.words, row.attachments, row.mentions) == ("erased", [], NOTE["mentions"])
        assert session.get_one(ReturnRow, f"{order_id}-R-1").tags == []
    assert_problem(await staff.post(f"/orders/{order_id}/notes", json=NOTE), 409, "refused")
    assert_problem(await staff.put(f"/orders/{order_id}/tags/for Han Mei"), 409, "refused")
    assert "Han Mei" not in (await staff.get(f"/orders/{order_id}/events")).text
