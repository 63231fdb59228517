"""Merges as rows: their members, and events that wake the other members when a merge changes.

To change a merge, lock your own fulfillment order first and the merge then, and touch no other order's rows: the others
read the merge again when the relay carries the event to them.
"""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from domain.ids import order_workflow_id
from domain.merging import ON_DELIVERY, Parcel
from domain.payment_terms import TermsKind
from domain.status import RETURN, ReturnStatus, is_final
from domain.undo import UndoRequest
from models.channel import ChannelAccountRow
from models.fulfillment import FulfillmentLineRow, FulfillmentOrderRow, MergeRow
from models.messaging import PartnerEventRow
from models.order import HoldRow, OrderRow
from models.returns import ReturnRow
from models.stock import LocationRow
from record import journal
from record.order_mapping import load_order

OURSELVES = "baton"
CHANGED = "fulfillment_order.merge_changed"
VOIDED = "fulfillment_order.booking_voided"
OPEN_CASE = [status for status in ReturnStatus if not is_final(RETURN, status)]


def parcel_of(session: Session, row: FulfillmentOrderRow) -> Parcel:
    """Return the facts that the merge rules need of a fulfillment order."""
    order, order_row = load_order(session, row.order_id), session.get_one(OrderRow, row.order_id)
    account = session.get(ChannelAccountRow, order.channel)
    hold = select(HoldRow.hold_id).where(HoldRow.order_id == row.order_id, HoldRow.released_at.is_(None))
    case = select(ReturnRow.return_id).where(ReturnRow.order_id == row.order_id, ReturnRow.status.in_(OPEN_CASE))
    return Parcel(
        group=str((account.settings if account else {}).get("merge_group", order.channel)),
        customer_id=order.customer_id,
        ship_to=order.ship_to,
        service=str(order_row.instructions.get("carrier", "")),
        payment_method=ON_DELIVERY if order_row.payment_terms == TermsKind.ON_DELIVERY else order.payment_method,
        from_country=session.get_one(LocationRow, row.location_id).country,
        held=session.scalar(hold.limit(1)) is not None,
        return_open=session.scalar(case.limit(1)) is not None,
        imported=order_row.import_minor is not None,
        ship_alone=bool(order_row.instructions.get("ship_separately")),
    )


def join_open_merge(session: Session, key: str, row: FulfillmentOrderRow, window: float) -> MergeRow:
    """Return the open merge with this key at the location, locked, with its round raised; a new one if there is
    none."""
    same = MergeRow.merge_key == key, MergeRow.location_id == row.location_id, MergeRow.closed_at.is_(None)
    session.execute(update(MergeRow).where(*same, MergeRow.closes_at <= func.now()).values(closed_at=func.now()))
    new = insert(MergeRow).values(
        merge_id=f"{row.fulfillment_order_id}-M",
        merge_key=key,
        location_id=row.location_id,
        closes_at=func.now() + timedelta(seconds=window),
    )
    join = new.on_conflict_do_update(
        index_elements=["merge_key", "location_id"],
        index_where=MergeRow.closed_at.is_(None),
        set_={"round": MergeRow.round + 1},
    )
    return session.scalars(join.returning(MergeRow), execution_options={"populate_existing": True}).one()


def lock_merge(session: Session, merge_id: str) -> MergeRow:
    return session.scalars(select(MergeRow).where(MergeRow.merge_id == merge_id).with_for_update()).one()


def members(session: Session, merge_id: str, lock: bool = False) -> Sequence[FulfillmentOrderRow]:
    """Return the members of the merge, sorted by id: the first of them books for all."""
    rows = select(FulfillmentOrderRow).where(FulfillmentOrderRow.merge_id == merge_id)
    rows = rows.order_by(FulfillmentOrderRow.fulfillment_order_id)
    return session.scalars(rows.with_for_update() if lock else rows).all()


def others(session: Session, row: FulfillmentOrderRow) -> list[str]:
    """Return the workflow ids of the orders that share a parcel with this one."""
    if row.merge_id is None:
        return []
    same = FulfillmentOrderRow.merge_id == row.merge_id, FulfillmentOrderRow.order_id != row.order_id
    orders = select(OrderRow.channel, OrderRow.channel_order_id).join(FulfillmentOrderRow).where(*same).distinct()
    return sorted(order_workflow_id(*order) for order in session.execute(orders))


def still_counting(session: Session, merge: MergeRow) -> bool:
    """True while the picked units of a member are not reported."""
    unknown = select(FulfillmentLineRow.sku).join(FulfillmentOrderRow).where(FulfillmentLineRow.picked.is_(None))
    return session.scalar(unknown.where(FulfillmentOrderRow.merge_id == merge.merge_id).limit(1)) is not None


def leave(session: Session, row: FulfillmentOrderRow, reason: str, actor: str = journal.SYSTEM) -> None:
    """Take a locked fulfillment order out of its merge; do nothing when it is in none."""
    if row.merge_id is None:
        return
    merge = lock_merge(session, row.merge_id)
    merge.round += 1
    row.merge_id = None
    session.flush()
    data = {"fulfillment_order_id": row.fulfillment_order_id, "merge_id": merge.merge_id, "reason": reason}
    key = f"{row.fulfillment_order_id}:unmerged:{merge.merge_id}"
    journal.append_fact(session, row.order_id, "fulfillment_order.unmerged", key, data, actor)
    wake_members(session, merge, [row, *members(session, merge.merge_id)])


def mark_booked(
    session: Session, merge_id: str, parcel: Sequence[FulfillmentOrderRow], shipment_id: str, booker: str
) -> None:
    """Set the merge's shipment and wake the other members, so that they learn the waybill."""
    if not merge_id or not parcel:
        return
    merge = lock_merge(session, merge_id)
    merge.shipment_id = shipment_id
    session.flush()
    wake_members(session, merge, [row for row in parcel if row.fulfillment_order_id != booker], ":booked")


def begin_round(session: Session, merge_id: str, after: int) -> None:
    """Raise the merge's round after a refused booking, so that the next attempt has a key of its own."""
    if merge_id:
        this = MergeRow.merge_id == merge_id, MergeRow.round == after
        session.execute(update(MergeRow).where(*this).values(round=after + 1))


def take_apart(session: Session, undo: UndoRequest) -> None:
    """Split a shared parcel whose booking is void: the order that asked for it leaves, and the others book anew."""
    merge_id = session.scalar(select(MergeRow.merge_id).where(MergeRow.shipment_id == undo.subject))
    if merge_id is None:
        return
    together = members(session, merge_id, lock=True)
    merge = lock_merge(session, merge_id)
    merge.shipment_id = None
    for row in together:
        row.shipment_id = None
    session.flush()
    for row in together:
        if row.order_id == undo.order_id:
            leave(session, row, undo.reason, undo.actor)


def book_again(session: Session, undo: UndoRequest) -> None:
    """Wake the orders of a parcel whose booking is void and that has not left, to book it anew as it is."""
    inside = FulfillmentOrderRow.shipment_id == undo.subject
    rows = session.scalars(
        select(FulfillmentOrderRow).where(inside).order_by(FulfillmentOrderRow.fulfillment_order_id).with_for_update()
    ).all()
    if merge_id := next((row.merge_id for row in rows if row.merge_id), None):
        merge = lock_merge(session, merge_id)
        merge.shipment_id, merge.round = None, merge.round + 1
    for row in rows:
        row.shipment_id = None
    session.flush()
    _wake(session, VOIDED, undo.subject, {"shipment_id": undo.subject}, rows)


def wake_members(session: Session, merge: MergeRow, rows: Sequence[FulfillmentOrderRow], what: str = "") -> None:
    """Store events that make these members read the merge again."""
    _wake(session, CHANGED, f"{merge.merge_id}:{merge.round}{what}", {"merge_id": merge.merge_id}, rows)


def _wake(session: Session, kind: str, name: str, data: dict[str, str], rows: Sequence[FulfillmentOrderRow]) -> None:
    events = [
        {
            "partner": OURSELVES,
            "event_id": f"{name}:{row.fulfillment_order_id}",
            "type": kind,
            "subject": row.fulfillment_order_id,
            "data": data,
        }
        for row in rows
    ]
    if events:
        session.execute(insert(PartnerEventRow).values(events).on_conflict_do_nothing())
