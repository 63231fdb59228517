"""Staff find any order by what they know of it, and nobody finds what is not theirs."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text, update

from api.orders.order_filters import OrderConditions
from domain.editing.wanted import WantedEdit
from models.database import Sessions
from models.database import sessions as open_sessions
from models.erasure import HashedContactsRow
from models.fulfillment import FulfillmentOrderRow, ShipmentRow
from models.order import OrderRow
from models.stock import LocationRow, ProductRow
from models.vault import Vault
from record.orders import edits
from record.people.contacts import ContactSweep
from record.people.erasing import erase
from tests.api.conftest import Api, assert_problem, fields, order_body
from tests.conftest import SECRETS_KEY

Place = Callable[..., Awaitable[str]]
LIN = order_body()["ship_to"] | {"phone": "+86 138 0013 8000", "email": "Lin@Lake.Example"}
ZHOU = order_body()["ship_to"] | {"phone": "+8613900139000", "province": "广东省"}


async def ids(api: Api, **query: Any) -> list[str]:
    answer = await api.get("/orders", params=query)
    assert answer.status_code == 200, answer.text
    return [item["order_id"] for item in answer.json()["items"]]


@pytest.fixture
async def two(place: Place, sessions: Sessions) -> tuple[str, str]:
    """Lin's lamp from Tmall, shipped with SF, and Zhou's cup from the shop."""
    with sessions.begin() as session:
        session.add(ProductRow(sku="ELEGANT-LAMP", title="Elegant lamp with a silk shade"))
        session.add(LocationRow(location_id="HZ-1", kind="warehouse", name="Hangzhou", country="CN", province="浙江省"))
    cup = {"sku": "TEACUP", "quantity": 1, "unit_price": "20.00"}
    totals = {"discount": "0", "shipping": "0", "tax": "0", "grand_total": "20.00"}
    lin = await place(channel_order_id="TM-1", ship_to=LIN, tags=["gift"])
    zhou = await place(
        channel="shop",
        channel_order_id="SH-77",
        ship_to=ZHOU,
        lines=[cup],
        totals=totals,
        tags=["express"],
        payment={"reference": "PAY-2:20.00:CNY", "method": "alipay"},
        placed_at="2026-02-01T00:00:00Z",
    )
    with sessions.begin() as session:
        session.add(ShipmentRow(shipment_id="S-1", carrier="SF", waybill="SF1234567", tracking_status="in_transit"))
        session.flush()
        work = FulfillmentOrderRow(fulfillment_order_id="F-1", order_id=lin, number=1, location_id="HZ-1", reason="")
        work.status, work.shipment_id, work.shipped_at = "shipped", "S-1", datetime(2026, 1, 2, tzinfo=UTC)
        session.add(work)
        session.execute(update(OrderRow).where(OrderRow.order_id == zhou).values(attention="it is late"))
    return lin, zhou


async def test_an_order_is_found_by_what_staff_have_at_hand(staff: Api, two: tuple[str, str]) -> None:
    lin, zhou = two
    for words in (
        lin,
        lin.lower(),
        "TM-1",
        "SF1234567",
        "SF12",
        "ELEGANT-LAMP",
        "elegant l",
        "gift",
    ):
        assert await ids(staff, q=words) == [lin], words
    for words in ("SH-77", "SH-", "TEACUP", "express"):
        assert await ids(staff, q=words) == [zhou], words
    assert await ids(staff, q="SF") == await ids(staff, q="nothing like it") == await ids(staff, q="%") == []


async def test_every_filter_narrows(staff: Api, two: tuple[str, str]) -> None:
    lin, zhou = two
    lins: list[dict[str, Any]] = [
        {"phone": "+8613800138000"},
        {"email": "lin@lake.example"},
        {"tag": "gift"},
        {"carrier": "SF"},
        {"province": "浙江省"},
        {"fulfillment_status": "shipped"},
        {"placed_before": "2026-01-02T00:00:00Z"},
        {"shipped_after": "2026-01-02T00:00:00Z", "shipped_before": "2026-01-03T00:00:00Z"},
        {"amount_from": "20.01", "currency": "CNY"},
        {"attention": False},
    ]
    zhous: list[dict[str, Any]] = [
        {"phone": "8613900139000"},
        {"tag": "express"},
        {"fulfillment_status": "open"},
        {"attention": True},
        {"placed_after": "2026-02-01T00:00:00Z"},
        {"amount_to": "20.00", "currency": "CNY"},
        {"province": "广东省"},
    ]
    for query in lins:
        assert await ids(staff, **query) == [lin], query
    for query in zhous:
        assert await ids(staff, **query) == [zhou], query
    assert await ids(staff, delivered_after="2026-01-01T00:00:00Z") == []
    assert await ids(staff, payment_status="refunded") == []
    assert await ids(staff, payment_status="pending", q="TM-1", carrier="SF", tag="gift") == [lin]


async def test_pages_go_on_where_the_last_one_ended_in_every_sort(
    staff: Api, two: tuple[str, str], place: Place
) -> None:
    lin, zhou = two
    same = await place(channel_order_id="TM-2", payment={"reference": "PAY-3:370.00:CNY", "method": "alipay"})
    expected = {
        "received": [lin, zhou, same],
        "-received": [same, zhou, lin],
        "placed": [lin, same, zhou],
        "-placed": [zhou, same, lin],
        "amount": [zhou, lin, same],
        "-amount": [same, lin, zhou],
    }
    for sort, orders in expected.items():
        query, seen = {"sort": sort, "currency": "CNY", "limit": 1, "count": True}, list[str]()
        while True:
            page = (await staff.get("/orders", params=query)).json()
            assert (page["count"], page["at_least"]) == (3, False)
            seen += [item["order_id"] for item in page["items"]]
            if page["next_cursor"] is None:
                break
            query["cursor"] = page["next_cursor"]
        assert seen == orders, sort
        # A cursor of one sort is none of another.
        other = "placed" if sort != "placed" else "amount"
        assert_problem(await staff.get("/orders", params=query | {"sort": other}), 422, "invalid")


async def test_a_channel_finds_only_its_own(shop: Api, two: tuple[str, str]) -> None:
    lin, zhou = two
    for query in ({"q": "TM-1"}, {"q": lin}, {"q": "gift"}, {"q": "SF1234567"}, {"phone": "+8613800138000"}):
        assert await ids(shop, **query) == [], query
    assert await ids(shop, q="SH-77") == await ids(shop, phone="+8613900139000") == [zhou]
    assert_problem(await shop.get("/orders", params={"channel": "tmall", "q": "TM-1"}), 403, "forbidden")


async def test_who_may_not_see_persons_may_not_try_them_out(viewer: Api) -> None:
    assert_problem(await viewer.get("/orders", params={"phone": "+8613800138000"}), 403, "forbidden")
    assert_problem(await viewer.get("/orders", params={"email": "lin@lake.example"}), 403, "forbidden")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"phone": "123"}, "phone"),
        ({"email": "lin"}, "email"),
        ({"amount_from": "1.00"}, "currency"),
        ({"amount_to": "1.001", "currency": "CNY"}, "amount_to"),
        ({"sort": "amount"}, "currency"),
        ({"sort": "name"}, "sort"),
        ({"at_risk": True, "sort": "placed"}, "sort"),
        ({"q": ""}, "q"),
        ({"q": " "}, "q"),
        ({"payment_status": "free"}, "payment_status"),
        ({"placed_after": "yesterday"}, "placed_after"),
    ],
)
async def test_what_cannot_be_looked_for_is_named(staff: Api, query: dict[str, Any], field: str) -> None:
    assert fields(assert_problem(await staff.get("/orders", params=query), 422, "invalid")) == [field]


async def test_a_list_that_reads_too_much_is_told_to_narrow(
    staff: Api, two: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "api.orders.orders.conditions_of",
        lambda session, wanted: OrderConditions([text("pg_sleep(1) IS NOT NULL")], [], True),
    )
    monkeypatch.setattr("api.orders.orders.LIST_SECONDS", 0.05)
    assert fields(assert_problem(await staff.get("/orders"), 422, "invalid")) == ["query"]
    monkeypatch.undo()
    assert len(await ids(staff)) == 2


async def test_an_erased_person_is_found_no_more(staff: Api, two: tuple[str, str], sessions: Sessions) -> None:
    lin, _ = two
    with sessions.begin() as session:
        session.execute(update(OrderRow).where(OrderRow.order_id == lin).values(status="completed"))
        session.execute(text("DELETE FROM messages"))

    erase(sessions, ["lin@lake.example"], "Mo")

    assert await ids(staff, phone="+8613800138000") == await ids(staff, email="lin@lake.example") == []
    with sessions() as session:
        row = session.get_one(OrderRow, lin)
        assert (row.phone_hash, row.email_hash) == (None, None)


async def test_orders_from_before_are_hashed_once_and_again_with_a_new_key(
    staff: Api, two: tuple[str, str], sessions: Sessions
) -> None:
    # given orders of a version without hashes
    lin, _ = two
    with sessions.begin() as session:
        session.execute(update(OrderRow).values(phone_hash=None, email_hash=None))
    assert await ids(staff, phone="+8613800138000") == []

    # when the sweep has gone through
    sweep = ContactSweep(sessions)
    assert [sweep.run(), sweep.run(), ContactSweep(sessions).run()] == [2, 0, 0]

    # then they are found, by the number as E.164
    assert await ids(staff, phone="+8613800138000") == [lin]

    # and when the key changes, the older one still finds them until they are hashed anew
    new = "7a" * 32
    changed = open_sessions(sessions.kw["bind"], Vault(new, SECRETS_KEY))
    with sessions() as session:
        before = session.get_one(OrderRow, lin).phone_hash
        assert before in Vault(new, SECRETS_KEY).digests("+8613800138000")
    assert ContactSweep(changed).run() == 2
    with sessions() as session:
        assert session.get_one(OrderRow, lin).phone_hash == Vault(new).digest("+8613800138000") != before
        assert session.query(HashedContactsRow).count() == 2


async def test_a_masked_number_is_not_hashed(place: Place, sessions: Sessions) -> None:
    order_id = await place(ship_to=LIN | {"phone": "138****8000", "email": ""})
    with sessions() as session:
        row = session.get_one(OrderRow, order_id)
        assert (row.phone_hash, row.email_hash) == (None, None)


async def test_an_edited_receiver_is_found_by_the_new_number_only(staff: Api, place: Place, sessions: Sessions) -> None:
    order_id = await place(ship_to=LIN)
    with sessions.begin() as session:
        row = session.get_one(OrderRow, order_id, with_for_update=True)
        wanted = WantedEdit(contact={"phone": "+8613700137000"})
        edit, _ = edits.propose(session, row, wanted, "E-1", edits.CHANNEL, "tmall")
        assert edits.attempt(session, row, edit).state == "applied"

    assert await ids(staff, phone="+8613700137000") == await ids(staff, email="lin@lake.example") == [order_id]
    assert await ids(staff, phone="+8613800138000") == []


async def test_a_status_that_no_index_finds_is_looked_for_a_part_at_a_time(
    staff: Api, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given six orders, of which a page looks at two
    monkeypatch.setattr("api.orders.order_list.MOST_EXAMINED", 2)
    orders = [await place(channel_order_id=f"TM-{number}") for number in range(6)]
    for sort, expected in (("-received", orders[::-1]), ("received", orders)):
        for status, found in (("pending", expected), ("paid", [])):
            query: dict[str, Any] = {"payment_status": status, "sort": sort, "limit": 50, "count": True}
            seen, pages = list[str](), 0
            while True:
                page = (await staff.get("/orders", params=query)).json()
                assert (page["count"], page["at_least"]) == (2 if found else 0, True)
                seen, pages = seen + [item["order_id"] for item in page["items"]], pages + 1
                if page["next_cursor"] is None:
                    break
                query["cursor"] = page["next_cursor"]
            # The last page finds that there are none left.
            assert (seen, pages) == (found, 4)
