"""Messages to the ERP: goods issues with their freight, the sale, and credit notes.

The sale is booked when the order is delivered, since the goods then belong to the customer. Money that went back before
lowers the sale; money that goes back later is a credit note. So the sale less its credit notes is exactly what we keep.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from domain import milestones
from domain.contents.snapshot import Case, CreditNote, Line, Parcel, Snapshot, Units
from domain.money import Money, NotMoney
from domain.order import Order
from domain.returns import refunds

Content = dict[str, Any]


def content(snapshot: Snapshot, milestone: str, data: Content) -> Content:
    order = snapshot.order
    match milestone:
        case milestones.RECEIVED:
            named = {"payment_reference": order.payment_reference} | _tenders(order)
            return {**named, **_totals(snapshot), "lines": _ordered(snapshot)}
        case milestones.SHIPPED:
            parcel = snapshot.parcel(data)
            return _totals(snapshot) | (_goods_issue(parcel) if parcel else {})
        case milestones.DELIVERED:
            return _totals(snapshot) | sale(snapshot, _kept(snapshot, data)) | _tenders(order)
        case milestones.REFUNDED | milestones.CREDITED | milestones.REPLACED:
            note = snapshot.note(data)
            return _totals(snapshot) | (credit(snapshot, note) if note else {})
        case milestones.REFUND_DUE:
            due = {name: data[name] for name in ("amount", "currency", "task_id", "due_at")}
            return _totals(snapshot) | due | {"payment_reference": order.payment_reference}
        case milestones.RETURNED:
            case = snapshot.case(data)
            return _totals(snapshot) | {"lines": _units(snapshot, case.asked or {}) if case else []}
    return _totals(snapshot)


def _tenders(order: Order) -> Content:
    """Parts of the price that are paid apart from the order's own payment; absent if there are none."""
    tenders = [
        {"kind": one.kind.value, "method": one.method, "reference": one.reference, "amount": one.amount.text}
        | ({"due_at": one.due_at.isoformat()} if one.due_at else {})
        for one in order.tenders
    ]
    return {"tenders": tenders} if tenders else {}


def sale(snapshot: Snapshot, kept: Money) -> Content:
    """The sale of all units that did not go back before; its amount is `kept`.

    Lines (with tax) + shipping + adjustment = amount. The adjustment is fees, less goodwill.
    """
    before = _before(snapshot, None)
    units = {line.line_no: line.quantity - before[line.line_no] for line in snapshot.lines if not line.ours}
    lines = _money_lines(snapshot, {line_no: count for line_no, count in units.items() if count > 0}, before)
    shipping = refunds.shipping_paid(snapshot.order) if lines else Money(0, kept.currency)
    return {
        "amount": kept.text,
        "currency": kept.currency,
        "tax": _sum(lines, "tax", kept.currency).text,
        "lines": lines,
        "shipping": shipping.text,
        "adjustment": (kept - _sum(lines, "amount", kept.currency) - shipping).text,
    }


def credit(snapshot: Snapshot, note: CreditNote) -> Content:
    """A credit note: of the sale, or of the payment if nothing was sold yet.

    Lines (with tax) + shipping + adjustment − fees = amount. The adjustment is goodwill.
    """
    currency, case = note.amount.currency, _of_note(snapshot, note)
    units, fees = (case.units or {}, case.fees or {}) if case else ({}, {})
    lines = _money_lines(snapshot, units, _before(snapshot, note))
    rest = note.amount + Money(sum(fee.minor_units for fee in fees.values()), currency)
    rest -= _sum(lines, "amount", currency)
    shipping = min(rest, refunds.shipping_paid(snapshot.order)) if lines else Money(0, currency)
    shipping = shipping if shipping.minor_units > 0 else Money(0, currency)
    return {
        "amount": note.amount.text,
        "currency": currency,
        "credit_of": "sale" if note.after_sale else "payment",
        "tax": _sum(lines, "tax", currency).text,
        "lines": lines,
        "shipping": shipping.text,
        "adjustment": (rest - shipping).text,
        "fees": {name: fee.text for name, fee in fees.items()},
    }


def _kept(snapshot: Snapshot, data: Content) -> Money:
    """The amount that the final step of the order computed; messages of older versions lack it, so compute it again."""
    try:
        return Money.parse(str(data["amount"]), str(data["currency"]))
    except (KeyError, NotMoney):
        back = sum(one.amount.minor_units for one in snapshot.credit_notes if not one.after_sale)
        return snapshot.order.grand_total - Money(back, snapshot.order.currency)


def _before(snapshot: Snapshot, note: CreditNote | None) -> Counter[int]:
    """Units by line number that were paid back before this credit note; before the sale if `note` is None."""
    before = Counter({line.line_no: line.canceled for line in snapshot.lines})
    for one in snapshot.credit_notes:
        if one == note or (note is None and one.after_sale):
            break
        case = _of_note(snapshot, one)
        before.update(dict((case.units if case else None) or {}))
    return before


def _of_note(snapshot: Snapshot, note: CreditNote) -> Case | None:
    return (snapshot.cases or {}).get(note.return_id)


def _money_lines(snapshot: Snapshot, units: Units, before: Units) -> list[Content]:
    """One entry for each line: price × quantity − discount + tax = amount."""
    order, lines = snapshot.order, []
    paid, taxed = refunds.paid_by_unit(order), refunds.tax_by_unit(order)
    for line in order.lines:
        if not units.get(line.line_no):
            continue
        these = slice(before.get(line.line_no, 0), before.get(line.line_no, 0) + units[line.line_no])
        amount, tax = _total(paid[line.line_no][these], order), _total(taxed[line.line_no][these], order)
        lines.append(
            {
                "line_no": line.line_no,
                "sku": line.sku,
                "quantity": units[line.line_no],
                "unit_price": line.unit_price.text,
                "discount": (line.unit_price * units[line.line_no] - (amount - tax)).text,
                "tax": tax.text,
                "amount": amount.text,
            }
        )
    return lines


def _total(parts: Sequence[Money], order: Order) -> Money:
    return Money(sum(part.minor_units for part in parts), order.currency)


def _sum(lines: list[Content], name: str, currency: str) -> Money:
    return Money(sum(Money.parse(line[name], currency).minor_units for line in lines), currency)


def _goods_issue(parcel: Parcel) -> Content:
    fields: Content = {
        "location_id": parcel.location_id,
        "units": [{"sku": sku, "quantity": units} for sku, units in sorted((parcel.units or {}).items())],
    }
    freight = parcel.freight
    return fields | ({"freight": freight.text, "freight_currency": freight.currency} if freight else {})


def _totals(snapshot: Snapshot) -> Content:
    order = snapshot.order
    return {"grand_total": order.grand_total.text, "order_tax": order.tax.text, "order_currency": order.currency}


def _ordered(snapshot: Snapshot) -> list[Content]:
    return [_line(line, line.quantity) for line in snapshot.lines]


def _units(snapshot: Snapshot, units: Units) -> list[Content]:
    return [_line(line, units[line.line_no]) for line in snapshot.lines if units.get(line.line_no)]


def _line(line: Line, units: int) -> Content:
    return {"line_no": line.line_no, "sku": line.sku, "quantity": units}
