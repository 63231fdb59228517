"""The nightly learning through the real Temporal, and its schedule."""

from uuid import uuid4

from domain.ids import NIGHTLY_LEAD_TIMES
from tests.baton import Baton
from workflows.lead_times import LeadTimesWorkflow
from workflows.schedules import keep_nightly


async def test_a_run_learns_a_version(silent: Baton) -> None:
    # when
    learned = await silent.client.execute_workflow(
        LeadTimesWorkflow.run, id=f"lead-times/{uuid4().hex}", task_queue=silent.settings.task_queue
    )

    # then
    assert learned.version > 0
    kept = silent.rows("SELECT version FROM lead_time_models")
    assert [row.version for row in kept] == [learned.version]


async def test_the_nightly_schedule_is_created_once(silent: Baton) -> None:
    # when
    for _ in range(2):
        await keep_nightly(silent.client, silent.settings)

    # then
    handle = silent.client.get_schedule_handle(NIGHTLY_LEAD_TIMES)
    made = (await handle.describe()).schedule
    assert (made.spec.calendars[0].hour[0].start, made.spec.time_zone_name) == (3, "Asia/Shanghai")
    await handle.delete()
