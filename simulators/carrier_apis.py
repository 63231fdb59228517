"""The APIs of SF Express, JD Logistics and DHL Express behind the TMS, each in the carrier's own format."""

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from simulators.endpoints import Body, Endpoints
from simulators.problems import Problem
from simulators.shapes import anything_in
from simulators.tms import Tms

SF, JD, DHL = "SF Express", "JD Logistics", "DHL Express"
SF_ORDER = {"serviceCode": str, "requestID": str, "msgData": anything_in}
JD_ORDER = {"orderId": str}
DHL_ORDER = {"customerReferences": [{"typeCode": str, "value": str}], "content": anything_in}
DHL_NAMES = {"CU": "shipment_id", "AAO": "order_id", "AFE": "channel_order_id", "SS": "location_id"}
SF_CODES = {"unknown": "8018", "too_late": "8019", "voided": "8037"}
JD_CODES = {"unknown": 3001, "too_late": 3002, "voided": 3004}


@dataclass(slots=True)
class CarrierApis:
    endpoints: Endpoints
    tms: Tms

    def routes(self) -> list[Route]:
        sf = self.endpoints.idempotent(SF_ORDER, self._sf, subject="requestID")
        dhl = self.endpoints.idempotent(DHL_ORDER, self._dhl, subject=lambda body: _dhl_shipment(body)["shipment_id"])
        jd = {"create": self._jd_create, "cancel": self._jd_cancel, "intercept": self._jd_intercept}
        return [
            Route("/carriers/sf/std/service", sf, methods=["POST"]),
            Route("/carriers/dhl/shipments", dhl, methods=["POST"]),
            *(
                Route(
                    f"/carriers/jd/ecap/v1/orders/{call}",
                    self.endpoints.idempotent(JD_ORDER, handle, subject="orderId"),
                    methods=["POST"],
                )
                for call, handle in jd.items()
            ),
        ]

    def _sf(self, request: Request, body: Body) -> tuple[int, Body]:
        """SF answers 200 to everything, refusals included; only a failure of the platform is a 5xx."""
        data = body["msgData"]
        try:
            result = self._sf_do(body["serviceCode"], data)
        except Problem as problem:
            if problem.status >= 500:
                raise
            result = _sf_answer(SF_CODES.get(problem.code, "8114"), problem.detail)
        return 200, {"apiResultCode": "A1000", "apiErrorMsg": "", "apiResultData": json.dumps(result)}

    def _sf_do(self, service: str, data: Body) -> Body:
        number = data["orderId"]
        match service:
            case "EXP_RECE_CREATE_ORDER":
                waybill = self.tms.accept(_sf_shipment(data), SF).waybill
                numbers = [{"waybillType": 1, "waybillNo": waybill}]
                return _sf_answer("S0000", "", orderId=number, filterResult=2, waybillNoInfoList=numbers)
            case "EXP_RECE_UPDATE_ORDER":
                if self.tms.void(number) == "too_late":
                    raise Problem(409, "too_late", "已收件，不能消单")
                return _sf_answer("S0000", "", orderId=number, resStatus=2)
            case "EXP_RECE_WANTED_INTERCEPT":
                answer = self.tms.intercept(number)
                if answer["result"] != "asked":
                    raise Problem(409, "refused", answer["reason"])
                return _sf_answer("S0000", "", waybillNo=data["waybillNo"])
        raise Problem(409, "no_such_service", service)

    def _jd_create(self, request: Request, body: Body) -> tuple[int, Body]:
        try:
            shipment = self.tms.accept(_jd_shipment(body), JD)
        except Problem as problem:
            if problem.status >= 500:
                raise
            return _jd_answer(JD_CODES.get(problem.code, 1045), problem.detail)
        return _jd_answer(0, "成功", waybillCode=shipment.waybill, orderCode=body["orderId"])

    def _jd_cancel(self, request: Request, body: Body) -> tuple[int, Body]:
        result = self.tms.void(body["orderId"])
        return _jd_answer(0 if result == "voided" else JD_CODES[result], result)

    def _jd_intercept(self, request: Request, body: Body) -> tuple[int, Body]:
        answer = self.tms.intercept(body["orderId"])
        return _jd_answer(0 if answer["result"] == "asked" else 3003, answer["reason"])

    def _dhl(self, request: Request, body: Body) -> tuple[int, Body]:
        try:
            shipment = self.tms.accept(_dhl_shipment(body), DHL)
        except Problem as problem:
            if problem.status >= 500:
                raise
            number = "8009" if problem.code == "voided" else "996"
            return 400, {"title": "Bad request", "status": 400, "detail": f"{number}: {problem.detail}"}
        packages = [{"referenceNumber": number} for number, _ in enumerate(body["content"]["packages"], 1)]
        return 201, {"shipmentTrackingNumber": shipment.waybill, "packages": packages}


def _sf_answer(code: str, message: str, **data: Any) -> Body:
    return {"success": code == "S0000", "errorCode": code, "errorMsg": message, "msgData": data or None}


def _jd_answer(code: int, message: str, **data: Any) -> tuple[int, Body]:
    return 200, {"code": code, "success": code == 0, "msg": message, "data": data or None}


def _sf_shipment(data: Body) -> Body:
    ours = {extra["attrName"]: extra["attrVal"] for extra in data["extraInfoList"]}
    sender = next(one for one in data["contactInfoList"] if one["contactType"] == 1)
    return _shipment(
        {"shipment_id": data["orderId"], **ours},
        {"country": sender["country"], "region": sender["province"]},
        [{"sku": cargo["name"], "quantity": cargo["count"]} for cargo in data["cargoDetails"]],
        [data["totalWeight"]],
        data["wishes"],
    )


def _jd_shipment(body: Body) -> Body:
    sender = body["senderContact"]
    return _shipment(
        {"shipment_id": body["orderId"], **body["extendProps"]},
        {"country": sender["country"], "region": sender["fullAddress"]},
        [{"sku": good["name"], "quantity": good["quantity"]} for good in body["goods"]],
        [cargo["weight"] for cargo in body["cargoes"]],
        body["wishes"],
    )


def _dhl_shipment(body: Body) -> Body:
    numbers: dict[str, list[str]] = defaultdict(list)
    for reference in body["customerReferences"]:
        numbers[reference["typeCode"]].append(reference["value"])
    sender = body["customerDetails"]["shipperDetails"]["postalAddress"]
    return _shipment(
        {name: numbers[kind][0] for kind, name in DHL_NAMES.items()}
        | {"fulfillment_order_ids": ",".join(numbers["BN"])},
        {"country": sender["countryCode"], "region": sender["cityName"]},
        [{"sku": line["description"], "quantity": line["quantity"]} for line in body["content"]["lines"]],
        [package["weight"] for package in body["content"]["packages"]],
        body["wishes"],
    )


def _shipment(ours: Body, start: Body, lines: list[Body], kilograms: list[float], wishes: Body) -> Body:
    """The shipment in the TMS's own format (docs/partners.md), whichever carrier's request it came in."""
    names = ("shipment_id", "order_id", "channel_order_id")
    return {name: ours[name] for name in names} | {
        "fulfillment_order_ids": ours["fulfillment_order_ids"].split(","),
        "from": {"location_id": ours["location_id"], **start},
        "lines": lines,
        "parcels": [{"weight_grams": round(weight * 1_000)} for weight in kilograms],
        "instructions": wishes,
    }
