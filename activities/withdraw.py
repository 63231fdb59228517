"""Withdraw: take lines out of the order that the customer gives back before they are shipped."""

from dataclasses import dataclass

from sqlalchemy import update
from sqlalchemy.orm import Session
from temporalio import activity

from models.database import Sessions
from models.order import OrderLineRow
from models.returns import ReturnRow
from record import journal
from record.order_mapping import count_change, lock_order
from record.orders import gifts
from record.returns import cases
from record.sourcing.needs import outstanding


@dataclass(frozen=True)
class Withdrawal:
    """`goods` says where the goods are if it succeeds: recalled (never shipped) or intercepted."""

    order_id: str
    return_id: str
    goods: str


@dataclass(frozen=True)
class Withdrawn:
    """`done` is true if the lines of the case are withdrawn; `left_units` the order must still send. `elsewhere` if the
    channel has shipped them itself, so that nothing here can be called back."""

    done: bool
    left_units: int
    elsewhere: bool = False


class Withdraw:
    def __init__(self, sessions: Sessions) -> None:
        self.sessions = sessions

    @activity.defn
    def withdraw_lines(self, withdrawal: Withdrawal) -> Withdrawn:
        """Withdraw the lines of a case if none of their goods is on its way; all lines or none."""
        with self.sessions.begin() as session:
            # Lock before reading: a concurrent allocation of the same units waits, or is visible.
            lock_order(session, withdrawal.order_id)
            case = session.get_one(ReturnRow, withdrawal.return_id, with_for_update=True)
            if case.goods is None and _not_on_their_way(session, case):
                for line_no, units in cases.asked(session, withdrawal.return_id).items():
                    _withdraw(session, withdrawal.order_id, line_no, units)
                case.goods = withdrawal.goods
                data = {"return_id": withdrawal.return_id}
                journal.append_fact(session, withdrawal.order_id, "order.changed", f"{case.return_id}:withdrawn", data)
                session.flush()
                gifts.drop_when_alone(session, withdrawal.order_id)
                count_change(session, withdrawal.order_id)
            remaining = sum(outstanding(session, withdrawal.order_id).values())
            done = case.goods is not None
            return Withdrawn(done, remaining, not done and _are_elsewhere(session, case))


def _not_on_their_way(session: Session, case: ReturnRow) -> bool:
    here = outstanding(session, case.order_id)
    wanted = cases.by_sku(session, case)
    to_send = {line.line_no: line.to_send for line in cases.ordered_lines(session, case.order_id)}
    asked = cases.asked(session, case.return_id)
    return all(here.get(sku, 0) >= units for sku, units in wanted.items()) and all(
        to_send[line_no] >= units for line_no, units in asked.items()
    )


def _are_elsewhere(session: Session, case: ReturnRow) -> bool:
    asked = cases.asked(session, case.return_id)
    elsewhere = {line.line_no: line.elsewhere for line in cases.ordered_lines(session, case.order_id)}
    return bool(asked) and all(elsewhere[line_no] >= units for line_no, units in asked.items())


def _withdraw(session: Session, order_id: str, line_no: int, units: int) -> None:
    line = OrderLineRow.order_id == order_id, OrderLineRow.line_no == line_no
    session.execute(update(OrderLineRow).where(*line).values(withdrawn=OrderLineRow.withdrawn + units))
