"""Examples of settlements, for the documentation and the tests."""

from typing import Any

FILE = (
    "kind,order,payment,fee,amount,currency,payout_amount,payout_currency,rate,at,reference\r\n"
    "sale,2026112209300001,,,279.00,CNY,,,,2026-11-22T10:00:00Z,7\r\n"
    "fee,2026112209300001,,commission,-13.95,CNY,,,,2026-11-22T10:00:00Z,7\r\n"
)
SUMMARY: dict[str, Any] = {
    "settlement_id": "set_0f2d5c1e8a7b4c3d9e6f1a2b3c4d5e6f",
    "format": "plain",
    "channel": "tmall",
    "actor": "Mo the manager",
    "state": "done",
    "rows": 3,
    "broken": 1,
    "received_at": "2026-11-24T02:00:00Z",
    "done_at": "2026-11-24T02:00:01Z",
}
SETTLEMENTS = {"items": [SUMMARY], "next_cursor": None}
SALE: dict[str, Any] = {
    "kind": "sale",
    "fee": "",
    "count": 1,
    "amount": "279.00",
    "currency": "CNY",
    "payout": None,
    "payout_currency": "",
}
SETTLEMENT = SUMMARY | {
    "totals": [SALE | {"kind": "fee", "fee": "commission", "amount": "-13.95"}, SALE],
    "differences": 1,
}
ROW: dict[str, Any] = {
    "row_no": 1,
    "part": 1,
    "kind": "sale",
    "fee": "",
    "order_id": "01J00000000000000000000000",
    "order_name": "2026112209300001",
    "payment": "",
    "amount": "279.00",
    "currency": "CNY",
    "payout": None,
    "payout_currency": "",
    "rate": None,
    "at": "2026-11-22T10:00:00Z",
    "reference": "7",
    "problem": "",
}
ROWS = {"items": [ROW], "next_cursor": None}
DIFFERENCE: dict[str, Any] = {
    "difference_id": 9,
    "partner": "channel",
    "book": "settlements",
    "kind": "amount_differs",
    "subject": "01J00000000000000000000000",
    "ours": "280.00 CNY",
    "theirs": "279.00 CNY",
    "first_seen_at": "2026-11-24T02:00:01Z",
    "last_seen_at": "2026-11-24T02:00:01Z",
    "mends": 0,
    "mended_at": None,
    "gone_at": None,
}
DIFFERENCES = {"items": [DIFFERENCE], "next_cursor": None}
