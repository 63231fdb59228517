"""Webhook bodies of partners by type (docs/partners.md); fields that it does not name are dropped."""

from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    RootModel,
    SerializerFunctionWrapHandler,
    ValidationInfo,
    field_validator,
    model_serializer,
)

from api.orders.schemas import MAX_LINES
from api.schemas import NO_CONTROLS, REFERENCE, Amount, CaseId, Channel, Currency, Prose, Quantity, Reference, Sku, Time
from domain.disputes import Stage
from domain.money import Money
from domain.returns.kinds import RefundTo, ReturnKind
from domain.status import TrackingStatus

Units = Annotated[int, Field(ge=0, le=1_000_000)]
Millimeters = Annotated[int, Field(ge=1, le=100_000)]
Reason = Annotated[Prose, Field(max_length=500)]
Word = Annotated[str, Field(max_length=300, pattern=NO_CONTROLS)]
Place = Annotated[Word, Field(min_length=1, max_length=100)]


class Said(BaseModel):
    """A part of a partner's webhook. Partners may add fields at any time, so an unknown field is no error."""

    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class SkuLine(Said):
    sku: Sku
    quantity: Units


Lines = Annotated[tuple[SkuLine, ...], Field(max_length=MAX_LINES)]


class Picking(Said):
    """Also the body of `accepted`, which says only that the work will be done."""

    fulfillment_order_id: Reference


class Picked(Picking):
    lines: Lines


class Parcel(Said):
    """A packed parcel: its weight and, if the warehouse knows them, its measures, packaging and contents."""

    weight_grams: Units
    length_mm: Millimeters | None = None
    width_mm: Millimeters | None = None
    height_mm: Millimeters | None = None
    packaging: Word = ""
    lines: Lines | None = None

    @model_serializer(mode="wrap")
    def _what_is_known(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in dump(self).items() if value not in (None, "")}


class Packed(Picking):
    parcels: Annotated[tuple[Parcel, ...], Field(max_length=MAX_LINES)]


class PickRejected(Picking):
    reason: Reason


class ParcelReturned(Picking):
    location_id: Place


class ReturnReceived(Said):
    return_id: Reference
    location_id: Place
    lines: Lines


class InspectedLine(SkuLine):
    disposition: Literal["restock", "refurbish", "quarantine", "scrap", "keep_with_customer"]
    grade: Word = ""
    photos: Annotated[tuple[Word, ...], Field(max_length=20)] = ()


class ReturnInspected(Said):
    return_id: Reference
    lines: Annotated[tuple[InspectedLine, ...], Field(max_length=MAX_LINES)]


class Tracking(Said):
    shipment_id: Reference
    waybill: Reference
    status: TrackingStatus
    occurred_at: Time
    note: Reason = ""
    code: Word = ""
    signed: bool | None = None


class ReturnTracking(Said):
    return_id: Reference
    waybill: Reference
    status: TrackingStatus
    occurred_at: Time
    note: Reason = ""


class InterceptionAnswer(Said):
    shipment_id: Reference
    waybill: Reference
    accepted: bool
    reason: Reason = ""


class PaymentTold(Said):
    payment_reference: Reference
    currency: Currency
    amount: Amount

    @field_validator("amount")
    @classmethod
    def amount_of_its_currency(cls, amount: str, info: ValidationInfo) -> str:
        if "currency" in info.data:
            Money.parse(amount, info.data["currency"])
        return amount


class RefundTold(PaymentTold):
    refund_key: Annotated[Word, Field(min_length=1)]
    reason: Reason = ""


class Disputed(PaymentTold):
    dispute_id: Annotated[Word, Field(min_length=1, pattern=REFERENCE)]
    reason_code: Annotated[Word, Field(pattern=r"^[A-Za-z0-9_.-]*$")] = ""
    stage: Annotated[Stage, Field(strict=False)] = Stage.CHARGEBACK
    respond_by: Time | None = None


class ReturnLine(Said):
    line_no: Annotated[int, Field(ge=1, le=MAX_LINES)]
    quantity: Quantity
    replacement_sku: Sku | None = None


class ReturnRequested(Said):
    case_id: CaseId
    channel: Channel
    channel_order_id: Reference
    reason: Reason
    lines: Annotated[tuple[ReturnLine, ...], Field(max_length=MAX_LINES)]
    kind: Annotated[ReturnKind, Field(strict=False)] = ReturnKind.RETURN_AND_REFUND
    reason_code: Annotated[Word, Field(max_length=60)] = ""
    evidence: Annotated[tuple[Word, ...], Field(max_length=20)] = ()
    amount: Amount | None = None
    refund_to: Annotated[RefundTo | None, Field(strict=False)] = None


Data = TypeVar("Data", bound=Said)


Type = Annotated[Word, Field(min_length=1, max_length=100)]


class TypeOnly(Said):
    type: Type


class WebhookBody(Said, Generic[Data]):
    type: Type
    timestamp: Time
    data: Data


MAX_EVENT_ID, MAX_BATCH = 200, 100


class BatchedWebhook(WebhookBody[Said]):
    """One of several webhooks in a request; its `id` is what `webhook-id` is to a single one."""

    id: Annotated[Word, Field(min_length=1, max_length=MAX_EVENT_ID)]


class WebhookBatch(RootModel[Annotated[tuple[BatchedWebhook, ...], Field(min_length=1, max_length=MAX_BATCH)]]):
    """Webhooks in the order in which they happened."""

    model_config = ConfigDict(strict=True, frozen=True)
