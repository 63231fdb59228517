"""When channels are pulled: two schedules in Temporal an account, kept equal to the accounts; and when we learn."""

from collections.abc import Sequence
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

from domain.ids import NIGHTLY_LEAD_TIMES, pull_id, reconcile_id
from domain.pulling import PullPlan
from settings import Settings
from workflows import search_attributes
from workflows.pull import PullInput
from workflows.reconcile import ReconcileInput

PREFIXES = (pull_id(""), reconcile_id(""))
DISABLED = "the account says that it is not to be pulled"
NIGHTLY_JITTER, NIGHTLY_CATCH_UP = timedelta(minutes=10), timedelta(hours=2)
SHORTEST_CATCH_UP = timedelta(seconds=10)
LEARN_AT, LEARN_ZONE = time(3, 10), "Asia/Shanghai"


async def keep_schedules(client: Client, settings: Settings, plans: Sequence[PullPlan]) -> None:
    """Create, change and remove schedules until they are those of the plans. Safe to repeat, also by several at once.

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
    for name, schedule in wanted.items():
        try:
            await client.create_schedule(name, schedule, rpc_timeout=settings.rpc_timeout)
        except ScheduleAlreadyRunningError:
            await _change(client, settings, name, schedule)
    async for known in await client.list_schedules():
        if known.id.startswith(PREFIXES) and known.id not in wanted:
            await _remove(client, settings, known.id)


async def keep_nightly(client: Client, settings: Settings) -> None:
    """Create or change the schedule by which lead times are learned. Safe to repeat, also by several at once."""
    night = ScheduleCalendarSpec(hour=[ScheduleRange(LEARN_AT.hour)], minute=[ScheduleRange(LEARN_AT.minute)])
    schedule = Schedule(
        action=ScheduleActionStartWorkflow(
            "LeadTimesWorkflow",
            id=NIGHTLY_LEAD_TIMES,
            task_queue=settings.task_queue,
            static_summary=NIGHTLY_LEAD_TIMES,
        ),
        spec=ScheduleSpec(calendars=[night], jitter=NIGHTLY_JITTER, time_zone_name=LEARN_ZONE),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=NIGHTLY_CATCH_UP),
    )
    try:
        await client.create_schedule(NIGHTLY_LEAD_TIMES, schedule, rpc_timeout=settings.rpc_timeout)
    except ScheduleAlreadyRunningError:
        await _change(client, settings, NIGHTLY_LEAD_TIMES, schedule)


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
        # The list lags behind: it is gone already.
        if error.status != RPCStatusCode.NOT_FOUND:
            raise


def _pull(settings: Settings, plan: PullPlan) -> Schedule:
    spec = ScheduleSpec(intervals=[ScheduleIntervalSpec(every=plan.every)], jitter=plan.every / 10)
    action = _action(settings, plan, "PullWorkflow", PullInput(plan.channel), pull_id(plan.channel))
    # A run reads everything since the last one, so that one which was missed need not be made up for.
    return _schedule(plan, spec, action, max(plan.every, SHORTEST_CATCH_UP))


def _reconcile(settings: Settings, plan: PullPlan) -> Schedule:
    at = plan.reconcile_at
    night = ScheduleCalendarSpec(hour=[ScheduleRange(at.hour)], minute=[ScheduleRange(at.minute)])
    spec = ScheduleSpec(calendars=[night], jitter=NIGHTLY_JITTER, time_zone_name=plan.zone)
    action = _action(settings, plan, "ReconcileWorkflow", ReconcileInput(plan.channel), reconcile_id(plan.channel))
    return _schedule(plan, spec, action, NIGHTLY_CATCH_UP)


def _schedule(plan: PullPlan, spec: ScheduleSpec, action: ScheduleActionStartWorkflow, catch_up: timedelta) -> Schedule:
    policy = SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=catch_up)
    state = ScheduleState() if plan.enabled else ScheduleState(note=DISABLED, paused=True)
    return Schedule(action=action, spec=spec, policy=policy, state=state)


def _action(settings: Settings, plan: PullPlan, kind: str, start: Any, name: str) -> ScheduleActionStartWorkflow:
    return ScheduleActionStartWorkflow(
        kind,
        start,
        id=name,
        task_queue=settings.task_queue,
        typed_search_attributes=TypedSearchAttributes([SearchAttributePair(search_attributes.CHANNEL, plan.channel)]),
        static_summary=name,
        priority=Priority(fairness_key=plan.channel),
    )
