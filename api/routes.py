"""The routers of all rooms and the bodies that their routes read. Of several routes that match, the first is taken."""

from api import health, set_asides
from api.bulk import bulks
from api.bulk.schemas import BulkBody
from api.channels import batches as channel_batches
from api.channels import intakes, listings, missing_orders
from api.channels import webhooks as channel_webhooks
from api.channels.listings import ListingBody, PushBody
from api.exports import exports
from api.exports.schemas import ExportBody
from api.orders import (
    audits,
    create,
    credit,
    edits,
    histories,
    merging,
    notes,
    orders,
    reviews,
    service_report,
    shortages,
    sourcing,
    staff_work,
    track_links,
)
from api.orders import batches as order_batches
from api.orders import commands as order_commands
from api.orders.commands import CancelBody, HoldReleaseBody
from api.orders.credit import CreditAccountBody, InvoicePaymentBody, WriteOffBody
from api.orders.edit_schemas import EditBody
from api.orders.merging import UnmergeBody
from api.orders.reviews import ForceBody, RejectBody
from api.orders.schemas import OrderBody
from api.orders.shortages import ShortageBody
from api.orders.sourcing_schemas import SourcingTrialBody
from api.orders.staff_work_schemas import NoteBody
from api.partners import carrier_webhooks, differences, message_alerts, messages, qimen_webhooks, redelivery
from api.partners import webhooks as partner_webhooks
from api.partners.redelivery import RedeliveryBody, SettlingBody
from api.partners.webhook_schemas import WebhookBatch, WebhookBody
from api.payments import disputes, refund_tasks, settlements
from api.payments.disputes import DisputeBody
from api.payments.refund_tasks import RefundPaidBody
from api.promises import ask, promises
from api.promises.schemas import PromiseBody, RenewalBody
from api.returns import commands as return_commands
from api.returns import credit_issuing, photos, reasons, receipts, requests, returns, store_credits
from api.returns import reports as return_reports
from api.returns.commands import ApproveReturnBody, EndReturnBody
from api.returns.credit_issuing import CreditCodeBody, CreditIssueBody
from api.returns.reasons import ReasonsBody
from api.returns.receipts import InspectionBody, ReceiptBody
from api.returns.requests import ReturnBody
from api.rules import commands as rule_set_commands
from api.rules import rule_sets
from api.rules.schemas import ActivationBody, RetirementBody, RuleSetBody, TrialBody
from api.set_asides import RetryBody
from api.shipping import (
    carrier_claims,
    cash_on_delivery,
    fulfillment_orders,
    labels,
    parcels,
    pick_lists,
    shipments,
    unknown_waybills,
    waves,
)
from api.shipping.carrier_claims import ClaimClosingBody
from api.shipping.cash_on_delivery import RemittanceBody
from api.shipping.fulfillment_orders import PickupBody, PickupCodeBody
from api.shipping.parcels import NewAddressBody, ParcelDecisionBody
from api.shipping.shipments import VoidBody
from api.shipping.waves import WaveBody
from api.stock import alerts as stock_alerts
from api.stock import buffers, channel_stock, inventory, locations, movements, products, purchase_orders
from api.stock import changes as stock_changes
from api.stock import counts as stock_counts
from api.stock import reports as stock_reports
from api.stock.buffers import BufferBody
from api.stock.goods_schemas import ChannelStockBody, LocationBody, ProductBody
from api.stock.schemas import AdjustmentBody, StockCountBody, TransferBody
from api.subscriptions import changes as subscription_changes
from api.subscriptions import deliveries, event_stream, subscriptions
from api.subscriptions.schemas import ReplayBody, RotationBody, SubscriptionBody, SubscriptionChange

_MODULES = (
    # What comes most often is found first. Webhooks in the words of a carrier or of Qimen come before
    # /webhooks/{partner}.
    *(create, carrier_webhooks, qimen_webhooks, partner_webhooks),
    # Orders and shipping
    *(orders, audits, sourcing, histories, order_commands, edits, merging, reviews, requests, returns),
    *(notes, staff_work, bulks, exports, track_links, photos),
    *(ask, promises),
    *(shipments, labels, unknown_waybills),
    # Stock: movements, alerts and reports come before /stock/{sku}.
    *(movements, stock_alerts, stock_reports, stock_changes, inventory, products, locations, channel_stock, buffers),
    # Channels and rules
    *(order_batches, channel_batches, channel_webhooks, intakes, missing_orders, rule_sets, rule_set_commands, health),
    *(listings, shortages, purchase_orders, stock_counts, service_report, parcels, carrier_claims),
    *(cash_on_delivery, credit),
    # Work at locations
    *(waves, pick_lists, fulfillment_orders, differences),
    # Subscribers, and messages to partners
    *(subscriptions, subscription_changes, deliveries, messages, message_alerts, redelivery, event_stream, set_asides),
    # Returns
    *(return_commands, receipts, reasons, return_reports, store_credits, credit_issuing),
    # Money that others hold
    *(refund_tasks, settlements, disputes),
)
ROUTERS = tuple(module.router for module in _MODULES)

BODIES = (
    # Orders
    *(
        OrderBody,
        EditBody,
        NoteBody,
        PromiseBody,
        RenewalBody,
        CancelBody,
        HoldReleaseBody,
        UnmergeBody,
        ForceBody,
        RejectBody,
        ShortageBody,
        ReturnBody,
        BulkBody,
        CreditAccountBody,
        InvoicePaymentBody,
        WriteOffBody,
        ExportBody,
    ),
    # Store credits
    *(CreditIssueBody, CreditCodeBody),
    # Rules, channels and partners
    *(SourcingTrialBody, RuleSetBody, TrialBody, ActivationBody, RetirementBody, ListingBody, PushBody),
    *(WebhookBody, WebhookBatch),
    # Stock
    *(ProductBody, LocationBody, ChannelStockBody, BufferBody, StockCountBody, AdjustmentBody, TransferBody),
    # Shipping
    *(
        NewAddressBody,
        ParcelDecisionBody,
        ClaimClosingBody,
        RemittanceBody,
        VoidBody,
        WaveBody,
        PickupBody,
        PickupCodeBody,
    ),
    # Subscribers and messages
    *(SubscriptionBody, SubscriptionChange, RotationBody, ReplayBody, RedeliveryBody, SettlingBody, RetryBody),
    # Returns
    *(ApproveReturnBody, EndReturnBody, ReceiptBody, InspectionBody, ReasonsBody),
    # Money that others hold
    *(RefundPaidBody, DisputeBody),
)
"""Models of the bodies that routes read by themselves (`dependencies.read_body`), for the OpenAPI document."""
