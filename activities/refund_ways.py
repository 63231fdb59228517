"""Who pays a refund back, by the order's terms of payment: the gateway, the channel that has collected, or a person.

Cash that a carrier has collected goes back by a person's transfer."""

from contextlib import closing
from dataclasses import dataclass

from sqlalchemy import select

from domain.errors import RefundRefused
from domain.money import Money
from domain.payment_terms import PAST_THE_GATEWAY, PaymentTerms, TermsKind, terms_of
from domain.tenders import BALANCES, TenderKind
from integrations.circuit import Circuits
from integrations.payments import GatewayRefund, GatewayRefundStatus, Payments
from integrations.refunds.refunder import ChannelRefund
from integrations.refunds.registry import connect_refunder
from models.database import Sessions
from models.order import OrderRow
from models.payment import MoneyMovementRow
from record.channels.account_cache import AccountCache
from record.channels.tokens import using_token, with_fresh_token
from record.order_mapping import order_of
from record.orders.captures import is_own_payment
from record.parameters import ParameterCache

BY_TERMS, NO_ADAPTER = "terms", "no_adapter"


@dataclass(frozen=True, slots=True)
class ManualRefund:
    """A person must pay it back; `why` is a code."""

    why: str


@dataclass(frozen=True)
class RefundWays:
    sessions: Sessions
    payments: Payments
    parameters: ParameterCache
    accounts: AccountCache
    circuits: Circuits

    def is_own(self, order: OrderRow) -> bool:
        """True if the order's payment is no other order's. Money that passes the gateway by may have no number."""
        if order.follow_up_of or is_own_payment(self.sessions, order):
            return True
        return not order.payment_reference and self._terms(order).kind in PAST_THE_GATEWAY

    def refund(
        self, order: OrderRow, link: str, amount: Money, reason: str, key: str, kind: TenderKind | None = None
    ) -> GatewayRefund | ManualRefund:
        """Refund once per key. `link` names the payment if it is not the order's own, and `kind` says whose it is if it
        is a tender; the caller gives back to a balance. Raises RefundRefused if the gateway refuses; what a channel
        refuses is a person's."""
        if kind in BALANCES:
            return GatewayRefund(link, GatewayRefundStatus.SUCCEEDED)
        if link and kind is not TenderKind.PLATFORM:
            return self.payments.refund(link, amount, reason, key)
        terms = self._terms_of_tender(order) if link else self._terms(order)
        if terms.kind not in PAST_THE_GATEWAY:
            return self.payments.refund(order.payment_reference, amount, reason, key)
        if terms.kind is not TermsKind.PLATFORM or terms.refunds != "channel":
            return ManualRefund(BY_TERMS)
        return self._by_channel(order, amount, reason, key)

    def _by_channel(self, order: OrderRow, amount: Money, reason: str, key: str) -> GatewayRefund | ManualRefund:
        account = self.accounts.of(order.channel)
        if account is None or account.refund is None or not account.refund.enabled:
            return ManualRefund(NO_ADAPTER)
        booked = self._booked(order)
        asked = ChannelRefund(key, self._first(order).channel_order_id, amount, reason, booked)
        try:
            account = with_fresh_token(self.sessions, account, RefundRefused)
            assert account.refund is not None
            with (
                closing(connect_refunder(account.name, account.refund)) as refunder,
                self.circuits.of(order.channel).call(),
                using_token(self.sessions, account),
            ):
                return refunder.refund(asked)
        except RefundRefused as refusal:
            return ManualRefund(refusal.code)

    def _booked(self, order: OrderRow) -> frozenset[str]:
        """Return the platform's ids of the refunds that are booked for the order."""
        mine = MoneyMovementRow.order_id == order.order_id, MoneyMovementRow.kind == "refunded"
        with self.sessions() as session:
            return frozenset(session.scalars(select(MoneyMovementRow.gateway_reference).where(*mine)))

    def _terms(self, order: OrderRow) -> PaymentTerms:
        """Return the terms when the order was placed, by which its audit has decided; past orders have no audit."""
        with self.sessions() as session:
            table = self.parameters.at(session, order.placed_at).payment_terms
        terms = terms_of(table, order.channel, order.payment_method)
        kind = terms.kind if order.past else TermsKind(order.payment_terms or TermsKind.GATEWAY)
        # Where the table was changed backwards, who has collected decides.
        return terms if terms.kind is kind else PaymentTerms(kind)

    def _terms_of_tender(self, order: OrderRow) -> PaymentTerms:
        """Return how the channel pays back what it has collected apart from the order's own payment."""
        terms = self._terms(order)
        return terms if terms.kind is TermsKind.PLATFORM else PaymentTerms(TermsKind.PLATFORM)

    def _first(self, order: OrderRow) -> OrderRow:
        """Return the order that the channel knows: the one that an order for a return follows."""
        with self.sessions() as session:
            while order.follow_up_of:
                order = order_of(session, order.follow_up_of)
        return order
