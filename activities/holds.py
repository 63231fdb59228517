"""Holds: reasons why an order may not go on, raised by an audit or step, released by a person, an audit or by time."""

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from temporalio import activity

from domain.presale import BALANCE_DUE
from domain.status import OrderStatus
from models.database import Sessions
from models.order import HoldRow, OrderEventRow, OrderRow
from record import journal
from record.order_mapping import lock_order
from record.orders import deposits
from record.orders.promises import make_promise
from record.parameters import ParameterCache

# Status and event in one statement: an order is accepted once.
ACCEPT = text(f"""
    WITH began AS (
        UPDATE orders SET status = '{OrderStatus.ACCEPTED}', accepted_at = now()
        WHERE order_id = :order_id AND status IN ('{OrderStatus.RECEIVED}', '{OrderStatus.UNDER_REVIEW}')
        RETURNING order_id)
    INSERT INTO order_events (order_id, type, key, actor, data)
    SELECT order_id, 'order.accepted', 'accepted', '{journal.SYSTEM}', '{{}}' FROM began
    ON CONFLICT DO NOTHING
""")

RELEASE, CANCEL, ESCALATE = "release", "cancel", "escalate"


@dataclass(frozen=True)
class Hold:
    """A reason why an order may not go on. `key` keeps a repeated step from raising it twice.

    `line_no` is 0 for the whole order. After `patience` seconds `on_expiry` happens (release, cancel or escalate).
    """

    order_id: str
    code: str
    reason: str
    owner_role: str
    key: str
    line_no: int = 0
    patience: float = 0.0
    on_expiry: str = ""


@dataclass(frozen=True)
class Release:
    """Release the holds with this `code`, on the order and its lines; with `everything`, all holds."""

    order_id: str
    code: str
    actor: str
    note: str = ""
    everything: bool = False


@dataclass(frozen=True)
class OpenHolds:
    """The codes of the open holds in alphabetical order, who may release each, and when the next one expires (seconds
    since 1970; 0 means never)."""

    codes: list[str] = field(default_factory=list)
    owners: dict[str, str] = field(default_factory=dict)
    expire: float = 0.0


@dataclass(frozen=True)
class Expiry:
    """`now` is the workflow's time, in seconds since 1970."""

    order_id: str
    now: float


@dataclass(frozen=True)
class Expired:
    """The holds still open (`left`), why the order is to be canceled, and (code, reason) of each escalated hold."""

    left: OpenHolds
    cancel: str = ""
    escalated: list[tuple[str, str]] = field(default_factory=list)


class Holds:
    def __init__(self, sessions: Sessions, parameters: ParameterCache) -> None:
        self.sessions = sessions
        self.parameters = parameters

    @activity.defn
    def raise_hold(self, hold: Hold) -> OpenHolds:
        """Hold an order that is under way. Return all open holds."""
        with self.sessions.begin() as session:
            open_hold(session, hold)
            return standing(session, hold.order_id)

    @activity.defn
    def release_hold(self, wanted: Release) -> OpenHolds:
        """Release a hold, or all holds by force. Return the holds that are still open."""
        with self.sessions.begin() as session:
            released = release(session, wanted)
            left = standing(session, wanted.order_id)
            # An order that had no hold may not have been audited yet.
            if released and not left.codes:
                accept(session, wanted.order_id)
                make_promise(session, wanted.order_id, self.parameters)
            return left

    @activity.defn
    def expire_holds(self, expiry: Expiry) -> Expired:
        """Release, cancel or escalate, as each expired hold says. Safe to repeat."""
        key = f"{expiry.order_id}:expire:{expiry.now:.0f}"
        with self.sessions.begin() as session:
            if known := journal.earlier_answer(session, key):
                return Expired(OpenHolds(**known["left"]), known["cancel"], [tuple(one) for one in known["escalated"]])
            expired = _expire(session, expiry, self.parameters)
            if not expired.left.codes:
                accept(session, expiry.order_id)
                make_promise(session, expiry.order_id, self.parameters)
            journal.remember(session, key, asdict(expired))
            return expired


def open_holds(session: Session, order_id: str) -> list[str]:
    """Return the codes of the order's open holds, in alphabetical order."""
    return standing(session, order_id).codes


def standing(session: Session, order_id: str) -> OpenHolds:
    """Return the holds that are open now."""
    columns = select(HoldRow.code, HoldRow.owner_role, HoldRow.expires_at)
    rows = session.execute(columns.where(HoldRow.order_id == order_id, HoldRow.released_at.is_(None))).all()
    owners = {row.code: row.owner_role for row in rows}
    expire = min((row.expires_at.timestamp() for row in rows if row.expires_at), default=0.0)
    return OpenHolds(sorted(owners), owners, expire)


def waived(session: Session, order_id: str, code: str, reason: str) -> bool:
    """True if a person or its expiry has released this hold for the same reason: it is not raised again."""
    same = HoldRow.order_id == order_id, HoldRow.code == code, HoldRow.reason == reason
    by_person, by_time = HoldRow.released_by != journal.SYSTEM, HoldRow.expires_at <= HoldRow.released_at
    for_good = HoldRow.released_at.is_not(None), by_person | by_time
    return session.scalar(select(HoldRow.hold_id).where(*same, *for_good).limit(1)) is not None


def open_hold(session: Session, hold: Hold) -> None:
    """Raise a hold; once for each key, even if it was released since."""
    seen = select(OrderEventRow.event_id).where(
        OrderEventRow.order_id == hold.order_id, OrderEventRow.key == f"held:{hold.key}"
    )
    if session.scalar(seen):
        return
    row = insert(HoldRow).values(
        order_id=hold.order_id,
        line_no=hold.line_no,
        code=hold.code,
        reason=hold.reason,
        owner_role=hold.owner_role,
        expires_at=func.now() + timedelta(seconds=hold.patience) if hold.on_expiry else None,
        on_expiry=hold.on_expiry,
    )
    session.execute(row.on_conflict_do_nothing())
    data = {"code": hold.code, "reason": hold.reason, "owner_role": hold.owner_role, "line_no": hold.line_no}
    journal.append_fact(session, hold.order_id, "order.held", f"held:{hold.key}", data)
    # An order whose goods are under way keeps its status; the hold alone says that somebody must look.
    session.execute(
        update(OrderRow)
        .where(OrderRow.order_id == hold.order_id, OrderRow.status.in_((OrderStatus.RECEIVED, OrderStatus.ACCEPTED)))
        .values(status=OrderStatus.UNDER_REVIEW)
    )


def release(session: Session, wanted: Release) -> bool:
    """Release holds. False if none of them is open."""
    which = select(HoldRow).where(HoldRow.order_id == wanted.order_id, HoldRow.released_at.is_(None))
    if not wanted.everything:
        which = which.where(HoldRow.code == wanted.code)
    released = session.scalars(which.order_by(HoldRow.hold_id).with_for_update()).all()
    for hold in released:
        _release(session, hold, wanted.actor, wanted.note)
    if released and wanted.everything:
        data = {"codes": sorted({hold.code for hold in released}), "note": wanted.note}
        journal.append_fact(
            session, wanted.order_id, "order.forced", f"forced:{released[-1].hold_id}", data, wanted.actor
        )
    session.flush()
    return bool(released)


def accept(session: Session, order_id: str) -> None:
    """Accept an order on which no work has begun; one under way keeps its status."""
    session.execute(ACCEPT, {"order_id": order_id})


def _expire(session: Session, expiry: Expiry, parameters: ParameterCache) -> Expired:
    over = select(HoldRow).where(HoldRow.order_id == expiry.order_id, HoldRow.released_at.is_(None))
    over = over.where(HoldRow.expires_at <= datetime.fromtimestamp(expiry.now, UTC)).order_by(HoldRow.hold_id)
    cancel, escalated = "", list[tuple[str, str]]()
    for hold in session.scalars(over).all():
        reason = f"{hold.code} was not released in time: {hold.reason}"
        if hold.code == BALANCE_DUE and deposits.balance_is_in(session, expiry.order_id):
            _release(session, hold, journal.SYSTEM, "the balance is in")
        elif hold.on_expiry == CANCEL:
            if hold.code == BALANCE_DUE:
                order = lock_order(session, expiry.order_id)
                deposits.forfeit(session, order, parameters.at(session, order.placed_at))
            cancel = cancel or reason
        elif hold.on_expiry == ESCALATE:
            hold.escalated_at, hold.expires_at = func.now(), None
            escalated.append((hold.code, reason))
        else:
            _release(session, hold, journal.SYSTEM, "its time is over")
    session.flush()
    return Expired(standing(session, expiry.order_id), cancel, escalated)


def _release(session: Session, hold: HoldRow, actor: str, note: str) -> None:
    hold.released_at, hold.released_by, hold.note = func.now(), actor, note
    data = {"code": hold.code, "line_no": hold.line_no, "note": note}
    journal.append_fact(session, hold.order_id, "order.released", f"released:{hold.hold_id}", data, actor)
