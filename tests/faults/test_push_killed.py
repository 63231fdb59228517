"""A worker dies while a channel is told of stock: nothing that changed is lost to the channel."""

from typing import Any

from commands.channels import save_account
from commands.seed import PRODUCTS
from tests.e2e.running import Running

CHANNEL = "pushed-shop"
# Of none of them do the other tests sell all.
SKUS = ("WOOL-SCARF", "DESK-CLOCK", "TEA-SET", "BAMBOO-CHAIR")
# The server learns after ten seconds that the step died with its worker.
AFTER_A_KILL = 60.0


def test_a_channel_knows_all_stock_though_workers_died_between_push_and_acknowledgement(baton: Running) -> None:
    # Given a channel that knows of our stock, and answers a second after it was told
    push = {"url": f"{baton.stack.simulators_url}/channel", "token": "simulated-token", "every": 0, "batch": 2}
    save_account(baton.record, CHANNEL, "plain", "a secret of the tests", {"push": push})
    for sku in SKUS:
        assert sku in PRODUCTS
        assert baton.api.put(f"/listings/{CHANNEL}/{sku}", json={}).status_code == 200
    baton.until("everything is acknowledged", lambda: not behind(baton))
    baton.simulators.post("/channel/stock/troubles", json={"late_seconds": 1})

    # When stock changes, and the worker is killed as soon as the channel was told
    orders = [baton.place("PUSHED", lines=[(sku, 2, "10.00")]) for sku in SKUS]
    for _ in range(2):
        told = len(channel(baton)["told"])
        baton.until("the channel is told", lambda told=told: len(channel(baton)["told"]) > told)
        baton.kill("worker")
        baton.start("worker")

    # Then the channel knows what there is in the end
    baton.until_ended(orders, seconds=240)
    baton.until("everything is acknowledged", lambda: not behind(baton), seconds=AFTER_A_KILL)
    sql = "SELECT sku, sum(available) AS available FROM stock WHERE sku = ANY(:skus) GROUP BY sku"
    assert channel(baton)["quantities"] == {row.sku: row.available for row in baton.rows(sql, skus=list(SKUS))}
    baton.verify()


def channel(baton: Running) -> dict[str, Any]:
    return dict(baton.simulators.get("/channel/stock").json())


def behind(baton: Running) -> list[Any]:
    answer = baton.api.get("/listings", params={"channel": CHANNEL, "behind": True})
    return list(answer.json()["items"]) + list(baton.rows("SELECT sku FROM stock_touches"))
