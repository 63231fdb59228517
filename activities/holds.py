"""Holds: reasons why an order may not go on, raised by an audit or a step, released by a person or by a cure."""

from dataclasses import dataclass

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from temporalio import activity

from activities import journal
from domain.status import OrderStatus
from models.database import Sessions
from models.order import HoldRow, OrderEventRow, OrderRow


@dataclass(frozen=True)
class Hold:
    """A reason why an order may not go on. `key` makes a repeated step raise it once."""

    order_id: str
    code: str
    reason: str
    owner_role: str
    key: str


@dataclass(frozen=True)
class Release:
    order_id: str
    code: str
    actor: str
    note: str = ""


class Holds:
    def __init__(self, sessions: Sessions) -> None:
        self.sessions = sessions

    @activity.defn
    def raise_hold(self, hold: Hold) -> list[str]:
        """Hold an order that is under way; answers all open holds."""
        with self.sessions.begin() as session:
            open_hold(session, hold)
            return open_holds(session, hold.order_id)

    @activity.defn
    def release_hold(self, wanted: Release) -> list[str]:
        """Take a hold away, with who and why; answers the holds that are left."""
        with self.sessions.begin() as session:
            released = release(session, wanted)
            left = open_holds(session, wanted.order_id)
            # An order that was not held may not have been audited yet.
            if released and not left:
                accept(session, wanted.order_id)
            return left


def open_holds(session: Session, order_id: str) -> list[str]:
    """The codes of the order's open holds, in alphabetical order."""
    where = HoldRow.order_id == order_id, HoldRow.released_at.is_(None)
    return list(session.scalars(select(HoldRow.code).where(*where).order_by(HoldRow.code)))


def waived(session: Session, order_id: str, code: str, reason: str) -> bool:
    """Whether a person has released this hold for this very reason: then it is not raised again."""
    same = HoldRow.order_id == order_id, HoldRow.code == code, HoldRow.reason == reason
    by_person = HoldRow.released_by.is_not(None), HoldRow.released_by != journal.SYSTEM
    return session.scalar(select(HoldRow.hold_id).where(*same, *by_person).limit(1)) is not None


def open_hold(session: Session, hold: Hold) -> None:
    """Raise a hold, once for each key, also when it was released since."""
    seen = select(OrderEventRow.event_id).where(
        OrderEventRow.order_id == hold.order_id, OrderEventRow.key == f"held:{hold.key}"
    )
    if session.scalar(seen):
        return
    row = insert(HoldRow).values(order_id=hold.order_id, code=hold.code, reason=hold.reason, owner_role=hold.owner_role)
    session.execute(row.on_conflict_do_nothing())
    data = {"code": hold.code, "reason": hold.reason, "owner_role": hold.owner_role}
    journal.happened(session, hold.order_id, "order.held", f"held:{hold.key}", data)
    # An order whose goods are under way keeps its status; the hold alone says that somebody must look.
    session.execute(
        update(OrderRow)
        .where(OrderRow.order_id == hold.order_id, OrderRow.status.in_((OrderStatus.RECEIVED, OrderStatus.ACCEPTED)))
        .values(status=OrderStatus.UNDER_REVIEW)
    )


def release(session: Session, wanted: Release) -> bool:
    """Take a hold away; nothing happens, and the answer is False, when it is not open."""
    hold_id = session.scalar(
        update(HoldRow)
        .where(HoldRow.order_id == wanted.order_id, HoldRow.code == wanted.code, HoldRow.released_at.is_(None))
        .values(released_at=func.now(), released_by=wanted.actor, note=wanted.note)
        .returning(HoldRow.hold_id)
    )
    if hold_id:
        data = {"code": wanted.code, "note": wanted.note}
        journal.happened(session, wanted.order_id, "order.released", f"released:{hold_id}", data, wanted.actor)
    return hold_id is not None


def accept(session: Session, order_id: str) -> None:
    """Only an order that has not begun becomes accepted; one under way goes on where it was."""
    began = session.scalar(
        update(OrderRow)
        .where(OrderRow.order_id == order_id, OrderRow.status.in_((OrderStatus.RECEIVED, OrderStatus.UNDER_REVIEW)))
        .values(status=OrderStatus.ACCEPTED)
        .returning(OrderRow.order_id)
    )
    if began:
        journal.happened(session, order_id, "order.accepted", "accepted")
