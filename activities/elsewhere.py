"""Take out of an order what its channel has shipped itself, and say which work still holds such goods."""

from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session
from temporalio import activity

from domain.bundles import explode
from domain.status import FulfillmentStatus
from models.database import Sessions
from models.fulfillment import FulfillmentLineRow, FulfillmentOrderRow
from record.order_mapping import lock_order
from record.orders import counter_sales
from record.orders.elsewhere import has_parcels, lines_of, not_left, pending, take_out, too_late
from record.sourcing.needs import outstanding
from record.stock.demand import UNDONE, bundles_of

W = FulfillmentOrderRow


@dataclass(frozen=True)
class ElsewhereRequest:
    order_id: str


@dataclass(frozen=True)
class TakenElsewhere:
    """`units` are fulfilled elsewhere in all, and `nothing_to_send` if these are everything. Of them, `not_left` are to
    leave the channel's warehouse yet.

    `left_units` could not be taken out, for the `reason`, since work of ours covers them; of that `open_work` is not
    released yet.
    """

    units: int = 0
    nothing_to_send: bool = False
    not_left: int = 0
    left_units: int = 0
    reason: str = ""
    open_work: list[str] = field(default_factory=list)


class Elsewhere:
    def __init__(self, sessions: Sessions) -> None:
        self.sessions = sessions

    @activity.defn
    def take_elsewhere(self, request: ElsewhereRequest) -> TakenElsewhere:
        """Count what no work covers as fulfilled elsewhere. Safe to repeat: it takes what became free meanwhile."""
        with self.sessions.begin() as session:
            row = lock_order(session, request.order_id)
            if not has_parcels(session, row.order_id):
                return TakenElsewhere()
            lines = lines_of(session, row.order_id)
            take_out(session, row, lines)
            left = pending(session, row.order_id, lines)
            bundles = bundles_of(session, row.order_id)
            skus = explode({line.sku: left[line.line_no] for line in lines if left[line.line_no]}, bundles)
            work = _work(session, row.order_id)
            at_work = any(status not in UNDONE for status in work.values())
            open_names = [name for name, status in work.items() if status == FulfillmentStatus.OPEN]
            open_work = _open_with(session, open_names, skus)
            if not open_work and counter_sales.carried_home(session, [row.order_id]):
                # A till may say so of an order that was to be sent.
                counter_sales.sell(session, row)
            return TakenElsewhere(
                sum(line.elsewhere for line in lines),
                not left and not at_work and not outstanding(session, row.order_id),
                not_left(session, [row.order_id]).get(row.order_id, 0),
                left.total(),
                too_late(row, lines, left) if left else "",
                open_work,
            )

    @activity.defn
    def sell_at_counter(self, request: ElsewhereRequest) -> int:
        """Take what was carried home from the stock of its store, once. Return how many units."""
        with self.sessions.begin() as session:
            return counter_sales.sell(session, lock_order(session, request.order_id))


def _work(session: Session, order_id: str) -> dict[str, str]:
    rows = session.execute(select(W.fulfillment_order_id, W.status).where(W.order_id == order_id).order_by(W.number))
    return {row.fulfillment_order_id: row.status for row in rows}


def _open_with(session: Session, names: list[str], skus: dict[str, int]) -> list[str]:
    """Return those of the fulfillment orders that hold any of these goods."""
    if not names or not skus:
        return []
    L = FulfillmentLineRow
    held = select(L.fulfillment_order_id).where(L.fulfillment_order_id.in_(names), L.sku.in_(skus)).distinct()
    return list(session.scalars(held.order_by(L.fulfillment_order_id)))
