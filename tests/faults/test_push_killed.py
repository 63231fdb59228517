"""A worker dies while a channel is told of stock: nothing that changed is lost to the channel."""

from typing import Any

from commands.channels import save_account
from commands.seed import PRODUCTS
from tests.e2e.stack import RunningStack

CHANNEL = "pushed-shop"
# Of none of them do the other tests sell all.
SKUS = ("WOOL-SCARF", "DESK-CLOCK", "TEA-SET", "BAMBOO-CHAIR")
# The server learns after ten seconds that the step died with its worker.
AFTER_A_KILL = 60.0


def test_killing_workers_during_pushes_leaves_the_channel_up_to_date(stack: RunningStack) -> None:
    # Given a channel that knows of our stock, and answers a second after it was told
    push = {"url": f"{stack.embedded.simulators_url}/channel", "token": "simulated-token", "every": 0, "batch": 2}
    save_account(stack.record, CHANNEL, "plain", "a secret of the tests", {"push": push})
    for sku in SKUS:
        assert sku in PRODUCTS
        assert stack.api.put(f"/listings/{CHANNEL}/{sku}", json={}).status_code == 200
    stack.until("everything is acknowledged", lambda: not behind(stack))
    stack.simulators.post("/channel/stock/troubles", json={"late_seconds": 1})

    # When stock changes, and the worker is killed as soon as the channel was told
    orders = [stack.place("PUSHED", lines=[(sku, 2, "10.00")]) for sku in SKUS]
    for _ in range(2):
        told = len(channel(stack)["told"])
        stack.until("the channel is told", lambda told=told: len(channel(stack)["told"]) > told)
        stack.kill("worker")
        stack.start("worker")

    # Then the channel knows what there is in the end
    stack.until_ended(orders, seconds=240)
    stack.until("everything is acknowledged", lambda: not behind(stack), seconds=AFTER_A_KILL)
    sql = "SELECT sku, sum(available) AS available FROM stock WHERE sku = ANY(:skus) GROUP BY sku"
    assert channel(stack)["quantities"] == {row.sku: row.available for row in stack.rows(sql, skus=list(SKUS))}
    stack.verify()


def channel(stack: RunningStack) -> dict[str, Any]:
    return dict(stack.simulators.get("/channel/stock").json())


def behind(stack: RunningStack) -> list[Any]:
    answer = stack.api.get("/listings", params={"channel": CHANNEL, "behind": True})
    return list(answer.json()["items"]) + list(stack.rows("SELECT sku FROM stock_touches"))
