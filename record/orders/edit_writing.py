"""Write an edit into the rows of its order, which the caller has locked."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from domain import milestones
from domain.duplicates import content_hash
from domain.editing.preview import EditPreview
from domain.editing.standing import OrderStanding
from domain.editing.wanted import AMOUNTS, WantedEdit
from domain.money import Money
from domain.order import Order, OrderLine
from models.edits import OrderEditRow
from models.order import OrderLineRow, OrderRow
from record import journal
from record.order_mapping import load_order
from record.orders import gifts, payment_links
from record.orders.promises import at_another_place
from record.orders.rows import receiver
from record.people.contacts import hash_receiver

APPLIED = "applied"
PLACED = "placed"
"""In what an edit replaces, the name of all lines and amounts as they were."""


def write(
    session: Session, row: OrderRow, edit: OrderEditRow, wanted: WantedEdit, standing: OrderStanding, seen: EditPreview
) -> None:
    """Make the edit: a new version of the order, with a fact that names its fields."""
    edit.was = values_before(row, wanted, standing)
    _write_delivery(session, row, wanted)
    hash_receiver(session, row)
    for name, text in wanted.notes.items():
        setattr(row, name, text)
    if wanted.moves_money:
        _write_money(session, row, standing, seen)
        payment_links.charge(session, row, seen.charge.minor_units, edit.edit_id)
    # An audit that judged the order before still counts, unless it is to be judged again.
    if not seen.judge and row.judged_version == row.version:
        row.judged_version += 1
    row.version += 1
    edit.state, edit.version, edit.answered_at = APPLIED, row.version, func.now()
    edit.difference_minor = seen.difference.minor_units
    data = {"edit_id": edit.edit_id, "fields": edit.fields}
    journal.append_fact(session, row.order_id, "order.changed", f"edit:{edit.edit_id}", data, edit.actor)
    if wanted.is_told:
        total = {"total": f"{seen.after.text} {seen.after.currency}"}
        journal.announce(session, row.order_id, milestones.EDITED, total, subject=edit.edit_id)
    session.flush()
    if wanted.moves_money:
        gifts.drop_when_alone(session, row.order_id)
    if wanted.ship_to or wanted.moves_money:
        row.content_hash = content_hash(load_order(session, row.order_id))


def values_before(row: OrderRow, wanted: WantedEdit, standing: OrderStanding) -> dict[str, Any]:
    """Return what the edit replaces, by the same names."""
    was: dict[str, Any] = {}
    if wanted.ship_to:
        was["ship_to"] = {"country": row.country, "province": row.province, **row.receiver, **row.repaired_region}
    if wanted.contact:
        was["contact"] = {name: row.receiver.get(name, "") for name in wanted.contact}
    if wanted.pickup_location is not None:
        was["pickup_location"] = row.pickup_location
    if wanted.steering:
        was["steering"] = {name: row.instructions.get(name, "") for name in wanted.steering}
    if wanted.notes:
        was["notes"] = {name: getattr(row, name) for name in wanted.notes}
    if wanted.quantities:
        was["quantities"] = {str(line_no): standing.remaining(line_no) for line_no in wanted.quantities}
    if wanted.moves_money:
        was[PLACED] = _goods(row, standing.order)
    if wanted.amounts:
        was["amounts"] = {name: getattr(row, f"{name}_minor") for name in wanted.amounts}
    return was


def _goods(row: OrderRow, order: Order) -> dict[str, Any]:
    """Return lines and amounts, to tell what a channel sends again from what it has changed."""
    lines = [[line.sku, line.quantity, line.unit_price.minor_units, line.discount.minor_units] for line in order.lines]
    amounts = [row.discount_minor, row.shipping_minor, row.tax_minor, row.grand_total_minor]
    return {"amounts": [row.currency, *amounts], "lines": sorted(lines)}


def _write_delivery(session: Session, row: OrderRow, wanted: WantedEdit) -> None:
    if to := wanted.ship_to:
        promised, row.warn_deliver_at = at_another_place(session, row, to)
        row.promised_deliver_by = promised.deliver_by
        row.country, row.province, row.receiver_token = to.country, to.province, to.receiver_token
        row.receiver, row.repaired_region = receiver(to) | {"lines": list(to.lines)}, {}
    if wanted.contact:
        row.receiver = row.receiver | dict(wanted.contact)
    if wanted.pickup_location is not None:
        row.pickup_location = wanted.pickup_location
    if wanted.steering:
        steered: Mapping[str, Any] = row.instructions | dict(wanted.steering)
        taken_back = {name for name, value in wanted.steering.items() if not value}
        row.instructions = {name: value for name, value in steered.items() if name not in taken_back}


def _write_money(session: Session, row: OrderRow, standing: OrderStanding, seen: EditPreview) -> None:
    after = seen.edited.order
    mine = OrderLineRow.order_id == row.order_id, OrderLineRow.added_by == ""
    lines = {line.line_no: line for line in session.scalars(select(OrderLineRow).where(*mine))}
    last = session.scalar(select(func.max(OrderLineRow.line_no)).where(OrderLineRow.order_id == row.order_id)) or 0
    for line in after.lines:
        if known := lines.get(line.line_no):
            gone = seen.edited.withdrawn.get(line.line_no, 0) - known.withdrawn
            known.quantity, known.withdrawn, known.canceled = (
                line.quantity,
                known.withdrawn + gone,
                known.canceled + gone,
            )
            continue
        last += 1
        session.add(OrderLineRow(order_id=row.order_id, line_no=last, **_new_line(line)))
    for name in AMOUNTS:
        amount: Money = getattr(after, name)
        setattr(row, f"{name}_minor", amount.minor_units)
    row.edited_minor += after.grand_total.minor_units - row.grand_total_minor
    row.grand_total_minor = after.grand_total.minor_units
    row.units = sum(line.quantity for line in after.lines)


def _new_line(line: OrderLine) -> dict[str, Any]:
    named = {name: value for name, value in asdict(line).items() if name in ("sku", "quantity", "title")}
    return named | {
        "unit_price_minor": line.unit_price.minor_units,
        "discount_minor": line.discount.minor_units,
    }
