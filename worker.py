"""A worker: settings → engine → clients → activities → run. `python -m worker --processes N` runs N of them."""

import argparse
import asyncio
import gc
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from temporalio import activity
from temporalio.client import Client
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig
from temporalio.service import GrpcCompression
from temporalio.worker import (
    ActivityInboundInterceptor,
    ActivityOutboundInterceptor,
    ExecuteActivityInput,
    Interceptor,
    UnsandboxedWorkflowRunner,
    Worker,
)
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from activities.allocate import Allocate
from activities.audit import Audit
from activities.holds import Holds
from activities.notify import Notify
from activities.outcome import Outcome
from activities.payments import Refunds
from activities.pick import Pick
from activities.progress import ProgressReports
from activities.reserve import Reserve
from activities.return_reports import ReturnProgress
from activities.returns import Returns
from activities.ship import Ship
from activities.withdraw import Withdraw
from domain.milestones import RECIPIENTS
from embedded.ending import end_process
from integrations.http import PartnerHttp
from integrations.messages import MessageInbox
from integrations.payments import Payments
from integrations.tms import Tms
from integrations.wms import Wms
from models.database import Sessions, open_database, sessions
from relay.carry import Relay
from settings import Partner, Settings
from workflows.order import OrderWorkflow
from workflows.returns import ReturnWorkflow

# An audit runs inside the order's task, so a slow gateway is a hold that is looked at again, not a wait.
QUICK = timedelta(seconds=2)


class Heartbeats(Interceptor):
    """Tells the server that a step is still worked on, so that steps need not do it themselves.

    A short step never does. Without this, one that dies with its worker is missed only when its whole time is over.
    """

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _Beating(next)


class _Beating(ActivityInboundInterceptor):
    def init(self, outbound: ActivityOutboundInterceptor) -> None:
        self._outbound = outbound
        super().init(outbound)

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        limit = activity.info().heartbeat_timeout
        if not limit:
            return await super().execute_activity(input)
        beating = asyncio.create_task(self._beat(limit.total_seconds() / 3))
        try:
            return await super().execute_activity(input)
        finally:
            beating.cancel()

    async def _beat(self, pause: float) -> None:
        while True:
            await asyncio.sleep(pause)
            self._outbound.heartbeat()


@dataclass(frozen=True)
class Partners:
    wms: Wms
    tms: Tms
    payments: Payments
    quick_payments: Payments
    inboxes: dict[str, MessageInbox]


def connect_partners(settings: Settings) -> Partners:
    """One client a partner, with its own time limit."""

    def http(name: str, timeout: timedelta | None = None) -> PartnerHttp:
        partner: Partner = getattr(settings, name)
        limit = min(timeout or partner.timeout, partner.timeout)
        return PartnerHttp(name, partner.url, partner.secret.get_secret_value(), limit.total_seconds())

    return Partners(
        wms=Wms(http("wms")),
        tms=Tms(http("tms")),
        payments=Payments(http("payments")),
        quick_payments=Payments(http("payments", QUICK)),
        inboxes={name: MessageInbox(http(name)) for name in RECIPIENTS},
    )


def activities(settings: Settings, record: Sessions, partners: Partners) -> Sequence[Callable[..., Any]]:
    """Every step and every undo, with what it needs passed in."""
    audit = Audit(record, partners.quick_payments, settings.duplicate_window)
    holds, outcome = Holds(record), Outcome(record)
    reserve, allocate, withdraw = Reserve(record), Allocate(record), Withdraw(record)
    pick, ship, progress = Pick(record, partners.wms), Ship(record, partners.tms), ProgressReports(record)
    refunds, notify = Refunds(record, partners.payments), Notify(record, partners.inboxes)
    returns = Returns(record, partners.wms, partners.payments, settings.return_window)
    return (
        audit.audit_order,
        holds.raise_hold,
        holds.release_hold,
        reserve.reserve_stock,
        reserve.release_stock,
        allocate.allocate_stock,
        allocate.deallocate_stock,
        withdraw.withdraw_lines,
        pick.release_to_pick,
        pick.recall_pick,
        ship.book_shipment,
        ship.void_waybill,
        ship.intercept_parcel,
        progress.record_progress,
        refunds.refund_order,
        notify.notify,
        outcome.end_order,
        outcome.raise_alert,
        returns.open_return,
        returns.record_goods,
        returns.announce_return,
        returns.refund_return,
        returns.end_return,
        returns.ask_attention,
        ReturnProgress(record).record_return,
    )


async def connect_temporal(settings: Settings) -> Client:
    """A client for this process. Compressing what stays on the machine only costs CPU."""
    near = settings.temporal_address.startswith(("127.", "localhost"))
    metrics = PrometheusConfig(bind_address=f"127.0.0.1:{settings.metrics_port}") if settings.metrics_port else None
    return await Client.connect(
        settings.temporal_address,
        namespace=settings.temporal_namespace,
        runtime=Runtime(telemetry=TelemetryConfig(metrics=metrics)) if metrics else None,
        grpc_compression=GrpcCompression.NONE if near else GrpcCompression.GZIP,
    )


def build_worker(client: Client, settings: Settings, steps: Sequence[Callable[..., Any]]) -> Worker:
    """A worker for orders and returns; activities are synchronous and run in as many threads as there are slots."""
    return Worker(
        client,
        task_queue=settings.task_queue,
        workflows=[OrderWorkflow, ReturnWorkflow],
        activities=steps,
        activity_executor=ThreadPoolExecutor(settings.activity_threads, thread_name_prefix="activity"),
        max_concurrent_activities=settings.activity_threads,
        max_concurrent_local_activities=settings.activity_threads,
        max_concurrent_workflow_tasks=settings.workflow_task_slots,
        max_cached_workflows=settings.cached_workflows,
        workflow_runner=SandboxedWorkflowRunner() if settings.sandboxed else UnsandboxedWorkflowRunner(),
        graceful_shutdown_timeout=timedelta(seconds=20),
        interceptors=[Heartbeats()],
    )


async def run_worker(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT, then finish what is in hand."""
    # Steps leave few cycles behind, and looking for them among all modules is dear.
    gc.set_threshold(50_000, 20, 100)
    gc.freeze()
    engine = open_database(settings.database_url, connections=2 * settings.activity_threads + 4)
    record = sessions(engine)
    client = await connect_temporal(settings)
    relay = Relay(record, client, settings)
    ending = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ending.set)
    async with build_worker(client, settings, activities(settings, record, connect_partners(settings))):
        relaying = asyncio.create_task(relay.run())
        print("worker ready", flush=True)  # noqa: T201  Whoever started this process waits for it.
        waiting = asyncio.create_task(ending.wait())
        await asyncio.wait({relaying, waiting}, return_when=asyncio.FIRST_COMPLETED)
        relay.stop()
        await relaying
    engine.dispose()


def run_processes(number: int) -> int:
    """Run so many workers, one a core; when one of them ends, all end, and whoever supervises starts again."""
    children = [subprocess.Popen([sys.executable, "-m", "worker"], env=_environment(place)) for place in range(number)]

    def stop(*_: object) -> None:
        for child in children:
            child.terminate()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    while all(child.poll() is None for child in children):
        time.sleep(0.2)
    stop()
    return max(child.wait() for child in children)


def _environment(place: int) -> dict[str, str]:
    """Each process tells its metrics on a port of its own: the one that was set, and those after it."""
    first = Settings().metrics_port
    return dict(os.environ) | ({"BATON_METRICS_PORT": str(first + place)} if first else {})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=1)
    number = parser.parse_args().processes
    if number > 1:
        end_process(run_processes(number))
    asyncio.run(run_worker(Settings()))
    end_process(0)


if __name__ == "__main__":
    main()
