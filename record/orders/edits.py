"""Edits of an order: one function for those of staff, of customer service and of the channel."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from domain.editing.preview import EditPreview, FieldRefusal, preview
from domain.editing.standing import OrderStanding
from domain.editing.wanted import WantedEdit
from models.edits import OrderEditRow
from models.order import OrderRow
from record.orders.edit_standing import standing_of
from record.orders.edit_writing import APPLIED, PLACED, write

API, CHANNEL = "api", "channel"
PROPOSED, REFUSED, SUPERSEDED = "proposed", "refused", "superseded"
MAX_PREVIEWS = 20
MOVED_ON = FieldRefusal("order", "the order has changed since the edit was asked for: ask again")


@dataclass(frozen=True)
class EditOutcome:
    """`state` is that of the edit. While it is `proposed`, the work in `recall` must be called back first. A refusal
    names the `about` field and says why.

    `repay_minor` is paid back. `charges` is true if a payment link is to be made or withdrawn, `judge` if the order is
    to be audited again. Of `claimed_skus` units came to the order, and `claimed` is true if all is reserved.
    """

    state: str
    about: str = ""
    refusal: str = ""
    recall: list[str] = field(default_factory=list)
    repay_minor: int = 0
    charges: bool = False
    claimed_skus: list[str] = field(default_factory=list)
    claimed: bool = False
    judge: bool = False


def propose(
    session: Session, row: OrderRow, wanted: WantedEdit, edit_id: str, source: str, actor: str, reason: str = ""
) -> tuple[OrderEditRow, EditPreview]:
    """Store the edit, once for each id, and return it with what it would do."""
    values: dict[str, Any] = {"source": source, "actor": actor, "reason": reason, "fields": wanted.fields}
    stored = insert(OrderEditRow).values(
        edit_id=edit_id, order_id=row.order_id, wanted=wanted.to_json(), base_version=row.version, **values
    )
    session.execute(stored.on_conflict_do_nothing())
    edit = edit_of(session, row.order_id, edit_id)
    assert edit is not None
    _forget_old(session, row.order_id)
    seen = preview(standing_of(session, row, wanted, of_channel=source == CHANNEL), wanted)
    if edit.state == PROPOSED:
        edit.difference_minor = seen.difference.minor_units
    session.flush()
    return edit, seen


def _forget_old(session: Session, order_id: str) -> None:
    """Delete all but the newest edits that were previewed and never confirmed."""
    E = OrderEditRow
    previews = E.order_id == order_id, E.source == API, E.state == PROPOSED
    oldest = select(E.number).where(*previews).order_by(E.number.desc()).offset(MAX_PREVIEWS).limit(1).scalar_subquery()
    session.execute(delete(E).where(*previews, E.number <= oldest))


def attempt(session: Session, row: OrderRow, edit: OrderEditRow, *, recalled: bool = False) -> EditOutcome:
    """Make the edit if nothing is in its way, all of it or nothing. `row` is locked.

    Work that must be called back first is named in the outcome; once it was tried (`recalled`), what is still at work
    refuses the edit.
    """
    if edit.state != PROPOSED:
        return outcome_of(edit)
    wanted = WantedEdit.from_json(edit.wanted, row.currency)
    # A channel's word stands for itself, whatever was done to the order here.
    if edit.source == API and row.version != edit.base_version:
        return refuse(session, edit, MOVED_ON, SUPERSEDED)
    standing = standing_of(session, row, wanted, of_channel=edit.source == CHANNEL)
    seen = preview(standing, wanted)
    if seen.refusals:
        return refuse(session, edit, seen.refusals[0])
    if seen.recall and recalled:
        return refuse(session, edit, FieldRefusal(edit.fields[0], _kept(standing, seen.recall)))
    if seen.recall:
        return EditOutcome(PROPOSED, recall=list(seen.recall))
    write(session, row, edit, wanted, standing, seen)
    charges = seen.charge.minor_units != seen.charged
    return EditOutcome(
        APPLIED, repay_minor=seen.repay.minor_units, charges=charges, claimed_skus=sorted(seen.claims), judge=seen.judge
    )


def refuse(session: Session, edit: OrderEditRow, refusal: FieldRefusal, state: str = REFUSED) -> EditOutcome:
    """Record why the edit is not made."""
    edit.state, edit.refused_field, edit.refusal = state, refusal.field, refusal.message
    edit.answered_at = func.now()
    session.flush()
    return outcome_of(edit)


def outcome_of(edit: OrderEditRow) -> EditOutcome:
    return EditOutcome(edit.state, edit.refused_field, edit.refusal)


def edit_of(session: Session, order_id: str, edit_id: str) -> OrderEditRow | None:
    """Return the order's edit with this id."""
    mine = OrderEditRow.order_id == order_id, OrderEditRow.edit_id == edit_id
    return session.scalars(select(OrderEditRow).where(*mine)).one_or_none()


def difference_so_far(session: Session, order_id: str, limit: int) -> int:
    """Return by how much the edits of staff have changed what the order costs, in minor units, since the last one that
    went beyond the limit: who was allowed that has answered for what came before."""
    E, changed = OrderEditRow, 0
    made = E.order_id == order_id, E.source == API, E.state == APPLIED
    for difference in session.scalars(select(E.difference_minor).where(*made).order_by(E.version)):
        changed = changed + difference if abs(changed + difference) <= limit else 0
    return changed


def placed_goods(session: Session, order_id: str) -> dict[str, Any] | None:
    """Return lines and amounts of the order before its first edit of them, or None if there was none."""
    known = OrderEditRow.order_id == order_id, OrderEditRow.was.has_key(PLACED)
    first = select(OrderEditRow.was[PLACED]).where(*known)
    placed: dict[str, Any] | None = session.scalars(first.order_by(OrderEditRow.number).limit(1)).first()
    return placed


def supersede(session: Session, order_id: str, source: str, *, goods: bool = False) -> None:
    """Drop what this source has asked for and nobody has made yet: it says something else now, of the goods or of all
    else."""
    about = OrderEditRow.wanted.has_key("said") if goods else ~OrderEditRow.wanted.has_key("said")
    waiting = OrderEditRow.order_id == order_id, OrderEditRow.source == source, OrderEditRow.state == PROPOSED, about
    changes = {"state": SUPERSEDED, "refused_field": MOVED_ON.field, "refusal": MOVED_ON.message}
    session.execute(update(OrderEditRow).where(*waiting).values(**changes, answered_at=func.now()))


def _kept(standing: OrderStanding, names: Sequence[str]) -> str:
    where: Callable[[str], str] = {work.fulfillment_order_id: work.location_id for work in standing.work}.__getitem__
    return f"{', '.join(sorted({where(name) for name in names}))} does not give the work back"
