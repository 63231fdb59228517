"""A worker dies while it pushes stock to a channel: no change is lost."""

from typing import Any

from commands.channels import save_account
from commands.seed import PRODUCTS
from tests.e2e.stack import RunningStack

CHANNEL = "pushed-shop"
# SKUs that no other test sells out.
SKUS = ("WOOL-SCARF", "DESK-CLOCK", "TEA-SET", "BAMBOO-CHAIR")
# Temporal notices after ten seconds that the step died with its worker.
AFTER_A_KILL = 60.0


def test_killing_the_worker_during_a_push_leaves_the_channel_up_to_date(stack: RunningStack) -> None:
    # Given a channel that is up to date, and answers a second after each push
    push = {"url": f"{stack.embedded.simulators_url}/channel", "token": "simulated-token", "every": 0, "batch": 2}
    save_account(stack.record, CHANNEL, "plain", "a secret of the tests", {"push": push})
    for sku in SKUS:
        assert sku in PRODUCTS
        assert stack.api.put(f"/listings/{CHANNEL}/{sku}", json={}).status_code == 200
    stack.until("everything is acknowledged", lambda: not behind(stack))
    stack.simulators.post("/channel/stock/troubles", json={"late_seconds": 1})

    # When stock changes, and the worker is killed before the channel answers
    updates = len(channel(stack)["told"])
    order_id = stack.place("PUSHED", lines=[(sku, 2, "10.00") for sku in SKUS])
    stack.until("the channel is told", lambda: len(channel(stack)["told"]) > updates)
    stack.kill("worker")
    stack.start("worker")

    # Then in the end the channel shows what there is
    stack.until_ended([order_id], seconds=240)
    stack.until("everything is acknowledged", lambda: not behind(stack), seconds=AFTER_A_KILL)
    sql = "SELECT sku, sum(available) AS available FROM stock WHERE sku = ANY(:skus) GROUP BY sku"
    assert channel(stack)["quantities"] == {row.sku: row.available for row in stack.rows(sql, skus=list(SKUS))}
    stack.verify()


def channel(stack: RunningStack) -> dict[str, Any]:
    return dict(stack.simulators.get("/channel/stock").json())


def behind(stack: RunningStack) -> list[Any]:
    answer = stack.api.get("/listings", params={"channel": CHANNEL, "behind": True})
    return list(answer.json()["items"]) + list(stack.rows("SELECT sku FROM stock_touches"))
