"""Client of the warehouse: send and recall picks, announce returns."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NotRequired, Protocol, TypedDict

from domain.errors import PickRefused, ReturnRefused
from integrations.http import Line, PartnerHttp, segment


class PickRequest(TypedDict):
    """The work of one location for one order. `ship_to` is as in docs/partners.md.

    Requests with the same `pack_together` go into one parcel. A lower `priority` is picked first. `delivery_method` is
    present when the customer picks the order up. `purpose` is sale (the default), exchange or reship.
    """

    fulfillment_order_id: str
    order_id: str
    channel: str
    channel_order_id: str
    location_id: str
    lines: list[Line]
    ship_to: dict[str, Any]
    purpose: NotRequired[str]
    priority: NotRequired[int]
    delivery_method: NotRequired[str]
    pack_together: NotRequired[str]
    instructions: NotRequired[dict[str, Any]]


class ReturnNotice(TypedDict):
    """Returned goods that a location is to expect."""

    return_id: str
    order_id: str
    channel_order_id: str
    location_id: str
    lines: list[Line]


class RecallResult(StrEnum):
    """Whether the goods stay in the warehouse (RECALLED) or have left (TOO_LATE)."""

    RECALLED = "recalled"
    TOO_LATE = "too_late"


class Warehouse(Protocol):
    """A warehouse, whatever format its API has."""

    def pick(self, request: PickRequest, key: str) -> str: ...

    def recall(self, fulfillment_order_id: str, reason: str, key: str, location_id: str = "") -> RecallResult: ...

    def announce_return(self, notice: ReturnNotice, key: str) -> str: ...


class Wms:
    def __init__(self, http: PartnerHttp) -> None:
        self._http = http

    def pick(self, request: PickRequest, key: str) -> str:
        """Send the pick and return the warehouse's reference; the result follows by webhook. Raises PickRefused."""
        answer = self._http.post("/fulfillment-orders", request, key, refusal=PickRefused, expected=(202,))
        return answer.text("wms_reference")

    def recall(self, fulfillment_order_id: str, reason: str, key: str, location_id: str = "") -> RecallResult:
        """Recall a pick. An unknown one counts as recalled; the warehouse will not start it if it arrives later."""
        path = f"/fulfillment-orders/{segment(fulfillment_order_id)}/recall"
        answer = self._http.post(path, {"reason": reason}, key, refusal=PickRefused, expected=(200, 404))
        if answer.status == 404:
            return RecallResult.RECALLED
        try:
            return RecallResult(answer.text("result"))
        except ValueError:
            raise answer.trouble("result is not a known one") from None

    def announce_return(self, notice: ReturnNotice, key: str) -> str:
        """Announce a return and get the warehouse's reference. Raises ReturnRefused."""
        return self._http.post("/returns", notice, key, refusal=ReturnRefused, expected=(202,)).text("wms_reference")


class Warehouses:
    """All warehouses as one: `others` by location id, and `usual` for every other location."""

    def __init__(self, usual: Warehouse, others: Mapping[str, Warehouse]) -> None:
        self._usual = usual
        self._others = others

    def pick(self, request: PickRequest, key: str) -> str:
        return self._of(request["location_id"]).pick(request, key)

    def recall(self, fulfillment_order_id: str, reason: str, key: str, location_id: str = "") -> RecallResult:
        return self._of(location_id).recall(fulfillment_order_id, reason, key, location_id)

    def announce_return(self, notice: ReturnNotice, key: str) -> str:
        return self._of(notice["location_id"]).announce_return(notice, key)

    def _of(self, location_id: str) -> Warehouse:
        return self._others.get(location_id, self._usual)
