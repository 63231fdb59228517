"""A channel changes lines or amounts of an order: make the edit, or call a person when it cannot be made."""

from dataclasses import replace
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.editing.of_channel import APPLY, ASK, KnownLine, goods_of, is_as_said, wanted_goods
from domain.editing.preview import FieldRefusal, preview
from domain.editing.wanted import AMOUNTS, WantedEdit
from domain.money import Money
from domain.order import Order
from domain.payment_terms import TermsKind
from domain.status import ORDER, OrderStatus, is_final
from models.channel import ChannelAccountRow
from models.edits import OrderEditRow
from models.order import OrderLineRow, OrderRow
from record.channels.events import edit_asked, edit_id_of
from record.messages.partner_events import NewEvent
from record.orders import edits
from record.orders.alerts import call_a_person
from record.orders.edit_standing import standing_of
from record.orders.edit_writing import PLACED

CHANGED = "the channel changed the lines or amounts of the order"
TO_CONFIRM = "confirm its edit"


def take_goods(session: Session, row: OrderRow, sent: Order, version: str) -> list[NewEvent]:
    """Store an edit if the channel says something else than before, and return the event by which the order's workflow
    makes it. `row` is locked.

    A person is called instead when the order has ended or was edited here, when an edit would not give the channel's
    total or is refused, when the difference is not ours to pay back or to charge, or when the account says so.
    """
    said, before = goods_of(sent), _said_before(session, row)
    if said == before:
        return []
    edits.supersede(session, row.order_id, edits.CHANNEL, goods=True)
    known = _known_lines(session, row)
    over = is_final(ORDER, OrderStatus(row.status))
    if over or sent.currency != row.currency or not is_as_said(known, before) or _edited_here(session, row):
        call_a_person(session, row, "ORDER_CHANGED", CHANGED, version)
        return []
    wanted = _wanted(session, row, known, sent)
    if not wanted.fields:
        return []
    name = f"{version} goods"
    edit_id = edit_id_of(row.channel, row.channel_order_id, name)
    edit, seen = edits.propose(session, row, wanted, edit_id, edits.CHANNEL, row.channel)
    refusal = next(iter(seen.refusals), None)
    if refusal is None and seen.after != sent.grand_total:
        refusal = FieldRefusal(wanted.fields[0], "its lines and amounts do not give its total")
    if refusal is None and seen.difference.minor_units and row.payment_terms == TermsKind.PLATFORM:
        refusal = FieldRefusal(wanted.fields[0], "the difference is not with our payment gateway")
    if refusal is not None:
        edits.refuse(session, edit, refusal)
        call_a_person(session, row, "ORDER_CHANGED", f"{CHANGED}: {refusal.message}", version)
        return []
    if _policy(session, row.channel) == ASK:
        call_a_person(session, row, "ORDER_CHANGED", f"{CHANGED}: {TO_CONFIRM} {edit_id}", version)
        return []
    return [edit_asked(row.channel, row.channel_order_id, name)]


def _said_before(session: Session, row: OrderRow) -> dict[str, Any]:
    """Return the goods as the channel said them last."""
    E = OrderEditRow
    newest = select(E.wanted["said"]).where(E.order_id == row.order_id, E.wanted.has_key("said"))
    said: dict[str, Any] | None = session.scalars(newest.order_by(E.number.desc()).limit(1)).first()
    return said or edits.placed_goods(session, row.order_id) or _recorded(session, row)


def _recorded(session: Session, row: OrderRow) -> dict[str, Any]:
    amounts = [row.currency, row.discount_minor, row.shipping_minor, row.tax_minor, row.grand_total_minor]
    lines = [
        [line.sku, line.quantity, line.unit_price_minor, line.discount_minor] for line in _ordered_lines(session, row)
    ]
    return {"amounts": amounts, "lines": sorted(lines)}


def _wanted(session: Session, row: OrderRow, known: list[KnownLine], sent: Order) -> WantedEdit:
    """Return the edit; amounts that the lines explain by themselves are left out."""
    amounts = {name: Money(getattr(row, f"{name}_minor"), row.currency) for name in AMOUNTS}
    wanted = wanted_goods(known, sent, amounts)
    by_lines = replace(wanted, amounts={})
    if by_lines.fields and wanted.amounts:
        standing = standing_of(session, row, by_lines, of_channel=True)
        if preview(standing, by_lines).after == sent.grand_total:
            return by_lines
    return wanted


def _known_lines(session: Session, row: OrderRow) -> list[KnownLine]:
    return [
        KnownLine(
            line.line_no,
            line.sku,
            line.quantity - line.withdrawn,
            Money(line.unit_price_minor, row.currency),
            line.channel_line_id,
        )
        for line in _ordered_lines(session, row)
    ]


def _ordered_lines(session: Session, row: OrderRow) -> list[OrderLineRow]:
    mine = OrderLineRow.order_id == row.order_id, OrderLineRow.added_by == ""
    return list(session.scalars(select(OrderLineRow).where(*mine).order_by(OrderLineRow.line_no)))


def _edited_here(session: Session, row: OrderRow) -> bool:
    E = OrderEditRow
    made = E.order_id == row.order_id, E.source == edits.API, E.was.has_key(PLACED)
    return session.scalar(select(E.number).where(*made).limit(1)) is not None


def _policy(session: Session, channel: str) -> str:
    of_channel = select(ChannelAccountRow.settings["edits"].as_string()).where(ChannelAccountRow.channel == channel)
    return session.scalar(of_channel) or APPLY
