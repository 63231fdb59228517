"""`baton differences`: show where partners' statements differ from the record, or compare one now, not at night."""

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table
from sqlalchemy import select
from temporalio.client import (
    Client,
    ScheduleActionExecutionStartWorkflow,
    ScheduleHandle,
    WorkflowFailureError,
    WorkflowHandle,
)
from temporalio.service import RPCError

from domain.ids import statement_id
from models.database import Sessions, open_database
from models.database import sessions as open_sessions
from models.statements import PartnerDifferenceRow
from settings import Settings
from workflows.schedules import keep_statements
from workflows.statements import StatementWorkflow, Tally, in_words

SHOWN = 50
PAUSE_SECONDS, START_TIMEOUT_SECONDS = 0.5, 60.0
Tell = Callable[[str], None]
Books = Mapping[str, Tally]
Comparison = WorkflowHandle[StatementWorkflow, dict[str, Tally]]


def differences(
    partner: Annotated[str | None, typer.Option(help="One partner only")] = None,
    run: Annotated[str | None, typer.Option(help="Compare this partner now, then show what differs")] = None,
) -> None:
    """Show where the books of partners differ from ours; with --run compare one now instead of at night."""
    settings = Settings()
    if run is not None:
        if run not in settings.statements.partners:
            known = ", ".join(settings.statements.partners) or "nobody"
            raise typer.BadParameter(f"{run} lists nothing: BATON_STATEMENTS__PARTNERS names who does ({known})")
        try:
            asyncio.run(_run(settings, run))
        except (RPCError, RuntimeError, TimeoutError) as error:
            print(f"Temporal or its workers do not answer: {error}")
            raise typer.Exit(1) from None
        except WorkflowFailureError as error:
            print(f"the comparison failed: {error.cause}")
            raise typer.Exit(1) from None
    engine = open_database(settings.database_url, connections=1)
    show(open_sessions(engine), run or partner, Console())
    engine.dispose()


def show(sessions: Sessions, partner: str | None, console: Console) -> None:
    """Print the open differences, the oldest first; GET /reports/differences has them all."""
    row = PartnerDifferenceRow
    query = select(row).where(row.gone_at.is_(None)).order_by(row.difference_id).limit(SHOWN + 1)
    if partner is not None:
        query = query.where(row.partner == partner)
    with sessions() as session:
        found = session.scalars(query).all()
    # People copy a subject, so it is never cut off.
    subject = Column("subject", overflow="fold", min_width=26)
    table = Table("book", Column("kind", no_wrap=True), subject, "ours", "theirs", "days", "seen to")
    for one in found[:SHOWN]:
        days = str((datetime.now(UTC) - one.first_seen_at).days)
        book = f"{one.partner} {one.book}"
        table.add_row(book, one.kind, one.subject, one.ours, one.theirs, days, str(one.mends))
    console.print(table)
    if len(found) > SHOWN:
        console.print(f"the first {SHOWN}; GET /reports/differences has the others")


async def compare_now(client: Client, settings: Settings, partner: str, tell: Tell) -> Books:
    """Start the nightly comparison now, or join the one under way, and wait for its end.

    `tell` is called with each new line of progress. Raises TimeoutError if no run begins within a minute.
    """
    await keep_statements(client, settings)
    name = await _begin(client.get_schedule_handle(statement_id(partner)))
    handle: Comparison = client.get_workflow_handle(name, result_type=dict[str, Tally])
    ending = asyncio.create_task(handle.result())
    last = ""
    while not ending.done():
        if (progress := await _progress(handle)) != last:
            tell(progress)
            last = progress
        await asyncio.wait({ending}, timeout=PAUSE_SECONDS)
    return await ending


async def _run(settings: Settings, partner: str) -> None:
    client = await Client.connect(settings.temporal_address, namespace=settings.temporal_namespace)
    books = await compare_now(client, settings, partner, print)
    print(_in_words(books))


async def _begin(schedule: ScheduleHandle) -> str:
    """Return the workflow id of the run that begins, or of the one under way: two never run at once."""
    before = await _started(schedule)
    await schedule.trigger()
    give_up = time.monotonic() + START_TIMEOUT_SECONDS
    while time.monotonic() < give_up:
        info = (await schedule.describe()).info
        running = [one for one in info.running_actions if isinstance(one, ScheduleActionExecutionStartWorkflow)]
        if running:
            return running[-1].workflow_id
        if new := [name for name in await _started(schedule) if name not in before]:
            return new[-1]
        await asyncio.sleep(PAUSE_SECONDS)
    raise TimeoutError("no run has begun")


async def _started(schedule: ScheduleHandle) -> list[str]:
    actions = [one.action for one in (await schedule.describe()).info.recent_actions]
    return [one.workflow_id for one in actions if isinstance(one, ScheduleActionExecutionStartWorkflow)]


async def _progress(handle: Comparison) -> str:
    try:
        return _in_words(await handle.query(StatementWorkflow.progress))
    except RPCError:
        return "no worker answers yet"


def _in_words(books: Books) -> str:
    return "; ".join(f"{name}: {in_words(tally)}" for name, tally in books.items()) or "begins"
