"""`baton messages`: show the message a customer would get, to try a text before it is set."""

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

CASE_STATUS = {APPROVED: "approved", REJECTED: "rejected"}


def preview(
    order_id: Annotated[str, typer.Argument(help="An order that is on record")],
    name: Annotated[str, typer.Argument(help="Which message: received, shipped, return_approved, ...")],
    texts: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="JSON as the parameter message_texts has it")
    ] = None,
    language: Annotated[str, typer.Option(help="Such as en; by default that of the order")] = "",
) -> None:
    """Show the subject and the text that the order's customer would get. Nothing is sent and nothing is kept."""
    try:
        own_texts = json.loads(texts.read_text()) if texts else {}
        message = preview_message(_sessions(), order_id, name, own_texts, language)
    except (ValueError, AttributeError) as error:
        raise typer.BadParameter(str(error)) from None
    print(f"[{message.content['language']}] {message.content['subject']}\n\n{message.content['text']}")
    if empty := [field for field, text in message.content["fields"].items() if not text]:
        print(f"\nnot known of this order: {', '.join(empty)}")


def preview_message(sessions: Sessions, order_id: str, name: str, texts: Any, language: str = "") -> CustomerText:
    """Return the message, written with `texts` where they have it, else with Baton's own.

    Raises ValueError, which names what is wrong, for an unknown order, message, language or field.
    """
    if name not in FIELDS:
        raise ValueError(f"{name} is no message; there are {', '.join(FIELDS)}")
    if language and not LANGUAGE.fullmatch(language):
        raise ValueError(f"{language} is no language such as en or zh-CN")
    own_texts, milestone = read_texts(texts), milestones.CASE_DECIDED if name in CASE_STATUS else name
    with sessions() as session:
        snapshot = load_snapshots(session, {order_id: {milestone}}).get(order_id)
        if snapshot is None:
            raise ValueError(f"there is no order {order_id}")
        data = _data(session, snapshot, milestone) | ({"status": CASE_STATUS[name]} if name in CASE_STATUS else {})
    return render(snapshot, milestone, data, own_texts, wished=language)


def _data(session: Session, snapshot: Snapshot, milestone: str) -> dict[str, Any]:
    """The data of the order's newest message of this kind; without one its first parcel and first case."""
    of_order = MessageRow.order_id == snapshot.order_id, MessageRow.milestone == milestone
    newest = select(MessageRow.data).where(*of_order).order_by(MessageRow.sequence.desc()).limit(1)
    parcel, case = next(iter(snapshot.parcels), None), next(iter(snapshot.cases or {}), "")
    default = {"fulfillment_order_id": parcel.fulfillment_order_id if parcel else "", "return_id": case}
    return default | (session.scalar(newest) or {})


def _sessions() -> Sessions:
    settings = Settings()
    return open_sessions(open_database(settings.database_url, connections=1), settings.vault)
