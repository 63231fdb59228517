"""Snapshots of orders for the contents of messages, by the same few queries however many orders there are."""

from collections import defaultdict
from collections.abc import Mapping

from sqlalchemy import ARRAY, Text, any_, bindparam, select
from sqlalchemy.orm import Session

from domain import milestones
from domain.contents.snapshot import Line, Snapshot
from models.order import OrderLineRow, OrderRow
from models.prepared import prepared
from record.messages.snapshot_money import load_cases, load_credit_notes
from record.messages.snapshot_parcels import load_parcels
from record.order_mapping import as_order, tenders_of

# Built once: building a statement costs more than sending it.
_IDS = any_(bindparam("orders", type_=ARRAY(Text)))
_LINES = prepared(select(OrderLineRow).where(OrderLineRow.order_id == _IDS).order_by(OrderLineRow.line_no))
_ORDERS = prepared(select(OrderRow).where(OrderRow.order_id == _IDS))


def load_snapshots(session: Session, reached: Mapping[str, set[str]]) -> dict[str, Snapshot]:
    """Return snapshots by order id. `reached` has the milestones to announce by order id, which decide what is
    loaded."""
    rows = {row.order_id: row for row in session.scalars(_ORDERS, {"orders": list(reached)})}
    lines: dict[str, list[OrderLineRow]] = defaultdict(list)
    for line in session.scalars(_LINES, {"orders": list(reached)}):
        lines[line.order_id].append(line)
    of_parcel = [
        one
        for one in reached
        if reached[one].intersection((*milestones.PARCEL_MILESTONES, *milestones.CASE_MILESTONES))
    ]
    parcels = load_parcels(session, of_parcel, lines) if of_parcel else {}
    of_case = [one for one in reached if reached[one].intersection(milestones.CASE_MILESTONES)]
    credit_notes = load_credit_notes(session, of_case) if of_case else {}
    # The first case milestone of an order without credit notes needs no case: nothing went back before it.
    with_cases = [one for one in of_case if credit_notes.get(one) or reached[one] & set(milestones.CASE_MILESTONES[1:])]
    cases = load_cases(session, with_cases) if with_cases else {}
    tenders = tenders_of(session, [name for name, row in rows.items() if row.tendered_minor])
    return {
        name: Snapshot(
            name,
            as_order(row, lines[name], tenders.get(name, ())),
            row.status,
            [_line(line) for line in lines[name]],
            parcels.get(name, ()),
            cases.get(name, {}),
            credit_notes.get(name, ()),
            row.follow_up_of,
        )
        for name, row in rows.items()
    }


def _line(row: OrderLineRow) -> Line:
    return Line(
        *(row.line_no, row.sku, row.title, row.quantity, row.withdrawn, row.canceled),
        channel_line_id=row.channel_line_id,
        ours=bool(row.added_by),
        elsewhere=row.elsewhere,
    )
