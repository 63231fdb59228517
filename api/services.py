"""Opens everything that the API and the pages need, and closes it: database, Temporal, group commits, limits."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from anyio import to_thread
from temporalio.client import Client
from temporalio.service import GrpcCompression

from api.access import KeyRing
from api.bodies import UnfinishedBodies
from api.dependencies import Services
from api.errors import DATABASE_DOWN
from api.group_commit import GroupCommit
from api.metrics import ApiMetrics, Backlog
from api.promises.desk import PromiseDesk
from api.quotas import Quota, Quotas
from api.rate_limits import BacklogLimit, RateLimit
from api.readiness import Readiness
from api.subscriptions.log_reader import LogReader
from api.subscriptions.streams import Streams
from domain.service_levels import Allowance
from embedded.garbage import collect_rarely
from embedded.health_port import HealthPort
from embedded.watch import Watch
from models.database import open_database
from models.database import sessions as open_sessions
from record.messages.partner_events import EventWriter
from record.orders.writer import OrderWriter
from record.rules.confined import Confined
from settings import Settings
from workflows.payloads import DATA_CONVERTER

READERS = 8
"""Threads that read for requests; each has a connection, and so have each group commit, the metrics, readiness and the
read model of promises."""
GROUPS = 2
# Staff at a till mistype a pickup code now and then; an attacker tries many.
WRONG_CODES_A_MINUTE, WRONG_CODES_AT_ONCE = 6, 20


@asynccontextmanager
async def open_services(settings: Settings, metrics: ApiMetrics) -> AsyncIterator[Services]:
    """Open everything, also while Temporal or the database is down."""
    _tune_interpreter()
    # Group commits have threads of their own: orders are accepted even while all readers are busy with long lists.
    to_thread.current_default_thread_limiter().total_tokens = READERS
    async with AsyncExitStack() as stack:
        engine = open_database(settings.database_url, READERS + GROUPS + 3, settings.database_prepares)
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
        promises = PromiseDesk(sessions, settings.promises)
        stack.callback(promises.close)
        yield Services(
            settings=settings,
            engine=engine,
            sessions=sessions,
            temporal=temporal,
            keys=KeyRing(sessions),
            quotas=_quotas(settings, metrics),
            bodies=UnfinishedBodies(settings.held_bytes),
            streams=Streams(settings.streams_by_key, settings.streams_by_channel, settings.streams_most),
            readiness=Readiness(engine, temporal),
            allowance=Allowance(settings.express_share, settings.express_at_once),
            wrong_codes=RateLimit(WRONG_CODES_A_MINUTE / 60, WRONG_CODES_AT_ONCE),
            backlog=BacklogLimit(sessions, settings.channel_backlog),
            orders=orders,
            events=events,
            log=log,
            confined=confined,
            promises=promises,
        )


async def _watch(
    stack: AsyncExitStack, settings: Settings, metrics: ApiMetrics, groups: Mapping[str, GroupCommit[Any, Any]]
) -> None:
    """Serve health and metrics on an own port, and end the process if its event loop or a group commit hangs."""
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
    quotas = {
        "requests": Quota(settings.rate_limit, settings.rate_burst),
        "items": Quota(settings.item_limit, 2 * settings.item_limit),
        "bytes": Quota(settings.byte_limit, 2 * settings.byte_limit),
    }
    return Quotas(quotas, settings.channel_times, metrics.refused)


def _tune_interpreter() -> None:
    """Tune the interpreter for a busy server: a fifth more orders a second, and no pauses."""
    collect_rarely()
    # The thread that commits must not wait 5 ms for its turn to send a statement.
    sys.setswitchinterval(0.001)


async def _temporal(settings: Settings) -> Client:
    """Return a client that connects when it is first used, so that orders are accepted while Temporal is down."""
    host = settings.temporal_address.rpartition(":")[0]
    # On one machine compression costs more than it saves.
    local = host == "localhost" or host.startswith("127.")
    return await Client.connect(
        settings.temporal_address,
        namespace=settings.temporal_namespace,
        data_converter=DATA_CONVERTER,
        lazy=True,
        grpc_compression=GrpcCompression.NONE if local else GrpcCompression.GZIP,
    )
