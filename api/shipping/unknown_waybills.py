"""Report on pushes for unknown waybills: they are kept, and applied if the waybill turns out to be ours."""

from datetime import datetime

from fastapi import APIRouter
from sqlalchemy import select

from api.dependencies import OperationsReader, WithServices
from api.errors import FORBIDDEN
from api.inputs import Cursor, Limit, after_number, cut
from api.openapi import responses
from api.partners.carrier_pushes import TRACKED
from api.schemas import Answer, Page
from api.shipping import carrier_examples as examples
from models.fulfillment import FulfillmentOrderRow, ShipmentRow
from models.messaging import PartnerEventRow

router = APIRouter(tags=["reports"])


class UnknownWaybill(Answer):
    """One push of `source`: sf or kuaidi100."""

    source: str
    waybill: str
    carrier: str
    status: str
    occurred_at: datetime
    received_at: datetime


@router.get(
    "/reports/unknown-waybills",
    summary="Pushes for unknown waybills",
    responses=responses({200: ("One page, oldest first", examples.UNKNOWN_WAYBILLS)}, FORBIDDEN),
)
def list_unknown_waybills(
    caller: OperationsReader, services: WithServices, cursor: Cursor = None, limit: Limit = 50
) -> Page[UnknownWaybill]:
    """A push may come before its booking is recorded: it is tried again until a shipment has the waybill, and after
    `BATON_UNCLAIMED_AFTER` once somebody asks for it (`POST /set-asides/retry`)."""
    E = PartnerEventRow
    F, S = FulfillmentOrderRow, ShipmentRow
    # A voided waybill belongs to no fulfillment order any more.
    known = select(F.shipment_id).join(S, S.shipment_id == F.shipment_id).where(S.waybill == E.subject).exists()
    wanted = select(E).where(E.type == TRACKED, E.relayed_at.is_(None), ~known).order_by(E.sequence)
    if (last := after_number(cursor)) is not None:
        wanted = wanted.where(E.sequence > last)
    with services.sessions() as session:
        rows, following = cut(session.scalars(wanted.limit(limit + 1)).all(), limit, lambda row: row.sequence)
    return Page(items=[_answer(row) for row in rows], next_cursor=following)


def _answer(row: PartnerEventRow) -> UnknownWaybill:
    fields = {name: row.data[name] for name in ("waybill", "carrier", "status", "occurred_at")}
    return UnknownWaybill(source=row.partner, received_at=row.received_at, **fields)
