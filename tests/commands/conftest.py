"""A record that the steps themselves wrote: a reserved, an allocated, a returned and a canceled order."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, update

from activities.allocate import Allocate
from activities.holds import accept
from activities.outcome import Ending, Outcome
from activities.progress import ProgressReports, Reports
from activities.reserve import Reserve, StockRequest
from activities.return_reports import ReturnProgress, ReturnReports
from commands.seed import SHOP, stock_shop
from domain.undo import UndoRequest
from embedded.postgres import EmbeddedPostgres
from models.base import Json
from models.database import Sessions, open_database
from models.database import sessions as open_sessions
from models.fulfillment import FulfillmentOrderRow, ShipmentRow
from models.messaging import MessageRow, PartnerEventRow
from models.order import OrderLineRow, OrderRow
from models.payment import MoneyMovementRow, PaymentRow, StoreCreditRow
from models.returns import ReturnLineRow, ReturnRow
from models.uploads import ChannelUploadRow
from record.parameters import ParameterCache
from record.stock.changes import Transfer, book_transfer
from record.stock.channel_shares import Quota, set_quotas
from tests.databases import bring_back, copy_template, keep
from tests.factories import fresh_outlooks

NOON = datetime(2026, 11, 11, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def written(postgres: EmbeddedPostgres) -> Iterator[Engine]:
    engine = open_database(copy_template(postgres, "written"))
    _write(open_sessions(engine))
    keep(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def record(written: Engine) -> Sessions:
    """The record as it was written, whatever another test did to its rows."""
    bring_back(written)
    return open_sessions(written)


def _write(sessions: Sessions) -> None:
    with sessions.begin() as session:
        stock_shop(session, SHOP)
        set_quotas(session, "web", "ELEGANT-LAMP", [Quota(100, NOON.replace(year=2020))])
        lamps = {"ELEGANT-LAMP": 1}
        book_transfer(session, Transfer("T-1", "SHANGHAI", "GUANGZHOU", lamps, "Guangzhou runs low", "mo"))
    for name in ("RESERVED", "ALLOCATED", "RETURNED", "CANCELED"):
        _place(sessions, name)
    Allocate(sessions, fresh_outlooks()).allocate_stock(StockRequest("ALLOCATED", 2))
    _deliver(sessions, "RETURNED")
    _announce(sessions, "RETURNED")
    _return(sessions, "RETURNED")
    _cancel(sessions, "CANCELED")


def _place(sessions: Sessions, name: str) -> None:
    """Place an order of two lamps at 10.00, paid, accepted and reserved."""
    with sessions.begin() as session:
        session.add(OrderRow(**_order(name)))
        session.flush()
        lamp = {"sku": "ELEGANT-LAMP", "title": "", "quantity": 2, "unit_price_minor": 1000, "discount_minor": 0}
        session.add(OrderLineRow(order_id=name, line_no=1, **lamp))
        session.add(_money(name, "captured", 2000))
        session.add(PaymentRow(reference=name, order_id=name))
        data = {"payment_reference": name, "amount": "20", "currency": "CNY"}
        event = {"partner": "payments", "event_id": f"PAID-{name}", "type": "payment.captured", "subject": name}
        session.add(PartnerEventRow(**event, data=data, relayed_at=NOON))
        accept(session, name)
    Reserve(sessions, fresh_outlooks()).reserve_stock(StockRequest(name, 1))


def _order(name: str) -> dict[str, Any]:
    return {
        **dict.fromkeys(("order_id", "channel_order_id", "request_hash", "payment_reference"), name),
        **dict.fromkeys(("discount_minor", "shipping_minor", "tax_minor"), 0),
        "channel": "web",
        "placed_at": NOON,
        "workflow_started_at": NOON,
        "customer_id": "C-1",
        "currency": "CNY",
        "grand_total_minor": 2000,
        "payment_method": "card",
        "units": 2,
        "country": "CN",
        "province": "上海市",
        "receiver": {},
        "remarks": "",
        "tags": [],
    }


def _deliver(sessions: Sessions, name: str) -> None:
    Allocate(sessions, fresh_outlooks()).allocate_stock(StockRequest(name, 2))
    work, shipment = f"{name}-1", f"{name}-1-S1"
    with sessions.begin() as session:
        status = {"carrier": "SF Express", "waybill": "100", "tracking_status": "pre_transit"}
        session.add(ShipmentRow(shipment_id=shipment, **status))
        session.flush()
        session.get_one(FulfillmentOrderRow, work).shipment_id = shipment
    delivered = {"shipment_id": shipment, "status": "delivered", "occurred_at": NOON.isoformat()}
    reports = [
        _report(sessions, "fulfillment_order.picked", {"lines": [{"sku": "ELEGANT-LAMP", "quantity": 2}]}),
        _report(sessions, "fulfillment_order.packed", {"parcels": [{"weight_grams": 800}]}),
        _report(sessions, "shipment.tracking_updated", delivered),
    ]
    ProgressReports(sessions, ParameterCache()).record_progress(Reports(name, work, reports))
    Outcome(sessions).end_order(Ending(name, "completed", "everything was delivered"))


def _announce(sessions: Sessions, name: str) -> None:
    """Write a text to the customer for each milestone, and an upload of the parcel to the channel's platform."""
    with sessions.begin() as session:
        texts = update(MessageRow).where(MessageRow.order_id == name, MessageRow.recipient == "inbox")
        session.execute(texts.values(digest=MessageRow.message_id))
        parcel = {"parcel": 1, "carrier": "SF Express", "waybill": "100", "lines": {"1": 2}, "whole": True}
        session.add(ChannelUploadRow(order_id=name, number=1, happened_at=NOON + timedelta(hours=1), **parcel))


def _return(sessions: Sessions, name: str) -> None:
    case = f"{name}-R-7"
    with sessions.begin() as session:
        paid = {"value_minor": 1000, "refund_minor": 1000, "refunded_at": NOON}
        goodwill = {"value_minor": 100, "refund_minor": 100, "refunded_at": NOON, "refund_to": "store_credit"}
        session.add(ReturnRow(return_id=case, order_id=name, case_id="7", status="approved", reason="", **paid))
        session.flush()
        session.add(ReturnLineRow(return_id=case, line_no=1, sku="ELEGANT-LAMP", quantity=1))
        session.add(_money(name, "refunded", 1000, case))
        credit = {"return_id": f"{name}-R-8", "order_id": name}
        session.add(ReturnRow(**credit, case_id="8", kind="claim", status="closed", reason="", **goodwill))
        session.flush()
        money = {"customer_id": "C-1", "amount_minor": 100, "currency": "CNY", "key": f"{name}:credited"}
        session.add(_money(name, "credited", 100, f"{name}-R-8"))
        session.add(StoreCreditRow(code="SC-1", **credit, **money))
    lines = [{"sku": "ELEGANT-LAMP", "quantity": 1, "disposition": "restock"}]
    came = _report(sessions, "return.received", {"location_id": "SHANGHAI", "lines": lines})
    judged = _report(sessions, "return.inspected", {"lines": lines})
    ReturnProgress(sessions).record_return(ReturnReports(case, [came, judged]))
    with sessions.begin() as session:
        session.get_one(ReturnRow, case).status = "closed"


def _cancel(sessions: Sessions, name: str) -> None:
    Reserve(sessions, fresh_outlooks()).release_stock(UndoRequest(name, name, "canceled"))
    with sessions.begin() as session:
        session.add(_money(name, "refunded", 2000))
    Outcome(sessions).end_order(Ending(name, "canceled", "the customer changed her mind"))


def _money(name: str, kind: str, amount: int, case: str | None = None) -> MoneyMovementRow:
    return MoneyMovementRow(
        order_id=name,
        kind=kind,
        amount_minor=amount,
        currency="CNY",
        gateway_reference=name,
        return_id=case,
        key=f"{name}:{kind}",
    )


def _report(sessions: Sessions, kind: str, data: Json) -> tuple[str, str]:
    with sessions.begin() as session:
        session.add(PartnerEventRow(partner="wms", event_id=kind, type=kind, subject="", data=data))
    return "wms", kind
