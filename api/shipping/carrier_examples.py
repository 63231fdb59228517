"""Examples of carriers' pushes and of shipments, for the documentation and the tests."""

import json
from typing import Any
from urllib.parse import urlencode

KUAIDI100_PUSH: dict[str, Any] = {
    "status": "polling",
    "billstatus": "got",
    "message": "",
    "autoCheck": "1",
    "comOld": "yuantong",
    "comNew": "shunfeng",
    "lastResult": {
        "message": "ok",
        "state": "5",
        "status": "200",
        "ischeck": "0",
        "com": "shunfeng",
        "nu": "SF000000000012345",
        "data": [
            {"context": "派件中", "time": "2026-11-22 08:10:00", "ftime": "2026-11-22 08:10:00", "areaName": "深圳市"},
            {"context": "已揽收", "time": "2026-11-21 18:00:00", "ftime": "2026-11-21 18:00:00", "statusCode": "1"},
        ],
    },
}
KUAIDI100_FORM = urlencode({"param": json.dumps(KUAIDI100_PUSH, ensure_ascii=False), "sign": "(MD5 of param and salt)"})
KUAIDI100_ANSWER = {"result": True, "returnCode": "200", "message": "成功"}

SF_PUSH: dict[str, Any] = {
    "Body": {
        "WaybillRoute": [
            {
                "id": "158918741444476",
                "mailno": "SF000000000012345",
                "orderid": "01J00000000000000000000000-1-S1",
                "acceptTime": "2026-11-22 16:56:54",
                "acceptAddress": "深圳市",
                "remark": "已签收",
                "opCode": "80",
                "reasonCode": "",
            }
        ]
    }
}
SF_ANSWER = {"return_code": "0000", "return_msg": "成功"}

SHIPMENT: dict[str, Any] = {
    "shipment_id": "01J00000000000000000000000-1-S1",
    "order_ids": ["01J00000000000000000000000"],
    "carrier": "SF Express",
    "service": "顺丰标快",
    "waybill": "SF000000000012345",
    "tracking_status": "delivered",
    "tracked_at": "2026-11-22T08:56:54Z",
    "booked_at": "2026-11-21T09:00:00Z",
    "voided_at": None,
    "cost_estimate": {"amount": "18.00", "currency": "CNY"},
    "parcels": [
        {
            "sscc": "095212340000000013",
            "number": 1,
            "weight_grams": 1100,
            "length_mm": 300,
            "width_mm": 200,
            "height_mm": 100,
        }
    ],
    "offers": [
        {
            "carrier": "SF Express",
            "eligible": True,
            "why": "18.00 CNY in the zone across the country, 2 days",
            "days": 2,
            "refusal": None,
        },
        {"carrier": "JD Logistics", "eligible": False, "why": "does not go to HK", "days": None, "refusal": None},
    ],
    "label_prints": 1,
    "tracking": [
        {
            "source": "sf",
            "status": "delivered",
            "occurred_at": "2026-11-22T16:56:54+08:00",
            "received_at": "2026-11-22T08:57:00Z",
            "note": "深圳市",
        }
    ],
    "links": {"self": "/shipments/01J00000000000000000000000-1-S1", "label": "/shipments/01J-1-S1/label"},
}
VOID = {"reason": "the label does not stick"}
VOIDED = {"answer": "done", "shipment_id": "01J00000000000000000000000-1-S1"}
UNKNOWN_WAYBILLS = {
    "items": [
        {
            "source": "kuaidi100",
            "waybill": "SF000000000099999",
            "carrier": "SF Express",
            "status": "in_transit",
            "occurred_at": "2026-11-22T08:10:00+08:00",
            "received_at": "2026-11-22T00:10:03Z",
        }
    ],
    "next_cursor": None,
}
