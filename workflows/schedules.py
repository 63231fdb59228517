"""Schedules in Temporal: two for each account that is pulled, one for each partner that is compared, and one to learn
lead times."""

from collections.abc import Mapping, Sequence
from datetime import time, timedelta
from typing import Any

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleState,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.common import Priority, SearchAttributePair, TypedSearchAttributes
from temporalio.service import RPCError, RPCStatusCode

from domain.exports import ExportPlan
from domain.ids import NIGHTLY_LEAD_TIMES, export_schedule_id, pull_id, reconcile_id, statement_id
from domain.pulling import PullPlan
from settings import Settings
from workflows import search_attributes
from workflows.export import ExportInput
from workflows.pull import PullInput
from workflows.reconcile import ReconcileInput
from workflows.statements import StatementInput

PREFIXES = (pull_id(""), reconcile_id(""))
DISABLED = "the account says that it is not to be pulled"
EXPORT_CATCH_UP = timedelta(hours=12)
NIGHTLY_JITTER, NIGHTLY_CATCH_UP = timedelta(minutes=10), timedelta(hours=2)
SHORTEST_CATCH_UP = timedelta(seconds=10)
LEARN_AT, LEARN_ZONE = time(3, 10), "Asia/Shanghai"


async def keep_schedules(client: Client, settings: Settings, plans: Sequence[PullPlan]) -> None:
    """Create, change and remove schedules until they match the plans. Safe to repeat, also at the same time.

    A schedule that a person paused stays paused.
    """
    wanted = {
        name: schedule
        for plan in plans
        for name, schedule in (
            (pull_id(plan.channel), _pull(settings, plan)),
            (reconcile_id(plan.channel), _reconcile(settings, plan)),
        )
    }
    await _keep(client, settings, wanted, PREFIXES)


async def keep_statements(client: Client, settings: Settings) -> None:
    """Keep one schedule for each partner that lists what it knows. Safe to repeat, also at the same time."""
    plan = settings.statements
    night = _nightly(plan.at)
    wanted = {
        statement_id(partner): Schedule(
            action=_action(settings, partner, "StatementWorkflow", StatementInput(partner), statement_id(partner)),
            spec=ScheduleSpec(calendars=[night], jitter=NIGHTLY_JITTER, time_zone_name=plan.zone),
            policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=NIGHTLY_CATCH_UP),
        )
        for partner in plan.partners
    }
    await _keep(client, settings, wanted, (statement_id(""),))


async def keep_nightly(client: Client, settings: Settings) -> None:
    """Keep the schedule by which lead times are learned. Safe to repeat, also at the same time."""
    schedule = Schedule(
        action=ScheduleActionStartWorkflow(
            "LeadTimesWorkflow",
            id=NIGHTLY_LEAD_TIMES,
            task_queue=settings.task_queue,
            static_summary=NIGHTLY_LEAD_TIMES,
        ),
        spec=ScheduleSpec(calendars=[_nightly(LEARN_AT)], jitter=NIGHTLY_JITTER, time_zone_name=LEARN_ZONE),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=NIGHTLY_CATCH_UP),
    )
    await _keep(client, settings, {NIGHTLY_LEAD_TIMES: schedule}, ())


async def keep_export(client: Client, settings: Settings, plan: ExportPlan) -> None:
    """Create or change the schedule of a kept export."""
    name = export_schedule_id(plan.export_id)
    schedule = Schedule(
        action=_action(settings, plan.export_id, "ExportWorkflow", ExportInput(plan.export_id), name),
        spec=ScheduleSpec(cron_expressions=[plan.cron], time_zone_name=plan.zone),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=EXPORT_CATCH_UP),
        state=ScheduleState() if plan.active else ScheduleState(note=DISABLED, paused=True),
    )
    await _keep(client, settings, {name: schedule}, ())


async def run_export(client: Client, settings: Settings, export_id: str) -> None:
    """Have a kept export written now, unless it is being written."""
    await client.get_schedule_handle(export_schedule_id(export_id)).trigger(rpc_timeout=settings.rpc_timeout)


async def drop_export(client: Client, settings: Settings, export_id: str) -> None:
    await _remove(client, settings, export_schedule_id(export_id))


async def _keep(client: Client, settings: Settings, wanted: Mapping[str, Schedule], prefixes: tuple[str, ...]) -> None:
    """Create or change these schedules, and remove others whose names begin with one of `prefixes`."""
    for name, schedule in wanted.items():
        try:
            await client.create_schedule(name, schedule, rpc_timeout=settings.rpc_timeout)
        except ScheduleAlreadyRunningError:
            await _change(client, settings, name, schedule)
    if prefixes:
        async for known in await client.list_schedules():
            if known.id.startswith(prefixes) and known.id not in wanted:
                await _remove(client, settings, known.id)


async def _change(client: Client, settings: Settings, name: str, schedule: Schedule) -> None:
    def changed(now: ScheduleUpdateInput) -> ScheduleUpdate:
        state = now.description.schedule.state
        if state.paused and state.note != DISABLED:
            schedule.state = state
        return ScheduleUpdate(schedule)

    await client.get_schedule_handle(name).update(changed, rpc_timeout=settings.rpc_timeout)


async def _remove(client: Client, settings: Settings, name: str) -> None:
    try:
        await client.get_schedule_handle(name).delete(rpc_timeout=settings.rpc_timeout)
    except RPCError as error:
        # The list lags behind: the schedule is gone already.
        if error.status != RPCStatusCode.NOT_FOUND:
            raise


def _pull(settings: Settings, plan: PullPlan) -> Schedule:
    spec = ScheduleSpec(intervals=[ScheduleIntervalSpec(every=plan.every)], jitter=plan.every / 10)
    action = _action(
        settings, plan.channel, "PullWorkflow", PullInput(plan.channel), pull_id(plan.channel), _attributes(plan)
    )
    # A run reads everything since the last one, so a missed run need not be made up for.
    return _schedule(plan, spec, action, max(plan.every, SHORTEST_CATCH_UP))


def _reconcile(settings: Settings, plan: PullPlan) -> Schedule:
    spec = ScheduleSpec(calendars=[_nightly(plan.reconcile_at)], jitter=NIGHTLY_JITTER, time_zone_name=plan.zone)
    name, start = reconcile_id(plan.channel), ReconcileInput(plan.channel)
    action = _action(settings, plan.channel, "ReconcileWorkflow", start, name, _attributes(plan))
    return _schedule(plan, spec, action, NIGHTLY_CATCH_UP)


def _schedule(plan: PullPlan, spec: ScheduleSpec, action: ScheduleActionStartWorkflow, catch_up: timedelta) -> Schedule:
    policy = SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=catch_up)
    state = ScheduleState() if plan.enabled else ScheduleState(note=DISABLED, paused=True)
    return Schedule(action=action, spec=spec, policy=policy, state=state)


def _nightly(at: time) -> ScheduleCalendarSpec:
    return ScheduleCalendarSpec(hour=[ScheduleRange(at.hour)], minute=[ScheduleRange(at.minute)])


def _attributes(plan: PullPlan) -> TypedSearchAttributes:
    return TypedSearchAttributes([SearchAttributePair(search_attributes.CHANNEL, plan.channel)])


def _action(
    settings: Settings,
    fairness_key: str,
    kind: str,
    start: Any,
    name: str,
    attributes: TypedSearchAttributes = TypedSearchAttributes.empty,
) -> ScheduleActionStartWorkflow:
    return ScheduleActionStartWorkflow(
        kind,
        start,
        id=name,
        task_queue=settings.task_queue,
        typed_search_attributes=attributes,
        static_summary=name,
        priority=Priority(fairness_key=fairness_key),
    )
