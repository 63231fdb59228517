"""`baton demo`: shows orders and returns on their way through all of Baton, troubles included."""

import signal
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Annotated

import httpx2
import typer
from rich.console import Console
from rich.text import Text

from commands.demo import story
from commands.demo.accounts import open_accounts
from commands.demo.directory import NotADemo, start_afresh
from commands.demo.numbers import APP, RETURNED
from commands.demo.orders import demo_orders
from commands.demo.play import Director, Outcome, Play
from commands.demo.program import BROUGHT, CANCELED, SCENES
from commands.demo.retail import CHANNEL, Translation, read_rows, translate
from commands.demo.screen import Screen
from commands.demo.stage import Stage
from commands.demo.takeover import import_past
from commands.keys import create_key
from commands.seed import SHOP, first_keys, stock_shop
from commands.seed_terms import set_sample_terms
from commands.verify import verify
from embedded.ending import end_process
from embedded.environment import PortTaken
from embedded.lock import AlreadyRunning
from embedded.postgres_programs import PostgresError
from embedded.services import ServiceError
from embedded.stack import Stack
from models.database import open_database, sessions
from models.vault import Vault

MAX_UNDER_WAY = 8
"""Orders under way at the same time: enough to be busy, few enough to follow."""
INTERRUPTED = 130


def demo(
    orders: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Real orders instead: a CSV in the Online Retail format."),
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="The most orders to take from the file.")] = None,
    data_dir: Annotated[Path, typer.Option(help="Emptied at the start, kept afterwards.")] = Path(".baton/demo"),
    step_seconds: Annotated[float, typer.Option(min=0, help="How long each step of a simulated partner takes.")] = 0.2,
) -> None:
    """Show orders and returns on their way through Baton, and prove afterwards that the record is consistent."""
    console = Console(highlight=False)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        file = translate(read_rows(orders), limit) if orders else None
        start_afresh(data_dir)
        status = _run(console, data_dir, step_seconds, file)
    except KeyboardInterrupt:
        console.print("Interrupted; everything has ended.")
        status = INTERRUPTED
    except httpx2.HTTPError as problem:
        console.print(Text(f"The API or a simulator does not answer: {problem}", style="red"), soft_wrap=True)
        status = 1
    except (AlreadyRunning, NotADemo, PortTaken, PostgresError, ServiceError, ValueError) as problem:
        console.print(Text(str(problem), style="red"), soft_wrap=True)
        status = 1
    end_process(status)


def _run(console: Console, data_dir: Path, step_seconds: float, file: Translation | None) -> int:
    """Run the demo on a fresh Baton; return 0 if everything was as expected, else 1."""
    began = monotonic()
    console.print("Starting PostgreSQL, Temporal, the simulators of all partners, the API and a worker:")
    # Who tries subscriptions in the demo receives them on this machine.
    allow_loopback = {"BATON_SUBSCRIPTIONS_PRIVATE": "true"}
    with Stack(data_dir, step_seconds=step_seconds, extra_env=allow_loopback, say=_line(console)) as stack:
        engine = open_database(stack.env["BATON_DATABASE_URL"])
        record = sessions(engine, Vault(stack.env["BATON_SECRETS_KEY"]))
        with record.begin() as session:
            units = stock_shop(session, file.shop if file else SHOP)
            set_sample_terms(session)
        keys = first_keys(record) | {CHANNEL: create_key(record, CHANNEL, "channel", CHANNEL)}
        keys |= {APP: create_key(record, APP, "channel", APP)}
        accounts = open_accounts(record)
        play = _play(file)
        console.print(f"The shop has {units:,} units in stock; {len(play.numbers)} orders are about to come.")
        if not file:
            past = import_past(stack.api_url, keys["staff"], data_dir)
            console.print(f"{past} orders of the past are imported: they are only recorded.")
        console.print()
        with Screen(console, len(play.numbers)) as screen:
            stage = Stage(stack.api_url, stack.simulators_url, keys, accounts, record, screen.say)
            outcome = Director(stage, screen, play).run()
        links = _links(stack, stage, play)
        stage.close()
        report = verify(record)
        engine.dispose()
    if file:
        story.tell_translation(console, file)
    story.tell_story(console, outcome, _summary(outcome))
    story.tell_counts(console, outcome.board)
    story.tell_report(console, report)
    story.tell_where(console, data_dir, links)
    problems = outcome.problems + ([] if report.clean else ["the record is not whole, see above"])
    if problems:
        story.tell_problems(console, problems)
    console.print(
        f"\n{'Not all' if problems else 'All'} as expected, {monotonic() - began:.0f} s in all.", style="bold"
    )
    return 1 if problems else 0


def _play(file: Translation | None) -> Play:
    if file:
        return Play(file.orders)
    return Play(demo_orders(), MAX_UNDER_WAY, SCENES, CANCELED, BROUGHT)


def _summary(outcome: Outcome) -> str:
    board = outcome.board
    channels, places = {order.channel for order in board.orders.values()}, board.places()
    counts = ", ".join(f"{number} {place}" for place, number in places.most_common())
    source = f"{len(channels)} channels" if len(channels) > 1 else "one channel"
    per_minute = 60 * len(board.orders) / max(outcome.seconds, 0.1)
    return f"{len(board.orders)} orders of {source} in {outcome.seconds:.0f} s ({per_minute:.0f} a minute): {counts}."


def _links(stack: Stack, stage: Stage, play: Play) -> dict[str, str]:
    """Pages worth a visit by name, one of them of an order with a story if the play has one."""
    number = RETURNED if play.scenes else next(iter(stage.board.orders), "")
    links = {"the API's documentation": f"{stack.api_url}/docs", "all orders in the Temporal UI": stack.temporal_ui_url}
    if number in stage.board.orders:
        links[f"the story of {number} in Temporal"] = stage.order(number)["links"]["workflow"]
    return links


def _line(console: Console) -> Callable[[str, str], None]:
    def say(service: str, address: str) -> None:
        console.print(Text.assemble((f"  {service:<12}", "bold green"), address), soft_wrap=True)

    return say
