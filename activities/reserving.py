"""What the gateway has reserved: renew it, enlarge it for an edit, and give the rest back."""

from datetime import UTC, datetime

from sqlalchemy import func, select, update

from domain.errors import CaptureRefused
from domain.money import Money
from domain.money_alerts import RESERVED_MONEY
from integrations.payments import Payments
from models.authorization import AuthorizationRow
from models.database import Sessions
from record import journal
from record.orders import payment_claims, payment_links
from record.orders.alerts import call_to
from record.orders.authorizations import renewed, reserved_for
from record.orders.movements import Movement, book


def renew(sessions: Sessions, payments: Payments, order_id: str) -> None:
    """Have the gateway reserve anew what the sweep has found (record/orders/renewals.py). Raises PartnerTrouble."""
    found = AuthorizationRow.order_id == order_id, AuthorizationRow.renew_at.is_(None)
    with sessions() as session:
        due = session.scalar(select(AuthorizationRow.expires_at).where(*found))
    if due:
        renew_before(sessions, payments, order_id, due)


def renew_before(sessions: Sessions, payments: Payments, order_id: str, moment: datetime) -> None:
    """Have the gateway reserve anew what is to expire before this moment; call a person where it refuses.

    Raises PartnerTrouble.
    """
    with sessions() as session:
        row = session.get(AuthorizationRow, order_id)
    if row is None or row.closed_at or row.expires_at is None or row.expires_at > moment:
        return
    amount, key = Money(row.amount_minor, row.currency), f"{order_id}:reauthorize:{row.renewals + 1}"
    try:
        payment = payments.reauthorize(row.reference, amount, key)
    except CaptureRefused as refusal:
        with sessions.begin() as session:
            again = AuthorizationRow.order_id == order_id, AuthorizationRow.renewals == row.renewals
            # Another try is another call; none is made before somebody asks to capture.
            tried = update(AuthorizationRow).where(*again).values(renew_at=None, renewals=row.renewals + 1)
            if session.execute(tried.returning(AuthorizationRow.order_id)).first():
                until = f"{row.expires_at:%Y-%m-%d %H:%M UTC}"
                reason = f"the money is reserved until {until} only, and the gateway does not renew it: {refusal.code}"
                call_to(session, order_id, RESERVED_MONEY, reason, key)
        return
    with sessions.begin() as session:
        journal.lock_order(session, order_id)
        mine = session.get_one(AuthorizationRow, order_id, populate_existing=True)
        if mine.renewals == row.renewals:
            renewed(mine, payment.expires_at, datetime.now(UTC))
            data = {"amount": amount.text, "currency": amount.currency}
            journal.append_fact(session, order_id, "payment.authorized", key, data, "payments")


def enlarge(sessions: Sessions, payments: Payments, order_id: str) -> None:
    """Have the gateway reserve what an edit charges, where it can: then no payment link is needed. Raises
    PartnerTrouble."""
    with sessions.begin() as session:
        journal.lock_order(session, order_id)
        link, reserved = payment_links.open_link(session, order_id), reserved_for(session, order_id)
        if link is None or link.told_at or reserved is None or reserved.row.closed_at:
            return
        name, before = link.reference, reserved.row.amount_minor
        wanted = Money(max(before, reserved.costs + reserved.paid_back + link.amount_minor), link.currency)
        payment = reserved.row.reference
    expires_at = None
    if wanted.minor_units > before:
        try:
            expires_at = payments.reauthorize(payment, wanted, f"{name}:reauthorize").expires_at
        except CaptureRefused:
            return
    with sessions.begin() as session:
        journal.lock_order(session, order_id)
        row = session.get_one(AuthorizationRow, order_id, populate_existing=True)
        if (more := wanted.minor_units - row.amount_minor) > 0:
            row.amount_minor = wanted.minor_units
            renewed(row, expires_at, datetime.now(UTC))
            book(session, Movement(order_id, payment, "authorized", Money(more, wanted.currency), f":{name}"))
        payment_links.waive(session, order_id, name)


def give_back(sessions: Sessions, payments: Payments, order_id: str) -> None:
    """Give back what is reserved and not captured, once; book what was captured. Raises PartnerTrouble."""
    with sessions() as session:
        row = session.get(AuthorizationRow, order_id)
    if row is None or row.closed_at:
        return
    payment, refusal = None, ""
    try:
        payment = payments.void(row.reference, f"{order_id}:void")
    except CaptureRefused as refused:
        refusal = refused.code
    with sessions.begin() as session:
        if payment and payment.taken.minor_units:
            payment_claims.capture(session, row.reference, payment.taken)
        journal.lock_order(session, order_id)
        mine = session.get_one(AuthorizationRow, order_id, populate_existing=True)
        if mine.closed_at:
            return
        mine.closed_at, mine.renew_at = func.now(), None
        if payment and (left := mine.amount_minor - payment.taken.minor_units) > 0:
            book(session, Movement(order_id, row.reference, "voided", Money(left, row.currency), ":rest"))
        if refusal:
            reason = f"the gateway does not give back what is reserved: {refusal}"
            call_to(session, order_id, RESERVED_MONEY, reason, "void")
