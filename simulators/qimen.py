"""The warehouse's Qimen API: XML, a signature in the URL, and confirmations in parts."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from xml.etree.ElementTree import Element, ParseError
from zoneinfo import ZoneInfo

import httpx2
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulators import troubles
from simulators.qimen_form import CUSTOMER, KEY, answer, sign, to_xml
from simulators.troubles import Trouble
from simulators.wms import EMPTY_PARCEL_GRAMS, UNIT_GRAMS, Wms, Work
from simulators.world import Subject, World

ORDER_TYPES = ("JYCK", "HHCK", "BFCK")
PAUSE_SECONDS, ATTEMPTS = 0.1, 100
Lines = list[dict[str, Any]]


class Qimen:
    """Shares its work with `wms`, so that carriers collect it there and troubles apply to it too."""

    def __init__(self, world: World, wms: Wms, callback_url: str) -> None:
        self._world = world
        self._wms = wms
        self._url = f"{callback_url.rstrip('/')}/qimen"
        self._client = httpx2.AsyncClient(timeout=10.0, trust_env=False)
        self._calls = {
            "taobao.qimen.deliveryorder.create": self._create,
            "taobao.qimen.order.cancel": self._cancel,
            "taobao.qimen.returnorder.create": self._announce_return,
        }

    def routes(self) -> list[Route]:
        return [Route("/router/qimen/service", self._call, methods=["POST"])]

    async def close(self) -> None:
        await self._client.aclose()

    async def _call(self, request: Request) -> Response:
        body, params = await request.body(), dict(request.query_params)
        if sign(params, body) != params.get("sign") or params.get("app_key") != KEY:
            return answer("failure", "isv.invalid-signature", "the signature is wrong")
        handler = self._calls.get(params.get("method", ""))
        try:
            root = fromstring(body, forbid_dtd=True)
        except (ParseError, DefusedXmlException):
            return answer("failure", "isv.invalid-parameter", "the body is not XML")
        return handler(root) if handler else answer("failure", "isv.invalid-method", "there is no such method")

    def _create(self, root: Element) -> Response:
        order = _text_of(root, "deliveryOrder/")
        missing = [name for name in ("deliveryOrderCode", "warehouseCode", "orderType") if not order(name)]
        if missing or not order("receiverInfo/name") or order("orderType") not in ORDER_TYPES:
            return answer("failure", "invalid_body", f"{', '.join(missing) or 'orderType or receiver'} is wrong")
        number = order("deliveryOrderCode")
        work = self._wms.works.get(number)
        if work is None:
            work = self._wms.works[number] = Work(_as_request(root, number))
            work.task = self._world.begin(self._fulfill(work, order("warehouseCode")))
        if not work.request:
            return answer("failure", "pick_rejected", "it was canceled before it came")
        return answer("success", "0", "", deliveryOrderId=f"QM-{number}")

    def _cancel(self, root: Element) -> Response:
        number = root.findtext("orderCode") or ""
        work = self._wms.works.get(number)
        if work is None:
            self._wms.works[number] = Work({}, "recalled")
            return answer("failure", "order.unknown", "it never came")
        if work.status in ("handed_over", "returned"):
            return answer("failure", "order.shipped", "it is on its way")
        if work.task:
            work.task.cancel()
        work.status = "recalled"
        return answer("success", "0", "")

    def _announce_return(self, root: Element) -> Response:
        case, place = root.findtext("returnOrder/returnOrderCode") or "", root.findtext("returnOrder/warehouseCode")
        self._world.begin(self._take_back(case, place or "", _lines(root)))
        return answer("success", "0", "", returnOrderId=f"QM-{case}")

    async def _take_back(self, case: str, place: str, lines: Lines) -> None:
        await self._world.steps(2)
        order = {"returnOrderCode": case, "warehouseCode": place, "outBizCode": f"{case}-1"}
        good = [{"itemCode": line["sku"], "actualQty": line["quantity"], "inventoryType": "ZP"} for line in lines]
        content = {"returnOrder": order, "orderLines": [("orderLine", line) for line in good]}
        await self._tell("taobao.qimen.returnorder.confirm", content)

    async def _fulfill(self, work: Work, place: str) -> None:
        order = work.request
        subject = Subject(order["order_id"], troubles.of_order(order))
        await self._world.steps()
        if Trouble.PICK_REJECTED in subject.troubles:
            work.status = "rejected"
            await self._confirm(work, place, "REJECT", 0, [], remark="the location cannot pick this order")
            return
        for state in ("ACCEPT", "PICK"):
            await self._report(work, state)
            await self._world.steps()
        work.status, found = "packed", self._wms.find(order, subject)
        for last, line in enumerate(found[:-1], 1):
            await self._confirm(work, place, "PARTDELIVERED", last, [line], confirm_type="1")
        for _ in range(2 if Trouble.DUPLICATE_WEBHOOK in subject.troubles else 1):
            await self._confirm(work, place, "DELIVERED", len(found), found[-1:])

    async def _report(self, work: Work, state: str) -> None:
        order = {"orderCode": work.request["fulfillment_order_id"], "orderType": "JYCK"}
        content = {"order": order, "process": {"processStatus": state}}
        await self._tell("taobao.qimen.orderprocess.report", content)

    async def _confirm(
        self, work: Work, place: str, status: str, number: int, lines: Lines, confirm_type: str = "0", remark: str = ""
    ) -> None:
        code = work.request["fulfillment_order_id"]
        order = {
            "deliveryOrderCode": code,
            "warehouseCode": place,
            "orderType": "JYCK",
            "status": status,
            "outBizCode": f"{code}-{number}",
            "confirmType": confirm_type,
            "remark": remark,
        }
        goods = [("orderLine", {"itemCode": line["sku"], "actualQty": line["quantity"]}) for line in lines]
        items = [("item", {"itemCode": line["sku"], "quantity": line["quantity"]}) for line in lines]
        grams = EMPTY_PARCEL_GRAMS + UNIT_GRAMS * sum(line["quantity"] for line in lines)
        package = {"weight": f"{grams / 1000:.3f}", "length": "40.0", "width": "30.0", "height": "25.0", "items": items}
        packages = [("package", package)] if any(line["quantity"] for line in lines) else []
        content = {"deliveryOrder": order, "packages": packages, "orderLines": goods}
        await self._tell("taobao.qimen.deliveryorder.confirm", content)

    async def _tell(self, method: str, content: dict[str, Any]) -> None:
        """Send the message until Baton takes it, at most ATTEMPTS times."""
        body = to_xml("request", content)
        for _ in range(ATTEMPTS):
            at = datetime.now(UTC).astimezone(ZoneInfo("Asia/Shanghai"))
            params = {"method": method, "app_key": KEY, "customerId": CUSTOMER, "format": "xml", "v": "2.0"}
            params |= {"timestamp": at.strftime("%Y-%m-%d %H:%M:%S"), "sign_method": "md5"}
            params["sign"] = sign(params, body)
            try:
                if (await self._client.post(self._url, params=params, content=body)).is_success:
                    return
            # Of any kind, as in callbacks.py.
            except Exception:
                pass
            await asyncio.sleep(PAUSE_SECONDS)


def _text_of(root: Element, above: str) -> Any:
    return lambda name: (root.findtext(above + name) or "").strip()


def _lines(root: Element) -> Lines:
    return [
        {"sku": line.findtext("itemCode") or "", "quantity": int(line.findtext("planQty") or 0)}
        for line in root.iterfind("orderLines/orderLine")
    ]


def _as_request(root: Element, number: str) -> dict[str, Any]:
    """The request as the WMS keeps it. Qimen sends no order id, so the channel order id stands for it."""
    known = root.findtext("orderLines/orderLine/sourceOrderCode") or ""
    return {"fulfillment_order_id": number, "order_id": known, "channel_order_id": known, "lines": _lines(root)}
