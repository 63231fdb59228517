"""C16: no key of one channel sees, counts or changes anything of another channel by any route (sec_04), and no key of a
store what other places work on."""

import re
from collections.abc import AsyncIterator, Iterator
from hashlib import sha256
from typing import Any

import httpx2
import pytest

from commands.keys import create_key
from embedded.postgres import EmbeddedPostgres
from integrations.photo_keepers import FolderKeeper
from models.database import Sessions, open_database
from models.database import sessions as open_sessions
from settings import Settings
from tests.api.conftest import NOBODY, PARTNERS, Api, running
from tests.conftest import SECRETS_KEY, partner
from tests.databases import copy_template
from tests.factories import CHANNEL, LAMP
from tests.planted import BUYER, LOCATION, PURCHASE, SUBSCRIPTION
from tests.security.neighbor import HIDDEN_SKU, MINE, PHOTO, WORDS, move_in, open_shop, rows

STREAM = "/events/stream"
"""Tested in tests/api/test_event_stream.py, test_a_stream_has_only_its_types_and_its_channel."""
ABOUT_THE_MACHINE = {"/readyz"}
"""Routes about the machine, not about orders."""
KEPT_FROM_CHANNELS = {
    *("/stock/movements", "/stock/alerts", "/stock/differences", "/stock/exceptions", "/purchase-orders"),
    *("/purchase-orders/{purchase_order_id}", "/locations/{location_id}/waves", "/locations/{location_id}/pick-list"),
    *("/reports/differences", "/reports/differences/counts", "/reports/unknown-waybills", "/rule-sets"),
    *("/rule-sets/{rule_set_id}", "/rule-sets/{rule_set_id}/log", "/shipments/{shipment_id}/label"),
    "/customers/{customer_id}/store-credits",
    *("/set-asides", "/set-asides/alerts", "/buffers", "/buffers/{buffer_id}"),
    *("/settlements", "/settlements/{settlement_id}", "/settlements/{settlement_id}/rows"),
    *("/settlements/{settlement_id}/differences", "/credit-accounts/{customer_id}", "/invoices"),
    *("/store-credits", "/store-credits/{credit_id}"),
    *("/cash-collections", "/remittances", "/exports", "/exports/{export_id}", "/exports/{export_id}/runs"),
}
ASKED_WITHOUT_KEY = "post /bulk {}"
"""Answers 400 before it looks at any id; tests/api/test_bulk.py tests those with a key."""
PERIOD = {"first": "2026-01-01", "last": "2026-03-31"}


class TwoChannels:
    """Two channels: `before` has the answers to my channel's key before the neighbor came."""

    def __init__(self, sessions: Sessions, api: Api, document: dict[str, Any], mine: str) -> None:
        self.sessions, self.api, self.document, self.mine = sessions, api, document, mine
        self.before: dict[str, httpx2.Response] = {}
        self.theirs = ""
        # Keys of all channels, once the neighbor is there.
        self.admin = self.store = api

    def operations(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                if path != STREAM and path not in ABOUT_THE_MACHINE:
                    yield method, path, operation

    async def shown(
        self, order_id: str, sku: str = LAMP, channel: str = MINE, by: Api | None = None
    ) -> dict[str, httpx2.Response]:
        """The answers of all GET routes about these, by path."""
        found = {}
        for method, path, operation in self.operations():
            if method == "get":
                wanted = {one["name"] for one in operation.get("parameters", []) if one["in"] == "query"}
                params = {**PERIOD, "order_id": order_id} if wanted & {"first", "parked"} else {}
                found[path] = await (by or self.api).get(path.format(**ids(order_id, sku, channel)), params=params)
        return found


def ids(order_id: str, sku: str, channel: str) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "intake_id": order_id,
        "return_id": f"{order_id}-R-1",
        "edit_id": order_id,
        "promise_id": order_id,
        "shipment_id": f"{order_id}-S-1",
        "fulfillment_order_id": f"{order_id}-1",
        "sku": sku,
        "location_id": LOCATION,
        "buffer_id": "B-1",
        "channel": channel,
        "partner": "wms",
        "rule_set_id": 1,
        "purchase_order_id": PURCHASE,
        "subscription_id": SUBSCRIPTION,
        "customer_id": BUYER,
        "message_id": order_id,
        "delivery_id": 1,
        "claim_id": 1,
        "aside_id": 1,
        "task_id": 1,
        "dispute_id": "payments:DP-1",
        "bulk_id": "bulk_1",
        "export_id": "exp_1",
        "photo_id": PHOTO,
        "invoice_id": f"{order_id}-1",
        "settlement_id": "set_1",
        "credit_id": f"cr_{sha256(order_id.upper().encode()).hexdigest()[:24]}",
        "code": "DUPLICATE",
        "tag": "vip",
    }


@pytest.fixture(scope="module")
async def channels(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TwoChannels]:
    url = copy_template(postgres, "neighbors")
    engine = open_database(url)
    sessions = open_sessions(engine)
    partners: dict[str, Any] = {name: partner() for name in PARTNERS}
    mine = open_shop(sessions)
    photos = tmp_path_factory.mktemp("photos")
    FolderKeeper(photos).put(PHOTO, b"a photo")
    ours: dict[str, Any] = {"secrets_key": SECRETS_KEY, "api_metrics_port": 0, "photo_dir": photos}
    settings = Settings(_env_file=None, database_url=url, temporal_address=NOBODY, **ours, **partners)
    async with running(settings) as connect:
        api = connect(create_key(sessions, "shop-connector", "channel", MINE))
        channels = TwoChannels(sessions, api, (await api.get("/openapi.json")).json(), mine)
        channels.before = await channels.shown(mine)
        channels.theirs = move_in(sessions, mine)
        channels.store = connect(create_key(sessions, "the store of Ningbo", "store", location="NINGBO"))
        channels.admin = connect(create_key(sessions, "Mo the manager", "admin"))
        yield channels
    engine.dispose()


def text_of(answer: httpx2.Response) -> str:
    """The answer's text without the requested path, which a problem repeats."""
    return answer.text.replace(answer.request.url.path, "")


def words_in(channels: TwoChannels, answer: httpx2.Response) -> set[str]:
    words = {word for word in (*WORDS, channels.theirs) if re.search(rf"(?<!\w){re.escape(word)}", text_of(answer))}
    # Both channels may know the buyer's id.
    return words - {BUYER}


async def test_no_answer_depends_on_the_neighbor(channels: TwoChannels) -> None:
    """No answer contains the neighbor's words, and no list, counter, share or fact counts its rows."""
    after = await channels.shown(channels.mine)

    changed = {
        path: (text_of(answer), text_of(after[path]))
        for path, answer in channels.before.items()
        if path not in MET and text_of(answer) != text_of(after[path])
    }
    assert changed == {}
    assert {path: words for path, answer in after.items() if (words := words_in(channels, answer))} == {}


# Routes that show my order's own facts after it met the neighbor; the tests below check which.
MET = {
    *("/orders/{order_id}/audit", "/orders/{order_id}/sourcing", "/orders/{order_id}/events", "/messages"),
    # SHARED-TEACUP was sold on all channels and is now limited to two.
    "/products",
}


async def test_an_order_that_met_the_neighbors_shows_nothing_of_it(channels: TwoChannels) -> None:
    here = f"/orders/{channels.mine}"
    audit, sourcing, events, messages, order = [
        (await channels.api.get(path, params=params)).json()
        for path, params in (
            (f"{here}/audit", {}),
            (f"{here}/sourcing", {}),
            (f"{here}/events", {}),
            ("/messages", {"order_id": channels.mine}),
            (here, {}),
        )
    ]
    assert [check["facts"] for check in audit["audits"][0]["checks"]] == [{}, {"customer_id": "ME"}]
    [decision] = sourcing["decisions"]
    assert (decision["scores"], decision["excluded"], decision["inputs"]) == ([], {}, {})
    assert [event["data"]["with"] for event in events["items"] if "with" in event["data"]] == [[f"order/{MINE}/S-2"]]
    assert [message["same_as"] for message in messages["items"]] == [None]
    assert [part["merged_with"] for part in order["fulfillment_orders"]] == [[]]


async def test_goods_that_only_the_neighbor_sells_are_not_found(channels: TwoChannels) -> None:
    products = (await channels.api.get("/products")).json()["items"]
    assert {one["sku"]: one["channels"] for one in products} == {LAMP: None, "SHARED-TEACUP": [MINE]}
    for path in (f"/products/{HIDDEN_SKU}", f"/stock/{HIDDEN_SKU}", f"/channels/{MINE}/stock/{HIDDEN_SKU}"):
        assert (await channels.api.get(path)).status_code == 404, path


async def test_stock_shows_only_what_the_channel_may_sell(channels: TwoChannels) -> None:
    stock = (await channels.api.get("/stock", params={"location": LOCATION})).json()["items"]
    lamp = next(one for one in stock if one["sku"] == LAMP)
    assert (lamp["available"], lamp["total"]) == (1, None)
    [place] = lamp["locations"]
    assert place["available"] == 1
    assert {place[name] for name in ("on_hand", "in_transit", "reserved", "allocated", "buffer", "quarantined")} == {
        None
    }


async def test_routes_across_channels_are_forbidden_to_a_channel(channels: TwoChannels) -> None:
    forbidden = {path for path, answer in channels.before.items() if answer.status_code == 403}
    assert forbidden == KEPT_FROM_CHANNELS


async def test_what_the_neighbor_is_asked_for_is_there(channels: TwoChannels) -> None:
    """Otherwise a 404 would say nothing."""
    seen = await channels.shown(channels.theirs, HIDDEN_SKU, CHANNEL, by=channels.admin)

    assert {path for path, answer in seen.items() if answer.status_code == 404} == set()


@pytest.mark.parametrize("who", ["api", "store"])
async def test_no_route_shows_or_changes_anything_of_the_neighbor(channels: TwoChannels, who: str) -> None:
    """Neither to another channel nor to a store that has no work of its orders."""
    # given
    stranger: Api = getattr(channels, who)
    kept = rows(channels.sessions)
    statuses_found: dict[str, set[int]] = {}

    # when every operation is called with the neighbor's ids, and every list with filters for its rows
    for method, path, operation in channels.operations():
        where = path.format(**ids(channels.theirs, HIDDEN_SKU, CHANNEL))
        for params in queries_of(operation, channels.theirs):
            answer = await stranger.request(method, where, params=params, json=example(operation))
            assert words_in(channels, answer) == set(), f"{method} {path} {params}: {answer.text}"
            if method != "get" or "{" in path.replace("{location_id}", ""):
                statuses_found[f"{method} {path} {params}"] = statuses(answer)

    # then
    assert statuses_found.pop(ASKED_WITHOUT_KEY) == ({400} if who == "api" else {403})
    assert {name: found for name, found in statuses_found.items() if found not in ({401}, {403}, {404})} == {}
    assert rows(channels.sessions) == kept


def statuses(answer: httpx2.Response) -> set[int]:
    """The answer's status, or those of the items of a batch."""
    batch = answer.status_code == 200 and "/orders:batch" in answer.request.url.path
    return {item["status"] for item in answer.json()["items"]} if batch else {answer.status_code}


def queries_of(operation: dict[str, Any], order_id: str) -> list[dict[str, str]]:
    """Query parameters to try: only the required ones, and each one that can name the neighbor."""
    names = {one["name"] for one in operation.get("parameters", []) if one["in"] == "query"}
    needed = PERIOD if "first" in names else {}
    theirs = {
        "channel": CHANNEL,
        "order_id": order_id,
        "order": order_id,
        "customer": BUYER,
        "sku": HIDDEN_SKU,
        "location": LOCATION,
        "by": "channel",
    }
    return [{**needed}, *({**needed, name: value} for name, value in theirs.items() if name in names)]


def example(operation: dict[str, Any]) -> Any:
    content = operation.get("requestBody", {}).get("content", {})
    return content.get("application/json", {}).get("example")
