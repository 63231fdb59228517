"""Examples of rules; tests send them and compare them with their types."""

from typing import Any

from api.examples import ORDER_ID

RULES: list[dict[str, Any]] = [
    {
        "name": "first-large-order",
        "expression": "order.total > 300.0 && buyer.orders == 0",
        "action": {"type": "hold", "reason": "a first order above 300: call the customer", "owner_role": "staff"},
        "scope": {"channels": ["web"], "starts": None, "ends": None},
    },
    {
        "name": "heavy-parcels",
        "expression": "order.lines.exists(line, line.product.weight_grams > 20000)",
        "action": {"type": "set_carrier", "carrier": "SF Express"},
        "scope": {"channels": [], "starts": None, "ends": None},
    },
]
RULE_SET = {"note": "for the spring sale", "rules": RULES}
SUMMARY: dict[str, Any] = {
    "rule_set_id": 7,
    "status": "draft",
    "made_from": None,
    "note": "for the spring sale",
    "created_by": "Lin of sales",
    "created_at": "2026-03-01T08:00:00Z",
}
SAVED = SUMMARY | {"rules": [{"position": number, **rule} for number, rule in enumerate(RULES, 1)]}
PAGE = {"items": [SUMMARY], "next_cursor": None}
TRIAL = {"orders": 200, "channel": "web"}
CHANGE = {"effect": "hold RULE:first-large-order", "added": 12, "dropped": 0, "examples": [ORDER_ID]}
TRIED = {
    "trial_id": 3,
    "rule_set_id": 7,
    "at": "2026-03-01T08:05:00Z",
    "actor": "Lin of sales",
    "result": {
        "orders": 200,
        "against": 6,
        "changed": 12,
        "matched": {"first-large-order": 12},
        "failed": {},
        "changes": [CHANGE],
    },
}
ACTIVATION = {"reason": "the sale begins"}
ACTIVE = SUMMARY | {"status": "active"}
RETIREMENT = {"reason": "the sale is over"}
RETIRED = SUMMARY | {"status": "retired"}
RETIRED_NOW = RETIRED | {"held_orders": 12}
LOOKED_AGAIN = {"asked": 12, "left": 0}
LOG = {
    "items": [
        {
            "log_id": 1,
            "at": "2026-03-01T08:00:00Z",
            "actor": "Lin of sales",
            "what": "created",
            "data": {"made_from": None, "note": "for the spring sale"},
        }
    ],
    "next_cursor": None,
}
