"""The API as one ASGI app; `api/serve.py` runs it."""

import asyncio
import gc
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from anyio import to_thread
from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from temporalio.client import Client
from temporalio.service import GrpcCompression

from api import health, set_asides
from api.access import KeyRing
from api.bodies import Bodies
from api.channels import batches as channel_batches
from api.channels import intakes, listings, missing_orders
from api.channels import webhooks as channel_webhooks
from api.channels.listings import ListingBody, PushBody
from api.dependencies import Services
from api.door import put_doors
from api.errors import DATABASE_DOWN, add_error_handlers
from api.group_commit import GroupCommit
from api.metrics import ApiMetrics, Backlog
from api.observation import Observation
from api.openapi import add_openapi
from api.orders import audits, batches, histories, merging, orders, reviews, service_report, shortages, sourcing
from api.orders import commands as order_commands
from api.orders import create as intake
from api.orders.commands import CancelBody, HoldReleaseBody
from api.orders.merging import UnmergeBody
from api.orders.reviews import ForceBody, RejectBody
from api.orders.schemas import OrderBody
from api.orders.shortages import ShortageBody
from api.orders.sourcing_schemas import SourcingTrialBody
from api.partners import carrier_webhooks, differences, message_alerts, messages, qimen_webhooks, redelivery, webhooks
from api.partners.redelivery import RedeliveryBody, SettlingBody
from api.partners.webhook_schemas import WebhookBody
from api.quotas import Allowed, Quotas
from api.rate_limits import BacklogLimit, RateLimit
from api.readiness import Readiness
from api.returns import commands as return_commands
from api.returns import reasons as return_reasons
from api.returns import receipts as return_receipts
from api.returns import reports as return_reports
from api.returns import requests as return_requests
from api.returns import returns, store_credits
from api.returns.commands import ApproveReturnBody, EndReturnBody
from api.returns.reasons import ReasonsBody
from api.returns.receipts import InspectionBody, ReceiptBody
from api.returns.requests import ReturnBody
from api.rights import guard
from api.rules import commands as rule_set_commands
from api.rules import rule_sets
from api.rules.schemas import ActivationBody, RetirementBody, RuleSetBody, TrialBody
from api.safe_headers import SafeHeaders
from api.set_asides import RetryBody
from api.shipping import (
    carrier_claims,
    fulfillment_orders,
    labels,
    parcels,
    pick_lists,
    shipments,
    unknown_waybills,
    waves,
)
from api.shipping.carrier_claims import ClaimClosingBody
from api.shipping.fulfillment_orders import PickupBody, PickupCodeBody
from api.shipping.parcels import NewAddressBody, ParcelDecisionBody
from api.shipping.shipments import VoidBody
from api.shipping.waves import WaveBody
from api.stock import alerts as stock_alerts
from api.stock import changes as stock_changes
from api.stock import channel_stock, inventory, locations, movements, products, purchase_orders
from api.stock import counts as stock_counts
from api.stock import reports as stock_reports
from api.stock.goods_schemas import ChannelStockBody, LocationBody, ProductBody
from api.stock.schemas import AdjustmentBody, StockCountBody, TransferBody
from api.subscriptions import changes as subscription_changes
from api.subscriptions import deliveries, event_stream, subscriptions
from api.subscriptions.log_reader import LogReader
from api.subscriptions.schemas import ReplayBody, RotationBody, SubscriptionBody, SubscriptionChange
from api.subscriptions.streams import Streams
from domain.service_levels import Allowance
from embedded.health_port import HealthPort
from embedded.watch import Watch
from models.database import open_database
from models.database import sessions as open_sessions
from record.messages.partner_events import EventWriter
from record.orders.writer import OrderWriter
from record.rules.confined import Confined
from settings import Settings

READERS = 8
"""Threads that read for requests; each has a connection, and so has each group commit and whoever asks for figures."""
GROUPS = 2
# Somebody at a till mistypes now and then; who tries codes does it many times.
WRONG_CODES_A_MINUTE, WRONG_CODES_AT_ONCE = 6, 20

BODIES = (
    *(OrderBody, CancelBody, HoldReleaseBody, UnmergeBody, ForceBody, RejectBody, ShortageBody, ReturnBody),
    *(SourcingTrialBody, RuleSetBody, TrialBody, ActivationBody, RetirementBody, ListingBody, PushBody, WebhookBody),
    *(ProductBody, LocationBody, ChannelStockBody, StockCountBody, AdjustmentBody, TransferBody),
    *(NewAddressBody, ParcelDecisionBody, ClaimClosingBody, VoidBody, WaveBody, PickupBody, PickupCodeBody),
    *(SubscriptionBody, SubscriptionChange, RotationBody, ReplayBody, RedeliveryBody, SettlingBody, RetryBody),
    *(ApproveReturnBody, EndReturnBody, ReceiptBody, InspectionBody, ReasonsBody),
)
ROUTERS = (
    *(intake, orders, audits, sourcing, histories, order_commands, merging, reviews, return_requests, returns),
    # Carriers and warehouses who speak in their own words come before the partners who speak in ours.
    *(carrier_webhooks, qimen_webhooks, webhooks, shipments, labels, unknown_waybills),
    # The first that matches is taken, so movements, alerts and reports are asked before any SKU.
    *(movements, stock_alerts, stock_reports, stock_changes, inventory, products, locations, channel_stock),
    *(batches, channel_batches, channel_webhooks, intakes, missing_orders, rule_sets, rule_set_commands, health),
    *(listings, shortages, purchase_orders, stock_counts, service_report, parcels, carrier_claims),
    *(waves, pick_lists, fulfillment_orders, differences),
    *(subscriptions, subscription_changes, deliveries, messages, message_alerts, redelivery, event_stream, set_asides),
    *(return_commands, return_receipts, return_reasons, return_reports, store_credits),
)


def create_app(settings: Settings | None = None) -> FastAPI:
    """The app with its settings, from the environment if none are given. It opens nothing before it is started."""
    settings = settings or Settings()
    metrics = ApiMetrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with _open(settings, metrics) as services:
            app.state.services = services
            yield

    app = FastAPIOffline(
        title="Baton",
        version="0.1.0",
        lifespan=lifespan,
        redirect_slashes=False,
        redoc_url=None,
        static_url="/docs/files",
    )
    app.state.metrics = metrics
    app.add_middleware(Observation, metrics=metrics)
    app.add_middleware(SafeHeaders)
    add_error_handlers(app)
    for module in ROUTERS:
        # Included routers would be matched twice for each request.
        app.router.routes.extend(module.router.routes)
    guard(app.routes)
    put_doors(app.routes)
    add_openapi(app, BODIES)
    return app


@asynccontextmanager
async def _open(settings: Settings, metrics: ApiMetrics) -> AsyncIterator[Services]:
    _calm_python()
    # Readers may all be busy with long lists, and orders are still taken in.
    to_thread.current_default_thread_limiter().total_tokens = READERS
    async with AsyncExitStack() as stack:
        engine = open_database(settings.database_url, connections=READERS + GROUPS + 2)
        stack.callback(engine.dispose)
        sessions = open_sessions(engine, settings.vault)
        backlog = Backlog(sessions)
        metrics.registry.register(backlog)
        stack.callback(backlog.close)
        stack.callback(metrics.registry.unregister, backlog)
        orders = GroupCommit(
            "orders",
            OrderWriter(sessions),
            DATABASE_DOWN,
            observe=metrics.group("orders"),
            source=lambda order: order.channel,
        )
        stack.push_async_callback(orders.close)
        events = GroupCommit(
            "events",
            EventWriter(sessions),
            DATABASE_DOWN,
            observe=metrics.group("events"),
            source=lambda event: event.partner,
        )
        stack.push_async_callback(events.close)
        await _watch(stack, settings, metrics, {"orders": orders, "events": events})
        log, temporal = LogReader(sessions), await _temporal(settings)
        stack.callback(log.close)
        confined = Confined()
        stack.callback(confined.close)
        yield Services(
            settings=settings,
            engine=engine,
            sessions=sessions,
            temporal=temporal,
            keys=KeyRing(sessions),
            quotas=_quotas(settings, metrics),
            bodies=Bodies(settings.held_bytes),
            streams=Streams(settings.streams_by_key, settings.streams_by_channel, settings.streams_most),
            readiness=Readiness(engine, temporal),
            allowance=Allowance(settings.express_share, settings.express_at_once),
            wrong_codes=RateLimit(WRONG_CODES_A_MINUTE / 60, WRONG_CODES_AT_ONCE),
            backlog=BacklogLimit(sessions, settings.channel_backlog),
            orders=orders,
            events=events,
            log=log,
            confined=confined,
        )


async def _watch(
    stack: AsyncExitStack, settings: Settings, metrics: ApiMetrics, groups: Mapping[str, GroupCommit[Any, Any]]
) -> None:
    """Answer at a port of its own, and end the process when its event loop or a group stands still."""
    if not settings.api_metrics_port:
        return
    watch = Watch(settings.stuck_after)
    for name, group in groups.items():
        watch.add_part(f"group of {name}", group.is_committing, group.count_moves)
    stack.enter_context(
        HealthPort("BATON_API_METRICS_PORT", settings.metrics_host, settings.api_metrics_port, watch, metrics.registry)
    )
    beating = asyncio.create_task(watch.beat())
    stack.callback(beating.cancel)
    watch.start()
    stack.callback(watch.stop)
    watch.ready = True


def _quotas(settings: Settings, metrics: ApiMetrics) -> Quotas:
    allowed = {
        "requests": Allowed(settings.rate_limit, settings.rate_burst),
        "items": Allowed(settings.item_limit, 2 * settings.item_limit),
        "bytes": Allowed(settings.byte_limit, 2 * settings.byte_limit),
    }
    return Quotas(allowed, settings.channel_times, metrics.refused)


def _calm_python() -> None:
    """What a busy server wants of its process, whoever runs it: a fifth more orders a second, and no pauses."""
    # A request leaves no cycles behind; looking for them after every 700 objects is a tenth of the time.
    gc.set_threshold(50_000, 20, 100)
    # The thread that commits hands its statements over quickly instead of waiting 5 ms for its turn.
    sys.setswitchinterval(0.001)


async def _temporal(settings: Settings) -> Client:
    """A client that connects when it is first used, so that orders are taken in while Temporal is down."""
    host = settings.temporal_address.rpartition(":")[0]
    # On one machine compressing costs more than it saves.
    local = host == "localhost" or host.startswith("127.")
    return await Client.connect(
        settings.temporal_address,
        namespace=settings.temporal_namespace,
        lazy=True,
        grpc_compression=GrpcCompression.NONE if local else GrpcCompression.GZIP,
    )
