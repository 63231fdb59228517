"""All of Baton in one process, for tests: real PostgreSQL, Temporal, API and simulators over sockets.

Tests set the pace: with `step_seconds` of an hour the simulators accept work and then stay silent, so that the test
sends their webhooks (`wms`, `tms`, `gateway`), and `fast_forward` moves the clock of one workflow.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import wraps
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar, get_args
from uuid import uuid4

import httpx2
from pydantic import SecretStr
from sqlalchemy import text
from standardwebhooks import Webhook
from temporalio.client import Client, WorkflowHandle
from temporalio.testing import WorkflowEnvironment

import worker
from activities.steps import all_steps, errand_steps, message_steps
from api.app import create_app
from api.orders.view import fulfillment_summary
from commands.keys import create_key
from commands.seed import SHOP, stock_shop
from commands.verify import verify
from domain.ids import order_workflow_id, return_workflow_id
from domain.statement_books import Lister
from integrations.partners import connect_partners
from integrations.tls import tls_context
from models.database import Sessions, open_database, sessions
from record.caches import build_caches
from relay.carry import Relay
from settings import Deadlines, Partner, Qimen, Settings, StatementPlan
from simulators.settings import PARTNERS
from tests.conftest import SECRETS_KEY
from tests.integrations.servers import SECRET, serving, simulating

QIMEN = Qimen(
    url="http://127.0.0.1:9",
    app_key="simulated-app",
    secret=SecretStr("simulated-secret"),
    customer_id="simulated-customer",
    owner_code="OUR-SHOP",
    warehouses={"QIMEN-HOUSE": "QH01"},
)
"""One location speaks Qimen; only tests of Qimen put stock there."""

SILENT = 3600.0
# The server closes a connection that is idle for five seconds; close it first.
LIMITS = httpx2.Limits(keepalive_expiry=3.0)
QUICK = 0.01
PATIENCE_SECONDS = 180.0
Seen = TypeVar("Seen")
_numbers = count(1)


@dataclass
class Baton:
    settings: Settings
    sessions: Sessions
    client: Client
    environment: WorkflowEnvironment
    api: httpx2.AsyncClient
    simulators: httpx2.AsyncClient
    steps: dict[str, Callable[..., Any]]
    """Every activity by name, as built for this Baton."""
    instead: dict[str, Callable[..., Any]]
    """What runs in place of an activity, by name; a test may change it while Baton runs."""
    placed: dict[str, str] = field(default_factory=dict)

    async def order(self, name: str = "", **changes: Any) -> str:
        """Place an order as a channel would, and return its id. `changes` replace fields of the body."""
        body = order_body(f"{name}-{next(_numbers)}", **changes)
        response = await self.api.post("/orders", json=body)
        assert response.status_code == 202, response.text
        order_id: str = response.json()["order_id"]
        self.placed[order_id] = body["channel_order_id"]
        return order_id

    async def show(self, order_id: str) -> dict[str, Any]:
        response = await self.api.get(f"/orders/{order_id}")
        assert response.status_code == 200, response.text
        return dict(response.json())

    async def until(self, order_id: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait until `holds` is true of the order, and return the order; fail after three minutes."""
        facts, tries, order = -1, 0, dict[str, Any]()

        async def show_what_changed() -> dict[str, Any]:
            # Showing an order costs as much as several steps, and most changes of an order are facts as well.
            nonlocal facts, tries, order
            [[now]], tries = self.rows("SELECT count(*) FROM order_events WHERE order_id = :id", id=order_id), tries + 1
            if now != facts or tries % 3 == 0:
                facts, order = now, await self.show(order_id)
            return order

        return await eventually(show_what_changed, holds, lambda: self.told(order_id))

    async def until_status(self, order_id: str, status: str) -> dict[str, Any]:
        return await self._until(
            order_id, "SELECT status FROM orders WHERE order_id = :id", lambda seen: status in seen
        )

    async def until_fulfillment(self, order_id: str, status: str) -> dict[str, Any]:
        of_order = "SELECT status FROM fulfillment_orders WHERE order_id = :id"
        return await self._until(order_id, of_order, lambda seen: fulfillment_summary(seen) == status)

    async def _until(self, order_id: str, sql: str, holds: Callable[[list[str]], bool]) -> dict[str, Any]:
        """Wait as `until` does, without showing the order, which costs as much as thirty such looks."""

        async def statuses() -> list[str]:
            return [row.status for row in self.rows(sql, id=order_id)]

        await eventually(statuses, holds, lambda: self.told(order_id))
        return await self.show(order_id)

    async def until_event(self, order_id: str, event: str, times: int = 1) -> list[dict[str, Any]]:
        """Wait for `times` events of this type, and return the order's events of the type; fail after three minutes."""
        of_type = "SELECT type FROM order_events WHERE order_id = :id ORDER BY event_id"

        async def types() -> list[str]:
            return [row.type for row in self.rows(of_type, id=order_id)]

        await eventually(types, lambda seen: seen.count(event) >= times, lambda: self.told(order_id))
        return [one for one in await self.events(order_id) if one["type"] == event]

    async def until_told(self, order_id: str) -> list[tuple[str, str]]:
        """Wait until the order is complete and its recipients have all messages; return recipient and milestone."""
        await self.until_status(order_id, "completed")
        sql = "SELECT recipient, milestone, sent_at FROM messages WHERE order_id = :id"

        async def messages() -> Sequence[Any]:
            return self.rows(sql, id=order_id)

        sent = await eventually(messages, lambda seen: all(row.sent_at for row in seen), lambda: self.told(order_id))
        return [(row.recipient, row.milestone) for row in sent]

    async def events(self, order_id: str) -> list[dict[str, Any]]:
        response = await self.api.get(f"/orders/{order_id}/events", params={"limit": 200})
        return list(response.json()["items"])

    async def cancel(self, order_id: str) -> httpx2.Response:
        return await self.api.post(f"/orders/{order_id}/cancel", json={"reason": "changed my mind"})

    async def wms(self, kind: str, **data: Any) -> None:
        await self.say("wms", kind, data)

    async def tms(self, kind: str, **data: Any) -> None:
        await self.say("tms", kind, data)

    async def gateway(self, kind: str, **data: Any) -> None:
        await self.say("payments", kind, data)

    async def crm(self, kind: str, **data: Any) -> None:
        await self.say("crm", kind, data)

    async def pick_and_pack(self, fulfillment_order_id: str, **units: int) -> None:
        """Report `units` (SKU with underscores for dashes) as picked and packed."""
        lines = [{"sku": sku.replace("_", "-"), "quantity": quantity} for sku, quantity in units.items()]
        await self.wms("fulfillment_order.picked", fulfillment_order_id=fulfillment_order_id, lines=lines)
        parcels = [{"weight_grams": 500}]
        await self.wms("fulfillment_order.packed", fulfillment_order_id=fulfillment_order_id, parcels=parcels)

    async def track(self, order: dict[str, Any], status: str, **changes: Any) -> None:
        """Report a tracking status of the order's first parcel."""
        shipment = order["shipments"][0]
        await self.tms(
            "shipment.tracking_updated",
            shipment_id=shipment["shipment_id"],
            waybill=shipment["waybill"],
            status=status,
            occurred_at=datetime.now(UTC).isoformat(),
            note="",
            **changes,
        )

    def workflow(self, order_id: str, channel: str = "shop") -> WorkflowHandle[Any, Any]:
        return self.client.get_workflow_handle(order_workflow_id(channel, self.placed[order_id]))

    async def until_page_says(self, order_id: str, words: str, channel: str = "shop") -> None:
        """Wait until the order's page in the Temporal UI has these words; fail after three minutes."""

        async def page() -> str:
            return str(await self.workflow(order_id, channel).query("__temporal_workflow_metadata"))

        await eventually(page, lambda shown: words in shown)

    def case(self, order_id: str, case_id: str) -> WorkflowHandle[Any, Any]:
        return self.client.get_workflow_handle(return_workflow_id("shop", self.placed[order_id], case_id))

    async def fast_forward(self, workflow: WorkflowHandle[Any, Any], by: timedelta) -> None:
        """Move the clock of one workflow forward; the record and the partners keep real time."""
        await self.environment.fast_forward(workflow, by)

    def verify(self) -> None:
        """Assert that `baton verify` finds nothing wrong."""
        report = verify(self.sessions)
        assert report.clean, report

    def told(self, order_id: str) -> str:
        """What explains why an order has not gone on: its status, open holds, and last facts."""
        one = {"id": order_id}
        [[*state]] = self.rows("SELECT status, attention FROM orders WHERE order_id = :id", **one)
        aside = "SELECT kind, reason FROM set_asides WHERE subject = :id"
        holds = "SELECT code, reason FROM holds WHERE order_id = :id AND released_at IS NULL"
        facts = "SELECT at, type, data FROM order_events WHERE order_id = :id ORDER BY event_id DESC LIMIT 8"
        last = [f"{row.at:%H:%M:%S} {row.type} {row.data}" for row in self.rows(facts, **one)]
        return f"{state}, held {self.rows(holds, **one)}, set aside {self.rows(aside, **one)}, last {last[::-1]}"

    def rows(self, sql: str, **values: Any) -> Sequence[Any]:
        with self.sessions() as session:
            return session.execute(text(sql), values).all()

    async def say(self, partner: str, kind: str, data: dict[str, Any]) -> None:
        now = datetime.now(UTC)
        event_id = data.pop("event_id", None) or uuid4().hex
        body = json.dumps({"type": kind, "timestamp": now.isoformat(), "data": data})
        headers = {
            "webhook-id": event_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(SECRET).sign(event_id, now, body),
        }
        response = await self.api.post(f"/webhooks/{partner}", content=body, headers=headers)
        assert response.status_code == 200, response.text


async def eventually(
    look: Callable[[], Awaitable[Seen]], holds: Callable[[Seen], bool], told: Callable[[], str] = str
) -> Seen:
    """Call `look` until `holds` is true of its result, and return it; fail after three minutes with what is `told`.

    The pauses grow, so that tests that wait do not slow down what they wait for: a look costs as much as a step.
    """
    give_up, pause = time.monotonic() + PATIENCE_SECONDS, 0.05
    while not holds(seen := await look()):
        assert time.monotonic() < give_up, f"it did not happen: {seen} {told()}"
        await asyncio.sleep(pause)
        pause = min(pause * 1.6, 0.5)
    return seen


def order_body(name: str, **changes: Any) -> dict[str, Any]:
    """An order of two lamps and a tea set; the grand total follows the lines."""
    channel_order_id = changes.pop("channel_order_id", name)
    lines = changes.pop("lines", [("ELEGANT-LAMP", 2, "120.00"), ("TEA-SET", 1, "80.00")])
    cents = sum(quantity * round(float(price) * 100) for _, quantity, price in lines) + 1000
    total = f"{cents // 100}.{cents % 100:02}"
    return {
        "channel": "shop",
        "channel_order_id": channel_order_id,
        "placed_at": "2026-11-20T09:30:00Z",
        # A customer of its own: the same order again within minutes is held as a suspected duplicate.
        "customer": {"customer_id": f"C-{channel_order_id}"},
        "ship_to": {
            "name": "Lin Xia",
            "phone": "+8613800138000",
            "country": "CN",
            "province": "广东省",
            "city": "深圳市",
            "lines": ["1 Lake Road"],
        },
        "lines": [{"sku": sku, "quantity": quantity, "unit_price": price} for sku, quantity, price in lines],
        "currency": "CNY",
        "totals": {"discount": "0", "shipping": "10.00", "tax": "0", "grand_total": total},
        "payment": {"reference": f"PAY-{channel_order_id}:{total}:CNY", "method": "wechat"},
    } | changes


@asynccontextmanager
async def open_baton(
    environment: WorkflowEnvironment,
    database_url: str,
    step_seconds: float = QUICK,
    deadlines: Deadlines | None = None,
) -> AsyncIterator[Baton]:
    """Run a Baton on a task queue of its own."""
    address = environment.client.service_client.config.target_host
    async with AsyncExitStack() as stack:
        partners: dict[str, Any] = {name: Partner(url="http://127.0.0.1:9", secret=SECRET) for name in PARTNERS}
        settings = Settings(
            _env_file=None,
            database_url=database_url,
            temporal_address=address,
            task_queue=f"orders-{uuid4().hex[:8]}",
            # Each hour of this wait is a look at the gateway, and a second of a test.
            deadlines=deadlines or Deadlines(return_difference=timedelta(hours=6)),
            # Long enough for a busy machine.
            accept_deadline=timedelta(seconds=PATIENCE_SECONDS / 2),
            qimen=QIMEN,
            subscriptions_private=True,
            api_metrics_port=0,
            statements=StatementPlan(partners=get_args(Lister), grace=timedelta()),
            secrets_key=SECRETS_KEY,
            exports_folder=Path(stack.enter_context(TemporaryDirectory(prefix="baton-exports-"))),
            **partners,
        )
        api_url = stack.enter_context(serving(create_app(settings)))
        simulators = stack.enter_context(simulating(f"{api_url}/webhooks", step_seconds))
        partners = {name: Partner(url=f"{simulators}/{name}", secret=SECRET) for name in PARTNERS}
        qimen = QIMEN.model_copy(update={"url": f"{simulators}/qimen/router/qimen/service"})
        settings = settings.model_copy(update={**partners, "qimen": qimen})
        engine = open_database(database_url, connections=40, prepares=True)
        stack.callback(engine.dispose)
        record = sessions(engine, settings.vault)
        with record.begin() as session:
            stock_shop(session, SHOP)
        # The environment's own client would start workflows with a time-skipping clock.
        client = await worker.connect_temporal(settings)
        clients = connect_partners(settings)
        # Parameters are read every time, so that a test need not wait for its own.
        caches = build_caches(record, parameter_seconds=0)
        steps = {step.__name__: step for step in all_steps(settings, record, clients, caches)}
        instead = dict[str, Callable[..., Any]]()
        replaceable = [_replaceable(step, instead) for step in steps.values()]
        await stack.enter_async_context(worker.build_worker(client, settings, replaceable))
        messages = message_steps(settings, record, clients, caches)
        await stack.enter_async_context(worker.build_messenger(client, settings, messages))
        inside = worker.api_inside(settings)
        stack.push_async_callback(inside.close)
        errands = worker.build_errands(client, settings, errand_steps(settings, record, inside))
        await stack.enter_async_context(errands)
        relay = Relay(record, client, settings, caches)
        relaying = asyncio.create_task(relay.run())
        key = create_key(record, "Sun of support", "staff")
        api = await stack.enter_async_context(
            httpx2.AsyncClient(
                base_url=api_url,
                headers={"Authorization": f"Bearer {key}"},
                timeout=30,
                verify=tls_context(),
                limits=LIMITS,
            )
        )
        poke = await stack.enter_async_context(httpx2.AsyncClient(base_url=simulators, verify=tls_context()))
        yield Baton(settings, record, client, environment, api, poke, steps, instead)
        relay.stop()
        await relaying


def _replaceable(step: Callable[..., Any], instead: dict[str, Callable[..., Any]]) -> Callable[..., Any]:
    """Return the same activity, for which another one runs while `instead` has one of its name."""

    @wraps(step)
    def act(*request: Any) -> Any:
        return instead.get(step.__name__, step)(*request)

    return act
