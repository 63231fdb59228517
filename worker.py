"""A worker process: settings → engine → clients → activities → run. `python -m worker --processes N` runs N of them."""
# ruff: noqa: E402

from embedded.garbage import collect_rarely

# First, since it makes what follows cheaper.
collect_rarely()

import argparse
import asyncio
import gc
import signal
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

from prometheus_client import CollectorRegistry
from temporalio.client import Client
from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig
from temporalio.service import GrpcCompression
from temporalio.worker import UnsandboxedWorkflowRunner, Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from activities.heartbeats import Heartbeats
from activities.interruption import Uninterrupted
from activities.local_threads import LocalThreads
from activities.pauses import Pauses
from activities.steps import all_steps, errand_steps, message_steps
from activities.watched import Watched
from api.inside import Inside
from domain.ids import errand_queue, message_queue
from domain.milestones import RECIPIENTS
from domain.version import VERSION
from embedded.ending import end_process
from embedded.health_port import HealthPort
from embedded.together import port_environments, run_together
from embedded.watch import Watch
from integrations.circuit_metrics import CircuitMetrics
from integrations.partners import connect_partners
from models.database import open_database, sessions
from record.caches import build_caches
from record.channels.accounts import pull_plans
from relay.carry import Relay
from relay.isolation import TROUBLES
from settings import Settings
from workflows.bulk import BulkWorkflow
from workflows.deliver import DeliveryWorkflow
from workflows.export import ExportWorkflow
from workflows.inquiries import InquiryWorkflow
from workflows.lead_times import LeadTimesWorkflow
from workflows.order import OrderWorkflow
from workflows.passes import skip_idle_passes
from workflows.payloads import DATA_CONVERTER
from workflows.pull import PullWorkflow
from workflows.push import PushWorkflow
from workflows.reconcile import ReconcileWorkflow
from workflows.redeliver import RedeliveryWorkflow
from workflows.returns import ReturnWorkflow
from workflows.schedules import keep_nightly, keep_schedules, keep_statements
from workflows.settlement import SettlementWorkflow
from workflows.statements import StatementWorkflow

if sys.platform == "win32":
    from asyncio import run as run_loop
else:
    # It costs less CPU than the loop of asyncio.
    from uvloop import run as run_loop

WORKFLOWS = (
    *(OrderWorkflow, ReturnWorkflow, PullWorkflow, ReconcileWorkflow, PushWorkflow, LeadTimesWorkflow),
    *(DeliveryWorkflow, RedeliveryWorkflow, StatementWorkflow, InquiryWorkflow, SettlementWorkflow),
    *(BulkWorkflow, ExportWorkflow),
)
MESSENGERS = 6 + len(RECIPIENTS)
"""Batches of messages that one worker process sends at a time, beside its work on orders: six to subscribers, and one
to each recipient, for as long as anything comes."""
ERRANDS = 4
"""Bulks and exports that one worker process is at work on at a time."""
ANSWER_WITHIN = timedelta(seconds=5)
"""How long an act of a bulk waits for the order; it is asked again later."""
LONGEST_BATCH, LONGEST_PARTNER_STEP = timedelta(minutes=2), timedelta(minutes=10)


async def connect_temporal(settings: Settings) -> Client:
    """Connect this process to Temporal; without compression on one machine, where it would only cost CPU."""
    is_local = settings.temporal_address.startswith(("127.", "localhost"))
    address = f"{settings.metrics_host}:{settings.metrics_port}"
    metrics = PrometheusConfig(bind_address=address) if settings.metrics_port else None
    return await Client.connect(
        settings.temporal_address,
        namespace=settings.temporal_namespace,
        data_converter=DATA_CONVERTER,
        runtime=Runtime(telemetry=TelemetryConfig(metrics=metrics)) if metrics else None,
        grpc_compression=GrpcCompression.NONE if is_local else GrpcCompression.GZIP,
    )


def build_worker(
    client: Client, settings: Settings, steps: Sequence[Callable[..., Any]], watch: Watch | None = None
) -> Worker:
    """Build the worker for all workflows and their activities, which run in one thread for each slot.

    Local activities touch only our own database and have threads of their own, so none waits behind a partner's call.
    """
    skip_idle_passes()
    database = ThreadPoolExecutor(settings.activity_threads, thread_name_prefix="activity")
    watched = [_watch_threads(watch, settings)] if watch else []
    return Worker(
        client,
        build_id=VERSION,
        task_queue=settings.task_queue,
        workflows=[*WORKFLOWS],
        activities=steps,
        activity_executor=ThreadPoolExecutor(settings.partner_threads, thread_name_prefix="partner"),
        max_concurrent_activities=settings.partner_threads,
        max_concurrent_local_activities=settings.activity_threads,
        max_concurrent_workflow_tasks=settings.workflow_task_slots,
        max_cached_workflows=settings.cached_workflows,
        workflow_runner=SandboxedWorkflowRunner() if settings.sandboxed else UnsandboxedWorkflowRunner(),
        graceful_shutdown_timeout=timedelta(seconds=20),
        interceptors=[Heartbeats(), Pauses(), Uninterrupted(), *watched, LocalThreads(database)],
    )


def _watch_threads(watch: Watch, settings: Settings) -> Watched:
    """Watch both thread pools. Steps that call partners may be slow in all threads at once without being stuck."""
    partners = watch.add_threads("partners", settings.partner_threads, LONGEST_PARTNER_STEP)
    return Watched(partners, local=watch.add_threads("steps", settings.activity_threads))


def build_messenger(
    client: Client, settings: Settings, steps: Sequence[Callable[..., Any]], watch: Watch | None = None
) -> Worker:
    """Build the worker that sends all messages: its own threads keep a slow receiver from delaying orders."""
    watched = [Watched(watch.add_threads("messages", MESSENGERS, LONGEST_BATCH))] if watch else []
    return Worker(
        client,
        build_id=VERSION,
        task_queue=message_queue(settings.task_queue),
        activities=steps,
        activity_executor=ThreadPoolExecutor(MESSENGERS, thread_name_prefix="messenger"),
        max_concurrent_activities=MESSENGERS,
        max_concurrent_activity_task_polls=1,
        graceful_shutdown_timeout=timedelta(seconds=20),
        interceptors=[Heartbeats(), Pauses(), Uninterrupted(), *watched],
    )


def build_errands(client: Client, settings: Settings, steps: Sequence[Callable[..., Any]]) -> Worker:
    """Build the worker for long work that staff ask for: its few slots take none from orders."""
    return Worker(
        client,
        build_id=VERSION,
        task_queue=errand_queue(settings.task_queue),
        activities=steps,
        activity_executor=ThreadPoolExecutor(ERRANDS, thread_name_prefix="errand"),
        max_concurrent_activities=ERRANDS,
        max_concurrent_activity_task_polls=1,
        graceful_shutdown_timeout=timedelta(seconds=20),
        interceptors=[Heartbeats(), Pauses(), Uninterrupted()],
    )


def api_inside(settings: Settings) -> Inside:
    """Return the API inside of this process. It serves no port and is built when it is first needed."""

    def build() -> Any:
        from api.app import create_app

        return create_app(settings.model_copy(update={"api_metrics_port": 0, "rpc_timeout": ANSWER_WITHIN}))

    return Inside(build)


async def run_worker(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT, then finish what is in hand; the watch ends the process if that gets stuck."""
    watch, registry = Watch(settings.stuck_after), CollectorRegistry()
    with HealthPort("BATON_WORKER_PORT", settings.metrics_host, settings.worker_port or None, watch, registry):
        watch.start()
        beating = asyncio.create_task(watch.beat())
        await _work(settings, watch, registry)
        beating.cancel()


async def _work(settings: Settings, watch: Watch, registry: CollectorRegistry) -> None:
    # Searching all modules for reference cycles is expensive.
    gc.freeze()
    connections = 2 * settings.activity_threads + MESSENGERS + 4
    engine = open_database(settings.database_url, connections, settings.database_prepares)
    record = sessions(engine, settings.vault)
    client = await connect_temporal(settings)
    await keep_schedules(client, settings, await asyncio.to_thread(pull_plans, record))
    await keep_nightly(client, settings)
    await keep_statements(client, settings)
    caches = build_caches(record)
    relay = Relay(record, client, settings, caches)
    watch.add_part("relay", lambda: not relay.stopping.is_set(), lambda: relay.moves)
    ending = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ending.set)
    partners, inside = connect_partners(settings), api_inside(settings)
    registry.register(CircuitMetrics(partners.circuits))
    registry.register(TROUBLES)
    async with (
        build_worker(client, settings, all_steps(settings, record, partners, caches), watch),
        build_messenger(client, settings, message_steps(settings, record, partners, caches), watch),
        build_errands(client, settings, errand_steps(settings, record, inside)),
    ):
        relaying = asyncio.create_task(relay.run())
        watch.ready = True
        print("worker ready", flush=True)  # noqa: T201  The process that started this one waits for the line.
        waiting = asyncio.create_task(ending.wait())
        await asyncio.wait({relaying, waiting}, return_when=asyncio.FIRST_COMPLETED)
        relay.stop()
        await relaying
    await inside.close()
    engine.dispose()


def run_processes(number: int) -> int:
    """Run `number` workers with ports of their own; return the highest exit status. One for each core is best."""
    settings = Settings()
    first = {"BATON_WORKER_PORT": settings.worker_port, "BATON_METRICS_PORT": settings.metrics_port}
    return run_together([sys.executable, "-m", "worker"], port_environments(first, number))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=1)
    number = parser.parse_args().processes
    if number > 1:
        end_process(run_processes(number))
    run_loop(run_worker(Settings()))
    end_process(0)


if __name__ == "__main__":
    main()
