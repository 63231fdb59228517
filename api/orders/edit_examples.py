"""Examples of edits and versions; tests compare them with their types."""

from typing import Any

from api.examples import LINKS, ORDER_ID

EDIT_ID = f"{ORDER_ID}-E-3f9c0a71d2b84e56"
EDIT = {"reason": "the customer wants one stool less", "lines": [{"line_no": 2, "quantity": 1}]}
PREVIEW: dict[str, Any] = {
    "edit_id": EDIT_ID,
    "state": "proposed",
    "base_version": 0,
    "fields": ["lines"],
    "refusals": [],
    "currency": "CNY",
    "before": "370.00",
    "after": "280.50",
    "difference": "-89.50",
    "repay": "89.50",
    "charge": "0.00",
    "lines": [
        {"line_no": 1, "sku": "ELEGANT-LAMP", "quantity": 1, "pays": "179.00"},
        {"line_no": 2, "sku": "OAK-STOOL", "quantity": 1, "pays": "89.50"},
    ],
    "claims": {},
    "recall": [f"{ORDER_ID}-1"],
    "audited_again": False,
    "sourced_again": True,
    "promised": {"ship_by": "2026-01-03T01:30:03Z", "deliver_by": "2026-01-08T01:30:03Z"},
    "promised_before": {"ship_by": "2026-01-03T01:30:03Z", "deliver_by": "2026-01-08T01:30:03Z"},
    "links": LINKS,
}
LINK = {"reference": EDIT_ID, "url": "https://pay.example/3f9c0a71", "amount": "45.00", "currency": "CNY"}
MADE: dict[str, Any] = {"answer": "done", "edit_id": EDIT_ID, "payment_link": LINK, "links": LINKS}
VERSION: dict[str, Any] = {
    "version": 1,
    "edit_id": EDIT_ID,
    "at": "2026-01-01T02:00:00Z",
    "by": "Sun of support",
    "source": "api",
    "reason": "the customer wants one stool less",
    "fields": ["lines"],
    "difference": "-89.50",
    "was": {"quantities": {"2": 2}},
    "wanted": {"quantities": {"2": 1}},
}
VERSIONS = {"items": [VERSION], "next_cursor": None}
