"""Returns: record where the goods are, announce them to the warehouse, and end the case."""

from sqlalchemy import func
from temporalio import activity

from activities.payments import settle_late_money
from domain import milestones
from domain.errors import ReturnRefused
from domain.returns.requests import AnnounceReturnRequest, AskAttentionRequest, EndReturnRequest, RecordGoodsRequest
from domain.status import UNDONE, OrderStatus, ReturnStatus
from integrations.http import Line
from integrations.wms import ReturnNotice, Warehouse
from models.database import Sessions
from record import journal
from record.order_mapping import order_of
from record.returns import cases


class Returns:
    def __init__(self, sessions: Sessions, wms: Warehouse) -> None:
        self.sessions = sessions
        self.wms = wms

    @activity.defn
    def record_goods(self, request: RecordGoodsRequest) -> None:
        """Record where the goods were when the case began; the first answer counts."""
        with self.sessions.begin() as session:
            row = cases.lock_return(session, request.return_id)
            row.goods = row.goods or request.goods

    @activity.defn(no_thread_cancel_exception=True)
    def announce_return(self, request: AnnounceReturnRequest) -> str:
        """Tell the warehouse which goods will come. Return why it refuses (a short code), or empty."""
        with self.sessions.begin() as session:
            row = cases.lock_return(session, request.return_id)
            row.location_id = row.location_id or cases.goes_back_to(session, row.order_id)
            order, location = order_of(session, row.order_id), row.location_id or ""
            units = cases.by_sku(session, row)
        notice = ReturnNotice(
            return_id=request.return_id,
            order_id=order.order_id,
            channel_order_id=order.channel_order_id,
            location_id=location,
            lines=[Line(sku=sku, quantity=quantity) for sku, quantity in sorted(units.items())],
        )
        try:
            self.wms.announce_return(notice, key=f"{request.return_id}:announce")
        except ReturnRefused as refused:
            return refused.code
        return ""

    @activity.defn
    def end_return(self, request: EndReturnRequest) -> None:
        """Close the case as settled, or end it as rejected, expired or canceled."""
        with self.sessions.begin() as session:
            row = cases.lock_return(session, request.return_id)
            if request.status == ReturnStatus.CLOSED != row.status:
                cases.advance_return(session, row, ReturnStatus.SETTLED, "")
                data = {"return_id": row.return_id, "kind": row.kind, "goods": row.goods}
                journal.announce(session, row.order_id, milestones.RETURNED, data, subject=row.return_id)
            if cases.advance_return(session, row, ReturnStatus(request.status), request.reason, request.actor):
                row.closed_at = func.now()
                if OrderStatus(order_of(session, row.order_id).status) in UNDONE:
                    settle_late_money(session, row.order_id, row.return_id)

    @activity.defn
    def ask_attention(self, request: AskAttentionRequest) -> None:
        """Ask a person to look at the case; an empty reason clears the alert."""
        with self.sessions.begin() as session:
            row = cases.lock_return(session, request.return_id)
            if request.reason:
                row.attention, row.attention_code = request.reason, request.code
            elif row.attention_code == request.code:
                row.attention = row.attention_code = None
            data = {"return_id": row.return_id, "reason": request.reason}
            key = f"alert:{row.return_id}:{request.code}"
            name = "alert.raised" if request.reason else "alert.cleared"
            journal.append_fact(session, row.order_id, name, f"{key}:{name}", data)
