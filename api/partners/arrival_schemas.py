"""Webhook bodies about stock from the ERP and the warehouse: purchases, receipts and counts (docs/partners.md)."""

from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from api.orders.schemas import MAX_LINES
from api.partners.webhook_schemas import Lines, Place, Reason, Said, SkuLine, Units
from api.schemas import Day, Reference, Sku, Time

Many = Field(min_length=1, max_length=MAX_LINES)


def _not_zero(units: int) -> int:
    if units == 0:
        raise ValueError("a change of no unit is no change")
    return units


Change = Annotated[int, Field(ge=-1_000_000, le=1_000_000), AfterValidator(_not_zero)]
Revision = Annotated[int, Field(ge=0, le=9_000_000_000_000, description="A higher one replaces a lower one")]


class PurchaseLine(SkuLine):
    due_on: Day


class PurchaseOrder(Said):
    """All lines as they are now, even when only one of them changed."""

    purchase_order_id: Reference
    revision: Revision
    location_id: Place
    lines: Annotated[tuple[PurchaseLine, ...], Many]


class PurchaseOrderCanceled(Said):
    purchase_order_id: Reference
    revision: Revision


class ReceiptLine(SkuLine):
    """`damaged` are among the `quantity` units."""

    damaged: Units = 0

    @field_validator("damaged")
    @classmethod
    def no_more_than_came(cls, damaged: int, info: ValidationInfo) -> int:
        if damaged > info.data.get("quantity", damaged):
            raise ValueError("more are damaged than came")
        return damaged


class StockReceived(Said):
    receipt_id: Reference
    location_id: Place
    purchase_order_id: Reference | None = None
    lines: Annotated[tuple[ReceiptLine, ...], Field(max_length=MAX_LINES)]


class StockSnapshot(Said):
    """All units at the location, damaged ones included; it says nothing about SKUs that it does not name."""

    snapshot_id: Reference
    location_id: Place
    taken_at: Time
    lines: Annotated[Lines, Many]


class DeltaLine(Said):
    sku: Sku
    quantity: Change
    reason: Annotated[Reason, Field(min_length=1)]


class StockDelta(Said):
    delta_id: Reference
    location_id: Place
    occurred_at: Time
    lines: Annotated[tuple[DeltaLine, ...], Many]
