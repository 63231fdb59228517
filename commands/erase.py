"""`baton erase` removes a person from the record; `baton person` prints what it holds of one."""

import getpass
import json
from typing import Annotated

import typer

from domain.errors import PartnerTrouble
from embedded.ending import end_process
from models.database import Sessions, open_database
from models.database import sessions as open_sessions
from record.people.erasing import erase
from record.people.finding import orders_of
from record.people.kept import kept_of
from record.people.photos import AT_ONCE, remove_photos
from settings import Settings

Names = Annotated[
    list[str],
    typer.Argument(help="All that the person is known by: customer ids, tokens, e-mails, phones (+86...)"),
]


def person_command(names: Names) -> None:
    """Print all that is kept of a person as one JSON object, to be given to them."""
    with _sessions()() as session:
        kept = kept_of(session, orders_of(session, names))
    print(json.dumps(kept, default=str, ensure_ascii=False, indent=2))
    end_process(0)


def erase_command(
    names: Names,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before")] = False,
    by: Annotated[str, typer.Option(help="Who does it, for the orders' logs; you by default")] = "",
) -> None:
    """Remove a person from all orders, payloads and returns, for good. The orders stay, without the person.

    Orders under way keep what they need until they end, and are cleared then.
    """
    record = _sessions()
    with record() as session:
        found = orders_of(session, names)
    if found and not yes:
        summary = f"{len(found)} orders name this person: {', '.join(found[:10])}{', ...' if len(found) > 10 else ''}."
        typer.confirm(f"{summary} What is removed cannot be brought back. Go on?", abort=True)
    done = erase(record, names, by or getpass.getuser())
    _remove_photos(record)
    if not found:
        print("nobody: no order names this person")
    if done.orders:
        print(f"{done.orders} orders name nobody any more; they are those of {done.pseudonym}")
    if done.under_way:
        print(f"Under way, and done as soon as they have ended: {', '.join(done.under_way)}")
    end_process(0)


def _remove_photos(record: Sessions) -> None:
    """Remove their files now; a worker would do it within a minute."""
    try:
        while remove_photos(record, Settings().photos) == AT_ONCE:
            pass
    except PartnerTrouble as trouble:
        print(f"Photos cannot be reached ({trouble}): a worker removes them as soon as they can")


def _sessions() -> Sessions:
    return open_sessions(open_database(Settings().database_url, connections=1))
