"""C16: what one channel has, no key of another sees, counts or changes, whatever it asks (sec_04)."""

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2
import pytest

from commands.keys import create_key
from embedded.postgres import EmbeddedPostgres
from models.database import Sessions, open_database
from models.database import sessions as open_sessions
from settings import Settings
from tests.api.conftest import NOBODY, PARTNERS, Api, running
from tests.conftest import SECRETS_KEY, partner
from tests.databases import copy_template
from tests.factories import CHANNEL, LAMP
from tests.planted import BUYER, LOCATION, PURCHASE, SUBSCRIPTION
from tests.security.neighbor import HIDDEN_SKU, MINE, WORDS, move_in, open_shop, rows

ENDLESS = "/events/stream"
"""It has its own test: tests/api/test_event_stream.py, test_a_stream_has_its_types_and_its_channel_only."""
OF_THE_HOUSE = {"/readyz"}
"""What tells of the machine and not of orders: for whoever runs it."""
KEPT_FROM_CHANNELS = {
    *("/stock/movements", "/stock/alerts", "/stock/differences", "/stock/exceptions", "/purchase-orders"),
    *("/purchase-orders/{purchase_order_id}", "/locations/{location_id}/waves", "/locations/{location_id}/pick-list"),
    *("/reports/differences", "/reports/differences/counts", "/reports/unknown-waybills", "/rule-sets"),
    *("/rule-sets/{rule_set_id}", "/rule-sets/{rule_set_id}/log", "/shipments/{shipment_id}/label"),
    "/customers/{customer_id}/store-credits",
    *("/set-asides", "/set-asides/alerts"),
}
PERIOD = {"first": "2026-01-01", "last": "2026-03-31"}


class Street:
    """Two channels: `answers` is what the key of one was told before the other came."""

    def __init__(self, sessions: Sessions, api: Api, document: dict[str, Any], mine: str) -> None:
        self.sessions, self.api, self.document, self.mine = sessions, api, document, mine
        self.before: dict[str, httpx2.Response] = {}
        self.theirs = ""

    def operations(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                if path != ENDLESS and path not in OF_THE_HOUSE:
                    yield method, path, operation

    async def shown(self, order_id: str, sku: str = LAMP, channel: str = MINE) -> dict[str, httpx2.Response]:
        """What every route that only shows something answers about these, by its path."""
        found = {}
        for method, path, operation in self.operations():
            if method == "get":
                wanted = {one["name"] for one in operation.get("parameters", []) if one["in"] == "query"}
                params = {**PERIOD, "order_id": order_id} if wanted & {"first", "parked"} else {}
                found[path] = await self.api.get(path.format(**ids(order_id, sku, channel)), params=params)
        return found


def ids(order_id: str, sku: str, channel: str) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "intake_id": order_id,
        "return_id": f"{order_id}-R-1",
        "shipment_id": f"{order_id}-S-1",
        "fulfillment_order_id": f"{order_id}-1",
        "sku": sku,
        "location_id": LOCATION,
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
        "code": "DUPLICATE",
    }


@pytest.fixture(scope="module")
async def street(postgres: EmbeddedPostgres) -> AsyncIterator[Street]:
    url = copy_template(postgres, "neighbors")
    engine = open_database(url)
    sessions = open_sessions(engine)
    partners: dict[str, Any] = {name: partner() for name in PARTNERS}
    mine = open_shop(sessions)
    ours: dict[str, Any] = {"secrets_key": SECRETS_KEY, "api_metrics_port": 0}
    settings = Settings(_env_file=None, database_url=url, temporal_address=NOBODY, **ours, **partners)
    async with running(settings) as connect:
        api = connect(create_key(sessions, "shop-connector", "channel", MINE))
        street = Street(sessions, api, (await api.get("/openapi.json")).json(), mine)
        street.before = await street.shown(mine)
        street.theirs = move_in(sessions, mine)
        yield street
    engine.dispose()


def told(answer: httpx2.Response) -> str:
    """The answer without the address that was asked for, which a problem repeats."""
    return answer.text.replace(answer.request.url.path, "")


def words_in(street: Street, answer: httpx2.Response) -> set[str]:
    words = {word for word in (*WORDS, street.theirs) if re.search(rf"(?<!\w){re.escape(word)}", told(answer))}
    # What a buyer is called, both channels may know.
    return words - {BUYER}


async def test_no_answer_changes_by_what_the_neighbor_has(street: Street) -> None:
    """Not a word of it, and no list, counter, share or fact that counts it."""
    after = await street.shown(street.mine)

    changed = {
        path: (told(answer), told(after[path]))
        for path, answer in street.before.items()
        if path not in MET and told(answer) != told(after[path])
    }
    assert changed == {}
    assert {path: words for path, answer in after.items() if (words := words_in(street, answer))} == {}


# Where the order of mine that met it has something of its own to tell: what, the tests below look at.
MET = {
    *("/orders/{order_id}/audit", "/orders/{order_id}/sourcing", "/orders/{order_id}/events", "/messages"),
    # SHARED-TEACUP was sold everywhere, and now is in two channels.
    "/products",
}


async def test_an_order_that_met_the_neighbors_says_nothing_of_it(street: Street) -> None:
    here = f"/orders/{street.mine}"
    audit, sourcing, events, messages, order = [
        (await street.api.get(path, params=params)).json()
        for path, params in (
            (f"{here}/audit", {}),
            (f"{here}/sourcing", {}),
            (f"{here}/events", {}),
            ("/messages", {"order_id": street.mine}),
            (here, {}),
        )
    ]
    assert [check["facts"] for check in audit["audits"][0]["checks"]] == [{}, {"customer_id": "ME"}]
    [decision] = sourcing["decisions"]
    assert (decision["scores"], decision["excluded"], decision["inputs"]) == ([], {}, {})
    assert [event["data"]["with"] for event in events["items"] if "with" in event["data"]] == [[f"order/{MINE}/S-2"]]
    assert [message["same_as"] for message in messages["items"]] == [None]
    assert [part["merged_with"] for part in order["fulfillment_orders"]] == [[]]


async def test_goods_that_only_the_neighbor_sells_are_not_there(street: Street) -> None:
    products = (await street.api.get("/products")).json()["items"]
    assert {one["sku"]: one["channels"] for one in products} == {LAMP: None, "SHARED-TEACUP": [MINE]}
    for path in (f"/products/{HIDDEN_SKU}", f"/stock/{HIDDEN_SKU}", f"/channels/{MINE}/stock/{HIDDEN_SKU}"):
        assert (await street.api.get(path)).status_code == 404, path


async def test_stock_is_told_as_the_channel_is_shown_it(street: Street) -> None:
    await_stock = (await street.api.get("/stock", params={"location": LOCATION})).json()["items"]
    lamp = next(one for one in await_stock if one["sku"] == LAMP)
    assert (lamp["available"], lamp["total"]) == (1, None)
    [place] = lamp["locations"]
    assert place["available"] == 1
    assert {place[name] for name in ("on_hand", "in_transit", "reserved", "allocated", "buffer", "quarantined")} == {
        None
    }


async def test_what_is_of_all_channels_is_kept_from_each(street: Street) -> None:
    forbidden = {path for path, answer in street.before.items() if answer.status_code == 403}
    assert forbidden == KEPT_FROM_CHANNELS


async def test_asking_for_the_neighbor_by_every_route_finds_not_a_byte_and_changes_nothing(street: Street) -> None:
    # given
    kept = rows(street.sessions)
    found: dict[str, set[int]] = {}

    # when every operation is asked with the neighbor's ids, and every list for what is the neighbor's
    for method, path, operation in street.operations():
        where = path.format(**ids(street.theirs, HIDDEN_SKU, CHANNEL))
        for params in asked_of(operation, street.theirs):
            answer = await street.api.request(method, where, params=params, json=example(operation))
            assert words_in(street, answer) == set(), f"{method} {path} {params}: {answer.text}"
            if method != "get" or "{" in path.replace("{location_id}", ""):
                found[f"{method} {path} {params}"] = statuses(answer)

    # then
    assert {name: told for name, told in found.items() if told not in ({401}, {403}, {404})} == {}
    assert rows(street.sessions) == kept


def statuses(answer: httpx2.Response) -> set[int]:
    """That of the answer, or those of the items of a batch."""
    batch = answer.status_code == 200 and "/orders:batch" in answer.request.url.path
    return {item["status"] for item in answer.json()["items"]} if batch else {answer.status_code}


def asked_of(operation: dict[str, Any], order_id: str) -> list[dict[str, str]]:
    """The parameters to ask with: none but what is required, and each that can name the neighbor."""
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
