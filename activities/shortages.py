"""A shortage: propose what may be done about each short line, and do what was decided."""

from contextlib import suppress
from dataclasses import asdict, dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session
from temporalio import activity

from activities import payments
from activities.refund_ways import RefundWays
from domain import shortages
from domain.errors import PartnerTrouble
from domain.money import Money
from domain.money_alerts import IN_DISPUTE
from models.channel import ChannelAccountRow
from models.database import Sessions
from models.order import OrderRow
from models.stock import BackorderRow, ProductRow
from record import journal, money
from record.order_mapping import count_change, order_of
from record.orders import authorizations, disputes
from record.orders.alerts import call_to
from record.orders.captures import ask_gateway
from record.sourcing.needs import outstanding
from record.stock import queue, shortage_decisions
from record.stock.demand import lines_with
from record.stock.products import substitutes_of
from record.stock.shortage_decisions import Decision, Settled
from record.stock.views import available_in_network


@dataclass(frozen=True)
class Shortage:
    """What is short and what may be done, in words. `promised_on` is the day on which all of it arrives, or empty.

    `when_short` is the channel's policy; `sendable` is how many units could be sent now.
    """

    units: int = 0
    promised_on: str = ""
    proposals: list[str] = field(default_factory=list)
    when_short: str = shortages.WAIT
    sendable: int = 0


@dataclass(frozen=True)
class Repayment:
    """Money for canceled lines, under the key of the decision."""

    order_id: str
    key: str
    amount_minor: int
    reason: str


class Shortages:
    def __init__(self, sessions: Sessions, ways: RefundWays) -> None:
        self.sessions = sessions
        self.ways = ways

    @activity.defn
    def propose(self, order_id: str) -> Shortage:
        """Find out when the missing goods arrive and what else may be done; store it for the API."""
        with self.sessions.begin() as session:
            # A backorder that is added meanwhile would be locked out of turn below.
            journal.lock_order(session, order_id)
            queue.update_promises(session, queue.missing_skus(session, order_id), order_id)
            rows = _short(session, order_id)
            sendable = _sendable(session, order_id, rows)
            in_words = []
            for row in rows:
                until = row.promised_on.isoformat() if row.promised_on else None
                lines = lines_with(session, order_id, row.sku)
                instead = {sku: _substitutes(session, sku, units) for sku, units in lines.items()}
                found = shortages.proposals(row.sku, until, sendable, instead)
                row.proposals = [dict(proposal) for proposal in found]
                in_words += [f"{row.sku}: {shortages.in_words(proposal)}" for proposal in found]
            days = [row.promised_on for row in rows]
            promised = max((day for day in days if day), default=None) if all(days) else None
            units = sum(row.quantity for row in rows)
            policy = _policy(session, order_id)
            return Shortage(units, promised.isoformat() if promised else "", in_words, policy, sendable)

    @activity.defn
    def decide_shortage(self, decision: Decision) -> Settled:
        """Carry out a decision on the lines, once for each round; a refusal says why it cannot be done."""
        key = f"{decision.order_id}:shortage:{decision.round}"
        with self.sessions.begin() as session:
            if known := journal.earlier_answer(session, key):
                return Settled(**known)
            journal.lock_order(session, decision.order_id)
            short = {row.sku: row for row in _short(session, decision.order_id)}
            settled = shortage_decisions.carry_out(session, decision, short)
            if not settled.refusal:
                names = ("action", "sku", "substitute_sku", "note")
                data = {name: getattr(decision, name) for name in names}
                journal.append_fact(session, decision.order_id, "shortage.decided", key, data, decision.actor)
                count_change(session, decision.order_id)
            journal.remember(session, key, asdict(settled))
            return settled

    @activity.defn(no_thread_cancel_exception=True)
    def repay_lines(self, repayment: Repayment) -> payments.RefundAnswer:
        """Pay back what was paid for canceled lines, never more than remains of the payment, nor than was captured for
        them."""
        with self.sessions.begin() as session:
            order = order_of(session, repayment.order_id)
        with suppress(PartnerTrouble):
            ask_gateway(self.sessions, self.ways.payments, order)
        with self.sessions.begin() as session:
            left = money.refundable(session, order.order_id, but=repayment.key)
            amount = Money(min(repayment.amount_minor, left.minor_units), left.currency)
            kept = min(repayment.amount_minor - amount.minor_units, disputes.undecided(session, order.order_id))
            if kept > 0:
                reason = f"{Money(kept, left.currency).text} {left.currency} is not paid back: the money is in dispute"
                call_to(session, order.order_id, IN_DISPUTE, reason, repayment.key)
            amount = authorizations.repayable(session, order.order_id, amount)
        return payments.refund(
            self.sessions, self.ways, order, amount, repayment.reason, repayment.key, subject=repayment.key
        )


def _short(session: Session, order_id: str) -> list[BackorderRow]:
    short = select(BackorderRow).where(BackorderRow.order_id == order_id).order_by(BackorderRow.sku)
    return list(session.scalars(short.with_for_update()))


def _sendable(session: Session, order_id: str, rows: list[BackorderRow]) -> int:
    short = {row.sku: row.quantity for row in rows}
    return sum(max(0, units - short.get(sku, 0)) for sku, units in outstanding(session, order_id).items())


def _substitutes(session: Session, sku: str, wanted: int) -> list[str]:
    """Return substitutes that are on sale and available in the wanted quantity, by rank."""
    ranked = substitutes_of(session, [sku]).get(sku, [])
    on_sale = set(session.scalars(select(ProductRow.sku).where(ProductRow.sku.in_(ranked), ProductRow.on_sale)))
    there = available_in_network(session, ranked)
    return [one for one in ranked if one in on_sale and there[one] >= wanted]


def _policy(session: Session, order_id: str) -> str:
    """Return the channel's policy, or the customer's own wish to have the order shipped separately."""
    of_channel = ChannelAccountRow.settings["when_short"].as_string()
    of_customer = OrderRow.instructions["ship_separately"].as_boolean()
    of_order = select(of_channel, of_customer).select_from(OrderRow)
    of_order = of_order.outerjoin(ChannelAccountRow, OrderRow.channel == ChannelAccountRow.channel)
    policy, separately = session.execute(of_order.where(OrderRow.order_id == order_id)).one()
    return shortages.policy_of(policy, bool(separately))
