"""`baton erase`: a person asks to be forgotten."""

from typing import Annotated

import typer

from embedded.ending import end_process
from intake.erasing import erase
from models.database import open_database, sessions
from settings import Settings


def erase_command(
    customer: Annotated[str, typer.Argument(help="A customer id, or the token of a receiver or buyer")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before")] = False,
) -> None:
    """Remove a person from all orders, payloads and returns, for good. The orders stay and are counted.

    Exits 1 while one of their orders or returns is under way.
    """
    if not yes:
        typer.confirm(f"Everything that names {customer} is removed and cannot be brought back. Go on?", abort=True)
    engine = open_database(Settings().database_url, connections=1)
    done = erase(sessions(engine), customer)
    engine.dispose()
    if done.open_orders:
        print(f"Nothing was erased. Under way, with their returns: {', '.join(done.open_orders)}")
        end_process(1)
    print(f"{done.orders} orders name nobody any more; they are those of {done.pseudonym}" if done.orders else "nobody")
    end_process(0)
