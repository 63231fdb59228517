"""Payment links: have the gateway make the link by which an edit's charge is paid, and withdraw those before."""

from dataclasses import dataclass

from sqlalchemy import func, select, update
from temporalio import activity

from activities.reserving import enlarge
from domain.errors import LinkRefused
from domain.milestones import PAYMENT_DUE
from domain.money import Money
from integrations.payments import Payments
from models.database import Sessions
from models.order import OrderRow
from models.payment import PaymentLinkRow
from record import journal
from record.orders import payment_links
from record.orders.captures import ask_for_links
from record.orders.payment_links import OPEN


@dataclass(frozen=True)
class LinkRequest:
    """The edit that changed what the order charges; empty for the difference of an exchange."""

    order_id: str
    edit_id: str = ""


class PaymentLinks:
    def __init__(self, sessions: Sessions, payments: Payments) -> None:
        self.sessions = sessions
        self.payments = payments

    @activity.defn(no_thread_cancel_exception=True)
    def tell_links(self, request: LinkRequest) -> str:
        """Tell the gateway what it does not know yet of the order's links. Return why it refused, a short code.

        What it can reserve with the order's own payment needs no link.
        """
        enlarge(self.sessions, self.payments, request.order_id)
        with self.sessions.begin() as session:
            links = payment_links.untold(session, request.order_id)
            session.expunge_all()
        for link in links:
            try:
                url = self._tell(link)
            except LinkRefused as refusal:
                return refusal.code
            with self.sessions.begin() as session:
                # It may have been withdrawn meanwhile, which the gateway is still to be told.
                same = PaymentLinkRow.reference == link.reference, PaymentLinkRow.state == link.state
                told = update(PaymentLinkRow).where(*same).values(url=url, told_at=func.now())
                known = session.execute(
                    told.returning(PaymentLinkRow.state), execution_options={"synchronize_session": False}
                ).scalar()
                if known == OPEN:
                    due = Money(link.amount_minor, link.currency)
                    data = {"amount": due.text, "currency": due.currency, "payment_link": url}
                    journal.announce(session, request.order_id, PAYMENT_DUE, data, subject=link.reference)
        return ""

    @activity.defn(no_thread_cancel_exception=True)
    def ask_for_charge(self, request: LinkRequest) -> int:
        """Ask the gateway whether the order's links were paid, and return what it still charges in minor units."""
        ask_for_links(self.sessions, self.payments, request.order_id)
        with self.sessions() as session:
            return session.scalars(select(OrderRow.charge_minor).where(OrderRow.order_id == request.order_id)).one()

    def _tell(self, link: PaymentLinkRow) -> str:
        if link.state == OPEN:
            return self.payments.open_link(link.reference, Money(link.amount_minor, link.currency))
        # If it was paid in the meantime, the gateway reports that, and a person is called.
        self.payments.void_link(link.reference)
        return link.url
