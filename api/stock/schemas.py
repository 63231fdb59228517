"""Bodies of counts, adjustments and transfers by people."""

from typing import Annotated

from pydantic import AfterValidator, Field, field_validator

from api.schemas import NO_CONTROLS, Body, CaseId, Sku
from api.stock.goods_schemas import LocationId, Units, once

Reason = Annotated[str, Field(min_length=1, max_length=200, pattern=NO_CONTROLS)]


class CountLineBody(Body):
    """`counted` is all units that lie there, also those promised to orders."""

    sku: Sku
    counted: Units


class StockCountBody(Body):
    """What was found at one location. A repeated `count_id` books nothing more."""

    count_id: CaseId
    location_id: LocationId
    reason: Reason
    lines: Annotated[list[CountLineBody], Field(min_length=1, max_length=2_000), AfterValidator(once)]


class AdjustmentLineBody(Body):
    """`units` are added to what is on hand, or taken off if negative."""

    sku: Sku
    units: Annotated[int, Field(ge=-100_000_000, le=100_000_000)]

    @field_validator("units")
    @classmethod
    def _changes_something(cls, units: int) -> int:
        if not units:
            raise ValueError("0 units change nothing")
        return units


class AdjustmentBody(Body):
    """A correction of what is on hand at one location. A repeated `adjustment_id` books nothing more."""

    adjustment_id: CaseId
    location_id: LocationId
    reason: Reason
    lines: Annotated[list[AdjustmentLineBody], Field(min_length=1, max_length=2_000), AfterValidator(once)]


class TransferLineBody(Body):
    sku: Sku
    units: Annotated[int, Field(ge=1, le=100_000_000)]


class TransferBody(Body):
    """Units moved from one location to another. A repeated `transfer_id` books nothing more."""

    transfer_id: CaseId
    from_location: LocationId
    to_location: LocationId
    reason: Reason
    lines: Annotated[list[TransferLineBody], Field(min_length=1, max_length=2_000), AfterValidator(once)]
