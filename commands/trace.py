"""`baton trace`: show an order's log and prove it, or prove the logs of all orders."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text
from sqlalchemy import func, or_, select, text
from sqlalchemy.orm import Session

from domain.fact_words import with_words
from domain.people import is_erased
from embedded.ending import end_process
from models.database import open_database, sessions
from models.order import OrderRow
from models.trace import EventSealRow
from record.trail.anchors import Anchor, AnchorFile
from record.trail.days import inclusion, is_signed, read_key
from record.trail.proving import Link, links, signed_days
from settings import Settings

PROGRESS_EVERY = 1_000
WORDS_OF_ORDER = text("SELECT event_id, words FROM event_words WHERE order_id = :order_id")


def trace(
    order: Annotated[str, typer.Argument(help="An order id, or its number at the channel")] = "",
    verify: Annotated[bool, typer.Option("--verify", help="Check the chain of every order and every day")] = False,
    anchors: Annotated[
        Path | None, typer.Option(exists=True, help="The file of anchored days; by default that of the settings")
    ] = None,
    public_key: Annotated[str, typer.Option(help="Verify with this key (hexadecimal), not that of the settings")] = "",
) -> None:
    """Show what happened to an order, fact by fact, and prove that the log is as it was written. Exits 1 if not."""
    if bool(order) == verify:
        raise typer.BadParameter("name an order, or say --verify to look at all of them")
    settings = Settings()
    key = _key(settings, public_key)
    file = anchors or settings.trace_anchor_file
    anchored = AnchorFile(file).read() if file else None
    with _reading(settings) as session:
        faults = _verify(session, key, anchored) if verify else _show(session, order, key)
    end_process(1 if faults else 0)


def _show(session: Session, order: str, key: Ed25519PublicKey | None) -> int:
    names = select(OrderRow.order_id).where(or_(OrderRow.order_id == order, OrderRow.channel_order_id == order))
    order_ids = session.scalars(names).all()
    if not order_ids:
        raise typer.BadParameter(f"there is no order {order}")
    return sum(_show_order(session, order_id, key) for order_id in order_ids)


def _show_order(session: Session, order_id: str, key: Ed25519PublicKey | None) -> int:
    console, faults, sealed = Console(highlight=False), 0, 0
    words = {row.event_id: row.words for row in session.execute(WORDS_OF_ORDER, {"order_id": order_id})}
    shown = not is_erased(session.scalars(select(OrderRow.customer_id).where(OrderRow.order_id == order_id)).one())
    console.print(f"[bold]{order_id}[/]")
    for link in links(session, order_id):
        console.print(_line(link, words.get(link.event_id), shown), soft_wrap=True)
        faults += bool(link.fault)
        sealed = max(sealed, link.position)
    console.print(
        f"{sealed} facts sealed, {faults} of them wrong" if faults else f"{sealed} facts sealed, in one chain"
    )
    return faults + _show_day(session, order_id, key, console)


def _show_day(session: Session, order_id: str, key: Ed25519PublicKey | None, console: Console) -> int:
    """Print the signed day that proves the order; return 1 if its signature is wrong, else 0."""
    proof = inclusion(session, order_id)
    if proof is None:
        console.print("not in a signed day yet: the root of a day is signed after midnight UTC")
        return 0
    day = proof.included_in
    console.print(f"fact {proof.position} and those before it are in the root of {day.day}: {day.root.hex()}")
    for step in proof.path:
        console.print(f"  {step}", style="dim")
    if key is None:
        console.print(
            "the signature was not looked at: there is no BATON_TRACE_PUBLIC_KEY and no --public-key", style="yellow"
        )
        return 0
    valid = is_signed(day, proof.signature, key)
    console.print("signed" if valid else "[red]the signature is not of this root[/]")
    return 0 if valid else 1


def _verify(session: Session, key: Ed25519PublicKey | None, anchored: Mapping[date, Anchor] | None) -> int:
    console, faults, seen = Console(highlight=False), 0, 0
    total = session.scalar(select(func.count()).select_from(EventSealRow)) or 0
    columns = SpinnerColumn(), TextColumn("{task.completed:,.0f} of {task.total:,.0f} facts"), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("facts", total=total)
        for seen, link in enumerate(links(session), 1):
            if link.fault:
                faults += 1
                console.print(f"[red]wrong[/]  {link.order_id}: fact {link.event_id} {link.fault}", soft_wrap=True)
            if seen % PROGRESS_EVERY == 0:
                progress.update(task, completed=seen)
    days = list(signed_days(session, key, anchored)) if key else []
    for fault in (fault for day in days for fault in day.faults):
        faults += 1
        console.print(f"[red]wrong[/]  {fault}", soft_wrap=True)
    outside = f", {len(anchored)} of them anchored" if anchored else ", which nobody outside keeps"
    signed = f"{len(days)} signed days{outside}" if key else "no key, so no signature was looked at"
    console.print(f"[bold]{seen:,} facts, {signed}: {f'{faults:,} wrong' if faults else 'nothing is wrong'}[/]")
    return faults


def _line(link: Link, words: dict[str, Any] | None, shown: bool) -> Text:
    mark = Text(link.fault, "red") if link.fault else Text(link.hash.hex()[:16] or "not sealed yet", "dim")
    place = f"  {link.position or '':>4}  "
    if link.fact is None:
        return Text.assemble(place, f"fact {link.event_id} ", mark)
    fact = link.fact
    heading = f"{fact.at:%Y-%m-%d %H:%M:%S.%f}", fact.type, fact.actor
    fields = with_words(fact.data, words, shown)
    data = json.dumps(fields, ensure_ascii=False, sort_keys=True) if fields else ""
    return Text.assemble(place, "  ".join((*heading, data, "")), mark)


def _key(settings: Settings, public_key: str) -> Ed25519PublicKey | None:
    try:
        if public_key:
            return _public(public_key)
        if settings.trace_key:
            return read_key(settings.trace_key.get_secret_value()).public_key()
        return _public(settings.trace_public_key) if settings.trace_public_key else None
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _public(text: str) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(bytes.fromhex(text))


@contextmanager
def _reading(settings: Settings) -> Iterator[Session]:
    """Open one snapshot, so that facts sealed meanwhile do not look wrong."""
    engine = open_database(settings.database_url, connections=1)
    with sessions(engine)() as session:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True})
        yield session
    engine.dispose()
