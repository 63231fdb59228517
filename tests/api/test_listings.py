"""Listings and stock alerts: who may see and change them, pages, and invalid requests."""

import pytest

from commands.channels import save_account
from models.database import Sessions
from models.listing import ChannelListingRow, StockAlertRow
from models.stock import ProductRow
from tests.api.conftest import Api, assert_problem, fields


@pytest.fixture(autouse=True)
def goods(sessions: Sessions) -> None:
    for channel in ("shop", "tmall"):
        save_account(sessions, channel, "plain", "a secret of the tests", {})
    with sessions.begin() as session:
        for sku in ("ELEGANT-LAMP", "TEACUP"):
            session.add(ProductRow(sku=sku, title=sku))
        session.flush()
        for channel in ("shop", "tmall"):
            session.add(ChannelListingRow(channel=channel, sku="TEACUP", channel_sku="T/1", acknowledged_version=1))
        session.flush()
        for kind in ("stock.low", "stock.out"):
            session.add(StockAlertRow(sku="TEACUP", kind=kind, available=0))


async def names(api: Api, **params: str | int | bool) -> list[str]:
    page = (await api.get("/listings", params=params)).json()
    return [f"{one['channel']}/{one['sku']}" for one in page["items"]]


async def test_a_listing_is_behind_after_it_is_added_and_after_each_change(staff: Api) -> None:
    made = (await staff.put("/listings/shop/ELEGANT-LAMP", json={"channel_sku": "4711"})).json()
    changed = (await staff.put("/listings/shop/ELEGANT-LAMP", json={"channel_sku": "4712"})).json()

    assert (made["channel_sku"], made["version"], made["acknowledged_version"]) == ("4711", 1, 0)
    assert (changed["channel_sku"], changed["version"]) == ("4712", 2)
    assert await names(staff, behind=True) == ["shop/ELEGANT-LAMP"]


async def test_the_next_page_starts_after_the_last_listing(staff: Api) -> None:
    first = (await staff.get("/listings", params={"limit": 1})).json()
    second = (await staff.get("/listings", params={"limit": 1, "cursor": first["next_cursor"]})).json()

    assert [page["items"][0]["channel"] for page in (first, second)] == ["shop", "tmall"]
    assert second["next_cursor"] is None
    assert_problem(await staff.get("/listings", params={"cursor": "QQ=="}), 422, "invalid")


async def test_a_channel_sees_only_its_own_listings_and_changes_none(tmall: Api, viewer: Api) -> None:
    assert await names(tmall) == ["tmall/TEACUP"]
    assert_problem(await tmall.get("/listings", params={"channel": "shop"}), 403, "forbidden")
    for caller in (tmall, viewer):
        assert_problem(await caller.put("/listings/tmall/TEACUP", json={}), 403, "forbidden")
        assert_problem(await caller.post("/listings/tmall/push", json={}), 403, "forbidden")


async def test_an_invalid_request_is_refused_by_its_field(staff: Api) -> None:
    share = assert_problem(await staff.put("/listings/shop/TEACUP", json={"share": 50}), 422, "invalid")
    taken = assert_problem(await staff.put("/listings/shop/ELEGANT-LAMP", json={"channel_sku": "T/1"}), 422, "invalid")

    assert (fields(share), fields(taken)) == (["share"], ["channel_sku"])
    assert_problem(await staff.put("/listings/shop/NOBODY-KNOWS", json={}), 404, "not-found")
    assert_problem(await staff.put("/listings/nobody/TEACUP", json={}), 404, "not-found")
    assert_problem(await staff.post("/listings/nobody/push", json={}), 404, "not-found")


async def test_all_listings_can_be_pushed_again(staff: Api) -> None:
    nothing = await staff.post("/listings/shop/push", json={})
    everything = await staff.post("/listings/shop/push", json={"everything": True})

    assert (nothing.json(), everything.json()) == ({"behind": 0}, {"behind": 1})
    assert everything.status_code == 202
    assert await names(staff, behind=True) == ["shop/TEACUP"]


async def test_alerts_are_listed_newest_first_and_by_kind(viewer: Api) -> None:
    first = (await viewer.get("/stock/alerts", params={"limit": 1, "open": True})).json()
    second = (await viewer.get("/stock/alerts", params={"limit": 1, "cursor": first["next_cursor"]})).json()
    low = (await viewer.get("/stock/alerts", params={"kind": "stock.low", "sku": "TEACUP"})).json()

    assert [page["items"][0]["kind"] for page in (first, second)] == ["stock.out", "stock.low"]
    assert len(low["items"]) == 1
    assert (await viewer.get("/stock/alerts", params={"open": False})).json()["items"] == []
    assert_problem(await viewer.get("/stock/alerts", params={"cursor": "QQ=="}), 422, "invalid")
