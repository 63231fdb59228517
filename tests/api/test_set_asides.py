"""Rows set aside: listed for staff, shown as an alert and a metric, and tried again by hand."""

from typing import get_args

from sqlalchemy import text

from api.set_asides import Kind
from models.database import Sessions
from record.set_aside import AT_ONCE, QUEUES, set_aside
from tests.api.conftest import Api, assert_problem, figures_of
from tests.factories import store_webhook


def put_aside(sessions: Sessions, number: int = 1) -> None:
    keys = [store_webhook(sessions, "payments", "payment.captured", f"PAY-{n}") for n in range(number)]
    with sessions.begin() as session:
        set_aside(session, "event", ["/".join(key) for key in keys], "nobody's payment.captured")
        set_aside(session, "fact", ["17"], "OverflowError")


def test_every_kind_of_set_aside_can_be_listed() -> None:
    assert set(get_args(Kind)) == set(QUEUES)


async def test_rows_set_aside_are_listed_raise_an_alert_and_can_be_tried_again(staff: Api, sessions: Sessions) -> None:
    # given
    put_aside(sessions, 3)

    # when
    page = (await staff.get("/set-asides", params={"kind": "event", "limit": 2})).json()
    rest = (await staff.get("/set-asides", params={"kind": "event", "cursor": page["next_cursor"]})).json()
    alerts = (await staff.get("/set-asides/alerts")).json()["items"]
    figures = figures_of(staff)
    first = page["items"][0]
    one = [await staff.post(f"/set-asides/{first['aside_id']}/retry") for _ in range(2)]
    others = await staff.post("/set-asides/retry", json={"kind": "event"})

    # then
    assert [len(page["items"]), len(rest["items"]), rest["next_cursor"]] == [2, 1, None]
    assert (first["kind"], first["reason"]) == ("event", "nobody's payment.captured")
    assert [(alert["kind"], alert["rows"]) for alert in alerts] == [("event", 3), ("fact", 1)]
    assert 'baton_set_aside{kind="event"} 3.0' in figures
    assert (one[0].status_code, one[0].json()) == (202, {"rows": 1})
    assert_problem(one[1], 404, "not-found")
    assert others.json() == {"rows": 2}
    left = "SELECT count(*) FROM partner_events WHERE NOT isfinite(relay_after) OR tries > 0"
    with sessions() as session:
        assert session.scalar(text(left)) == 0
    assert [alert["kind"] for alert in (await staff.get("/set-asides/alerts")).json()["items"]] == ["fact"]


async def test_all_rows_of_a_kind_are_tried_again_in_several_transactions(staff: Api, sessions: Sessions) -> None:
    with sessions.begin() as session:
        set_aside(session, "history", [f"O-{n}" for n in range(AT_ONCE + 1)], "IndexError")

    assert (await staff.post("/set-asides/retry", json={"kind": "history"})).json() == {"rows": AT_ONCE + 1}


async def test_only_staff_see_rows_set_aside(tmall: Api, viewer: Api, sessions: Sessions) -> None:
    put_aside(sessions)

    for api in (tmall, viewer):
        for path in ("/set-asides", "/set-asides/alerts"):
            assert_problem(await api.get(path), 403, "forbidden")
        assert_problem(await api.post("/set-asides/1/retry"), 403, "forbidden")
        assert_problem(await api.post("/set-asides/retry", json={"kind": "event"}), 403, "forbidden")
