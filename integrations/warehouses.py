"""One client for all warehouses; the location decides which one is called."""

from collections.abc import Mapping

from integrations.wms import PickRequest, RecallResult, ReturnNotice, Warehouse


class Warehouses:
    """`others` are by location id; every other location uses `usual`."""

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
