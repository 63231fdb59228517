"""`baton messages`: what a customer would be told, to try a text before it counts."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import select
from sqlalchemy.orm import Session

from domain import milestones
from domain.contents.customer import CustomerText, render
from domain.contents.fields import APPROVED, FIELDS, REJECTED
from domain.contents.snapshot import Snapshot
from domain.contents.templates import LANGUAGE, read_texts
from models.database import Sessions, open_database
from models.database import sessions as open_sessions
from models.messaging import MessageRow
from record.messages.snapshots import load_snapshots
from settings import Settings

DECIDED = {APPROVED: "approved", REJECTED: "rejected"}


def preview(
    order_id: Annotated[str, typer.Argument(help="An order that is on record")],
    name: Annotated[str, typer.Argument(help="Which message: received, shipped, return_approved, ...")],
    texts: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="JSON as the parameter message_texts has it")
    ] = None,
    language: Annotated[str, typer.Option(help="Such as en; that of the order, if left out")] = "",
) -> None:
    """Show the subject and the text that the order's customer would be sent. Nothing is sent and nothing is kept."""
    try:
        written = json.loads(texts.read_text()) if texts else {}
        told = preview_message(_sessions(), order_id, name, written, language)
    except (ValueError, AttributeError) as error:
        raise typer.BadParameter(str(error)) from None
    print(f"[{told.content['language']}] {told.content['subject']}\n\n{told.content['text']}")
    if empty := [field for field, text in told.content["fields"].items() if not text]:
        print(f"\nnot known of this order: {', '.join(empty)}")


def preview_message(sessions: Sessions, order_id: str, name: str, texts: Any, language: str = "") -> CustomerText:
    """The message with these texts above Baton's own. Raises ValueError that names what is wrong."""
    if name not in FIELDS:
        raise ValueError(f"{name} is no message; there are {', '.join(FIELDS)}")
    if language and not LANGUAGE.fullmatch(language):
        raise ValueError(f"{language} is no language such as en or zh-CN")
    written, milestone = read_texts(texts), milestones.CASE_DECIDED if name in DECIDED else name
    with sessions() as session:
        snapshot = load_snapshots(session, {order_id: {milestone}}).get(order_id)
        if snapshot is None:
            raise ValueError(f"there is no order {order_id}")
        data = _data(session, snapshot, milestone) | ({"status": DECIDED[name]} if name in DECIDED else {})
    return render(snapshot, milestone, data, written, wished=language)


def _data(session: Session, snapshot: Snapshot, milestone: str) -> dict[str, Any]:
    """What its newest message of this kind is about; else its first parcel and its first case."""
    of_order = MessageRow.order_id == snapshot.order_id, MessageRow.milestone == milestone
    newest = select(MessageRow.data).where(*of_order).order_by(MessageRow.sequence.desc()).limit(1)
    parcel, case = next(iter(snapshot.parcels), None), next(iter(snapshot.cases or {}), "")
    otherwise = {"fulfillment_order_id": parcel.fulfillment_order_id if parcel else "", "return_id": case}
    return otherwise | (session.scalar(newest) or {})


def _sessions() -> Sessions:
    settings = Settings()
    return open_sessions(open_database(settings.database_url, connections=1), settings.vault)
