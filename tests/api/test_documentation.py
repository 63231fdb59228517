"""The OpenAPI document is true: every operation has an example, and every example fits its type."""

import json
import re
from typing import Any

import pytest
from pydantic import BaseModel

from api import examples, set_asides
from api.bulk import examples as bulk_examples
from api.bulk.schemas import BulkAnswer, BulkPreview, BulkResult
from api.channels import examples as channel_examples
from api.channels import listing_examples
from api.channels.intakes import IntakeAnswer, IntakeWithRaw
from api.channels.listings import Listing, PushAsked
from api.channels.missing_orders import MissingOrder
from api.channels.webhooks import IntakeTaken
from api.exports import examples as export_examples
from api.exports.schemas import ExportAnswer, ExportDeleted, RunAnswer, RunAsked
from api.orders import examples as example_answers
from api.orders import sourcing_examples, staff_work_examples
from api.orders.answers import EventAnswer, JudgedOrder, OrderAnswer, OrderPage, PlacedOrder
from api.orders.audits import AuditAsked, AuditsAnswer
from api.orders.batches import BatchAnswer
from api.orders.commands import CancelBody, CancelTold, HoldReleaseBody, HoldReleaseTold
from api.orders.shortages import ShortageTold
from api.orders.sourcing_schemas import SourcingAnswer, SourcingTrialAnswer
from api.orders.staff_work_schemas import AssigneeAnswer, NoteAnswer, NoteTold, TagsAnswer
from api.partners import difference_examples
from api.partners.carrier_webhooks import Kuaidi100Answer, SfAnswer
from api.partners.differences import DifferenceCounts, PartnerDifference
from api.partners.message_alerts import MessageAlerts
from api.partners.messages import MessageAnswer
from api.partners.redelivery import RedeliveryAsked
from api.payments import dispute_examples, settlement_examples
from api.payments import examples as payment_examples
from api.payments.disputes import DisputeAnswer, EvidenceAnswer
from api.payments.refund_tasks import RefundTask
from api.payments.settlements import SettledAmountAnswer, SettlementAnswer, SettlementSummary
from api.promises import examples as promise_examples
from api.promises.schemas import PromiseAnswer
from api.returns import examples as return_examples
from api.returns.commands import ReturnTold
from api.returns.reasons import ReasonAnswer, ReasonsBody
from api.returns.receipts import InspectionBody, ReceiptBody, ReportTaken
from api.returns.reports import ReturnRate
from api.returns.requests import ReturnAsked, ReturnBody
from api.returns.schemas import ReturnAnswer
from api.rules import examples as rule_examples
from api.rules.answers import LookedAgain, RetiredRuleSet, RuleLogEntry, RuleSetAnswer, RuleSetSummary, TrialAnswer
from api.schemas import Page
from api.sheets import MEDIA
from api.shipping import carrier_examples, warehouse_examples
from api.shipping.pick_lists import PickList
from api.shipping.shipment_view import WholeShipment
from api.shipping.shipments import VoidBody, VoidTold
from api.shipping.unknown_waybills import UnknownWaybill
from api.shipping.waves import WavesAnswer
from api.stock import arrival_examples, goods_examples
from api.stock.alerts import StockAlert
from api.stock.buffers import BufferAnswer
from api.stock.channel_stock import ChannelStockAnswer
from api.stock.counts import StockCountAnswer
from api.stock.inventory import ProductStock
from api.stock.locations import LocationAnswer
from api.stock.movements import MovementAnswer
from api.stock.products import ProductAnswer
from api.stock.purchase_orders import PurchaseOrderAnswer, PurchaseOrderSummary
from api.stock.reports import Difference, StockException
from api.stock.view import SkuStock
from api.subscriptions import examples as subscription_examples
from api.subscriptions.schemas import (
    DeliveryAnswer,
    DeliveryAsked,
    SubscriptionAnswer,
    SubscriptionState,
    SubscriptionWithSecret,
)
from tests.api.conftest import Api, figures_of, order_body

OTHER_FORMS = ("image/png", "image/jpeg", "application/pdf", *MEDIA.values())
FITS: list[tuple[type[BaseModel], Any]] = [
    (PlacedOrder, examples.PLACED_ORDER),
    (JudgedOrder, examples.JUDGED_ORDER),
    (PromiseAnswer, promise_examples.PROMISE),
    (PromiseAnswer, promise_examples.KEPT),
    (CancelBody, examples.CANCEL),
    (CancelTold, examples.CANCELED),
    (HoldReleaseBody, examples.HOLD_RELEASE),
    (HoldReleaseTold, examples.HOLD_RELEASED),
    (ReturnAsked, examples.RETURN_ASKED),
    (Page[SkuStock], examples.STOCK),
    (Page[PartnerDifference], difference_examples.DIFFERENCES),
    (DifferenceCounts, difference_examples.DIFFERENCE_COUNTS),
    (ProductStock, goods_examples.PRODUCT_STOCK),
    (Page[MovementAnswer], goods_examples.MOVEMENTS),
    (ProductAnswer, goods_examples.PRODUCT),
    (Page[ProductAnswer], goods_examples.PRODUCTS),
    (LocationAnswer, goods_examples.LOCATION),
    (Page[LocationAnswer], goods_examples.LOCATIONS),
    (ChannelStockAnswer, goods_examples.CHANNEL_STOCK),
    (BufferAnswer, goods_examples.BUFFER),
    (Page[BufferAnswer], goods_examples.BUFFERS),
    (StockCountAnswer, goods_examples.COUNTED),
    (ShortageTold, arrival_examples.DECIDED),
    (Page[PurchaseOrderSummary], arrival_examples.PURCHASE_ORDERS),
    (PurchaseOrderAnswer, arrival_examples.PURCHASE_ORDER),
    (Page[Difference], arrival_examples.DIFFERENCES),
    (Page[StockException], arrival_examples.EXCEPTIONS),
    (OrderAnswer, example_answers.ORDER),
    (AuditsAnswer, example_answers.AUDITS),
    (SourcingAnswer, sourcing_examples.DECISIONS),
    (SourcingTrialAnswer, sourcing_examples.TRIED),
    (OrderPage, example_answers.ORDERS),
    (NoteTold, staff_work_examples.NOTED),
    (Page[NoteAnswer], staff_work_examples.NOTES),
    (TagsAnswer, staff_work_examples.TAGS),
    (AuditAsked, example_answers.RE_AUDIT),
    (ExportAnswer, export_examples.EXPORT),
    (Page[RunAnswer], export_examples.RUNS),
    (ExportDeleted, export_examples.DELETED),
    (RunAsked, export_examples.ASKED),
    (BulkAnswer, bulk_examples.BULK),
    (BulkPreview, bulk_examples.PREVIEW),
    (Page[BulkResult], bulk_examples.RESULTS),
    (AssigneeAnswer, staff_work_examples.TAKEN),
    (Page[EventAnswer], example_answers.EVENTS),
    (ReturnAnswer, example_answers.RETURN),
    (Page[ReturnAnswer], example_answers.RETURNS),
    (ReturnTold, return_examples.TOLD),
    (Page[RefundTask], payment_examples.TASKS),
    (RefundTask, payment_examples.DONE),
    (Page[DisputeAnswer], dispute_examples.DISPUTES),
    (DisputeAnswer, dispute_examples.SENT),
    (EvidenceAnswer, dispute_examples.EVIDENCE),
    (Page[SettlementSummary], settlement_examples.SETTLEMENTS),
    (SettlementAnswer, settlement_examples.SETTLEMENT),
    (Page[SettledAmountAnswer], settlement_examples.ROWS),
    (Page[PartnerDifference], settlement_examples.DIFFERENCES),
    (ReportTaken, return_examples.TAKEN),
    (ReasonsBody, return_examples.REASONS_BODY),
    (Page[ReasonAnswer], return_examples.REASONS),
    (Page[ReturnRate], return_examples.RATES),
    (BatchAnswer, channel_examples.BATCH),
    (IntakeTaken, channel_examples.TAKEN),
    (IntakeWithRaw, channel_examples.INTAKE_WITH_RAW),
    (Page[IntakeAnswer], channel_examples.INTAKES),
    (Page[MissingOrder], channel_examples.MISSING_ORDERS),
    (Listing, listing_examples.LISTING),
    (Page[Listing], listing_examples.LISTINGS),
    (PushAsked, listing_examples.PUSHED),
    (Page[StockAlert], listing_examples.ALERTS),
    (WholeShipment, carrier_examples.SHIPMENT),
    (VoidBody, carrier_examples.VOID),
    (VoidTold, carrier_examples.VOIDED),
    (Kuaidi100Answer, carrier_examples.KUAIDI100_ANSWER),
    (SfAnswer, carrier_examples.SF_ANSWER),
    (Page[UnknownWaybill], carrier_examples.UNKNOWN_WAYBILLS),
    (WavesAnswer, warehouse_examples.WAVES),
    (PickList, warehouse_examples.PICK_LIST),
    (RuleSetAnswer, rule_examples.SAVED),
    (Page[RuleSetSummary], rule_examples.PAGE),
    (TrialAnswer, rule_examples.TRIED),
    (RuleSetSummary, rule_examples.ACTIVE),
    (RuleSetSummary, rule_examples.RETIRED),
    (RetiredRuleSet, rule_examples.RETIRED_NOW),
    (LookedAgain, rule_examples.LOOKED_AGAIN),
    (Page[RuleLogEntry], rule_examples.LOG),
    (SubscriptionState, subscription_examples.STATE),
    (SubscriptionWithSecret, subscription_examples.WITH_SECRET),
    (Page[SubscriptionAnswer], subscription_examples.SUBSCRIPTIONS),
    (Page[DeliveryAnswer], subscription_examples.DELIVERIES),
    (DeliveryAsked, subscription_examples.ASKED),
    (Page[MessageAnswer], subscription_examples.MESSAGES),
    (RedeliveryAsked, subscription_examples.REDELIVERED),
    (MessageAlerts, subscription_examples.MESSAGE_ALERTS),
    (Page[set_asides.SetAside], set_asides.ASIDES),
    (set_asides.SetAsideAlerts, set_asides.ASIDE_ALERTS),
    (set_asides.RetryAsked, set_asides.RETRIED),
]


@pytest.mark.parametrize(("model", "example"), FITS, ids=[model.__name__ for model, _ in FITS])
def test_an_example_fits_its_type(model: type[BaseModel], example: Any) -> None:
    assert model.model_validate(example).model_dump(mode="json") == example


def test_the_example_of_a_return_can_be_sent() -> None:
    ReturnBody.model_validate_json(json.dumps(examples.RETURN))
    ReceiptBody.model_validate_json(json.dumps(return_examples.RECEIPT))
    InspectionBody.model_validate_json(json.dumps(return_examples.INSPECTION))


async def test_every_operation_is_described(nobody: Api) -> None:
    document = (await nobody.get("/openapi.json")).json()
    operations = [
        (f"{method} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    assert len(operations) > 20
    for name, operation in operations:
        assert operation["summary"], name
        assert operation["tags"], name
        if name.split()[1] in ("/healthz", "/readyz", "/events/stream"):
            continue
        good = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
        # A label is an image, and a list may be CSV.
        contents = [answer.get("content", {}).items() for answer in good]
        examples_of = [kind for content in contents for media, kind in content if media not in OTHER_FORMS]
        assert all("example" in kind for kind in examples_of), name
        # A retry, ping, confirmation or take has no body.
        no_body = ("/retry", "/ping", "}/redeliver", "/confirm", "/look-again", "/take", "/give-back", "/re-audit")
        no_body += ("/bulk/{bulk_id}/cancel", "/track-link", "/exports/{export_id}/run", "/evidence")
        # A photo is no text.
        if name.startswith("post") and not name.endswith((*no_body, "/photos")):
            assert all("example" in kind for kind in operation["requestBody"]["content"].values()), name


async def test_the_documentation_page_loads_nothing_from_other_hosts(nobody: Api) -> None:
    page = (await nobody.get("/docs")).text
    needed = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(needed) == 3
    for file in needed:
        assert (await nobody.get(file)).status_code == 200, file


async def test_every_reference_of_the_openapi_document_resolves(nobody: Api) -> None:
    text = (await nobody.get("/openapi.json")).text
    names = {part.split('"')[0] for part in text.split('"#/components/schemas/')[1:]}
    assert names <= (await nobody.get("/openapi.json")).json()["components"]["schemas"].keys()


async def test_the_metrics_count_requests_groups_and_the_backlog(tmall: Api) -> None:
    await tmall.post("/orders", json=order_body())
    await tmall.get("/orders/NONE")
    figures = figures_of(tmall)
    assert 'baton_api_request_seconds_count{method="POST",route="/orders",status="202"} 1.0' in figures
    assert 'baton_api_request_seconds_count{method="GET",route="/orders/{order_id}",status="404"} 1.0' in figures
    assert 'baton_api_group_size_count{group="orders"} 1.0' in figures
    assert 'baton_backlog_size{what="orders"} 1.0' in figures
    assert 'baton_backlog_size{what="partner_events"} 0.0' in figures
    assert 'baton_channel_backlog_size{channel="tmall"} 1.0' in figures
    assert 'baton_channel_backlog_age_seconds{channel="tmall"}' in figures
